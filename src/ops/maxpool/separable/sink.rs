//! Where rows of outputs go.

use super::order::{Order, Positions, decode};
use super::tile::Tile;
use crate::ops::nontemporal::Writer;

/// Takes the rows of a tile's outputs.
pub(super) trait Sink<T> {
    /// Lets `fill` write row `r` of the tile.
    fn row(&mut self, r: usize, fill: impl FnOnce(&mut [T]));
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
    fn row(&mut self, r: usize, fill: impl FnOnce(&mut [f32])) {
        let columns = self.tile.columns.clone();
        let at = r * self.tile.p().ow as usize + columns.start;
        match self.y {
            Band::Through(y) => fill(&mut y[at..][..columns.len()]),
            Band::Past(writer) => writer.run(at, columns.len(), fill),
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
    fn row(&mut self, r: usize, fill: impl FnOnce(&mut [i64])) {
        let (ow, columns) = (self.tile.p().ow as usize, self.tile.columns.clone());
        self.line.resize(columns.len(), Positions::VOID);
        fill(self.line);
        let (y, indices) = (&mut self.y[r * ow..][columns.clone()], &mut self.indices[r * ow..][columns]);
        decode(self.line, self.tile.plane, y, indices);
    }
}
