//! Max pooling in groups of planes, or in bands of rows.
//!
//! A band is pooled with the whole call's padding, as an image of its own. Where it does not begin at the image's first
//! row or end at its last one, padding stands where rows should stand; the windows that reach it are computed beside the
//! band's own ones and dropped. So no row of padding is ever an element, and the kernels' rules for padding, NaN, equal
//! values and positions hold in a band as they hold in an image.

use super::{Block, Cut, Piece, largest, with};
use crate::ops::Sizes;
use crate::ops::maxpool::Pool;

/// Rows of windows that are computed together, and the rows of the image that they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Band {
    /// The rows of windows that are wanted: `from..to`.
    from: usize,
    to: usize,
    /// The row of windows that the band's image begins with: those before `from` reach over its upper edge.
    first: usize,
    /// The rows of the image: `begin..end`.
    begin: usize,
    end: usize,
}

/// The axis of the rows.
#[derive(Debug, Clone, Copy)]
struct Rows {
    h: usize,
    sh: usize,
    ph: usize,
    span: usize,
    oh: usize,
    ceil: bool,
}

impl Rows {
    fn of(p: &Pool) -> Self {
        let [h, sh, ph, oh] = [p.h, p.sh, p.ph, p.oh].map(|v| v as usize);
        Self { h, sh, ph, span: p.spans()[0], oh, ceil: p.ceil }
    }

    fn band(self, from: usize, to: usize) -> Band {
        let Self { h, sh, ph, span, .. } = self;
        // The window `ph / sh` rows of windows (rounded up) before `from` starts where the band's padding ends, or below.
        // An image has a row at least, also under windows that see nothing but padding of zeros, and a whole window at
        // least, also where the last one, by rounding up, reaches over the padding's edge.
        let first = from.saturating_sub(ph.div_ceil(sh)).min((h - 1) / sh).min((h + 2 * ph - span) / sh);
        let begin = first * sh;
        let end = ((to - 1) * sh + span).saturating_sub(ph).clamp(begin + 1, h);
        Band { from, to, first, begin, end }
    }

    /// No band of so many rows of windows has more rows of the image.
    fn most(self, windows: usize) -> usize {
        let dropped = self.ph.div_ceil(self.sh) + usize::from(self.ceil);
        ((windows - 1 + dropped) * self.sh + self.span).min(self.h)
    }
}

/// The smallest piece.
pub(super) fn least(sizes: &Sizes) -> Sizes {
    with(sizes, [("n", 1), ("c", 1), ("h", Rows::of(&Pool::of(sizes)).most(1))])
}

/// Pieces whose sizes all fit; `None` where a single row of windows does not.
pub(super) fn cut(sizes: &Sizes, fits: &dyn Fn(&Sizes) -> bool) -> Option<Cut> {
    let p = Pool::of(sizes);
    let planes = p.n as usize * p.c as usize;
    let group = |planes: usize| with(sizes, [("n", 1), ("c", planes)]);
    if let Some(most) = largest(planes, |planes| fits(&group(planes))) {
        return Some(groups(&p, planes, most, group));
    }
    let rows = Rows::of(&p);
    let image = |h: usize| with(sizes, [("n", 1), ("c", 1), ("h", h)]);
    let most = largest(rows.oh, |windows| fits(&image(rows.most(windows))))?;
    // As many bands, but all of nearly the same height: the last one is not a remnant.
    let height = rows.oh.div_ceil(rows.oh.div_ceil(most));
    let (image_plane, output_plane) = p.planes();
    let (w, ow) = (p.w as usize, p.ow as usize);
    let mut pieces = Vec::new();
    for plane in 0..planes {
        for from in (0..rows.oh).step_by(height) {
            let band = rows.band(from, (from + height).min(rows.oh));
            let output = Block {
                device: (band.from - band.first) * ow,
                ..Block::run(plane * output_plane + band.from * ow, (band.to - band.from) * ow)
            };
            pieces.push(Piece {
                sizes: image(band.end - band.begin),
                given: vec![Block::run(plane * image_plane + band.begin * w, (band.end - band.begin) * w)],
                taken: vec![output; 1 + usize::from(p.indices)],
                // Positions within a plane are of 31 bits, by the op's check.
                offset: i32::try_from(band.begin * w).unwrap_or(i32::MAX),
            });
        }
    }
    Some(Cut { pieces, resident: None, what: format!("bands of up to {height} rows of windows") })
}

fn groups(p: &Pool, planes: usize, most: usize, group: impl Fn(usize) -> Sizes) -> Cut {
    let height = planes.div_ceil(planes.div_ceil(most));
    let (image, output) = p.planes();
    let piece = |from: usize| {
        let count = height.min(planes - from);
        Piece {
            sizes: group(count),
            given: vec![Block::run(from * image, count * image)],
            taken: vec![Block::run(from * output, count * output); 1 + usize::from(p.indices)],
            offset: 0,
        }
    };
    let pieces = (0..planes).step_by(height).map(piece).collect();
    Cut { pieces, resident: None, what: format!("groups of up to {height} planes") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_overlap_where_windows_do() {
        // 3 x 3 windows, stride 2, padding 1, 16 rows: window r takes the rows 2r - 1 to 2r + 1.
        let rows = Rows { h: 16, sh: 2, ph: 1, span: 3, oh: 8, ceil: false };
        let bands = [(0, 3), (3, 6), (6, 8)].map(|(from, to)| {
            let Band { first, begin, end, .. } = rows.band(from, to);
            (first, begin, end)
        });
        assert_eq!(bands, [(0, 0, 6), (2, 4, 12), (5, 10, 16)]);
        assert_eq!(rows.most(3), 9);
    }

    #[test]
    fn windows_side_by_side_share_no_row() {
        let rows = Rows { h: 9, sh: 2, ph: 0, span: 2, oh: 4, ceil: false };
        assert_eq!(rows.band(1, 3), Band { from: 1, to: 3, first: 1, begin: 2, end: 6 });
        assert_eq!(rows.band(3, 4), Band { from: 3, to: 4, first: 3, begin: 6, end: 8 });
    }
}
