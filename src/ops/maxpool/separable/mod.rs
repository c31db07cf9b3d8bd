//! Pooling in two steps that vectorise, along the rows and down the columns of their maxima, tile by tile so that what
//! stands between the steps stays in the cache. The work hardly grows with the window: a step more for one four times as
//! long, and down the columns of long ones three comparisons an element, whatever the window.
//!
//! Along comes before down, so that taps keep their row-major order, which decides between equals.

mod along;
mod order;
mod plan;
mod rings;
mod sink;
mod small;
mod steps;
#[cfg(test)]
mod tests;
mod tile;
mod van_herk;
mod whole;

use std::ops::Range;

use rayon::prelude::*;

use self::along::Sweep;
use self::order::{Numbers, Order, Positions, Values};
use self::plan::{Plan, TASK, Way};
use self::rings::Ring;
use self::sink::{Band, Floats, Keys, Sink};
use self::tile::Tile;
use self::van_herk::Scans;
use self::whole::Runs;
use super::{Pool, cpu, pairs};
use crate::ops::CpuCall;
use crate::ops::nontemporal::{self, LARGE};
use crate::ops::wide::wide;

/// The variant.
pub(super) fn run(call: &mut CpuCall<'_, '_>) {
    pooled_planes(call, LARGE);
}

/// Values alone go past the caches where there are `large` of them or more.
fn pooled_planes(call: &mut CpuCall<'_, '_>, large: usize) {
    let p = Pool::of(call.sizes);
    let (image, per_plane) = p.planes();
    let x = call.inputs[0].f32();
    if p.indices && (p.pad_zero || pairs::suits(&p)) {
        // Zeros of the padding count where they stand among the elements.
        return cpu::rayon(call);
    }
    if pairs::suits(&p) {
        return pairs::values(&p, x, cpu::outputs(call.outputs).0);
    }
    let plan = Plan::new(&p);
    if plan.way != Way::Small && !p.indices && p.sw == 2 && p.dw == 1 && p.kw <= 4 && p.kh <= 4 {
        // Down first leaves half as many rows to go along, which is worth more than the tiles here.
        return cpu::rayon(call);
    }
    let (values, indices) = cpu::outputs(call.outputs);
    let rows = plan.band(call.threads);
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
    let past_caches = values.len() >= large;
    match indices {
        None => {
            let parts: Vec<_> = parts(values, (0..count).map(cut)).collect();
            parts.into_par_iter().enumerate().with_min_len(bands_a_task).for_each_init(
                Scratch::default,
                |scratch, (number, y)| {
                    let (plane, rows) = of(number);
                    band_of_values(&plan, plane, rows, (y, past_caches), scratch);
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
                            for columns in plan.tiles() {
                                let tile = Tile { plan: &plan, plane, rows: rows.clone(), columns };
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
    lines: Vec<T>,
    sweep: Sweep<T>,
    runs: Runs<T>,
    rings: Vec<Ring<T>>,
    scans: Scans<T>,
    line: Vec<T>,
}

/// Slices of the given lengths, one after the other.
fn parts<T>(mut all: &mut [T], lengths: impl Iterator<Item = usize>) -> impl Iterator<Item = &mut [T]> {
    lengths.map_while(move |length| all.split_off_mut(..length))
}

fn band_of_values(
    plan: &Plan,
    plane: &[f32],
    rows: Range<usize>,
    (y, past_caches): (&mut [f32], bool),
    scratch: &mut Scratch<f32>,
) {
    wide(
        #[inline(always)]
        || {
            if !past_caches {
                return tiles_of_values(plan, plane, rows, &mut Band::Through(y), scratch);
            }
            let mut line = std::mem::take(&mut scratch.line);
            nontemporal::write(
                y,
                &mut line,
                #[inline(always)]
                |writer| tiles_of_values(plan, plane, rows, &mut Band::Past(writer), scratch),
            );
            scratch.line = line;
        },
    );
}

#[inline(always)]
fn tiles_of_values(
    plan: &Plan,
    plane: &[f32],
    rows: Range<usize>,
    y: &mut Band<'_, '_>,
    scratch: &mut Scratch<f32>,
) {
    for columns in plan.tiles() {
        let tile = Tile { plan, plane, rows: rows.clone(), columns };
        let mut sink = Floats { tile: &tile, y };
        if pooled::<Numbers, _>(&tile, true, scratch, &mut sink) {
            pooled::<Values, _>(&tile, false, scratch, &mut sink);
        }
    }
}

/// Pools one tile; whether it was given up because of a NaN.
#[inline(always)]
fn pooled<O: Order, S: Sink<O::Tap>>(
    tile: &Tile<'_>,
    stops_at_nan: bool,
    scratch: &mut Scratch<O::Tap>,
    sink: &mut S,
) -> bool {
    let Scratch { lines, sweep, runs, rings, scans, .. } = scratch;
    match tile.plan.way {
        Way::Small => small::pooled::<O, S>(tile, stops_at_nan, lines, sink),
        Way::Whole => whole::pooled::<O, S>(tile, stops_at_nan, sweep, runs, sink),
        Way::Rings => rings::pooled::<O, S>(tile, stops_at_nan, sweep, rings, sink),
        Way::VanHerk => van_herk::pooled::<O, S>(tile, stops_at_nan, sweep, scans, sink),
    }
}
