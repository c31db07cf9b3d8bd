//! A grey image in memory, and how it is written.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::bounded;
use crate::error::{Error, Result};

/// The quality at which JPEG files are written, on the encoder's scale of 1 to 100.
pub const JPEG_QUALITY: u8 = 90;

/// A grey image of `h` rows by `w` columns.
#[derive(Debug, Clone, PartialEq)]
pub struct GreyImage {
    /// Rows.
    pub h: usize,
    /// Columns.
    pub w: usize,
    /// `h * w` values, row-major, the top row first; 0 is black and 255 is white.
    pub pixels: Vec<f32>,
}

/// A file format that grey images are written in, always with 8 bits a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Lossless.
    Png,
    /// Lossy, at [`JPEG_QUALITY`].
    Jpeg,
}

impl Encoding {
    /// The extension of its files, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}

impl FromStr for Encoding {
    type Err = Error;

    /// Reads `png`, `jpg` or `jpeg`, in any case.
    fn from_str(text: &str) -> Result<Self> {
        match text.to_ascii_lowercase().as_str() {
            "png" => Ok(Self::Png),
            "jpg" | "jpeg" => Ok(Self::Jpeg),
            _ => Err(Error::Shape {
                what: "image format".into(),
                expected: "png or jpg".into(),
                got: format!("`{text}`"),
            }),
        }
    }
}

impl GreyImage {
    /// An image of `h` rows by `w` columns from row-major values.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there are `h * w` values and at least one.
    pub fn new(h: usize, w: usize, pixels: Vec<f32>) -> Result<Self> {
        if pixels.is_empty() || h.checked_mul(w) != Some(pixels.len()) {
            return Err(Error::Shape {
                what: "image".into(),
                expected: format!("{h} x {w} values and at least one"),
                got: format!("{} values", pixels.len()),
            });
        }
        Ok(Self { h, w, pixels })
    }

    /// Whether all pixels have one value, so that there is nothing to see.
    pub fn is_blank(&self) -> bool {
        self.pixels.windows(2).all(|pair| pair[0] == pair[1])
    }

    /// The mean of all pixels, summed in f64; NaN where there are none.
    pub fn mean(&self) -> f64 {
        self.pixels.iter().map(|&v| f64::from(v)).sum::<f64>() / self.pixels.len() as f64
    }

    /// The pixels as bytes: rounded to the nearest, cut to 0 and 255, NaN as 0. Row-major.
    pub fn to_bytes(&self) -> Vec<u8> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "clamped to 0..=255 first; `as` turns NaN into 0"
        )]
        #[expect(clippy::cast_sign_loss, reason = "clamped to 0..=255 first")]
        self.pixels.iter().map(|v| v.clamp(0.0, 255.0).round() as u8).collect()
    }

    /// The image as a file in memory, 8 bits a pixel, one channel. The same pixels give the same bytes.
    ///
    /// # Errors
    /// [`Error::Shape`] for a size that the format cannot hold (a JPEG ends at 65 535 pixels a side) or an image
    /// whose `pixels` do not have `h * w` values.
    pub fn encode(&self, encoding: Encoding) -> Result<Vec<u8>> {
        let misfit = |got: String| Error::Shape {
            what: format!("image to be written as {encoding}"),
            expected: "a side of 1 to 65535 pixels and as many values as pixels".into(),
            got,
        };
        let size = || format!("{} x {} with {} values", self.h, self.w, self.pixels.len());
        let (Ok(h), Ok(w)) = (u16::try_from(self.h), u16::try_from(self.w)) else {
            return Err(misfit(size()));
        };
        if h == 0 || w == 0 || self.pixels.len() != self.h * self.w {
            return Err(misfit(size()));
        }
        let (bytes, mut file) = (self.to_bytes(), Vec::new());
        let (h, w) = (u32::from(h), u32::from(w));
        let written = match encoding {
            Encoding::Png => PngEncoder::new(&mut file).write_image(&bytes, w, h, ExtendedColorType::L8),
            Encoding::Jpeg => JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY).write_image(
                &bytes,
                w,
                h,
                ExtendedColorType::L8,
            ),
        };
        written.map_err(|e| misfit(format!("{}: {e}", size())))?;
        Ok(file)
    }

    /// Writes the image to a new file.
    ///
    /// # Errors
    /// Those of [`GreyImage::encode`]; [`Error::Write`] where the file exists or cannot be written.
    pub fn write(&self, path: &Path, encoding: Encoding) -> Result<()> {
        bounded::write_new(path, &self.encode(encoding)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_rounded_and_cut() {
        let image = GreyImage::new(1, 6, vec![-3.0, 0.4, 0.6, 254.5, 300.0, f32::NAN]).unwrap();
        assert_eq!(image.to_bytes(), [0, 0, 1, 255, 255, 0]);
    }

    #[test]
    fn a_wrong_count_is_a_shape_error() {
        assert!(matches!(GreyImage::new(2, 3, vec![0.0; 5]), Err(Error::Shape { .. })));
        assert!(matches!(GreyImage::new(0, 3, vec![]), Err(Error::Shape { .. })));
        let wide = GreyImage::new(1, 70_000, vec![0.0; 70_000]).unwrap();
        assert!(matches!(wide.encode(Encoding::Jpeg), Err(Error::Shape { .. })));
    }

    #[test]
    fn blank_means_one_value() {
        assert!(GreyImage::new(1, 3, vec![7.0; 3]).unwrap().is_blank());
        assert!(!GreyImage::new(1, 3, vec![7.0, 7.0, 8.0]).unwrap().is_blank());
    }

    #[test]
    fn encodings_are_read_by_name() {
        assert_eq!("JPEG".parse::<Encoding>().unwrap(), Encoding::Jpeg);
        assert_eq!("png".parse::<Encoding>().unwrap(), Encoding::Png);
        assert!("gif".parse::<Encoding>().unwrap_err().to_string().contains("png or jpg"));
    }
}
