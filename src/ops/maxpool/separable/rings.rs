//! The maxima down columns, row by row as the rows come: of each step as many rows are kept as the next one reaches back,
//! so that all of them stay in the nearest caches, however many rows the tile has.

use super::along::{Sweep, along, rows_at_once};
use super::order::Order;
use super::sink::Sink;
use super::steps::winners;
use super::tile::Tile;

/// The last rows of what a step made.
#[derive(Default)]
pub(super) struct Ring<T> {
    elements: Vec<T>,
    rows: usize,
    stride: usize,
}

impl<T: Copy> Ring<T> {
    fn reset(&mut self, rows: usize, stride: usize, fill: T) {
        (self.rows, self.stride) = (rows, stride);
        if self.elements.len() < rows * stride {
            self.elements.resize(rows * stride, fill);
        }
    }

    #[inline(always)]
    fn row(&self, number: usize) -> &[T] {
        &self.elements[number % self.rows * self.stride..][..self.stride]
    }

    /// So many rows from `first` on, which must not reach over the end.
    #[inline(always)]
    fn rows_mut(&mut self, first: usize, rows: usize) -> &mut [T] {
        &mut self.elements[first % self.rows * self.stride..][..rows * self.stride]
    }
}

/// Pools a tile; whether it was given up because of a NaN.
#[inline(always)]
pub(super) fn pooled<O: Order, S: Sink<O::Tap>>(
    tile: &Tile<'_>,
    stops_at_nan: bool,
    sweep: &mut Sweep<O::Tap>,
    rings: &mut Vec<Ring<O::Tap>>,
    sink: &mut S,
) -> bool {
    let Some((last, steps)) = tile.plan.down.split_last() else { return false };
    let (total, stride, between) = (tile.image_rows(), tile.stride(), tile.between());
    let at_once = rows_at_once(tile);
    rings.resize_with(steps.len() + 1, Ring::default);
    for (number, (ring, step)) in rings.iter_mut().zip(&tile.plan.down).enumerate() {
        // Rows that are swept as one are neighbours in the first ring.
        let rows =
            if number == 0 { (step.reach + at_once).next_multiple_of(at_once) } else { step.reach + 1 };
        ring.reset(rows, stride, O::VOID);
    }
    'rows: for row in 0..total {
        if row % at_once == 0 {
            let swept = row..(row + at_once).min(total);
            let nan = along::<O>(tile, swept.clone(), sweep, rings[0].rows_mut(row, swept.len()));
            if nan && stops_at_nan {
                return true;
            }
        }
        // The maxima of a step lag behind the rows by what the steps so far reach.
        let mut first = row;
        for (number, step) in steps.iter().enumerate() {
            let Some(earlier) = first.checked_sub(step.reach) else { continue 'rows };
            first = earlier;
            let (below, above) = rings.split_at_mut(number + 1);
            let from = &below[number];
            winners::<O>(step.taps, |i| from.row(first + step.offset(i)), above[0].rows_mut(first, 1));
        }
        let Some(first) = first.checked_sub(last.reach) else { continue };
        if first.is_multiple_of(between) && first / between < tile.rows.len() {
            let from = &rings[steps.len()];
            sink.row(
                first / between,
                #[inline(always)]
                |y| winners::<O>(last.taps, |i| from.row(first + last.offset(i)), y),
            );
        }
    }
    false
}
