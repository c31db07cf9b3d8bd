//! Filters whose output is shown beside an image: the horizontal and vertical edges of Sobel.

use crate::error::{Error, Result};

/// Which edges a filter answers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sobel {
    /// Horizontal edges: bright below dark is positive. Kernel rows -1 -2 -1, 0 0 0, 1 2 1.
    Horizontal,
    /// Vertical edges: bright right of dark is positive. Kernel rows -1 0 1, -2 0 2, -1 0 1.
    Vertical,
}

impl Sobel {
    /// Both filters.
    pub const ALL: [Self; 2] = [Self::Horizontal, Self::Vertical];

    /// Its name in captions.
    pub fn name(self) -> &'static str {
        match self {
            Self::Horizontal => "horizontal edges",
            Self::Vertical => "vertical edges",
        }
    }

    /// The 3 x 3 kernel, row-major, applied as a cross-correlation: Sobel and Feldman, "A 3 x 3 Isotropic Gradient
    /// Operator for Image Processing" (1968).
    pub fn kernel(self) -> [f32; 9] {
        match self {
            Self::Horizontal => [-1.0, -2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0, 1.0],
            Self::Vertical => [-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0],
        }
    }

    /// Filters a grey plane of `h` x `w` values, row-major, into one of the same size. Beyond the border the nearest
    /// pixel is repeated, so that the border is no edge.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there are `h * w` values and at least one.
    pub fn apply(self, plane: &[f32], h: usize, w: usize) -> Result<Vec<f32>> {
        if plane.is_empty() || h.checked_mul(w) != Some(plane.len()) {
            return Err(Error::Shape {
                what: "image to be filtered".into(),
                expected: format!("{h} x {w} values and at least one"),
                got: format!("{} values", plane.len()),
            });
        }
        let kernel = self.kernel();
        // One step back and one forward, held inside.
        let near = |at: usize, step: usize, side: usize| (at + step).saturating_sub(1).min(side - 1);
        let mut out = Vec::with_capacity(plane.len());
        for (y, x) in (0..h).flat_map(|y| (0..w).map(move |x| (y, x))) {
            let taps = kernel.iter().enumerate().filter(|(_, k)| **k != 0.0);
            out.push(taps.map(|(i, k)| k * plane[near(y, i / 3, h) * w + near(x, i % 3, w)]).sum());
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        let image = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0];
        let vertical = Sobel::Vertical.apply(&image, 3, 3).unwrap();
        // Centre: (3 - 1) + 2 (6 - 4) + (10 - 7) = 9; upper left, edges repeated: 3 (2 - 1) + (5 - 4) = 4.
        assert_eq!((vertical[4], vertical[0]), (9.0, 4.0));
        let horizontal = Sobel::Horizontal.apply(&image, 3, 3).unwrap();
        // Centre: (7 - 1) + 2 (8 - 2) + (10 - 3) = 25; upper left: 3 (4 - 1) + (5 - 2) = 12.
        assert_eq!((horizontal[4], horizontal[0]), (25.0, 12.0));
    }

    #[test]
    fn a_step_answers_to_one_filter_only_and_a_flat_plane_to_none() {
        let step: Vec<f32> = (0..20).map(|i| if i % 5 >= 2 { 1.0 } else { 0.0 }).collect();
        let vertical = Sobel::Vertical.apply(&step, 4, 5).unwrap();
        assert_eq!(vertical[5..10], [0.0, 4.0, 4.0, 0.0, 0.0]);
        assert!(Sobel::Horizontal.apply(&step, 4, 5).unwrap().iter().all(|v| *v == 0.0));
        for filter in Sobel::ALL {
            assert!(filter.apply(&[7.0; 6], 2, 3).unwrap().iter().all(|v| *v == 0.0), "{}", filter.name());
            assert_eq!(filter.apply(&[7.0], 1, 1).unwrap(), [0.0]);
        }
    }

    #[test]
    fn transposing_the_image_swaps_the_filters() {
        let image: Vec<f32> = (0..12).map(|i| (i * i % 7) as f32).collect();
        let turned: Vec<f32> = (0..12).map(|i| image[i % 3 * 4 + i / 3]).collect();
        let vertical = Sobel::Vertical.apply(&image, 3, 4).unwrap();
        let horizontal = Sobel::Horizontal.apply(&turned, 4, 3).unwrap();
        assert!((0..12).all(|i| horizontal[i] == vertical[i % 3 * 4 + i / 3]));
    }

    #[test]
    fn misfits_are_typed_errors() {
        assert!(matches!(Sobel::Vertical.apply(&[0.0; 5], 2, 3), Err(Error::Shape { .. })));
        assert!(matches!(Sobel::Vertical.apply(&[], 0, 3), Err(Error::Shape { .. })));
        assert!(matches!(Sobel::Vertical.apply(&[0.0], usize::MAX, 2), Err(Error::Shape { .. })));
    }
}
