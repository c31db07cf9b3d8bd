//! The maxima along rows: of two to four taps, of two to four of those, and so on, until the window is reached. The last
//! of them may overlap, which no maximum minds.

use super::order::Order;
use super::tile::Tile;

/// Elements that are swept at once: they stay in the first-level cache from sweep to sweep.
const SWEEP: usize = 4096;

/// Memory for one sweep.
#[derive(Default)]
pub(super) struct Sweep<T> {
    from: Vec<T>,
    to: Vec<T>,
}

/// Fills `maxima`, `tile.stride()` elements a row, with the row maxima of a tile; whether a NaN was met, in which case the
/// work may have stopped early.
///
/// Several short rows are swept as one. What reaches over the end of a row lands where nobody looks.
#[inline(always)]
pub(super) fn along<O: Order>(
    tile: &Tile<'_>,
    stops_at_nan: bool,
    sweep: &mut Sweep<O::Tap>,
    maxima: &mut [O::Tap],
) -> bool {
    let (len, stride) = (tile.padded(), tile.stride());
    let rows_at_once = (SWEEP / len).max(1);
    sweep.from.resize(rows_at_once * len, O::VOID);
    sweep.to.resize(rows_at_once * len, O::VOID);
    let mut nan = false;
    let mut number = 0;
    for maxima in maxima.chunks_mut(rows_at_once * stride) {
        let rows = maxima.len() / stride;
        let elements = rows * len;
        for line in sweep.from[..elements].chunks_exact_mut(len) {
            nan |= load::<O>(tile, tile.row(number), line);
            number += 1;
        }
        if nan && stops_at_nan {
            return true;
        }
        windows::<O>(tile, sweep, elements, maxima);
    }
    nan
}

/// One row of the image with its padding.
#[inline(always)]
fn load<O: Order>(tile: &Tile<'_>, row: Option<usize>, line: &mut [O::Tap]) -> bool {
    let padding = if tile.p.pad_zero { O::ZERO } else { O::VOID };
    let Some(row) = row else {
        line.fill(padding);
        return false;
    };
    let (before, columns) = tile.columns();
    let (left, rest) = line.split_at_mut(before);
    let (inside, right) = rest.split_at_mut(columns.len());
    left.fill(padding);
    right.fill(padding);
    let at = row * tile.p.w as usize + columns.start;
    O::load(&tile.plane[at..][..columns.len()], at, inside)
}

/// The maxima of all windows that start in the first `elements` of `sweep.from`, every `sw`-th of them kept.
#[inline(always)]
fn windows<O: Order>(tile: &Tile<'_>, sweep: &mut Sweep<O::Tap>, elements: usize, maxima: &mut [O::Tap]) {
    let (kw, dw, sw) = (tile.p.kw as usize, tile.p.dw as usize, tile.p.sw as usize);
    let mut reached = 1;
    let mut valid = elements;
    while reached < kw {
        let taps = kw.div_ceil(reached).min(4);
        let next = (taps * reached).min(kw);
        let shifts = [1, 2, 3].map(|tap| (tap * reached).min(next - reached) * dw);
        valid -= (next - reached) * dw;
        let to = if next == kw && sw == 1 { &mut maxima[..valid] } else { &mut sweep.to[..valid] };
        widen::<O>(&sweep.from, taps, shifts, to);
        if next < kw || sw > 1 {
            std::mem::swap(&mut sweep.from, &mut sweep.to);
        }
        reached = next;
    }
    let from = &sweep.from[..valid];
    match sw {
        1 if kw > 1 => {}
        1 => maxima[..valid].copy_from_slice(from),
        // Only a stride that the compiler knows vectorises. An odd end is a last row's, and its last element counts.
        2 => {
            let (pairs, last) = from.as_chunks::<2>();
            maxima.iter_mut().zip(pairs).for_each(|(m, pair)| *m = pair[0]);
            if let (Some(m), [last]) = (maxima.get_mut(pairs.len()), last) {
                *m = *last;
            }
        }
        _ => maxima.iter_mut().zip(from.iter().step_by(sw)).for_each(|(m, v)| *m = *v),
    }
}

/// Each element against those that stand `shifts` behind it.
#[inline(always)]
fn widen<O: Order>(from: &[O::Tap], taps: usize, shifts: [usize; 3], to: &mut [O::Tap]) {
    let n = to.len();
    let [b, c, d] = shifts.map(|shift| &from[shift..]);
    match taps {
        2 => {
            for ((to, &a), &b) in to.iter_mut().zip(&from[..n]).zip(&b[..n]) {
                *to = O::winner(a, b);
            }
        }
        3 => {
            for (((to, &a), &b), &c) in to.iter_mut().zip(&from[..n]).zip(&b[..n]).zip(&c[..n]) {
                *to = O::winner(O::winner(a, b), c);
            }
        }
        _ => {
            let taps = from[..n].iter().zip(&b[..n]).zip(&c[..n]).zip(&d[..n]);
            for (to, (((&a, &b), &c), &d)) in to.iter_mut().zip(taps) {
                *to = O::winner(O::winner(a, b), O::winner(c, d));
            }
        }
    }
}
