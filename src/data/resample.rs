//! Bilinear resizing with half-pixel centres, as PyTorch's `interpolate(mode="bilinear", align_corners=False)`.
//!
//! Output pixel i reads the source at `(i + 1/2) * n / m - 1/2`, cut to the source. Without antialias it mixes the two
//! pixels around that place, however much the image shrinks; with antialias the triangle is as wide as the step
//! between output pixels, so that every source pixel counts (PyTorch's `antialias=True`, Pillow's `BILINEAR`).

use std::ops::Range;

/// Which source pixels each output pixel of one axis reads, and how much of each.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    /// For each output pixel: its first source pixel, and its weights in `weights`.
    taps: Vec<(usize, Range<usize>)>,
    weights: Vec<f32>,
}

impl Axis {
    /// `from` source pixels to `to` output pixels, both at least 1.
    pub(super) fn new(from: usize, to: usize, antialias: bool) -> Self {
        let scale = from as f32 / to as f32;
        let mut axis = Self { taps: Vec::with_capacity(to), weights: Vec::with_capacity(2 * to) };
        for at in 0..to {
            if antialias && scale > 1.0 {
                axis.wide(at, from, scale);
            } else {
                axis.narrow(at, from, scale);
            }
        }
        axis
    }

    /// Two neighbours; at the edges, one.
    fn narrow(&mut self, at: usize, from: usize, scale: f32) {
        let place = (scale * (at as f32 + 0.5) - 0.5).max(0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 or more; cut to the source"
        )]
        let first = (place as usize).min(from - 1);
        let start = self.weights.len();
        if first + 1 < from {
            let second = place - first as f32;
            self.weights.extend([1.0 - second, second]);
        } else {
            self.weights.push(1.0);
        }
        self.taps.push((first, start..self.weights.len()));
    }

    /// A triangle of `scale` source pixels to either side, its weights adding up to 1.
    fn wide(&mut self, at: usize, from: usize, scale: f32) {
        let middle = scale * (at as f32 + 0.5);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut to the source")]
        let (first, end) = (
            (middle - scale + 0.5).max(0.0) as usize,
            ((middle + scale + 0.5).max(0.0) as usize).clamp(1, from),
        );
        let first = first.min(end - 1);
        let start = self.weights.len();
        self.weights.extend((first..end).map(|source| {
            let distance = (source as f32 - middle + 0.5) / scale;
            (1.0 - distance.abs()).max(0.0)
        }));
        let weights = &mut self.weights[start..];
        let sum: f32 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        self.taps.push((first, start..self.weights.len()));
    }

    /// The source pixels that an output pixel reads.
    fn sources(&self, at: usize) -> Range<usize> {
        let (first, weights) = &self.taps[at];
        *first..first + weights.len()
    }
}

/// Rows that are resized along w, kept while the output rows that read them are made.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    source: Vec<u8>,
    rows: Vec<f32>,
    numbers: Vec<usize>,
}

/// Resizes one plane to `out` (`rows` x `columns` as the axes say, row-major, values 0..=255).
///
/// `source_w` is the width of the source; `source` writes one row of it. It is asked only for rows that are read, each
/// once, so a source that is costly to make (a rotated one) is not made whole.
pub(super) fn resize(
    source_w: usize,
    mut source: impl FnMut(usize, &mut [u8]),
    (rows, columns): (&Axis, &Axis),
    scratch: &mut Scratch,
    out: &mut [f32],
) {
    let w = columns.taps.len();
    let held = rows.taps.iter().map(|(_, weights)| weights.len()).max().unwrap_or(1);
    scratch.source.resize(source_w, 0);
    scratch.rows.resize(held * w, 0.0);
    // No row has this number.
    scratch.numbers.clear();
    scratch.numbers.resize(held, usize::MAX);
    for (y, line) in out.chunks_exact_mut(w).enumerate() {
        line.fill(0.0);
        for (number, weight) in rows.sources(y).zip(&rows.weights[rows.taps[y].1.clone()]) {
            // Rows are read in order and at most `held` at a time, so the slot of a row is its number modulo `held`.
            let slot = number % held;
            let row = &mut scratch.rows[slot * w..][..w];
            if scratch.numbers[slot] != number {
                source(number, &mut scratch.source);
                along_w(&scratch.source, columns, row);
                scratch.numbers[slot] = number;
            }
            for (value, part) in line.iter_mut().zip(row) {
                *value += *weight * *part;
            }
        }
    }
}

/// One row along w.
fn along_w(source: &[u8], columns: &Axis, out: &mut [f32]) {
    for (value, (first, weights)) in out.iter_mut().zip(&columns.taps) {
        let weights = &columns.weights[weights.clone()];
        let sources = &source[*first..*first + weights.len()];
        *value = sources.iter().zip(weights).map(|(&pixel, weight)| f32::from(pixel) * weight).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resized(source: &[u8], (h, w): (usize, usize), (oh, ow): (usize, usize), antialias: bool) -> Vec<f32> {
        let mut out = vec![f32::NAN; oh * ow];
        let rows = |y: usize, row: &mut [u8]| row.copy_from_slice(&source[y * w..][..w]);
        let axes = (&Axis::new(h, oh, antialias), &Axis::new(w, ow, antialias));
        resize(w, rows, axes, &mut Scratch::default(), &mut out);
        out
    }

    #[test]
    fn two_by_two_grows_to_four_by_four() {
        // Places -1/4, 1/4, 3/4, 5/4 of the source: weights of the second pixel 0, 1/4, 3/4, 1.
        let expected = [
            0., 25., 75., 100., //
            50., 75., 125., 150., //
            150., 175., 225., 250., //
            200., 225., 275., 300.,
        ]
        .map(|value: f32| value / 2.0);
        assert_eq!(resized(&[0, 50, 100, 150], (2, 2), (4, 4), false), expected);
        assert_eq!(resized(&[0, 50, 100, 150], (2, 2), (4, 4), true), expected);
    }

    #[test]
    fn shrinking_skips_pixels_unless_it_is_antialiased() {
        // Eight pixels to two: places 1.5 and 5.5.
        let row = [0, 80, 40, 200, 200, 40, 80, 0];
        assert_eq!(resized(&row, (1, 8), (1, 2), false), [60.0, 60.0]);
        // Triangles of 4 pixels around 2 and 6, cut at the edge: weights 5, 7, 7, 5, 3, 1 (of 28) and the mirror.
        let [left, right] = resized(&row, (1, 8), (1, 2), true)[..] else { panic!() };
        let expected = (80. * 7. + 40. * 7. + 200. * 5. + 200. * 3. + 40.) / 28.0;
        assert!(
            (left - expected).abs() < 1e-4 && (right - expected).abs() < 1e-4,
            "{left} {right} {expected}"
        );
    }

    #[test]
    fn one_size_changes_nothing_and_a_constant_stays() {
        let pixels: Vec<u8> = (0..35).map(|i| i * 7).collect();
        let same: Vec<f32> = pixels.iter().map(|&v| f32::from(v)).collect();
        for antialias in [false, true] {
            assert_eq!(resized(&pixels, (5, 7), (5, 7), antialias), same);
            for (oh, ow) in [(1, 1), (2, 3), (13, 4), (3, 40)] {
                let out = resized(&[90; 35], (5, 7), (oh, ow), antialias);
                assert!(out.iter().all(|v| (v - 90.0).abs() < 1e-4), "{oh} x {ow}: {out:?}");
            }
        }
        assert_eq!(resized(&[7], (1, 1), (2, 2), false), [7.0; 4]);
    }
}
