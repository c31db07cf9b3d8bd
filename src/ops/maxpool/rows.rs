//! Pooling a whole output row at a time, values only: first down the columns, then along the row, by loops without a test
//! or an exit, so that they vectorise.

use super::Pool;
use super::cpu::{row, taps};
use super::larger::larger;

/// Row `r` of one plane's output, as `row` computes it. `columns` is scratch that keeps its memory from row to row.
///
/// One comparison does for numbers, and their order does not matter. Rows with a NaN, and rows where zeros of both signs
/// meet, of which the first must stay, are rare; plain loops do them.
pub(super) fn maxima(p: &Pool, plane: &[f32], r: u32, y: &mut [f32], columns: &mut Vec<f32>) {
    let top = i64::from(r * p.sh) - i64::from(p.ph);
    let (i0, i1, cut) = taps(top, p.kh, p.dh, p.h);
    let lines = (i0..i1).map(|i| {
        let row = usize::try_from(top + i64::from(i * p.dh)).unwrap_or(0);
        &plane[row * p.w as usize..][..p.w as usize]
    });
    columns.resize(p.w as usize, 0.0);
    let floor = if p.pad_zero && cut { 0.0 } else { f32::NEG_INFINITY };
    if down(columns, lines.clone(), floor) {
        return row(p, plane, r, y);
    }
    along(p, columns, y);
    let has_zero = y.iter().fold(0, |found, v| found | u32::from(*v == 0.0)) != 0;
    let minus_zero =
        |line: &[f32]| line.iter().fold(0, |found, v| found | u32::from(v.to_bits() == 1 << 31)) != 0;
    if has_zero && lines.clone().any(minus_zero) {
        row(p, plane, r, y);
    }
}

/// The maxima of each column over `lines` and `floor`; whether there is a NaN among them, in which case they are void.
fn down<'a>(columns: &mut [f32], mut lines: impl Iterator<Item = &'a [f32]>, floor: f32) -> bool {
    let mut nan = 0u32;
    match (lines.next(), lines.next()) {
        (Some(first), Some(second)) => {
            for ((c, a), b) in columns.iter_mut().zip(first).zip(second) {
                nan |= u32::from(a.is_nan() | b.is_nan());
                *c = larger(*a, *b);
            }
        }
        (Some(only), _) => {
            columns.copy_from_slice(only);
            nan |= only.iter().fold(0, |nan, v| nan | u32::from(v.is_nan()));
        }
        _ => columns.fill(floor),
    }
    for line in lines {
        for (c, &v) in columns.iter_mut().zip(line) {
            nan |= u32::from(v.is_nan());
            *c = larger(*c, v);
        }
    }
    if floor > f32::NEG_INFINITY {
        columns.iter_mut().for_each(|c| *c = larger(floor, *c));
    }
    nan != 0
}

/// The maxima along a row of column maxima. Windows that reach over its ends are done one by one.
fn along(p: &Pool, columns: &[f32], y: &mut [f32]) {
    let (first, last) = interior(p);
    for q in (0..first).chain(last..y.len()) {
        let left = q as i64 * i64::from(p.sw) - i64::from(p.pw);
        let (j0, j1, cut) = taps(left, p.kw, p.dw, p.w);
        let floor = if p.pad_zero && cut { 0.0 } else { f32::NEG_INFINITY };
        let column = |j: u32| usize::try_from(left + i64::from(j * p.dw)).unwrap_or(0);
        y[q] = (j0..j1).fold(floor, |best, j| larger(best, columns[column(j)]));
    }
    let y = &mut y[first..last];
    if y.is_empty() {
        return;
    }
    let columns = &columns[first * p.sw as usize - p.pw as usize..];
    let (kw, sw, dw) = (p.kw as usize, p.sw as usize, p.dw as usize);
    // Strides one and two have loops of their own: only a stride that the compiler knows vectorises.
    let mut done = 1;
    if sw == 2 && dw == 1 && kw > 1 {
        let pairs = columns.chunks_exact(2);
        y.iter_mut().zip(pairs).for_each(|(y, pair)| *y = larger(pair[0], pair[1]));
        done = 2;
    } else {
        y.iter_mut().zip(columns.iter().step_by(sw)).for_each(|(y, &v)| *y = v);
    }
    for j in done..kw {
        let taps = &columns[j * dw..];
        match sw {
            1 => y.iter_mut().zip(taps).for_each(|(y, &v)| *y = larger(*y, v)),
            2 => {
                // The last pair may be cut short by the row's end, so its first half is taken by itself.
                let Some((last, head)) = y.split_last_mut() else { return };
                *last = larger(*last, taps[2 * head.len()]);
                head.iter_mut().zip(taps.chunks_exact(2)).for_each(|(y, pair)| *y = larger(*y, pair[0]));
            }
            _ => y.iter_mut().zip(taps.iter().step_by(sw)).for_each(|(y, &v)| *y = larger(*y, v)),
        }
    }
}

/// Output columns whose windows lie inside the image: `first..last`.
fn interior(p: &Pool) -> (usize, usize) {
    let [_, span] = p.spans();
    let (sw, pw, w, ow) = (p.sw as usize, p.pw as usize, p.w as usize, p.ow as usize);
    let first = pw.div_ceil(sw).min(ow);
    let last = (w + pw).checked_sub(span).map_or(0, |room| room / sw + 1).min(ow);
    (first, last.max(first))
}
