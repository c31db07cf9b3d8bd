//! How one pooling is cut up: steps, tiles, bands.

use std::ops::Range;

use super::steps::{Step, alone, shared};
use super::tile::{image_rows, padded, span};
use crate::ops::maxpool::Pool;

/// Rows of a window up to which steps and their rings are used; longer ones go by van Herk's blocks, which need the row
/// maxima of a whole tile.
const LONG: u32 = 64;
/// Row maxima of a tile of long windows: half a megabyte of values.
const MAXIMA: usize = 1 << 17;
/// Outputs that are worth a task of their own.
pub(super) const TASK: usize = 16_384;

/// What all tiles of a pooling share.
pub(super) struct Plan {
    pub(super) p: Pool,
    /// Steps along the rows.
    pub(super) along: Vec<Step>,
    /// Steps down the columns, of rows that a tile looks at.
    pub(super) down: Vec<Step>,
    /// Whether van Herk's blocks take the place of `down`.
    pub(super) van_herk: bool,
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
        Self {
            p: *p,
            along: shared(p.kw as usize, p.dw as usize),
            down: if lonely { one } else { many },
            van_herk: !lonely && p.kh > LONG,
        }
    }

    /// Whether no window shares a row of the image with another; then only the rows that hold taps are looked at.
    pub(super) fn apart(&self) -> bool {
        apart(&self.p)
    }

    /// Rows of outputs that are done together: enough bands for all threads; and a window's rows at least, for those between
    /// two bands are looked at twice. Van Herk's as many at most as the cache takes.
    pub(super) fn band(&self, threads: usize) -> usize {
        let p = &self.p;
        let planes = p.n as usize * p.c as usize;
        let least = (span(p.kh, p.dh) / p.sh as usize).max(TASK.div_ceil(p.ow as usize));
        let fair = (p.oh as usize * planes).div_ceil(4 * threads);
        let stride = padded(p, self.columns().min(p.ow as usize)) / p.sw as usize;
        let room = (MAXIMA / stride).saturating_sub(span(p.kh, p.dh)) / p.sh as usize + 1;
        let most = if self.van_herk { fair.min(room) } else { fair };
        most.max(least).clamp(1, p.oh as usize)
    }

    /// The columns of outputs, tile by tile, of about the same width.
    pub(super) fn tiles(&self) -> impl Iterator<Item = Range<usize>> {
        let (ow, columns) = (self.p.ow as usize, self.columns());
        (0..ow).step_by(columns).map(move |first| first..(first + columns).min(ow))
    }

    /// Outputs of a tile along a row at most: long runs of memory, but no more than lets the rings stay in the first-level
    /// cache.
    fn columns(&self) -> usize {
        if self.p.kh <= 4 { 1024 } else { 512 }
    }

    /// Rows of the image under so many rows of outputs.
    pub(super) fn image_rows(&self, rows: usize) -> usize {
        image_rows(&self.p, rows, self.apart())
    }
}

fn apart(p: &Pool) -> bool {
    p.sh as usize >= span(p.kh, p.dh)
}
