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
    pub(super) rows: &'m mut [T],
    pub(super) stride: usize,
    /// Memory for one row.
    pub(super) prefix: &'m mut Vec<T>,
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

/// Where van Herk's scan stands: rows of the class.
struct Block {
    /// The first row of the block, whose rows hold the maxima from there to the block's end by now.
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
    let Maxima { rows, stride, prefix } = maxima;
    let at = |row: usize| (class.first + row * class.step) * *stride;
    if block.as_ref().is_none_or(|b| t >= b.start + class.taps) {
        for row in (t..t + class.taps - 1).rev() {
            let (head, tail) = rows.split_at_mut(at(row + 1));
            let to = &mut head[at(row)..][..*stride];
            to.iter_mut().zip(&tail[..*stride]).for_each(|(to, &v)| *to = O::winner(*to, v));
        }
        *block = Some(Block { start: t, next: t + class.taps });
    }
    let Some(block) = block else { return };
    let end = t + class.taps;
    let start_of_prefix = block.start + class.taps;
    prefix.resize(*stride, O::VOID);
    if block.next == start_of_prefix && block.next < end {
        prefix.copy_from_slice(&rows[at(block.next)..][..*stride]);
        block.next += 1;
    }
    while block.next + 1 < end {
        let row = &rows[at(block.next)..][..*stride];
        prefix.iter_mut().zip(row).for_each(|(p, &v)| *p = O::winner(*p, v));
        block.next += 1;
    }
    sink.row(
        r,
        #[inline(always)]
        |y| {
            let suffix = &rows[at(t)..][..y.len()];
            if end == start_of_prefix {
                y.copy_from_slice(suffix);
            } else if block.next < end {
                // The last row joins the prefix on the way.
                let row = &rows[at(block.next)..][..y.len()];
                for (((y, p), &v), &s) in y.iter_mut().zip(prefix.iter_mut()).zip(row).zip(suffix) {
                    *p = O::winner(*p, v);
                    *y = O::winner(s, *p);
                }
                block.next = end;
            } else {
                for ((y, &p), &s) in y.iter_mut().zip(prefix.iter()).zip(suffix) {
                    *y = O::winner(s, p);
                }
            }
        },
    );
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
