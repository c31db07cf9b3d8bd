//! Where rows of outputs go.

use std::ops::Range;

use super::order::{Order, Positions, decode};
use super::tile::Tile;
use crate::ops::nontemporal::Writer;

/// Takes the rows of a tile's outputs.
pub(super) trait Sink<T> {
    /// Lets `fill` write rows of the tile, several only where the tile is as wide as the outputs.
    fn rows(&mut self, rows: Range<usize>, fill: impl FnOnce(&mut [T]));

    /// Lets `fill` write row `r` of the tile.
    #[inline(always)]
    fn row(&mut self, r: usize, fill: impl FnOnce(&mut [T])) {
        self.rows(r..r + 1, fill);
    }
}

/// Where some rows of a tile stand among the outputs of its band.
#[inline(always)]
fn place(tile: &Tile<'_>, rows: &Range<usize>) -> Range<usize> {
    let (ow, columns) = (tile.p().ow as usize, &tile.columns);
    rows.start * ow + columns.start..(rows.end - 1) * ow + columns.end
}

/// Rows of values, written where they belong.
pub(super) struct Floats<'t, 'b, 'y, 'w> {
    pub(super) tile: &'t Tile<'t>,
    pub(super) y: &'b mut Band<'y, 'w>,
}

/// The outputs of a band.
pub(super) enum Band<'y, 'w> {
    /// Written through the caches.
    Through(&'y mut [f32]),
    /// Written past them.
    Past(&'y mut Writer<'w>),
}

impl Sink<f32> for Floats<'_, '_, '_, '_> {
    #[inline(always)]
    fn rows(&mut self, rows: Range<usize>, fill: impl FnOnce(&mut [f32])) {
        let place = place(self.tile, &rows);
        match self.y {
            Band::Through(y) => fill(&mut y[place]),
            Band::Past(writer) => writer.run(place.start, place.len(), fill),
        }
    }
}

/// Rows of keys, taken apart into values and positions.
pub(super) struct Keys<'t, 'y> {
    pub(super) tile: &'t Tile<'t>,
    pub(super) line: &'y mut Vec<i64>,
    pub(super) y: &'y mut [f32],
    pub(super) indices: &'y mut [i32],
}

impl Sink<i64> for Keys<'_, '_> {
    #[inline(always)]
    fn rows(&mut self, rows: Range<usize>, fill: impl FnOnce(&mut [i64])) {
        let place = place(self.tile, &rows);
        self.line.resize(place.len(), Positions::VOID);
        fill(self.line);
        decode(self.line, self.tile.plane, &mut self.y[place.clone()], &mut self.indices[place]);
    }
}
