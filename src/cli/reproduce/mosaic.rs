//! Inputs of any size from real slices: a mosaic of them, so that every pixel is a pixel of an image and none is
//! resampled.

use crate::data::folder::Slice;
use crate::error::{Error, Result};
use crate::ops::{Data, Op, Sizes};

/// Slices, all of one size, laid side by side and line by line, again from the first when all are used.
#[derive(Debug)]
pub(super) struct Mosaic {
    tiles: Vec<Vec<f32>>,
    h: usize,
    w: usize,
}

impl Mosaic {
    /// A mosaic of the slices that are not blank; those of another size than the first are left out.
    ///
    /// # Errors
    /// [`Error::NotApplicable`] where every slice is blank.
    pub(super) fn new(slices: &[Slice]) -> Result<Self> {
        let Some(first) = slices.iter().find(|s| !s.image.is_blank()) else {
            let reason = "every image is blank".to_owned();
            return Err(Error::NotApplicable { variant: "the mosaic of slices".to_owned(), reason });
        };
        let (h, w) = (first.image.h, first.image.w);
        let fits = slices.iter().filter(|s| s.image.h == h && s.image.w == w && !s.image.is_blank());
        Ok(Self { tiles: fits.map(|s| s.image.pixels.clone()).collect(), h, w })
    }

    /// The pixel at (row, column) of the endless mosaic. Each band of slices starts one slice further on, so that
    /// columns do not repeat.
    fn at(&self, row: usize, column: usize) -> f32 {
        let (band, across) = (row / self.h, column / self.w);
        // Bands of 37 slices: a prime, so that a small set still mixes its classes.
        let tile = &self.tiles[(band * 37 + across) % self.tiles.len()];
        tile[row % self.h * self.w + column % self.w]
    }

    /// The inputs of a call: for pooling the upper left corner of the mosaic for each plane, plane by plane further
    /// down; for a product A and B are two such corners.
    pub(super) fn inputs(&self, op: &'static Op, sizes: &Sizes, _seed: u64) -> Option<Vec<Data>> {
        let mut inputs = Vec::new();
        let mut top = 0;
        for operand in op.inputs() {
            let shape = (op.shape)(sizes, operand.name);
            let (columns, rest) = shape.split_last()?;
            let rows: usize = rest.iter().product();
            let pixels = (0..rows * columns).map(|e| self.at(top + e / columns, e % columns));
            inputs.push(Data::F32(pixels.collect()));
            top += rows;
        }
        Some(inputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::GreyImage;

    fn slice(value: f32, blank: bool) -> Slice {
        let other = if blank { value } else { value + 0.5 };
        let image = GreyImage::new(2, 2, vec![value, value, value, other]).unwrap();
        Slice { name: String::new(), class: String::new(), image }
    }

    #[test]
    fn slices_stand_side_by_side_and_blank_ones_are_left_out() {
        let mosaic = Mosaic::new(&[slice(9.0, true), slice(1.0, false), slice(2.0, false)]).unwrap();
        let sizes = crate::ops::maxpool::OP.sizes([("h", "2"), ("w", "5"), ("kh", "1")]).unwrap();
        let inputs = mosaic.inputs(&crate::ops::maxpool::OP, &sizes, 0).unwrap();
        assert_eq!(inputs[0].f32(), [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 1.5, 2.0, 2.5, 1.0]);
        assert!(Mosaic::new(&[slice(1.0, true)]).is_err());
    }
}
