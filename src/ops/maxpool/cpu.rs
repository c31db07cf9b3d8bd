//! Pooling on the CPU: `serial`, `rayon`, and the thesis's serial program.

use rayon::prelude::*;

use super::{NO_INDEX, Pool, pairs, rows};
use crate::ops::{CpuCall, ViewMut};

/// Taps of a window along one axis that lie inside the image: `first..last`, and whether any lies outside.
pub(super) fn taps(start: i64, k: u32, d: u32, n: u32) -> (u32, u32, bool) {
    let (k, d, n) = (i64::from(k), i64::from(d), i64::from(n));
    let first = if start < 0 { (-start + d - 1) / d } else { 0 }.min(k);
    let last = if start >= n { 0 } else { ((n - start + d - 1) / d).min(k) }.max(first);
    let narrow = |v: i64| u32::try_from(v).unwrap_or(0);
    (narrow(first), narrow(last), first > 0 || last < k)
}

/// Plain loops on one thread; the taps outside the image are cut off before the loops instead of tested inside.
pub(super) fn serial(call: &mut CpuCall<'_, '_>) {
    let p = Pool::of(call.sizes);
    let x = call.inputs[0].f32();
    let (values, indices) = outputs(call.outputs);
    let per_plane = p.oh as usize * p.ow as usize;
    let mut index_planes = indices.map(|i| i.chunks_exact_mut(per_plane));
    for (plane, y) in x.chunks_exact(p.h as usize * p.w as usize).zip(values.chunks_exact_mut(per_plane)) {
        match index_planes.as_mut().and_then(Iterator::next) {
            Some(index_plane) => {
                let rows = y.chunks_exact_mut(p.ow as usize).zip(index_plane.chunks_exact_mut(p.ow as usize));
                for (r, (y, index)) in (0u32..).zip(rows) {
                    row_with_indices(&p, plane, r, y, index);
                }
            }
            None => {
                for (r, y) in (0u32..).zip(y.chunks_exact_mut(p.ow as usize)) {
                    row(&p, plane, r, y);
                }
            }
        }
    }
}

/// Output rows shared out over threads; values by whole rows at a time (`rows`), down and then along, which the compiler
/// vectorises.
pub(super) fn rayon(call: &mut CpuCall<'_, '_>) {
    let p = Pool::of(call.sizes);
    let x = call.inputs[0].f32();
    let plane_of =
        |row: usize| &x[row / p.oh as usize * (p.h as usize * p.w as usize)..][..p.h as usize * p.w as usize];
    let row_of = |row: usize| u32::try_from(row % p.oh as usize).unwrap_or(0);
    // A task should outlast the cost of handing it out by far.
    let rows_a_task = (16_384 / (p.ow as usize * p.kh as usize * p.kw as usize)).max(1);
    let (values, mut indices) = outputs(call.outputs);
    if let (true, Some(indices)) = (pairs::suits(&p), indices.as_deref_mut()) {
        return pairs::with_indices(&p, x, values, indices);
    }
    let y_rows = values.par_chunks_exact_mut(p.ow as usize);
    match indices {
        Some(indices) => y_rows
            .zip(indices.par_chunks_exact_mut(p.ow as usize))
            .enumerate()
            .with_min_len(rows_a_task)
            .for_each(|(row, (y, index))| row_with_indices(&p, plane_of(row), row_of(row), y, index)),
        None => y_rows.enumerate().with_min_len(rows_a_task).for_each_init(Vec::new, |columns, (row, y)| {
            rows::maxima(&p, plane_of(row), row_of(row), y, columns);
        }),
    }
}

pub(super) fn outputs<'v>(outputs: &'v mut [ViewMut<'_>]) -> (&'v mut [f32], Option<&'v mut [i32]>) {
    let (values, rest) = outputs.split_at_mut(1);
    (values[0].f32_mut(), rest.first_mut().map(ViewMut::i32_mut))
}

/// Row `r` of one plane's output, values only.
pub(super) fn row(p: &Pool, plane: &[f32], r: u32, y: &mut [f32]) {
    let top = i64::from(r * p.sh) - i64::from(p.ph);
    let (i0, i1, cut_rows) = taps(top, p.kh, p.dh, p.h);
    for (q, y) in (0u32..).zip(y) {
        let left = i64::from(q * p.sw) - i64::from(p.pw);
        let (j0, j1, cut_columns) = taps(left, p.kw, p.dw, p.w);
        let padded = p.pad_zero && (cut_rows || cut_columns);
        let mut best = if padded { 0.0 } else { f32::NEG_INFINITY };
        for i in i0..i1 {
            let line = &plane[at(top, i, p.dh) * p.w as usize..][..p.w as usize];
            for j in j0..j1 {
                let value = line[at(left, j, p.dw)];
                if value > best || value.is_nan() {
                    best = value;
                }
            }
        }
        *y = best;
    }
}

/// The same with positions. A zero that stands for padding counts where it stands: before, between or behind the
/// image's elements.
fn row_with_indices(p: &Pool, plane: &[f32], r: u32, y: &mut [f32], index: &mut [i32]) {
    for (q, (y, index)) in (0u32..).zip(y.iter_mut().zip(index)) {
        (*y, *index) = window_with_index(p, plane, r, q);
    }
}

fn window_with_index(p: &Pool, plane: &[f32], r: u32, q: u32) -> (f32, i32) {
    if p.pad_zero {
        return super::reference::window(p, plane, r, q);
    }
    let (top, left) = (i64::from(r * p.sh) - i64::from(p.ph), i64::from(q * p.sw) - i64::from(p.pw));
    let (i0, i1, _) = taps(top, p.kh, p.dh, p.h);
    let (j0, j1, _) = taps(left, p.kw, p.dw, p.w);
    let mut best = (f32::NEG_INFINITY, NO_INDEX);
    for i in i0..i1 {
        for j in j0..j1 {
            let at = at(top, i, p.dh) * p.w as usize + at(left, j, p.dw);
            let value = plane[at];
            if value > best.0 || value.is_nan() || best.1 == NO_INDEX {
                best = (value, i32::try_from(at).unwrap_or(NO_INDEX));
            }
        }
    }
    best
}

/// The coordinate of tap `i` of a window that starts at `start`; the tap is known to lie inside the image.
fn at(start: i64, i: u32, d: u32) -> usize {
    usize::try_from(start + i64::from(i) * i64::from(d)).unwrap_or(0)
}

/// The thesis's serial program: for every window extract the k x k block, multiply it by the identity with three plain
/// loops, take the largest element of the product.
pub(super) fn per_window_serial(call: &mut CpuCall<'_, '_>) {
    let p = Pool::of(call.sizes);
    let x = call.inputs[0].f32();
    let k = p.kh as usize;
    let identity: Vec<f32> = (0..k * k).map(|e| if e / k == e % k { 1.0 } else { 0.0 }).collect();
    let mut block = vec![0.0f32; k * k];
    let mut product = vec![0.0f32; k * k];
    let mut y = call.outputs[0].f32_mut().iter_mut();
    for plane in x.chunks_exact(p.h as usize * p.w as usize) {
        for r in 0..p.oh {
            for q in 0..p.ow {
                extract(&p, plane, r, q, &mut block);
                for i in 0..k {
                    for j in 0..k {
                        let mut sum = 0.0;
                        for t in 0..k {
                            sum += block[i * k + t] * identity[t * k + j];
                        }
                        product[i * k + j] = sum;
                    }
                }
                if let Some(y) = y.next() {
                    *y = product.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                }
            }
        }
    }
}

/// Copies one window into `block` (kh x kw, row-major), the padding with its value. Padding of minus infinity is
/// replaced by the lowest finite number: its product with the identity's zeros would be NaN.
pub(crate) fn extract(p: &Pool, plane: &[f32], r: u32, q: u32, block: &mut [f32]) {
    let padding = if p.pad_zero { 0.0 } else { f32::MIN };
    let (top, left) = (i64::from(r * p.sh) - i64::from(p.ph), i64::from(q * p.sw) - i64::from(p.pw));
    for (i, line) in (0u32..).zip(block.chunks_exact_mut(p.kw as usize)) {
        let row = top + i64::from(i * p.dh);
        for (j, element) in (0u32..).zip(line) {
            let column = left + i64::from(j * p.dw);
            let inside = (0..i64::from(p.h)).contains(&row) && (0..i64::from(p.w)).contains(&column);
            let flat = usize::try_from(row * i64::from(p.w) + column);
            *element = if inside { flat.map_or(padding, |at| plane[at]) } else { padding };
        }
    }
}
