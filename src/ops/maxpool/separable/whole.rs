//! The maxima down columns where rows are short: a whole tile as one long run, since the ends of a loop over a short row
//! cost as much as its body. Rows between those where windows start are made too and left out.

use super::along::{Sweep, along, rows_at_once};
use super::order::Order;
use super::sink::Sink;
use super::steps::winners;
use super::tile::Tile;

/// Row maxima of a tile before a step and after it.
#[derive(Default)]
pub(super) struct Runs<T> {
    from: Vec<T>,
    to: Vec<T>,
}

/// Pools a tile; whether it was given up because of a NaN.
#[inline(always)]
pub(super) fn pooled<O: Order, S: Sink<O::Tap>>(
    tile: &Tile<'_>,
    stops_at_nan: bool,
    sweep: &mut Sweep<O::Tap>,
    runs: &mut Runs<O::Tap>,
    sink: &mut S,
) -> bool {
    let (total, stride, at_once) = (tile.image_rows(), tile.stride(), rows_at_once(tile));
    let Runs { from, to } = runs;
    if from.len() < total * stride {
        from.resize(total * stride, O::VOID);
        to.resize(total * stride, O::VOID);
    }
    for (number, maxima) in from[..total * stride].chunks_mut(at_once * stride).enumerate() {
        let first = number * at_once;
        let nan = along::<O>(tile, first..(first + at_once).min(total), sweep, maxima);
        if nan && stops_at_nan {
            return true;
        }
    }
    let mut valid = total * stride;
    for step in &tile.plan.down {
        valid -= step.reach * stride;
        winners::<O>(step.taps, |i| &from[step.offset(i) * stride..][..valid], &mut to[..valid]);
        std::mem::swap(from, to);
    }
    for r in 0..tile.rows.len() {
        let maxima = &from[r * tile.between() * stride..];
        sink.row(
            r,
            #[inline(always)]
            |y| y.copy_from_slice(&maxima[..y.len()]),
        );
    }
    false
}
