//! Convolution of many small images: for each position of the output one product of the weights and what all images hold
//! under that window.
//!
//! Nothing is gathered as columns: channels stand side by side, so the taps of a row of the window follow each other in
//! the image as in the weights, and a product runs over both as they lie. Taps in the padding are left out, which are
//! 44 of 144 for windows of 3 x 3 on 4 x 4 images. Which thread takes a position does not change a sum.

use rayon::prelude::*;

use super::{Conv, layout};
use crate::ops::CpuCall;
use crate::ops::gemm::{Matrix, gemm};
use crate::ops::spare::Spare;

/// Whether products by positions are the faster way: enough images and channels to fill a product, small planes.
pub(super) fn suits(p: &Conv) -> bool {
    p.groups == 1 && p.n >= 16 && p.ci >= 16 && p.co >= 16 && p.pixels().max(p.h * p.w) <= 256
}

/// Taps that follow each other, in a row of the window and under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// The first tap, as the weights are laid out.
    tap: usize,
    row: usize,
    /// What lies under the first tap.
    column: usize,
    taps: usize,
}

/// The runs of one row of taps, of which the first is `tap`; `columns` is what lies under each.
fn merged(tap: usize, row: usize, columns: impl Iterator<Item = Option<usize>>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (j, column) in columns.enumerate() {
        let (Some(column), tap) = (column, tap + j) else { continue };
        match runs.last_mut() {
            Some(run) if run.column + run.taps == column && run.tap + run.taps == tap => run.taps += 1,
            _ => runs.push(Run { tap, row, column, taps: 1 }),
        }
    }
    runs
}

/// Under the window of output (r, q).
fn of_output(p: &Conv, r: usize, q: usize) -> Vec<Run> {
    let rows = (0..p.kh).filter_map(|i| Some((i, p.row(r, i)?)));
    let column = |j: usize| (q * p.sw + j * p.dw).checked_sub(p.pw).filter(|column| *column < p.w);
    rows.flat_map(|(i, row)| merged(i * p.kw, row, (0..p.kw).map(column))).collect()
}

/// The outputs that element (y, x) of an image takes part in; rows of taps from their last to their first, in which order
/// the outputs ascend.
fn of_input(p: &Conv, y: usize, x: usize) -> Vec<Run> {
    let window = |at: usize, stride: usize, count: usize| {
        Some(at / stride).filter(|window| at.is_multiple_of(stride) && *window < count)
    };
    let row = |i: usize| (y + p.ph).checked_sub(i * p.dh).and_then(|at| window(at, p.sh, p.oh));
    let column = |j: usize| (x + p.pw).checked_sub(j * p.dw).and_then(|at| window(at, p.sw, p.ow));
    let rows = (0..p.kh).filter_map(|i| Some((i, row(i)?)));
    rows.flat_map(|(i, row)| merged(i * p.kw, row, (0..p.kw).rev().map(column))).collect()
}

/// What the products read: images n x rows x columns x depth, weights taps x depth x width.
struct Operands<'a> {
    images: &'a [f32],
    sides: [usize; 2],
    weights: &'a [f32],
    depth: usize,
}

/// For each position of the target (positions x n x width) the sum over its runs of weights times images.
fn products(
    from: &Operands<'_>,
    [n, width]: [usize; 2],
    runs: impl Fn(usize) -> Vec<Run> + Sync,
    target: &mut [f32],
) {
    let [rows, columns] = from.sides;
    target.par_chunks_mut(n * width).enumerate().for_each(|(position, target)| {
        let runs = runs(position);
        if runs.is_empty() {
            target.fill(0.0);
        }
        for (number, run) in runs.iter().enumerate() {
            let weights = &from.weights[run.tap * from.depth * width..];
            let images = &from.images[(run.row * columns + run.column) * from.depth..];
            let (weights, images) =
                (Matrix::new(weights, (1, width)), Matrix::new(images, (1, rows * columns * from.depth)));
            gemm([width, n, run.taps * from.depth], weights, images, target, (1, width), number > 0, 1);
        }
    });
}

/// Y.
pub(super) fn forward(call: &mut CpuCall<'_, '_>) {
    let (p, x, w) = (Conv::of(call.sizes), call.inputs[0].f32(), call.inputs[1].f32());
    let y = call.outputs[0].f32_mut();
    let (mut images, mut weights, mut sums) =
        (Spare::take(x.len()), Spare::take(w.len()), Spare::take(y.len()));
    layout::channels_last(x, [p.ci, p.h * p.w], &mut images);
    layout::outputs_last(w, [p.co, p.ci, p.kh * p.kw], &mut weights);
    let from = Operands { images: &images, sides: [p.h, p.w], weights: &weights, depth: p.ci };
    products(&from, [p.n, p.co], |at| of_output(&p, at / p.ow, at % p.ow), &mut sums);
    let bias = p.bias.then(|| call.inputs[2].f32());
    layout::channels_first(&sums, [p.co, p.pixels()], (bias, p.relu), y);
}

/// dX.
pub(super) fn grad_input(call: &mut CpuCall<'_, '_>) {
    let (p, dy, w) = (Conv::of(call.sizes), call.inputs[0].f32(), call.inputs[1].f32());
    let dx = call.outputs[0].f32_mut();
    let (mut gradients, mut weights, mut sums) =
        (Spare::take(dy.len()), Spare::take(w.len()), Spare::take(dx.len()));
    layout::channels_last(dy, [p.co, p.pixels()], &mut gradients);
    layout::inputs_last(w, [p.co, p.ci, p.kh, p.kw], &mut weights);
    let from = Operands { images: &gradients, sides: [p.oh, p.ow], weights: &weights, depth: p.co };
    products(&from, [p.n, p.ci], |at| of_input(&p, at / p.w, at % p.w), &mut sums);
    layout::channels_first(&sums, [p.ci, p.h * p.w], (None, false), dx);
}

/// dW: for each tap the sum, over the rows of the output, of products whose terms are the outputs of a row in all images.
pub(super) fn grad_weight(call: &mut CpuCall<'_, '_>) {
    let (p, x, dy) = (Conv::of(call.sizes), call.inputs[0].f32(), call.inputs[1].f32());
    let dw = call.outputs[0].f32_mut();
    let (mut images, mut gradients, mut sums) =
        (Spare::take(x.len()), Spare::take(dy.len()), Spare::take(dw.len()));
    layout::positions_first(x, [p.ci, p.h, p.w], &mut images);
    layout::images_last(dy, [p.co, p.oh, p.ow], &mut gradients);
    // Some tasks for each thread, of 64 channels or more.
    let taps = p.kh * p.kw;
    let parts = (6 * call.threads).div_ceil(taps).min(p.co / 64).max(1);
    let channels = p.co.div_ceil(parts);
    let tasks: Vec<(usize, usize, &mut [f32])> = (0..)
        .zip(sums.chunks_exact_mut(p.co * p.ci))
        .flat_map(|(tap, sums)| {
            (0..).zip(sums.chunks_mut(channels * p.ci)).map(move |(part, sums)| (tap, part * channels, sums))
        })
        .collect();
    tasks.into_par_iter().for_each(|(tap, first, sums)| {
        let (i, (columns, start)) = (tap / p.kw, p.columns(tap % p.kw));
        let mut is_empty = true;
        for (r, row) in (0..p.oh).filter_map(|r| Some((r, p.row(r, i)?))) {
            // Where the window moves by one the outputs of a row follow each other, as do the columns under them.
            let step = if p.sw == 1 { columns.len().max(1) } else { 1 };
            for q in columns.clone().step_by(step) {
                let column = start + (q - columns.start) * p.sw;
                let images = Matrix::new(&images[(row * p.w + column) * p.n * p.ci..], (1, p.ci));
                let gradients = &gradients[((r * p.co + first) * p.ow + q) * p.n..];
                let gradients = Matrix::new(gradients, (1, p.ow * p.n));
                let sizes = [p.ci, sums.len() / p.ci, step * p.n];
                gemm(sizes, images, gradients, sums, (1, p.ci), !is_empty, 1);
                is_empty = false;
            }
        }
        if is_empty {
            sums.fill(0.0);
        }
    });
    layout::taps_last(&sums, [p.co, p.ci, taps], dw);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::conv2d::FORWARD;

    fn conv(text: &str) -> Conv {
        Conv::of(&FORWARD.sizes(text.split(' ').filter_map(|p| p.split_once('='))).unwrap())
    }

    #[test]
    fn runs_by_hand() {
        let p = conv("h=4 kh=3 ph=1");
        let run = |tap, row, column, taps| Run { tap, row, column, taps };
        assert_eq!(of_output(&p, 0, 0), [run(4, 0, 0, 2), run(7, 1, 0, 2)]);
        assert_eq!(of_output(&p, 1, 2), [run(0, 0, 1, 3), run(3, 1, 1, 3), run(6, 2, 1, 3)]);
        // Element (0, 0) lies under the last tap of no output, under tap (1, 1) of output (0, 0) and tap (1, 0) of (0, 1).
        assert_eq!(of_input(&p, 0, 0), [run(1, 1, 0, 2), run(4, 0, 0, 2)]);
        let p = conv("h=5 kh=3 sh=2 dh=2 ph=2");
        assert_eq!(
            of_output(&p, 0, 1),
            [
                run(3, 0, 0, 1),
                run(4, 0, 2, 1),
                run(5, 0, 4, 1),
                run(6, 2, 0, 1),
                run(7, 2, 2, 1),
                run(8, 2, 4, 1)
            ]
        );
    }

    /// Every pair of an output and a tap inside the image stands in both lists, once.
    #[test]
    fn both_directions_hold_the_same_pairs() {
        for text in [
            "h=4 kh=3 ph=1",
            "h=7 w=5 kh=3 kw=2 sh=2 ph=1",
            "h=6 kh=2 dh=3 ph=2",
            "h=9 kh=3 sh=3",
            "h=3 kh=1 ph=2",
        ] {
            let p = conv(text);
            let mut pairs = [Vec::new(), Vec::new()];
            for at in 0..p.pixels() {
                for run in of_output(&p, at / p.ow, at % p.ow) {
                    pairs[0].extend((0..run.taps).map(|t| (at, run.tap + t, run.row * p.w + run.column + t)));
                }
            }
            for at in 0..p.h * p.w {
                for run in of_input(&p, at / p.w, at % p.w) {
                    pairs[1].extend((0..run.taps).map(|t| {
                        let (tap, output) = (run.tap + t, run.row * p.ow + run.column + t);
                        (output, tap / p.kw * p.kw + (p.kw - 1 - tap % p.kw), at)
                    }));
                }
            }
            pairs.iter_mut().for_each(|list| list.sort_unstable());
            assert_eq!(pairs[0], pairs[1], "{text}");
        }
    }
}
