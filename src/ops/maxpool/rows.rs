//! Pooling a whole output row at a time: the inner loops run along columns, without a test, so that they vectorise.

use super::Pool;
use super::cpu::taps;

/// Output columns that are worked on at a time: their running maxima stay in registers and the first-level cache.
const BLOCK: usize = 64;

/// Row `r` of one plane's output. Semantics as in the reference, values only.
pub(super) fn maxima(p: &Pool, plane: &[f32], r: u32, y: &mut [f32]) {
    let top = i64::from(r * p.sh) - i64::from(p.ph);
    let (i0, i1, cut_rows) = taps(top, p.kh, p.dh, p.h);
    let lines = || {
        (i0..i1).map(move |i| {
            let row = usize::try_from(top + i64::from(i * p.dh)).unwrap_or(0);
            &plane[row * p.w as usize..][..p.w as usize]
        })
    };
    let (inner0, inner1) = interior(p);
    for (q, y) in (0u32..).zip(y.iter_mut()) {
        if (inner0..inner1).contains(&(q as usize)) {
            continue;
        }
        let left = i64::from(q * p.sw) - i64::from(p.pw);
        let (j0, j1, cut_columns) = taps(left, p.kw, p.dw, p.w);
        let mut best = if p.pad_zero && (cut_rows || cut_columns) { 0.0 } else { f32::NEG_INFINITY };
        for line in lines() {
            for j in j0..j1 {
                best = larger(best, line[usize::try_from(left + i64::from(j * p.dw)).unwrap_or(0)]);
            }
        }
        *y = best;
    }
    let start = if p.pad_zero && cut_rows { 0.0 } else { f32::NEG_INFINITY };
    for (block, y) in y[inner0..inner1].chunks_mut(BLOCK).enumerate() {
        let left = (inner0 + block * BLOCK) * p.sw as usize - p.pw as usize;
        y.fill(start);
        for line in lines() {
            for j in 0..p.kw as usize {
                take(y, &line[left + j * p.dw as usize..], p.sw as usize);
            }
        }
    }
}

/// Output columns whose windows lie inside the image: `first..last`.
fn interior(p: &Pool) -> (usize, usize) {
    let span = (p.kw as usize - 1) * p.dw as usize + 1;
    let (sw, pw, w, ow) = (p.sw as usize, p.pw as usize, p.w as usize, p.ow as usize);
    let first = pw.div_ceil(sw).min(ow);
    let last = (w + pw).checked_sub(span).map_or(0, |room| room / sw + 1).min(ow);
    (first, last.max(first))
}

/// `best[i] = larger(best[i], line[i * stride])`.
fn take(best: &mut [f32], line: &[f32], stride: usize) {
    match stride {
        1 => best.iter_mut().zip(line).for_each(|(b, &v)| *b = larger(*b, v)),
        2 => {
            // The last pair of a row may be cut short by the row's end, so its first half is taken by itself.
            let (last, head) = match best.split_last_mut() {
                Some(parts) => parts,
                None => return,
            };
            *last = larger(*last, line[2 * head.len()]);
            head.iter_mut().zip(line.chunks_exact(2)).for_each(|(b, pair)| *b = larger(*b, pair[0]));
        }
        _ => best.iter_mut().zip(line.iter().step_by(stride)).for_each(|(b, &v)| *b = larger(*b, v)),
    }
}

/// The later value where it is larger or NaN.
fn larger(best: f32, value: f32) -> f32 {
    if value > best || value.is_nan() { value } else { best }
}
