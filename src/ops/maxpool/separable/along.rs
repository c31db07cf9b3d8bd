//! The maxima along rows, by the steps of [`super::steps`].

use std::ops::Range;

use super::order::Order;
use super::steps::winners;
use super::tile::Tile;

/// Elements that are swept at once: they stay in the first-level cache from step to step.
const SWEEP: usize = 4096;

/// Memory for one sweep.
#[derive(Default)]
pub(super) struct Sweep<T> {
    from: Vec<T>,
    to: Vec<T>,
}

/// Rows that are swept as one: several where they are short, since the ends of a loop cost as much as its body.
pub(super) fn rows_at_once(tile: &Tile<'_>) -> usize {
    (SWEEP / tile.padded()).max(1)
}

/// Fills `maxima`, `tile.stride()` elements a row, with the row maxima of so many rows of a tile, no more than are swept at
/// once; whether a NaN was met.
///
/// What reaches over the end of a row lands where nobody looks.
#[inline(always)]
pub(super) fn along<O: Order>(
    tile: &Tile<'_>,
    rows: Range<usize>,
    sweep: &mut Sweep<O::Tap>,
    maxima: &mut [O::Tap],
) -> bool {
    let len = tile.padded();
    let elements = rows.len() * len;
    if sweep.from.len() < elements {
        sweep.from.resize(elements, O::VOID);
        sweep.to.resize(elements, O::VOID);
    }
    for (row, line) in rows.zip(sweep.from.chunks_exact_mut(len)) {
        load::<O>(tile, tile.row(row), line);
    }
    let nan = O::any_nan(&sweep.from[..elements]);
    windows::<O>(tile, sweep, elements, maxima);
    nan
}

/// One row of the image with its padding.
#[inline(always)]
pub(super) fn load<O: Order>(tile: &Tile<'_>, row: Option<usize>, line: &mut [O::Tap]) {
    let p = tile.p();
    let padding = if p.pad_zero { O::ZERO } else { O::VOID };
    let Some(row) = row else {
        return line.fill(padding);
    };
    let (before, columns) = tile.columns();
    let (left, rest) = line.split_at_mut(before);
    let (inside, right) = rest.split_at_mut(columns.len());
    left.fill(padding);
    right.fill(padding);
    let at = row * p.w as usize + columns.start;
    O::load(&tile.plane[at..][..columns.len()], at, inside);
}

/// The maxima of all windows that start in the first `elements` of `sweep.from`, every `sw`-th of them kept.
#[inline(always)]
fn windows<O: Order>(tile: &Tile<'_>, sweep: &mut Sweep<O::Tap>, elements: usize, maxima: &mut [O::Tap]) {
    let sw = tile.p().sw as usize;
    let mut valid = elements;
    let Some((last, steps)) = tile.plan.along.split_last() else { return };
    for step in steps {
        valid -= step.reach;
        winners::<O>(step.taps, |i| &sweep.from[step.offset(i)..][..valid], &mut sweep.to[..valid]);
        std::mem::swap(&mut sweep.from, &mut sweep.to);
    }
    valid -= last.reach;
    let to = if sw == 1 { &mut maxima[..valid] } else { &mut sweep.to[..valid] };
    winners::<O>(last.taps, |i| &sweep.from[last.offset(i)..][..valid], to);
    let from = &sweep.to[..valid];
    match sw {
        1 => {}
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
