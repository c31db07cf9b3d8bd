//! The gradient by bands of image rows, also where there is one plane: each band takes the gradients of the windows that
//! reach into it, in the order of the windows, so that its sums are those of the scatter on one thread. Zeros are written
//! just before the first window that needs them, while the rows are about to be in the cache anyway.

use std::ops::Range;

use rayon::prelude::*;

use crate::ops::CpuCall;
use crate::ops::maxpool::{Pool, pairs};
use crate::ops::wide::wide;

/// Elements that are worth a task of their own.
const TASK: usize = 16_384;
/// Windows of 2 x 2 that are compared at once.
const BLOCK: usize = 16;

/// The variant. Every index must lie in its window, or outside the plane.
pub(super) fn run(call: &mut CpuCall<'_, '_>) {
    let p = Pool::of(call.sizes);
    let (plane, windows) = p.planes();
    let (dy, indices) = (call.inputs[0].f32(), call.inputs[1].i32());
    let rows = band(&p, call.threads);
    let planes = call.outputs[0].f32_mut().par_chunks_mut(plane).enumerate();
    let bands = planes.with_min_len((TASK / plane).max(1)).flat_map(|(number, dx)| {
        let bands = dx.par_chunks_mut(rows * p.w as usize).enumerate();
        bands.map(move |(band, dx)| (number * windows, band * rows, dx))
    });
    bands.for_each(|(at, first, dx)| {
        let (dy, indices) = (&dy[at..][..windows], &indices[at..][..windows]);
        if pairs::suits(&p) {
            wide(
                #[inline(always)]
                || side_by_side(&p, first, dx, dy, indices),
            );
        } else {
            scatter(&p, first, dx, dy, indices);
        }
    });
}

/// Rows of the image in a band: a plane, or a part of it where there are not enough planes for all threads. Two windows
/// at least, for the rows where bands meet are looked at twice; and whole strides, so that no window of two rows is cut.
fn band(p: &Pool, threads: usize) -> usize {
    let (h, w, sh) = (p.h as usize, p.w as usize, p.sh as usize);
    let planes = p.n as usize * p.c as usize;
    let [span, _] = p.spans();
    let bands = (4 * threads).div_ceil(planes);
    h.div_ceil(bands).max(TASK.div_ceil(w)).max(2 * span).next_multiple_of(sh)
}

/// Rows of outputs whose windows reach into rows `first..last` of the image.
fn windows_over(p: &Pool, first: usize, last: usize) -> Range<usize> {
    let [span, _] = p.spans();
    let (sh, ph, oh) = (p.sh as usize, p.ph as usize, p.oh as usize);
    let from = (first + ph + 1).saturating_sub(span).div_ceil(sh).min(oh);
    from..((last - 1 + ph) / sh + 1).clamp(from, oh)
}

/// The band that begins with row `first` of its plane.
fn scatter(p: &Pool, first: usize, dx: &mut [f32], dy: &[f32], indices: &[i32]) {
    let (w, ow, sh, ph) = (p.w as usize, p.ow as usize, p.sh as usize, p.ph as usize);
    let [span, _] = p.spans();
    let rows = dx.len() / w;
    let mut cleared = 0;
    let base = position(first * w);
    for r in windows_over(p, first, first + rows) {
        let reached = (r * sh + span).saturating_sub(ph + first).clamp(cleared, rows);
        dx[cleared * w..reached * w].fill(0.0);
        cleared = reached;
        for (&dy, &index) in dy[r * ow..][..ow].iter().zip(&indices[r * ow..][..ow]) {
            // A position before the band, or none, wraps around to one far behind it.
            if let Some(element) = dx.get_mut(index.cast_unsigned().wrapping_sub(base) as usize) {
                *element += dy;
            }
        }
    }
    dx[cleared * w..].fill(0.0);
}

/// The same for windows of 2 x 2 side by side, of which each element has at most one: every element asks.
#[inline(always)]
fn side_by_side(p: &Pool, first: usize, dx: &mut [f32], dy: &[f32], indices: &[i32]) {
    let (w, ow) = (p.w as usize, p.ow as usize);
    let mut r = first / 2;
    for rows in dx.chunks_mut(2 * w) {
        if r >= p.oh as usize || rows.len() < 2 * w {
            rows.fill(0.0);
            continue;
        }
        let (top, bottom) = rows.split_at_mut(w);
        let (dy, indices) = (&dy[r * ow..][..ow], &indices[r * ow..][..ow]);
        let at = position(2 * r * w);
        let blocks = ow / BLOCK * BLOCK;
        for q in (0..blocks).step_by(BLOCK) {
            let taps = [&mut top[2 * q..][..2 * BLOCK], &mut bottom[2 * q..][..2 * BLOCK]];
            spread(p.w, at + position(2 * q), &dy[q..][..BLOCK], &indices[q..][..BLOCK], taps);
        }
        let taps = [&mut top[2 * blocks..2 * ow], &mut bottom[2 * blocks..2 * ow]];
        spread(p.w, at + position(2 * blocks), &dy[blocks..], &indices[blocks..], taps);
        top[2 * ow..].fill(0.0);
        bottom[2 * ow..].fill(0.0);
        r += 1;
    }
}

/// Windows next to each other, the first of which begins at `at` in its plane.
#[inline(always)]
fn spread(w: u32, at: u32, dy: &[f32], indices: &[i32], [top, bottom]: [&mut [f32]; 2]) {
    let mut at = at;
    let taps = top.chunks_exact_mut(2).zip(bottom.chunks_exact_mut(2));
    for ((top, bottom), (&dy, &index)) in taps.zip(dy.iter().zip(indices)) {
        // A sum of one begins at zero too: of a gradient of -0 it makes 0.
        let dy = 0.0 + dy;
        let index = index.cast_unsigned();
        top[0] = if index == at { dy } else { 0.0 };
        top[1] = if index == at + 1 { dy } else { 0.0 };
        bottom[0] = if index == at + w { dy } else { 0.0 };
        bottom[1] = if index == at + w + 1 { dy } else { 0.0 };
        at += 2;
    }
}

/// Planes have at most 2^31 elements.
#[inline(always)]
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
