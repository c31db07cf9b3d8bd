//! How one pooling is cut up: steps, tiles, bands.

use std::ops::Range;

use super::small;
use super::steps::{Step, alone, shared};
use super::tile::{image_rows, padded};
use crate::ops::maxpool::Pool;

/// Rows of a window up to which steps and their rings are used; longer ones go by van Herk's blocks, which need the row
/// maxima of a whole tile.
const LONG: u32 = 64;
/// Row maxima of a tile of long windows: half a megabyte of values.
const MAXIMA: usize = 1 << 17;
/// Elements of a tile that is pooled as one run: its row maxima, before a step and after it, stay in the second-level cache.
const WHOLE: usize = 1 << 15;
/// Elements of a row up to which that pays, as do small windows in registers.
const SHORT: usize = 512;
/// Outputs that are worth a task of their own.
pub(super) const TASK: usize = 16_384;

/// What all tiles of a pooling share.
pub(super) struct Plan {
    pub(super) p: Pool,
    /// Steps along the rows.
    pub(super) along: Vec<Step>,
    /// Steps down the columns, of rows that a tile looks at.
    pub(super) down: Vec<Step>,
    /// How the columns are gone down.
    pub(super) way: Way,
}

/// How the columns of a tile are gone down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Sixteen at a time, in registers.
    Small,
    /// All rows as one run.
    Whole,
    /// Row by row, as many kept as the steps reach back.
    Rings,
    /// By van Herk's blocks, which take the place of the steps.
    VanHerk,
}

impl Plan {
    pub(super) fn new(p: &Pool) -> Self {
        let (kh, dh) = (p.kh as usize, p.dh as usize);
        let apart = apart(p);
        let (one, many) = (alone(kh, if apart { 1 } else { dh }), shared(kh, dh));
        // A step is made at every row, but windows start at every sh-th alone.
        let (last, steps) = many.split_last().map_or((0, &[][..]), |(last, steps)| (last.taps, steps));
        let comparisons = steps.iter().map(|s| (s.taps - 1) * p.sh as usize).sum::<usize>() + last;
        let lonely = apart || kh <= comparisons;
        let stride = stride(p);
        let between = if apart { kh } else { p.sh as usize };
        let is_short = stride <= SHORT && between <= 2 && 4 * p.spans()[0] * stride <= WHOLE;
        Self {
            p: *p,
            along: shared(p.kw as usize, p.dw as usize),
            down: if lonely { one } else { many },
            way: if small::suits(p, SHORT) {
                Way::Small
            } else if is_short {
                Way::Whole
            } else if !lonely && p.kh > LONG {
                Way::VanHerk
            } else {
                Way::Rings
            },
        }
    }

    /// Whether no window shares a row of the image with another; then only the rows that hold taps are looked at.
    pub(super) fn apart(&self) -> bool {
        apart(&self.p)
    }

    /// Rows of outputs that are done together: enough bands for all threads; and a window's rows at least, for those between
    /// two bands are looked at twice. Where all row maxima are kept, as many at most as the cache takes.
    pub(super) fn band(&self, threads: usize) -> usize {
        let p = &self.p;
        let planes = p.n as usize * p.c as usize;
        let least = (p.spans()[0] / p.sh as usize).max(TASK.div_ceil(p.ow as usize));
        let fair = (p.oh as usize * planes).div_ceil(4 * threads);
        let room = |elements: usize| (elements / stride(p)).saturating_sub(p.spans()[0]) / p.sh as usize + 1;
        let most = match self.way {
            Way::Whole => fair.min(room(WHOLE)),
            Way::Small | Way::Rings => fair,
            Way::VanHerk => fair.min(room(MAXIMA)),
        };
        most.max(least).clamp(1, p.oh as usize)
    }

    /// The columns of outputs, tile by tile, of about the same width.
    pub(super) fn tiles(&self) -> impl Iterator<Item = Range<usize>> {
        let (ow, columns) = (self.p.ow as usize, columns(&self.p));
        (0..ow).step_by(columns).map(move |first| first..(first + columns).min(ow))
    }

    /// Rows of the image under so many rows of outputs.
    pub(super) fn image_rows(&self, rows: usize) -> usize {
        image_rows(&self.p, rows, self.apart())
    }
}

/// Outputs of a tile along a row at most: long runs of memory, but no more than lets the rings stay in the first-level
/// cache.
fn columns(p: &Pool) -> usize {
    if p.kh <= 4 { 1024 } else { 512 }
}

/// Row maxima that are kept of a row of the widest tile.
fn stride(p: &Pool) -> usize {
    padded(p, columns(p).min(p.ow as usize)) / p.sw as usize
}

fn apart(p: &Pool) -> bool {
    p.sh as usize >= p.spans()[0]
}
