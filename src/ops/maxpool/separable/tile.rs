//! One tile of a plane's output, and the part of the image under it.

use std::ops::Range;

use crate::ops::maxpool::Pool;

/// Outputs `rows` x `columns` of one plane.
pub(super) struct Tile<'x> {
    pub(super) p: &'x Pool,
    pub(super) plane: &'x [f32],
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
}

/// Elements from the first tap of a window to its last.
pub(super) fn span(k: u32, d: u32) -> usize {
    (k as usize - 1) * d as usize + 1
}

impl Tile<'_> {
    /// Whether no window shares a row of the image with another; then only the rows that hold taps are looked at.
    pub(super) fn apart(&self) -> bool {
        apart(self.p)
    }

    /// Rows of the image, padding included, whose maxima are wanted.
    pub(super) fn image_rows(&self) -> usize {
        image_rows(self.p, self.rows.len())
    }

    /// Which row of the image is row `number` of these; `None` in the padding.
    pub(super) fn row(&self, number: usize) -> Option<usize> {
        let p = self.p;
        let kh = p.kh as usize;
        let below =
            if self.apart() { number / kh * p.sh as usize + number % kh * p.dh as usize } else { number };
        let row = (self.rows.start * p.sh as usize + below).checked_sub(p.ph as usize)?;
        (row < p.h as usize).then_some(row)
    }

    /// The row that holds tap 0 of the windows of output row `r` of the tile, and the rows from tap to tap.
    pub(super) fn taps(&self, r: usize) -> (usize, usize) {
        if self.apart() { (r * self.p.kh as usize, 1) } else { (r * self.p.sh as usize, self.p.dh as usize) }
    }

    /// Elements of a row with its padding, a multiple of the stride.
    pub(super) fn padded(&self) -> usize {
        padded(self.p, self.columns.len())
    }

    /// Row maxima that are kept of a row, the wanted ones first.
    pub(super) fn stride(&self) -> usize {
        self.padded() / self.p.sw as usize
    }

    /// Padding before the image in such a row, and the columns of the image in it.
    pub(super) fn columns(&self) -> (usize, Range<usize>) {
        let (first, pw, w) = (self.columns.start * self.p.sw as usize, self.p.pw as usize, self.p.w as usize);
        let before = pw.saturating_sub(first).min(self.padded());
        let end = (first + self.padded()).saturating_sub(pw).min(w);
        let start = first.saturating_sub(pw).min(end);
        (before, start..end)
    }
}

pub(super) fn apart(p: &Pool) -> bool {
    p.sh as usize >= span(p.kh, p.dh)
}

/// Rows of the image under so many rows of outputs.
pub(super) fn image_rows(p: &Pool, rows: usize) -> usize {
    if apart(p) { rows * p.kh as usize } else { (rows - 1) * p.sh as usize + span(p.kh, p.dh) }
}

/// Elements of a row under so many outputs, a multiple of the stride.
pub(super) fn padded(p: &Pool, columns: usize) -> usize {
    ((columns - 1) * p.sw as usize + span(p.kw, p.dw)).next_multiple_of(p.sw as usize)
}
