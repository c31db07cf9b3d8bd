//! The maxima down columns of row maxima: directly where windows are short, else by van Herk (1992) and Gil and Werman
//! (1993): blocks as long as the window, in each the maxima from every row to the block's end, and those from the next
//! block's start on; a window is one of either. Three comparisons an element, whatever the window.

use super::order::Order;
use super::tile::Tile;

/// Taps that are compared one by one at most.
const DIRECT: usize = 4;

/// Row maxima of a tile.
pub(super) struct Maxima<'m, T> {
    /// `stride` elements a row.
    pub(super) rows: &'m [T],
    pub(super) stride: usize,
    /// Memory for van Herk's scans.
    pub(super) scans: &'m mut Scans<T>,
}

/// Hands `write` every output row of the tile: its number and what fills it.
#[inline(always)]
pub(super) fn down<O: Order, S: Sink<O::Tap>>(
    tile: &Tile<'_>,
    maxima: &mut Maxima<'_, O::Tap>,
    sink: &mut S,
) {
    let (kh, sh, dh) = (tile.p.kh as usize, tile.p.sh as usize, tile.p.dh as usize);
    // Rows that are dh apart belong together; g lets the stride count in such steps.
    let g = gcd(sh, dh);
    if tile.apart() || kh <= DIRECT || kh <= 2 * (sh / g) {
        for r in 0..tile.rows.len() {
            let (first, step) = tile.taps(r);
            let tap = |i: usize| &maxima.rows[(first + i * step) * maxima.stride..][..tile.columns.len()];
            sink.row(
                r,
                #[inline(always)]
                |y| direct::<O>(kh, tap, y),
            );
        }
    } else {
        for start in (0..dh / g).take_while(|&start| start < tile.rows.len()) {
            let class = Class { first: start * sh % dh, step: dh, taps: kh };
            let mut block = None;
            for (n, r) in (start..tile.rows.len()).step_by(dh / g).enumerate() {
                van_herk::<O, S>(&class, start * sh / dh + n * (sh / g), r, &mut block, maxima, sink);
            }
        }
    }
}

/// Takes the rows of a tile's outputs.
pub(super) trait Sink<T> {
    /// Lets `fill` write row `r` of the tile.
    fn row(&mut self, r: usize, fill: impl FnOnce(&mut [T]));
}

#[inline(always)]
fn direct<'m, O: Order>(kh: usize, tap: impl Fn(usize) -> &'m [O::Tap], y: &mut [O::Tap])
where
    O::Tap: 'm,
{
    match kh {
        1 => y.copy_from_slice(tap(0)),
        2 => {
            for ((y, &a), &b) in y.iter_mut().zip(tap(0)).zip(tap(1)) {
                *y = O::winner(a, b);
            }
        }
        3 => {
            for (((y, &a), &b), &c) in y.iter_mut().zip(tap(0)).zip(tap(1)).zip(tap(2)) {
                *y = O::winner(O::winner(a, b), c);
            }
        }
        _ => {
            for ((((y, &a), &b), &c), &d) in y.iter_mut().zip(tap(0)).zip(tap(1)).zip(tap(2)).zip(tap(3)) {
                *y = O::winner(O::winner(a, b), O::winner(c, d));
            }
            for i in 4..kh {
                y.iter_mut().zip(tap(i)).for_each(|(y, &v)| *y = O::winner(*y, v));
            }
        }
    }
}

/// Rows that are a dilation apart.
struct Class {
    first: usize,
    step: usize,
    taps: usize,
}

/// Memory for van Herk's scans, kept from tile to tile.
#[derive(Default)]
pub(super) struct Scans<T> {
    /// For each row of a block the maxima from there to the block's end.
    suffixes: Vec<T>,
    /// The maxima from the next block's start on, and room for those of one row more: a comparison in place would make
    /// of each store one that depends on it.
    prefix: [Vec<T>; 2],
}

/// Where the scans stand: rows of the class.
struct Block {
    start: usize,
    /// The first row that the prefix does not hold.
    next: usize,
}

/// Output row `r`, whose windows start at row `t` of the class.
#[inline(always)]
fn van_herk<O: Order, S: Sink<O::Tap>>(
    class: &Class,
    t: usize,
    r: usize,
    block: &mut Option<Block>,
    maxima: &mut Maxima<'_, O::Tap>,
    sink: &mut S,
) {
    let (rows, stride) = (maxima.rows, maxima.stride);
    let Scans { suffixes, prefix: [prefix, longer] } = &mut *maxima.scans;
    let row = |row: usize| &rows[(class.first + row * class.step) * stride..][..stride];
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
