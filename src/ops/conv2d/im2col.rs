//! Images as columns: for a run of outputs, the matrix whose columns hold the taps under each of them, so that a
//! convolution is a product (K. Chellapilla and others, *High Performance Convolutional Neural Networks for Document
//! Processing*, 2006).

use super::Conv;
use crate::ops::relu::rectify;

/// Columns that are handled at a time: with some hundred terms the matrix stays in the second-level cache.
pub(super) const COLUMNS: usize = 512;

/// Outputs of consecutive images, image by image and row by row; a block of them, as runs along output rows.
#[derive(Debug)]
pub(super) struct Block {
    runs: Vec<Run>,
    /// How many outputs.
    pub(super) columns: usize,
}

/// Neighbouring outputs of one row: columns `at..at + len` of the matrix.
#[derive(Debug, Clone, Copy)]
struct Run {
    at: usize,
    len: usize,
    image: usize,
    r: usize,
    q: usize,
}

impl Block {
    /// The blocks of `images` images.
    pub(super) fn all(p: Conv, images: usize) -> impl Iterator<Item = Self> {
        let total = images * p.pixels();
        (0..total).step_by(COLUMNS).map(move |first| {
            let end = total.min(first + COLUMNS);
            let mut runs = Vec::new();
            let mut column = first;
            while column < end {
                let (row, q) = (column / p.ow, column % p.ow);
                let len = (p.ow - q).min(end - column);
                runs.push(Run { at: column - first, len, image: row / p.oh, r: row % p.oh, q });
                column += len;
            }
            Self { runs, columns: end - first }
        })
    }

    /// The taps of group `g` of images `x`: a row for each channel and tap, a column for each output.
    pub(super) fn gather(&self, p: &Conv, x: &[f32], g: usize, matrix: &mut [f32]) {
        for (term, line) in matrix.chunks_exact_mut(self.columns).take(p.terms()).enumerate() {
            let (c, i, (inside, start)) = (term / (p.kh * p.kw), term / p.kw % p.kh, p.columns(term % p.kw));
            for run in &self.runs {
                let line = &mut line[run.at..][..run.len];
                let Some(row) = p.row(run.r, i) else {
                    line.fill(0.0);
                    continue;
                };
                let first = ((run.image * p.ci + g * p.cig + c) * p.h + row) * p.w;
                let (from, to) = run.clipped(&inside);
                line[..from].fill(0.0);
                line[to..].fill(0.0);
                let taps = &x[first..][..p.w];
                let start = start + (run.q + from).saturating_sub(inside.start) * p.sw;
                if from == to {
                } else if p.sw == 1 {
                    line[from..to].copy_from_slice(&taps[start..][..to - from]);
                } else {
                    let taps = taps[start..].iter().step_by(p.sw);
                    line[from..to].iter_mut().zip(taps).for_each(|(to, x)| *to = *x);
                }
            }
        }
    }

    /// Adds a matrix as of [`Block::gather`] to the images, each element where it was taken from.
    pub(super) fn scatter(&self, p: &Conv, matrix: &[f32], g: usize, dx: &mut [f32]) {
        for (term, line) in matrix.chunks_exact(self.columns).take(p.terms()).enumerate() {
            let (c, i, (inside, start)) = (term / (p.kh * p.kw), term / p.kw % p.kh, p.columns(term % p.kw));
            for run in &self.runs {
                let Some(row) = p.row(run.r, i) else { continue };
                let first = ((run.image * p.ci + g * p.cig + c) * p.h + row) * p.w;
                let (from, to) = run.clipped(&inside);
                let start = start + (run.q + from).saturating_sub(inside.start) * p.sw;
                if from == to {
                    continue;
                }
                let line = &line[run.at..][from..to];
                let taps = &mut dx[first..][..p.w][start..];
                if p.sw == 1 {
                    taps.iter_mut().zip(line).for_each(|(dx, v)| *dx += v);
                } else {
                    taps.iter_mut().step_by(p.sw).zip(line).for_each(|(dx, v)| *dx += v);
                }
            }
        }
    }

    /// Group `g` of outputs `y`: a row for each channel, a column for each output.
    pub(super) fn outputs(&self, p: &Conv, y: &[f32], g: usize, matrix: &mut [f32]) {
        for (o, line) in matrix.chunks_exact_mut(self.columns).take(p.cog).enumerate() {
            for run in &self.runs {
                line[run.at..][..run.len].copy_from_slice(&y[run.place(p, g * p.cog + o)..][..run.len]);
            }
        }
    }

    /// Writes a matrix as of [`Block::outputs`] to outputs `y`, with `bias(o)` added to channel `o`, rectified if asked for.
    pub(super) fn put(&self, p: &Conv, matrix: &[f32], g: usize, bias: impl Fn(usize) -> f32, y: &mut [f32]) {
        for (o, line) in matrix.chunks_exact(self.columns).take(p.cog).enumerate() {
            let bias = bias(g * p.cog + o);
            for run in &self.runs {
                let outputs = &mut y[run.place(p, g * p.cog + o)..][..run.len];
                outputs.iter_mut().zip(&line[run.at..]).for_each(|(y, v)| *y = v + bias);
                if p.relu {
                    rectify(outputs);
                }
            }
        }
    }
}

impl Run {
    /// Where it begins in outputs, for channel `o`.
    fn place(&self, p: &Conv, o: usize) -> usize {
        ((self.image * p.co + o) * p.oh + self.r) * p.ow + self.q
    }

    /// The part of it inside a range of output columns, counted from its start.
    fn clipped(&self, inside: &std::ops::Range<usize>) -> (usize, usize) {
        let from = inside.start.saturating_sub(self.q).min(self.len);
        let to = inside.end.saturating_sub(self.q).clamp(from, self.len);
        (from, to)
    }
}
