//! Pooling in two steps that vectorise, along the rows and down the columns of their maxima, tile by tile so that what
//! stands between the steps stays in the cache. The work hardly grows with the window: three comparisons an element down
//! the columns, and along the rows one sweep more for a window four times as wide.
//!
//! Along comes before down, so that taps keep their row-major order, which decides between equals.

mod along;
mod down;
mod order;
#[cfg(test)]
mod tests;
mod tile;

use std::ops::Range;

use rayon::prelude::*;

use self::along::{Sweep, along};
use self::down::{Maxima, Scans, Sink, down};
use self::order::{Numbers, Order, Positions, Values, decode};
use self::tile::{Tile, padded, span};
use super::{Pool, cpu, pairs};
use crate::ops::CpuCall;
use crate::ops::wide::wide;

/// Row maxima of a tile: half a megabyte of values.
const MAXIMA: usize = 1 << 17;
/// Outputs that are worth a task of their own.
const TASK: usize = 16_384;

/// The variant.
pub(super) fn run(call: &mut CpuCall<'_, '_>) {
    let p = Pool::of(call.sizes);
    let (image, per_plane) = p.planes();
    let x = call.inputs[0].f32();
    if p.indices && (p.pad_zero || pairs::suits(&p)) {
        // Zeros of the padding count where they stand among the elements.
        return cpu::rayon(call);
    }
    if !p.indices && p.sw == 2 && p.dw == 1 && p.kw <= 4 && p.kh <= 4 && !pairs::suits(&p) {
        // Down first leaves half as many rows to go along, which is worth more than the tiles here.
        return cpu::rayon(call);
    }
    let (values, indices) = cpu::outputs(call.outputs);
    if pairs::suits(&p) {
        return pairs::values(&p, x, values);
    }
    let rows = band(&p, call.threads);
    let bands_a_task = (TASK / (rows * p.ow as usize)).max(1);
    // Bands do not reach over planes: there are as many in each.
    let bands = (p.oh as usize).div_ceil(rows);
    let of = |number: usize| {
        let (plane, first) = (number / bands, number % bands * rows);
        (&x[plane * image..][..image], first..(first + rows).min(p.oh as usize))
    };
    let cut = |number: usize| {
        let (_, rows) = of(number);
        rows.len() * p.ow as usize
    };
    debug_assert_eq!(values.len() % per_plane, 0);
    let count = values.len() / per_plane * bands;
    match indices {
        None => {
            let parts: Vec<_> = parts(values, (0..count).map(cut)).collect();
            parts.into_par_iter().enumerate().with_min_len(bands_a_task).for_each_init(
                Scratch::default,
                |scratch, (number, y)| {
                    let (plane, rows) = of(number);
                    band_of_values(&p, plane, rows, y, scratch);
                },
            );
        }
        Some(indices) => {
            let parts: Vec<_> =
                parts(values, (0..count).map(cut)).zip(parts(indices, (0..count).map(cut))).collect();
            parts.into_par_iter().enumerate().with_min_len(bands_a_task).for_each_init(
                || (Scratch::default(), Vec::new()),
                |(scratch, line), (number, (y, indices))| {
                    let (plane, rows) = of(number);
                    wide(
                        #[inline(always)]
                        || {
                            for columns in tiles(&p) {
                                let tile = Tile { p: &p, plane, rows: rows.clone(), columns };
                                let mut sink = Keys { tile: &tile, line, y, indices };
                                pooled::<Positions, _>(&tile, false, scratch, &mut sink);
                            }
                        },
                    );
                },
            );
        }
    }
}

/// Memory that is kept from tile to tile.
#[derive(Default)]
struct Scratch<T> {
    sweep: Sweep<T>,
    maxima: Vec<T>,
    scans: Scans<T>,
}

/// Rows of outputs that are done together: as many as the cache takes, but enough bands for all threads; and a window's
/// rows at least, for those between two bands are looked at twice.
fn band(p: &Pool, threads: usize) -> usize {
    let stride = padded(p, columns(p).min(p.ow as usize)) / p.sw as usize;
    let room = MAXIMA / stride;
    let most = if tile::apart(p) {
        room / p.kh as usize
    } else {
        room.saturating_sub(span(p.kh, p.dh)) / p.sh as usize + 1
    };
    let least = (span(p.kh, p.dh) / p.sh as usize).max(TASK.div_ceil(p.ow as usize));
    let planes = p.n as usize * p.c as usize;
    let fair = (p.oh as usize * planes).div_ceil(4 * threads);
    most.min(fair).max(least).clamp(1, p.oh as usize)
}

/// Slices of the given lengths, one after the other.
fn parts<T>(mut all: &mut [T], lengths: impl Iterator<Item = usize>) -> impl Iterator<Item = &mut [T]> {
    lengths.map_while(move |length| all.split_off_mut(..length))
}

/// The columns of outputs, tile by tile, of about the same width.
fn tiles(p: &Pool) -> impl Iterator<Item = Range<usize>> {
    let ow = p.ow as usize;
    let columns = columns(p);
    (0..ow).step_by(columns).map(move |first| first..(first + columns).min(ow))
}

/// Outputs of a tile along a row at most: long runs of memory where windows are short; else fewer, so that a tile has many
/// more rows than a window.
fn columns(p: &Pool) -> usize {
    if p.kh <= 4 { 2048 } else { 512 }
}

fn band_of_values(p: &Pool, plane: &[f32], rows: Range<usize>, y: &mut [f32], scratch: &mut Scratch<f32>) {
    wide(
        #[inline(always)]
        || {
            for columns in tiles(p) {
                let tile = Tile { p, plane, rows: rows.clone(), columns };
                if pooled::<Numbers, _>(&tile, true, scratch, &mut Floats { tile: &tile, y }) {
                    pooled::<Values, _>(&tile, false, scratch, &mut Floats { tile: &tile, y });
                }
            }
        },
    );
}

/// Pools one tile; whether it was given up because of a NaN.
#[inline(always)]
fn pooled<O: Order, S: Sink<O::Tap>>(
    tile: &Tile<'_>,
    stops_at_nan: bool,
    scratch: &mut Scratch<O::Tap>,
    sink: &mut S,
) -> bool {
    let Scratch { sweep, maxima, scans } = scratch;
    maxima.resize(tile.image_rows() * tile.stride(), O::VOID);
    if along::<O>(tile, stops_at_nan, sweep, maxima) && stops_at_nan {
        return true;
    }
    down::<O, S>(tile, &mut Maxima { rows: maxima, stride: tile.stride(), scans }, sink);
    false
}

/// Rows of values, written where they belong.
struct Floats<'t, 'y> {
    tile: &'t Tile<'t>,
    /// The band.
    y: &'y mut [f32],
}

impl Sink<f32> for Floats<'_, '_> {
    #[inline(always)]
    fn row(&mut self, r: usize, fill: impl FnOnce(&mut [f32])) {
        let ow = self.tile.p.ow as usize;
        fill(&mut self.y[r * ow..][self.tile.columns.clone()]);
    }
}

/// Rows of keys, taken apart into values and positions.
struct Keys<'t, 'y> {
    tile: &'t Tile<'t>,
    line: &'y mut Vec<i64>,
    y: &'y mut [f32],
    indices: &'y mut [i32],
}

impl Sink<i64> for Keys<'_, '_> {
    #[inline(always)]
    fn row(&mut self, r: usize, fill: impl FnOnce(&mut [i64])) {
        let (ow, columns) = (self.tile.p.ow as usize, self.tile.columns.clone());
        self.line.resize(columns.len(), Positions::VOID);
        fill(self.line);
        let (y, indices) = (&mut self.y[r * ow..][columns.clone()], &mut self.indices[r * ow..][columns]);
        decode(self.line, self.tile.plane, y, indices);
    }
}
