//! PNG and JPEG files to pictures in bytes, grey or RGB: what training keeps of an image.
//!
//! Palettes are resolved, samples of 16 bits are divided by 257 and rounded, the alpha channel is dropped: the stored
//! colour counts, as if it were opaque (what Pillow's `convert("RGB")` does). An RGB file whose three planes are
//! equal is kept as grey, so that a grey image is the same picture however it was saved. The orientation tag of a
//! camera is not applied: what is stored is what is read.

use std::path::Path;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use sha2::{Digest, Sha256};

use super::bounded;
use super::grey::GreyImage;
use super::image_file::{self, MAX_BYTES, MAX_FILE_BYTES, Stored};
use crate::error::{Error, Result};

/// One decoded image: 1 (grey) or 3 (RGB) planes of `h` rows by `w` columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Planes: 1 or 3.
    pub c: usize,
    /// Rows.
    pub h: usize,
    /// Columns.
    pub w: usize,
    /// `c * h * w` bytes, plane by plane, row-major, the top row first; 0 is black.
    pub pixels: Vec<u8>,
}

impl Picture {
    /// A picture from its planes; three equal planes become one.
    ///
    /// # Errors
    /// [`Error::Shape`] unless `c` is 1 or 3 and there are `c * h * w` bytes and at least one.
    pub fn new(c: usize, h: usize, w: usize, mut pixels: Vec<u8>) -> Result<Self> {
        let count = h.checked_mul(w).and_then(|plane| plane.checked_mul(c));
        if !matches!(c, 1 | 3) || pixels.is_empty() || count != Some(pixels.len()) {
            return Err(Error::Shape {
                what: "picture".into(),
                expected: "1 or 3 planes of h x w bytes, and at least one".into(),
                got: format!("{} bytes for {c} planes of {h} x {w}", pixels.len()),
            });
        }
        let plane = h * w;
        if c == 3
            && pixels[..plane] == pixels[plane..2 * plane]
            && pixels[plane..2 * plane] == pixels[2 * plane..]
        {
            pixels.truncate(plane);
            pixels.shrink_to_fit();
            return Ok(Self { c: 1, h, w, pixels });
        }
        Ok(Self { c, h, w, pixels })
    }

    /// A picture made by hand with other pixels than it says would be read as a wrong image, silently.
    pub(super) fn assert_sound(&self) {
        let sound = matches!(self.c, 1 | 3) && self.h > 0 && self.w > 0;
        let Self { c, h, w, pixels } = self;
        assert!(
            sound && pixels.len() == c * h * w,
            "a picture of {c} x {h} x {w} holds {} bytes; make pictures with Picture::new",
            pixels.len()
        );
    }

    /// Whether each plane has one value only, so that there is nothing to see.
    pub fn is_blank(&self) -> bool {
        let mut planes = self.pixels.chunks_exact(self.h * self.w);
        planes.all(|plane| plane.iter().all(|value| *value == plane[0]))
    }

    /// SHA-256 of the height and the width (8 bytes each, little endian) and the red, green and blue planes: equal for
    /// equal pixels, whatever file they came from.
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update((self.h as u64).to_le_bytes());
        hasher.update((self.w as u64).to_le_bytes());
        for _ in 0..3 / self.c.max(1) {
            hasher.update(&self.pixels);
        }
        hasher.finalize().into()
    }

    /// The picture as one plane: Rec. 601 luma, `(299 R + 587 G + 114 B) / 1000` rounded, as Pillow's mode "L".
    pub fn to_grey(&self) -> Self {
        if self.c == 1 {
            return self.clone();
        }
        let (red, rest) = self.pixels.split_at(self.h * self.w);
        let (green, blue) = rest.split_at(self.h * self.w);
        let luma = red.iter().zip(green).zip(blue).map(|((&r, &g), &b)| {
            let sum = 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b);
            #[expect(clippy::cast_possible_truncation, reason = "the weights add up to 1000")]
            let luma = ((sum + 500) / 1000) as u8;
            luma
        });
        Self { c: 1, h: self.h, w: self.w, pixels: luma.collect() }
    }
}

impl Picture {
    /// Writes the picture to a new PNG file, grey or RGB, 8 bits a sample.
    ///
    /// # Errors
    /// [`Error::Shape`] for a picture whose pixels do not fit its size; [`Error::Write`] where the file exists or
    /// cannot be written.
    pub fn write_png(&self, path: &Path) -> Result<()> {
        let misfit = |got: String| Error::Shape {
            what: format!("picture for {}", path.display()),
            expected: "1 or 3 planes of h x w bytes".into(),
            got,
        };
        let size = || format!("{} bytes for {} planes of {} x {}", self.pixels.len(), self.c, self.h, self.w);
        let plane = self.h * self.w;
        let (Ok(h), Ok(w)) = (u32::try_from(self.h), u32::try_from(self.w)) else {
            return Err(misfit(size()));
        };
        if !matches!(self.c, 1 | 3) || plane == 0 || self.pixels.len() != self.c * plane {
            return Err(misfit(size()));
        }
        let samples: Vec<u8> =
            (0..plane).flat_map(|at| (0..self.c).map(move |c| self.pixels[c * plane + at])).collect();
        let kind = if self.c == 1 { ExtendedColorType::L8 } else { ExtendedColorType::Rgb8 };
        let mut file = Vec::new();
        let written = PngEncoder::new(&mut file).write_image(&samples, w, h, kind);
        written.map_err(|e| misfit(format!("{}: {e}", size())))?;
        bounded::write_new(path, &file)
    }
}

impl From<&GreyImage> for Picture {
    /// Rounds to bytes, as [`GreyImage::to_bytes`].
    fn from(image: &GreyImage) -> Self {
        Self { c: 1, h: image.h, w: image.w, pixels: image.to_bytes() }
    }
}

/// Reads the image file at `path`, whatever its name.
///
/// # Errors
/// As [`image_file::read`]: [`Error::Read`]; [`Error::Format`] for what is not a PNG or JPEG image, a damaged one, or
/// one with a side above [`image_file::MAX_SIDE`]; [`Error::ClaimsTooMuch`] for more than [`MAX_BYTES`] while
/// decoding, before its pixels are decoded.
pub fn read(path: &Path) -> Result<Picture> {
    read_stored(path).map(|(picture, _)| picture)
}

/// As [`read`], and how the file stores it.
pub(super) fn read_stored(path: &Path) -> Result<(Picture, Stored)> {
    decode(&bounded::read_file(path, "image file", MAX_FILE_BYTES)?, path, MAX_BYTES)
}

/// Reads a picture from the bytes of its file, holding at most `limit` + [`image_file::OVERHEAD_BYTES`] bytes beside
/// them.
///
/// `path` only names the picture in messages.
///
/// # Errors
/// As [`read`], with `limit` in place of [`MAX_BYTES`].
pub fn from_bytes(bytes: &[u8], path: &Path, limit: u64) -> Result<Picture> {
    decode(bytes, path, limit).map(|(picture, _)| picture)
}

fn decode(bytes: &[u8], path: &Path, limit: u64) -> Result<(Picture, Stored)> {
    let samples = image_file::samples(bytes, path, limit, 3)?;
    let c = if samples.channels < 3 { 1 } else { 3 };
    let mut pixels = Vec::with_capacity(c * samples.h * samples.w);
    for channel in 0..c {
        pixels.extend(samples.plane(channel));
    }
    Ok((Picture::new(c, samples.h, samples.w, pixels)?, samples.stored))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PNG of 1 x 2 pixels.
    fn png(samples: &[u8], color: ExtendedColorType) -> Vec<u8> {
        let mut file = Vec::new();
        PngEncoder::new(&mut file).write_image(samples, 2, 1, color).unwrap();
        file
    }

    fn read_bytes(file: &[u8]) -> (Picture, Stored) {
        decode(file, Path::new("a.png"), MAX_BYTES).unwrap()
    }

    #[test]
    fn every_colour_type_becomes_grey_or_three_planes() {
        let wide = |samples: &[u16]| bytemuck::cast_slice::<u16, u8>(samples).to_vec();
        for (file, color, c, pixels) in [
            (png(&[7, 200], ExtendedColorType::L8), "grey", 1, vec![7, 200]),
            (png(&[7, 0, 200, 9], ExtendedColorType::La8), "grey and alpha", 1, vec![7, 200]),
            (png(&[1, 2, 3, 4, 5, 6], ExtendedColorType::Rgb8), "RGB", 3, vec![1, 4, 2, 5, 3, 6]),
            (png(&[5, 5, 5, 9, 9, 9], ExtendedColorType::Rgb8), "RGB", 1, vec![5, 9]),
            // Transparent, and nevertheless its colour counts.
            (png(&[1, 2, 3, 0, 4, 5, 6, 255], ExtendedColorType::Rgba8), "RGBA", 3, vec![1, 4, 2, 5, 3, 6]),
            // 128 is 0.498 of a step of 257, 129 is above half of one.
            (png(&wide(&[65_535, 257 + 128]), ExtendedColorType::L16), "grey 16 bit", 1, vec![255, 1]),
            (png(&wide(&[257 + 129, 0]), ExtendedColorType::L16), "grey 16 bit", 1, vec![2, 0]),
            (
                png(&wide(&[257, 514, 771, 0, 0, 65_535]), ExtendedColorType::Rgb16),
                "RGB 16 bit",
                3,
                vec![1, 0, 2, 0, 3, 255],
            ),
        ] {
            let (picture, stored) = read_bytes(&file);
            assert_eq!((picture.c, picture.h, picture.w, &picture.pixels), (c, 1, 2, &pixels), "{color}");
            assert_eq!(stored, Stored { format: "PNG", color });
        }
    }

    #[test]
    fn one_picture_has_one_hash_however_it_is_stored() {
        let grey = read_bytes(&png(&[5, 9], ExtendedColorType::L8)).0;
        let rgb = read_bytes(&png(&[5, 5, 5, 9, 9, 9], ExtendedColorType::Rgb8)).0;
        assert_eq!(grey.hash(), rgb.hash());
        let by_hand = Picture { c: 3, h: 1, w: 2, pixels: vec![5, 9, 5, 9, 5, 9] };
        assert_eq!(grey.hash(), by_hand.hash());
        let upright = Picture { c: 1, h: 2, w: 1, pixels: vec![5, 9] };
        let other = Picture { c: 1, h: 1, w: 2, pixels: vec![5, 8] };
        assert!(grey.hash() != upright.hash() && grey.hash() != other.hash());
    }

    #[test]
    fn blank_means_one_value_a_plane() {
        let picture = |pixels: Vec<u8>| Picture::new(3, 1, 2, pixels).unwrap();
        assert!(picture(vec![1, 1, 2, 2, 3, 3]).is_blank());
        assert!(!picture(vec![1, 1, 2, 2, 3, 4]).is_blank());
        assert!(Picture::new(2, 1, 1, vec![0; 2]).is_err() && Picture::new(1, 0, 1, vec![]).is_err());
    }

    #[test]
    fn what_is_written_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        for (at, picture) in [
            Picture { c: 1, h: 1, w: 3, pixels: vec![1, 2, 3] },
            Picture { c: 3, h: 2, w: 1, pixels: vec![1, 2, 3, 4, 5, 6] },
        ]
        .into_iter()
        .enumerate()
        {
            let path = dir.path().join(format!("{at}.png"));
            picture.write_png(&path).unwrap();
            assert_eq!(read(&path).unwrap(), picture);
            assert!(matches!(picture.write_png(&path), Err(Error::Write { .. })), "it is not replaced");
            let broken = Picture { w: 9, ..picture };
            assert!(matches!(broken.write_png(&dir.path().join("no.png")), Err(Error::Shape { .. })));
        }
    }

    #[test]
    fn luma_is_rec_601() {
        let picture = Picture::new(3, 1, 2, vec![255, 10, 0, 20, 0, 30]).unwrap();
        // 0.299 * 255 = 76.2; (2990 + 11740 + 3420) / 1000 = 18.15.
        assert_eq!(picture.to_grey().pixels, [76, 18]);
    }
}
