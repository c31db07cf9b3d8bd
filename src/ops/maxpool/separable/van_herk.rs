//! The maxima down columns for long windows, by van Herk (1992) and Gil and Werman (1993): blocks as long as the window,
//! in each the maxima from every row to the block's end, and those from the next block's start on; a window is one of
//! either. Three comparisons an element, whatever the window.

use super::along::{Sweep, along, rows_at_once};
use super::order::Order;
use super::sink::Sink;
use super::tile::Tile;

/// Memory that is kept from tile to tile.
#[derive(Default)]
pub(super) struct Scans<T> {
    /// Row maxima of the whole tile.
    maxima: Vec<T>,
    /// For each row of a block the maxima from there to the block's end.
    suffixes: Vec<T>,
    /// The maxima from the next block's start on, and room for those of one row more: a comparison in place would make
    /// of each store one that depends on it.
    prefix: [Vec<T>; 2],
}

/// Pools a tile; whether it was given up because of a NaN.
#[inline(always)]
pub(super) fn pooled<O: Order, S: Sink<O::Tap>>(
    tile: &Tile<'_>,
    stops_at_nan: bool,
    sweep: &mut Sweep<O::Tap>,
    scans: &mut Scans<O::Tap>,
    sink: &mut S,
) -> bool {
    let (total, stride, at_once) = (tile.image_rows(), tile.stride(), rows_at_once(tile));
    scans.maxima.resize(total * stride, O::VOID);
    for (number, maxima) in scans.maxima.chunks_mut(at_once * stride).enumerate() {
        let first = number * at_once;
        let nan = along::<O>(tile, first..(first + at_once).min(total), sweep, maxima);
        if nan && stops_at_nan {
            return true;
        }
    }
    let (sh, dh) = (tile.p().sh as usize, tile.p().dh as usize);
    // Rows that are dh apart belong together; g lets the stride count in such steps.
    let g = gcd(sh, dh);
    for start in (0..dh / g).take_while(|&start| start < tile.rows.len()) {
        let class = Class { first: start * sh % dh, step: dh, taps: tile.p().kh as usize, stride };
        let mut block = None;
        for (n, r) in (start..tile.rows.len()).step_by(dh / g).enumerate() {
            row::<O, S>(&class, start * sh / dh + n * (sh / g), r, &mut block, scans, sink);
        }
    }
    false
}

/// Rows that are a dilation apart.
struct Class {
    first: usize,
    step: usize,
    taps: usize,
    stride: usize,
}

/// Where the scans stand: rows of the class.
struct Block {
    start: usize,
    /// The first row that the prefix does not hold.
    next: usize,
}

/// Output row `r`, whose windows start at row `t` of the class.
#[inline(always)]
fn row<O: Order, S: Sink<O::Tap>>(
    class: &Class,
    t: usize,
    r: usize,
    block: &mut Option<Block>,
    scans: &mut Scans<O::Tap>,
    sink: &mut S,
) {
    let stride = class.stride;
    let Scans { maxima, suffixes, prefix: [prefix, longer] } = scans;
    let row = |row: usize| &maxima[(class.first + row * class.step) * stride..][..stride];
    if block.as_ref().is_none_or(|b| t >= b.start + class.taps) {
        suffixes.resize(class.taps * stride, O::VOID);
        prefix.resize(stride, O::VOID);
        longer.resize(stride, O::VOID);
        let last = class.taps - 1;
        suffixes[last * stride..].copy_from_slice(row(t + last));
        for number in (0..last).rev() {
            let (head, tail) = suffixes.split_at_mut((number + 1) * stride);
            merge::<O>(row(t + number), &tail[..stride], &mut head[number * stride..]);
        }
        *block = Some(Block { start: t, next: t + class.taps });
    }
    let Some(block) = block else { return };
    let end = t + class.taps;
    let suffix = &suffixes[(t - block.start) * stride..][..stride];
    if t == block.start {
        return sink.row(
            r,
            #[inline(always)]
            |y| y.copy_from_slice(&suffix[..y.len()]),
        );
    }
    if block.next == block.start + class.taps {
        prefix.copy_from_slice(row(block.next));
        block.next += 1;
    }
    while block.next + 1 < end {
        merge::<O>(prefix, row(block.next), longer);
        std::mem::swap(prefix, longer);
        block.next += 1;
    }
    if block.next < end {
        // The last row joins the prefix on the way.
        sink.row(
            r,
            #[inline(always)]
            |y| merge_twice::<O>(suffix, prefix, row(block.next), longer, y),
        );
        std::mem::swap(prefix, longer);
        block.next = end;
    } else {
        sink.row(
            r,
            #[inline(always)]
            |y| merge::<O>(suffix, prefix, y),
        );
    }
}

/// The winners of two rows. The arguments tell the compiler that they do not overlap.
#[inline(always)]
fn merge<O: Order>(first: &[O::Tap], second: &[O::Tap], to: &mut [O::Tap]) {
    for ((to, &a), &b) in to.iter_mut().zip(first).zip(second) {
        *to = O::winner(a, b);
    }
}

/// The prefix with one row more, and the winners of the suffix and that.
#[inline(always)]
fn merge_twice<O: Order>(
    suffix: &[O::Tap],
    prefix: &[O::Tap],
    row: &[O::Tap],
    longer: &mut [O::Tap],
    y: &mut [O::Tap],
) {
    for ((((y, longer), &s), &p), &v) in y.iter_mut().zip(longer).zip(suffix).zip(prefix).zip(row) {
        let more = O::winner(p, v);
        *longer = more;
        *y = O::winner(s, more);
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
