//! Pooling of windows of 2 x 2 side by side, without padding: the pooling of most small networks. No branch and no search
//! for the ends of a window, so that also rows of two outputs cost next to nothing.

use rayon::prelude::*;

use super::larger::{larger, larger_or_nan};
use super::{NO_INDEX, Pool};
use crate::ops::wide::wide;

/// Outputs of one task.
const TASK: usize = 16_384;
/// Outputs that are compared at once.
const BLOCK: usize = 8;

/// Whether all windows are 2 x 2, side by side and inside the image.
pub(in crate::ops) fn suits(p: &Pool) -> bool {
    [p.kh, p.kw, p.sh, p.sw, p.dh, p.dw, p.ph, p.pw] == [2, 2, 2, 2, 1, 1, 0, 0]
        && 2 * p.oh <= p.h
        && 2 * p.ow <= p.w
}

/// Values and positions of all planes, output rows shared out over threads.
pub(super) fn with_indices(p: &Pool, x: &[f32], y: &mut [f32], indices: &mut [i32]) {
    let ow = p.ow as usize;
    // Rows of fewer outputs than a block go several to a block.
    let rows = if ow < BLOCK { BLOCK / ow } else { 1 };
    let rows_a_task = (TASK / ow).max(rows).next_multiple_of(rows);
    let tasks = y.par_chunks_mut(rows_a_task * ow).zip(indices.par_chunks_mut(rows_a_task * ow));
    tasks.enumerate().for_each(|(task, (y, indices))| {
        wide(
            #[inline(always)]
            || {
                let mut at = Row::number(p, task * rows_a_task);
                for (y, indices) in y.chunks_mut(rows * ow).zip(indices.chunks_mut(rows * ow)) {
                    if ow < BLOCK {
                        short_rows(p, x, &mut at, y, indices);
                    } else {
                        let (top, bottom) = at.taps(p, x);
                        row(top, bottom, at.first(p), y, indices);
                        at.step(p);
                    }
                }
            },
        );
    });
}

/// Values alone.
pub(super) fn values(p: &Pool, x: &[f32], y: &mut [f32]) {
    let (ow, w) = (p.ow as usize, p.w as usize);
    let rows_a_task = (TASK / ow).max(1);
    y.par_chunks_mut(rows_a_task * ow).enumerate().for_each(|(task, y)| {
        wide(
            #[inline(always)]
            || {
                let mut at = Row::number(p, task * rows_a_task);
                for y in y.chunks_exact_mut(ow) {
                    let (top, bottom) = at.taps(p, x);
                    // A NaN is rare; what a row with one needs is not done to all.
                    if row_of_values(&top[..w], bottom, y, larger) {
                        row_of_values(&top[..w], bottom, y, larger_or_nan);
                    }
                    at.step(p);
                }
            },
        );
    });
}

/// Outputs whose values are compared at once.
const WIDE: usize = 16;

/// One row; whether there is a NaN in its windows. The last block may do again what the one before has done.
#[inline(always)]
fn row_of_values(top: &[f32], bottom: &[f32], y: &mut [f32], winner: impl Fn(f32, f32) -> f32) -> bool {
    let mut nan = 0u32;
    if y.len() < WIDE {
        for (y, (top, bottom)) in y.iter_mut().zip(top.chunks_exact(2).zip(bottom.chunks_exact(2))) {
            *y = value(top, bottom, &winner, &mut nan);
        }
        return nan != 0;
    }
    let last = y.len() - WIDE;
    for first in (0..last).step_by(WIDE).chain([last]) {
        let (top, bottom) = (&top[2 * first..][..2 * WIDE], &bottom[2 * first..][..2 * WIDE]);
        let y = &mut y[first..][..WIDE];
        for q in 0..WIDE {
            y[q] = value(&top[2 * q..][..2], &bottom[2 * q..][..2], &winner, &mut nan);
        }
    }
    nan != 0
}

/// The maximum of a window; `nan` is set where it holds one.
#[inline(always)]
fn value(top: &[f32], bottom: &[f32], winner: impl Fn(f32, f32) -> f32, nan: &mut u32) -> f32 {
    *nan |= u32::from(top[0].is_nan() | top[1].is_nan()) | u32::from(bottom[0].is_nan() | bottom[1].is_nan());
    winner(winner(top[0], top[1]), winner(bottom[0], bottom[1]))
}

/// A row of outputs.
struct Row {
    plane: usize,
    r: usize,
}

impl Row {
    fn number(p: &Pool, number: usize) -> Self {
        Self { plane: number / p.oh as usize, r: number % p.oh as usize }
    }

    #[inline(always)]
    fn step(&mut self, p: &Pool) {
        self.r += 1;
        if self.r == p.oh as usize {
            (self.plane, self.r) = (self.plane + 1, 0);
        }
    }

    /// Where its windows begin in their plane.
    #[inline(always)]
    fn first(&self, p: &Pool) -> usize {
        2 * self.r * p.w as usize
    }

    /// The two rows of the image under it.
    #[inline(always)]
    fn taps<'x>(&self, p: &Pool, x: &'x [f32]) -> (&'x [f32], &'x [f32]) {
        let (h, w) = (p.h as usize, p.w as usize);
        x[(self.plane * h + 2 * self.r) * w..][..2 * w].split_at(w)
    }
}

/// One row of outputs under two rows of the image, of which the first begins at `first` in its plane.
#[inline(always)]
fn row(top: &[f32], bottom: &[f32], first: usize, y: &mut [f32], indices: &mut [i32]) {
    let w = top.len();
    let blocks = y.len() / BLOCK * BLOCK;
    let (y, rest_of_y) = y.split_at_mut(blocks);
    let (indices, rest) = indices.split_at_mut(blocks);
    let taps = top.chunks_exact(2 * BLOCK).zip(bottom.chunks_exact(2 * BLOCK));
    let outputs = y.chunks_exact_mut(BLOCK).zip(indices.chunks_exact_mut(BLOCK));
    for (block, ((top, bottom), (y, indices))) in taps.zip(outputs).enumerate() {
        few(top, bottom, [first + 2 * BLOCK * block, w], y, indices);
    }
    let (top, bottom) = (&top[2 * blocks..], &bottom[2 * blocks..]);
    for (q, (y, index)) in rest_of_y.iter_mut().zip(rest).enumerate() {
        let at = first + 2 * (blocks + q);
        let window = [top[2 * q], top[2 * q + 1], bottom[2 * q], bottom[2 * q + 1]];
        (*y, *index) = best(window, position(at), position(w));
    }
}

/// Rows of less than a block together: their taps are put in order first, then all compared at once.
#[inline(always)]
fn short_rows(p: &Pool, x: &[f32], at: &mut Row, y: &mut [f32], indices: &mut [i32]) {
    let (w, ow) = (position(p.w as usize), p.ow as usize);
    let (mut windows, mut firsts) = ([[0.0; BLOCK]; 4], [0; BLOCK]);
    for to in (0..y.len()).step_by(ow) {
        let ((top, bottom), first) = (at.taps(p, x), position(at.first(p)));
        let pairs = top.as_chunks::<2>().0.iter().zip(bottom.as_chunks::<2>().0);
        let mut column = 0;
        for (q, (top, bottom)) in (to..to + ow).zip(pairs) {
            windows[0][q] = top[0];
            windows[1][q] = top[1];
            windows[2][q] = bottom[0];
            windows[3][q] = bottom[1];
            firsts[q] = first + column;
            column += 2;
        }
        at.step(p);
    }
    let (mut values, mut positions) = ([0.0; BLOCK], [0; BLOCK]);
    for q in 0..BLOCK {
        let window = [windows[0][q], windows[1][q], windows[2][q], windows[3][q]];
        (values[q], positions[q]) = best(window, firsts[q], w);
    }
    y.copy_from_slice(&values[..y.len()]);
    indices.copy_from_slice(&positions[..y.len()]);
}

/// A block of outputs.
#[inline(always)]
fn few(top: &[f32], bottom: &[f32], [first, w]: [usize; 2], y: &mut [f32], indices: &mut [i32]) {
    let (top, bottom) = (&top[..2 * BLOCK], &bottom[..2 * BLOCK]);
    let (y, indices) = (&mut y[..BLOCK], &mut indices[..BLOCK]);
    let (first, w) = (position(first), position(w));
    let mut column = 0;
    for q in 0..BLOCK {
        let window = [top[2 * q], top[2 * q + 1], bottom[2 * q], bottom[2 * q + 1]];
        (y[q], indices[q]) = best(window, first + column, w);
        column += 2;
    }
}

/// The first of the largest, or the last NaN, as the other variants have it; the window begins at `at`.
#[inline(always)]
fn best(window: [f32; 4], at: i32, w: i32) -> (f32, i32) {
    let (mut value, mut index) = (window[0], at);
    for (v, position) in [(window[1], at + 1), (window[2], at + w), (window[3], at + w + 1)] {
        let wins = (v > value) | v.is_nan();
        value = if wins { v } else { value };
        index = if wins { position } else { index };
    }
    (value, index)
}

/// Planes have fewer elements than an i32 counts.
#[inline(always)]
fn position(at: usize) -> i32 {
    i32::try_from(at).unwrap_or(NO_INDEX)
}
