//! Convolution of larger images with windows that move by one: strips of whole output rows, each a product.
//!
//! A strip is counted in columns of the padded image, so what lies under one tap is a single run of memory for the whole
//! strip, copied at once; the columns between the end of an output row and the start of the next are computed and thrown
//! away, a few in a hundred. The gradient of the images is such a convolution of the outputs' gradients with the window
//! turned round, so nothing is added back. The gradient of the weights has channels side by side in its result, as
//! the product wants them.

use rayon::prelude::*;

use super::Conv;
use super::cpu::bias;
use super::im2col::COLUMNS;
use crate::ops::CpuCall;
use crate::ops::gemm::{Matrix, gemm};
use crate::ops::relu::rectify;
use crate::ops::spare::Spare;

/// A convolution by strips: channels of a group of its images and of its outputs, and the sizes of both.
#[derive(Debug, Clone, Copy)]
struct Strips {
    groups: usize,
    depth: usize,
    channels: usize,
    taps: [usize; 2],
    dilation: [usize; 2],
    image: [usize; 2],
    padding: [usize; 2],
    outputs: [usize; 2],
    /// Whether sums are rectified.
    relu: bool,
}

impl Strips {
    /// Y.
    fn of(p: &Conv) -> Self {
        Self {
            groups: p.groups,
            depth: p.cig,
            channels: p.cog,
            taps: [p.kh, p.kw],
            dilation: [p.dh, p.dw],
            image: [p.h, p.w],
            padding: [p.ph, p.pw],
            outputs: [p.oh, p.ow],
            relu: p.relu,
        }
    }

    /// dX from dY; `None` where the padding is wider than the window.
    fn turned(p: &Conv) -> Option<Self> {
        let padding = [((p.kh - 1) * p.dh).checked_sub(p.ph)?, ((p.kw - 1) * p.dw).checked_sub(p.pw)?];
        let of = Self::of(p);
        let (depth, channels) = (p.cog, p.cig);
        Some(Self { depth, channels, image: of.outputs, padding, outputs: of.image, ..of })
    }

    /// Whether images are large enough to fill products of their own, and few columns are thrown away.
    fn pays(&self) -> bool {
        let [rows, columns] = self.outputs;
        let width = self.width();
        rows * width >= COLUMNS / 2 && width <= 2 * COLUMNS && 8 * (width - columns) <= columns
    }

    /// Rows of the padded image.
    fn height(&self) -> usize {
        self.image[0] + 2 * self.padding[0]
    }

    /// Columns of the padded image.
    fn width(&self) -> usize {
        self.image[1] + 2 * self.padding[1]
    }

    /// Elements of an image, padded; 0 where it is read as it lies.
    fn padded(&self) -> usize {
        if self.padding == [0, 0] {
            return 0;
        }
        self.groups * self.depth * self.height() * self.width()
    }

    fn terms(&self) -> usize {
        self.depth * self.taps[0] * self.taps[1]
    }

    /// Columns of the product for so many rows of the output.
    fn columns(&self, rows: usize) -> usize {
        (rows - 1) * self.width() + self.outputs[1]
    }

    /// Rows of a strip; strips of an image are of one height as far as that goes.
    fn rows(&self) -> usize {
        let most = (COLUMNS / self.width()).clamp(1, self.outputs[0]);
        self.outputs[0].div_ceil(self.outputs[0].div_ceil(most))
    }

    /// First row and number of rows of each strip.
    fn all(self) -> impl Iterator<Item = (usize, usize)> {
        let rows = self.rows();
        (0..self.outputs[0]).step_by(rows).map(move |first| (first, rows.min(self.outputs[0] - first)))
    }

    /// An image with its padding, in `to`, whose margins are zero, or as it lies where there is none.
    fn pad<'a>(&self, image: &'a [f32], to: &'a mut [f32]) -> &'a [f32] {
        if self.padding == [0, 0] {
            return image;
        }
        let ([h, w], [ph, pw]) = (self.image, self.padding);
        let planes = to.chunks_exact_mut(self.height() * self.width());
        for (to, plane) in planes.zip(image.chunks_exact(h * w)) {
            let rows = to.chunks_exact_mut(self.width()).skip(ph);
            rows.zip(plane.chunks_exact(w)).for_each(|(to, row)| to[pw..][..w].copy_from_slice(row));
        }
        to
    }

    /// What lies under each tap of group `g`: a row for each, a column for each column of the strip.
    fn gather(&self, image: &[f32], g: usize, (first, rows): (usize, usize), matrix: &mut [f32]) {
        let (plane, [kh, kw], [dh, dw]) = (self.height() * self.width(), self.taps, self.dilation);
        let columns = self.columns(rows);
        for (term, line) in matrix.chunks_exact_mut(columns).take(self.terms()).enumerate() {
            let (c, i, j) = (term / (kh * kw), term / kw % kh, term % kw);
            let start = (g * self.depth + c) * plane + (first + i * dh) * self.width() + j * dw;
            line.copy_from_slice(&image[start..][..columns]);
        }
    }

    /// Writes a strip's products to group `g` of an image of the output, with `bias(o)` added to channel `o`, rectified if
    /// asked for.
    fn put(
        &self,
        products: &[f32],
        g: usize,
        (first, rows): (usize, usize),
        bias: impl Fn(usize) -> f32,
        y: &mut [f32],
    ) {
        let [oh, ow] = self.outputs;
        for (o, line) in products.chunks_exact(self.columns(rows)).take(self.channels).enumerate() {
            let (o, bias) = (g * self.channels + o, bias(g * self.channels + o));
            let y = y[(o * oh + first) * ow..][..rows * ow].chunks_exact_mut(ow);
            y.zip(line.chunks(self.width())).for_each(|(y, line)| {
                y.iter_mut().zip(line).for_each(|(y, v)| *y = v + bias);
                if self.relu {
                    rectify(y);
                }
            });
        }
    }

    /// Images `x` as outputs `y`, images shared out.
    fn run(&self, x: &[f32], w: &[f32], bias: impl Fn(usize) -> f32 + Sync, y: &mut [f32], threads: usize) {
        let image = self.groups * self.depth * self.image[0] * self.image[1];
        let output = self.groups * self.channels * self.outputs[0] * self.outputs[1];
        let columns = self.columns(self.rows());
        let images = (x.len() / image).div_ceil(4 * threads.max(1));
        y.par_chunks_mut(images * output).zip(x.par_chunks(images * image)).for_each(|(y, x)| {
            let mut matrix = Spare::take(self.terms() * columns);
            let mut products = Spare::take(self.channels * columns);
            let mut padded = Spare::take(self.padded());
            padded.fill(0.0);
            for (y, x) in y.chunks_exact_mut(output).zip(x.chunks_exact(image)) {
                let x = self.pad(x, &mut padded);
                for strip in self.all() {
                    let columns = self.columns(strip.1);
                    for g in 0..self.groups {
                        self.gather(x, g, strip, &mut matrix);
                        let weights = Matrix::new(&w[g * self.channels * self.terms()..], (self.terms(), 1));
                        let sizes = [self.channels, columns, self.terms()];
                        let matrix = Matrix::new(&matrix, (columns, 1));
                        gemm(sizes, weights, matrix, &mut products, (columns, 1), false, 1);
                        self.put(&products, g, strip, &bias, y);
                    }
                }
            }
        });
    }
}

/// Whether the forward pass and the gradient of the weights go by strips.
pub(super) fn suits(p: &Conv, threads: usize) -> bool {
    moves_by_one(p, threads) && Strips::of(p).pays()
}

/// Whether the gradient of the images does.
pub(super) fn suits_grad_input(p: &Conv, threads: usize) -> bool {
    moves_by_one(p, threads) && Strips::turned(p).is_some_and(|strips| strips.pays())
}

fn moves_by_one(p: &Conv, threads: usize) -> bool {
    p.sh == 1 && p.sw == 1 && p.n >= threads
}

/// Y.
pub(super) fn forward(call: &mut CpuCall<'_, '_>) {
    let (p, inputs) = (Conv::of(call.sizes), call.inputs);
    let (x, w, y) = (inputs[0].f32(), inputs[1].f32(), call.outputs[0].f32_mut());
    Strips::of(&p).run(x, w, |o| bias(&p, inputs, o), y, call.threads);
}

/// dX.
pub(super) fn grad_input(call: &mut CpuCall<'_, '_>) {
    let (p, dy, w) = (Conv::of(call.sizes), call.inputs[0].f32(), call.inputs[1].f32());
    let Some(strips) = Strips::turned(&p) else { unreachable!("the padding is within the window") };
    let mut turned = Spare::take(w.len());
    turn(&p, w, &mut turned);
    strips.run(dy, &turned, |_| 0.0, call.outputs[0].f32_mut(), call.threads);
}

/// Weights with inputs and outputs of a group exchanged, and each window from its last tap to its first.
fn turn(p: &Conv, w: &[f32], to: &mut [f32]) {
    let taps = p.kh * p.kw;
    for (window, to) in to.chunks_exact_mut(taps).enumerate() {
        let (g, c, o) = (window / (p.cog * p.cig), window / p.cog % p.cig, window % p.cog);
        let from = &w[((g * p.cog + o) * p.cig + c) * taps..][..taps];
        to.iter_mut().zip(from.iter().rev()).for_each(|(to, w)| *to = *w);
    }
}

/// Channels that are copied at a time: a cache line of them.
const LINE: usize = 16;

impl Strips {
    /// Group `g` of a strip of an image of the outputs, channels side by side; what lies between rows is zero already.
    fn channels_last(&self, dy: &[f32], g: usize, (first, rows): (usize, usize), to: &mut [f32]) {
        let [oh, ow] = self.outputs;
        let dy = &dy[g * self.channels * oh * ow..][..self.channels * oh * ow];
        for (r, to) in to.chunks_mut(self.width() * self.channels).take(rows).enumerate() {
            for (block, dy) in dy.chunks(LINE * oh * ow).enumerate() {
                for (q, to) in to.chunks_exact_mut(self.channels).take(ow).enumerate() {
                    let to = &mut to[block * LINE..][..dy.len() / (oh * ow)];
                    let from = dy[(first + r) * ow + q..].iter().step_by(oh * ow);
                    to.iter_mut().zip(from).for_each(|(to, dy)| *to = *dy);
                }
            }
        }
    }
}

/// dW: each task adds up its images; the tasks' sums are added in the order of the images, so that the result does not
/// depend on which task ends first.
pub(super) fn grad_weight(call: &mut CpuCall<'_, '_>) {
    let (p, x, dy) = (Conv::of(call.sizes), call.inputs[0].f32(), call.inputs[1].f32());
    let strips = Strips::of(&p);
    let (image, output, size) = (p.ci * p.h * p.w, p.co * p.pixels(), p.terms() * p.cog);
    let columns = strips.columns(strips.rows());
    let images = p.n.div_ceil(call.threads.max(1));
    let sums: Vec<Spare> = x
        .par_chunks(images * image)
        .zip(dy.par_chunks(images * output))
        .map(|(x, dy)| {
            let mut sums = Spare::take(p.groups * size);
            let mut matrix = Spare::take(p.terms() * columns);
            let mut gradients = Spare::take(columns * p.cog);
            let mut padded = Spare::take(strips.padded());
            [&mut sums, &mut gradients, &mut padded].into_iter().for_each(|spare| spare.fill(0.0));
            for (x, dy) in x.chunks_exact(image).zip(dy.chunks_exact(output)) {
                let x = strips.pad(x, &mut padded);
                for strip in strips.all() {
                    let columns = strips.columns(strip.1);
                    for (g, sums) in sums.chunks_exact_mut(size).enumerate() {
                        strips.gather(x, g, strip, &mut matrix);
                        strips.channels_last(dy, g, strip, &mut gradients);
                        let matrix = Matrix::new(&matrix, (columns, 1));
                        let gradients = Matrix::new(&gradients, (p.cog, 1));
                        let sizes = [p.terms(), p.cog, columns];
                        gemm(sizes, matrix, gradients, sums, (p.cog, 1), true, 1);
                    }
                }
            }
            sums
        })
        .collect();
    call.outputs[0].f32_mut().par_chunks_mut(p.terms()).enumerate().for_each(|(o, dw)| {
        let at = o / p.cog * size + o % p.cog;
        for (term, dw) in dw.iter_mut().enumerate() {
            *dw = sums.iter().map(|sums| sums[at + term * p.cog]).sum();
        }
    });
}
