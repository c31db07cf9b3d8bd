//! Small windows over short rows. Sixteen columns of outputs at a time go down some rows, the row maxima of one window in
//! registers: no loop here has an end shorter than a vector, and nothing stands between the two steps. While they are at it
//! the next rows of the image are asked for.

use std::ops::Range;

use super::along::load;
use super::order::Order;
use super::sink::Sink;
use super::tile::Tile;
use crate::ops::maxpool::Pool;
use crate::ops::prefetch::prefetch;

/// Columns of outputs that go down together: of values, one vector of the widest kind.
const COLUMNS: usize = 16;
/// Rows of outputs whose part of the image is copied at once: few, so that it stays in the first-level cache, and so that the
/// memory is asked at short intervals.
const ROWS: usize = 8;

/// Whether a pooling is done so: windows of two or three taps a side, next to each other or one apart, over rows of outputs
/// that fill a vector and are no longer than `longest`.
pub(super) fn suits(p: &Pool, longest: usize) -> bool {
    let square = (p.kh, p.sh, p.dh) == (p.kw, p.sw, p.dw);
    let rows = COLUMNS..=longest;
    square && matches!((p.kw, p.sw, p.dw), (2 | 3, 1 | 2, 1)) && rows.contains(&(p.ow as usize))
}

/// Pools a tile as wide as the outputs; whether it was given up because of a NaN.
#[inline(always)]
pub(super) fn pooled<O: Order, S: Sink<O::Tap>>(
    tile: &Tile<'_>,
    stops_at_nan: bool,
    lines: &mut Vec<O::Tap>,
    sink: &mut S,
) -> bool {
    match (tile.p().kw, tile.p().sw) {
        (2, 1) => windows::<O, S, 2, 1>(tile, stops_at_nan, lines, sink),
        (2, _) => windows::<O, S, 2, 2>(tile, stops_at_nan, lines, sink),
        (_, 1) => windows::<O, S, 3, 1>(tile, stops_at_nan, lines, sink),
        _ => windows::<O, S, 3, 2>(tile, stops_at_nan, lines, sink),
    }
}

/// Windows of K x K taps, STEP apart.
#[inline(always)]
fn windows<O: Order, S: Sink<O::Tap>, const K: usize, const STEP: usize>(
    tile: &Tile<'_>,
    stops_at_nan: bool,
    lines: &mut Vec<O::Tap>,
    sink: &mut S,
) -> bool {
    let (padded, total) = (tile.padded(), tile.rows.len());
    let stride = padded.next_multiple_of(COLUMNS);
    let under = |rows: Range<usize>| rows.start * STEP..(rows.end - 1) * STEP + K;
    lines.resize(under(0..ROWS).len() * stride, O::VOID);
    for first in (0..total).step_by(ROWS) {
        let rows = first..(first + ROWS).min(total);
        let lines = &mut lines[..under(rows.clone()).len() * stride];
        for (number, line) in under(rows.clone()).zip(lines.chunks_exact_mut(stride)) {
            load::<O>(tile, tile.row(number), &mut line[..padded]);
        }
        if stops_at_nan && O::any_nan(lines) {
            return true;
        }
        let next = rows.end..(rows.end + ROWS).min(total);
        let ahead = if next.is_empty() { &[][..] } else { tile.image(under(next)) };
        let lines = Lines { lines, stride, ahead };
        sink.rows(
            rows,
            #[inline(always)]
            |y| lines.down_all::<O, K, STEP>(tile.columns.len(), y),
        );
    }
    false
}

/// Rows of the image with their padding, `stride` elements from row to row.
struct Lines<'l, 'x, T> {
    lines: &'l [T],
    stride: usize,
    /// What will be needed next.
    ahead: &'x [f32],
}

impl<T: Copy> Lines<'_, '_, T> {
    /// Rows of `width` outputs. The last columns may be done twice.
    #[inline(always)]
    fn down_all<O: Order<Tap = T>, const K: usize, const STEP: usize>(&self, width: usize, y: &mut [T]) {
        let last = width - COLUMNS;
        let share = self.ahead.len().div_ceil(width.div_ceil(COLUMNS)).max(1);
        let mut ahead = self.ahead.chunks(share);
        for column in (0..last).step_by(COLUMNS).chain([last]) {
            prefetch(ahead.next().unwrap_or_default());
            self.down::<O, K, STEP>(column, width, y);
        }
    }

    /// The columns from `column` on.
    #[expect(
        clippy::needless_range_loop,
        reason = "plain indices, known at compile time, let the rows stay in registers"
    )]
    #[inline(always)]
    fn down<O: Order<Tap = T>, const K: usize, const STEP: usize>(
        &self,
        column: usize,
        width: usize,
        y: &mut [T],
    ) {
        let row =
            |number: usize| row_maxima::<O, K, STEP>(&self.lines[number * self.stride + column * STEP..]);
        let mut maxima = [[O::VOID; COLUMNS]; K];
        for i in STEP..K {
            maxima[i] = row(i - STEP);
        }
        for (r, y) in y.chunks_exact_mut(width).enumerate() {
            // Not `copy_within`, for which the rows would have to lie in memory.
            for i in 0..K - STEP {
                maxima[i] = maxima[i + STEP];
            }
            for i in K - STEP..K {
                maxima[i] = row(r * STEP + i);
            }
            let mut largest = maxima[0];
            for below in &maxima[1..] {
                largest = winners::<O>(largest, *below);
            }
            y[column..][..COLUMNS].copy_from_slice(&largest);
        }
    }
}

/// The maxima of windows along one row.
#[inline(always)]
fn row_maxima<O: Order, const K: usize, const STEP: usize>(row: &[O::Tap]) -> [O::Tap; COLUMNS] {
    let row = &row[..STEP * (COLUMNS - 1) + K];
    let mut maxima = [O::VOID; COLUMNS];
    for (q, largest) in maxima.iter_mut().enumerate() {
        *largest = row[q * STEP];
        for j in 1..K {
            *largest = O::winner(*largest, row[q * STEP + j]);
        }
    }
    maxima
}

#[inline(always)]
fn winners<O: Order>(first: [O::Tap; COLUMNS], second: [O::Tap; COLUMNS]) -> [O::Tap; COLUMNS] {
    let mut winners = first;
    for (winner, second) in winners.iter_mut().zip(second) {
        *winner = O::winner(*winner, second);
    }
    winners
}
