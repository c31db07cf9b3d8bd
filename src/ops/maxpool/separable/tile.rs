//! One tile of a plane's output, and the part of the image under it.

use std::ops::Range;

use super::plan::Plan;
use crate::ops::maxpool::Pool;

/// Outputs `rows` x `columns` of one plane.
pub(super) struct Tile<'x> {
    pub(super) plan: &'x Plan,
    pub(super) plane: &'x [f32],
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
}

impl Tile<'_> {
    pub(super) fn p(&self) -> &Pool {
        &self.plan.p
    }

    /// Rows of the image, padding included, whose maxima are wanted.
    pub(super) fn image_rows(&self) -> usize {
        self.plan.image_rows(self.rows.len())
    }

    /// How many of those lie between the first taps of two windows, one above the other.
    pub(super) fn between(&self) -> usize {
        (if self.plan.apart() { self.p().kh } else { self.p().sh }) as usize
    }

    /// Which row of the image is row `number` of these; `None` in the padding.
    pub(super) fn row(&self, number: usize) -> Option<usize> {
        let p = self.p();
        let kh = p.kh as usize;
        let below = if self.plan.apart() {
            number / kh * p.sh as usize + number % kh * p.dh as usize
        } else {
            number
        };
        let row = (self.rows.start * p.sh as usize + below).checked_sub(p.ph as usize)?;
        (row < p.h as usize).then_some(row)
    }

    /// The rows of the image among rows number `numbers` of these, whole and as they stand in memory.
    pub(super) fn image(&self, numbers: Range<usize>) -> &[f32] {
        let mut rows = numbers.filter_map(|number| self.row(number));
        let Some(first) = rows.next() else { return &[] };
        let last = rows.next_back().unwrap_or(first);
        let w = self.p().w as usize;
        &self.plane[first * w..(last + 1) * w]
    }

    /// Elements of a row with its padding, a multiple of the stride.
    pub(super) fn padded(&self) -> usize {
        padded(self.p(), self.columns.len())
    }

    /// Row maxima that are kept of a row, the wanted ones first.
    pub(super) fn stride(&self) -> usize {
        self.padded() / self.p().sw as usize
    }

    /// Padding before the image in such a row, and the columns of the image in it.
    pub(super) fn columns(&self) -> (usize, Range<usize>) {
        let p = self.p();
        let (first, pw, w) = (self.columns.start * p.sw as usize, p.pw as usize, p.w as usize);
        let before = pw.saturating_sub(first).min(self.padded());
        let end = (first + self.padded()).saturating_sub(pw).min(w);
        let start = first.saturating_sub(pw).min(end);
        (before, start..end)
    }
}

/// Rows of the image under so many rows of outputs.
pub(super) fn image_rows(p: &Pool, rows: usize, apart: bool) -> usize {
    if apart { rows * p.kh as usize } else { (rows - 1) * p.sh as usize + p.spans()[0] }
}

/// Elements of a row under so many outputs, a multiple of the stride.
pub(super) fn padded(p: &Pool, columns: usize) -> usize {
    ((columns - 1) * p.sw as usize + p.spans()[1]).next_multiple_of(p.sw as usize)
}
