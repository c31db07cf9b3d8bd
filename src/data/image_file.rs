//! PNG and JPEG files to grey images, recognised by content and held to stated limits.
//!
//! Greys from colours by Rec. 601 luma, `(299 R + 587 G + 114 B) / 1000` on the stored values, which is what Pillow's
//! mode "L" and OpenCV use too. Samples of 16 bits are divided by 257, so that 65 535 becomes 255. Alpha is ignored:
//! the stored colour counts, as if it were opaque. Palettes are resolved. The orientation tag of a camera is not
//! applied: what is stored is what is read.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::{ColorType, ImageDecoder, ImageError, ImageFormat, Limits};

use super::bounded;
use super::grey::GreyImage;
use crate::error::{Error, Result};

/// The most pixels that a side of an image may have.
pub const MAX_SIDE: u32 = 16_384;
/// The most bytes that reading one image may hold, its file not counted.
pub const MAX_BYTES: u64 = 512 << 20;
/// The most bytes of one image file.
pub const MAX_FILE_BYTES: u64 = 128 << 20;
/// What decoders hold apart from the image (their tables, at most this many bytes), on top of [`MAX_BYTES`].
pub const OVERHEAD_BYTES: u64 = 1 << 20;

const FORMAT: &str = "PNG or JPEG image";

/// Reads the image file at `path`, whatever its name.
///
/// # Errors
/// [`Error::Read`]; [`Error::Format`] for what is not a PNG or JPEG image, a damaged one, or one with a side above
/// [`MAX_SIDE`]; [`Error::ClaimsTooMuch`] above [`MAX_BYTES`] or [`MAX_FILE_BYTES`], before its pixels are decoded.
pub fn read(path: &Path) -> Result<GreyImage> {
    from_bytes(&bounded::read_file(path, "image file", MAX_FILE_BYTES)?, path, MAX_BYTES)
}

/// Whether a file that begins with `head` (at least 8 bytes of it) is a PNG or a JPEG by its first bytes.
pub fn is_image(head: &[u8]) -> bool {
    matches!(image::guess_format(head), Ok(ImageFormat::Png | ImageFormat::Jpeg))
}

/// Reads an image from the bytes of its file, holding at most `limit` + [`OVERHEAD_BYTES`] bytes beside them.
///
/// `path` only names the image in messages.
///
/// # Errors
/// As [`read`], with `limit` in place of [`MAX_BYTES`].
pub fn from_bytes(bytes: &[u8], path: &Path, limit: u64) -> Result<GreyImage> {
    let samples = samples(bytes, path, limit, 4)?;
    GreyImage::new(samples.h, samples.w, samples.greys())
}

/// The pixels of a file as its decoder gives them: palettes resolved, nothing else converted.
#[derive(Debug)]
pub(super) struct Samples {
    /// Rows.
    pub(super) h: usize,
    /// Columns.
    pub(super) w: usize,
    /// 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha; channel by channel within each pixel.
    pub(super) channels: usize,
    /// Bytes of a sample: 1, or 2 in the machine's order.
    depth: usize,
    bytes: Vec<u8>,
    /// How the file stores them.
    pub(super) stored: Stored,
}

/// How a picture is stored, in words: for people who look at their data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stored {
    /// `PNG`, `JPEG`, `NIfTI` or `phantom`, by the content.
    pub format: &'static str,
    /// `grey`, `RGB`, `RGBA`, `palette`, ...
    pub color: &'static str,
}

impl Samples {
    /// The sample of one channel of each pixel, row-major, in bytes: 16 bits are divided by 257 and rounded.
    pub(super) fn plane(&self, channel: usize) -> impl Iterator<Item = u8> {
        self.bytes.chunks_exact(self.channels * self.depth).map(move |pixel| match self.depth {
            1 => pixel[channel],
            _ => {
                let wide = self.sample(pixel, channel);
                #[expect(clippy::cast_possible_truncation, reason = "65 535 / 257 is 255")]
                let byte = ((wide + 128) / 257) as u8;
                byte
            }
        })
    }

    fn sample(&self, pixel: &[u8], channel: usize) -> u32 {
        match self.depth {
            1 => u32::from(pixel[channel]),
            _ => u32::from(u16::from_ne_bytes([pixel[2 * channel], pixel[2 * channel + 1]])),
        }
    }

    /// Rec. 601 luma, 0..=255, row-major.
    fn greys(&self) -> Vec<f32> {
        let full = if self.depth == 1 { 1.0 } else { 257.0 };
        let mut greys = Vec::with_capacity(self.h * self.w);
        greys.extend(self.bytes.chunks_exact(self.channels * self.depth).map(|pixel| {
            let luma = match self.channels {
                1 | 2 => 1000 * self.sample(pixel, 0),
                _ => 299 * self.sample(pixel, 0) + 587 * self.sample(pixel, 1) + 114 * self.sample(pixel, 2),
            };
            #[expect(clippy::cast_possible_truncation, reason = "0..=255, rounded to the nearest f32")]
            let value = (f64::from(luma) / (1000.0 * full)) as f32;
            value
        }));
        greys
    }
}

/// Decodes a file, holding at most `limit` bytes when `beside` bytes for each pixel are counted too: what the caller
/// makes of the samples.
///
/// # Errors
/// As [`from_bytes`].
pub(super) fn samples(bytes: &[u8], path: &Path, limit: u64, beside: u64) -> Result<Samples> {
    // A decoder that panics on a file is at fault, but the file is what the user has to hear about. Nothing of the
    // decoder is looked at afterwards.
    catch_unwind(AssertUnwindSafe(|| decode(bytes, path, limit, beside)))
        .unwrap_or_else(|_| Err(Error::format(path, FORMAT, "its decoder failed on it; the file is damaged")))
}

fn decode(bytes: &[u8], path: &Path, limit: u64, beside: u64) -> Result<Samples> {
    match image::guess_format(bytes) {
        Ok(ImageFormat::Png) => {
            check_palettes(bytes).map_err(|reason| Error::format(path, FORMAT, reason))?;
            // Comments and colour profiles may take an eighth; the rest is for pixels.
            let metadata = limit / 8;
            let mut limits = Limits::no_limits();
            limits.max_alloc = Some(metadata);
            let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits)
                .map_err(|e| decode_error(&e, path, "comments and profiles", metadata))?;
            pixels(decoder, path, limit - metadata, 0, beside, png_stored(bytes))
        }
        Ok(ImageFormat::Jpeg) => {
            let decoder =
                JpegDecoder::new(Cursor::new(bytes)).map_err(|e| decode_error(&e, path, "headers", limit))?;
            let workspace = jpeg_workspace(&decoder) + 2 * bytes.len() as u64;
            let color = if decoder.color_type() == ColorType::L8 { "grey" } else { "RGB" };
            pixels(decoder, path, limit, workspace, beside, Stored { format: "JPEG", color })
        }
        Ok(other) => {
            let name = other.extensions_str().first().unwrap_or(&"foreign");
            Err(Error::format(path, FORMAT, format!("it holds a {name} image; convert it first")))
        }
        Err(_) => {
            let reason = if bytes.is_empty() { "it is empty" } else { "its first bytes are not an image's" };
            Err(Error::format(path, FORMAT, reason))
        }
    }
}

/// A palette is made of colours of three bytes; the decoder (png 0.18.1) takes that for granted and panics on others.
fn check_palettes(png: &[u8]) -> Result<(), &'static str> {
    let mut rest = png.get(8..).unwrap_or_default();
    // Each chunk: its length, its name, its content, its checksum.
    while let Some((&[a, b, c, d, ref name @ ..], behind)) = rest.split_first_chunk::<8>() {
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if name == b"PLTE" && (length == 0 || !length.is_multiple_of(3)) {
            return Err("its palette is not made of whole colours");
        }
        rest = behind.get(length..).and_then(|behind| behind.get(4..)).unwrap_or_default();
    }
    Ok(())
}

/// What the JPEG decoder may hold beside the image: for progressive files all coefficients, 2 bytes each for up to
/// four components, on sides rounded up to whole blocks of at most 32 pixels; and some rows of blocks.
fn jpeg_workspace(decoder: &impl ImageDecoder) -> u64 {
    let (w, h) = decoder.dimensions();
    let components = if decoder.color_type() == ColorType::L8 { 1 } else { 4 };
    let (w, h) = (u64::from(w).next_multiple_of(32), u64::from(h).next_multiple_of(32));
    components * 2 * w * h + 2048 * w
}

/// What the header of a PNG, its first chunk, says of the pixels.
fn png_stored(png: &[u8]) -> Stored {
    let color = match (png.get(25), png.get(24)) {
        (Some(0), Some(16)) => "grey 16 bit",
        (Some(0), _) => "grey",
        (Some(2), Some(16)) => "RGB 16 bit",
        (Some(2), _) => "RGB",
        (Some(3), _) => "palette",
        (Some(4), _) => "grey and alpha",
        (Some(6), _) => "RGBA",
        _ => "unknown",
    };
    Stored { format: "PNG", color }
}

/// Decodes after checking what the image claims.
fn pixels(
    decoder: impl ImageDecoder,
    path: &Path,
    limit: u64,
    workspace: u64,
    beside: u64,
    stored: Stored,
) -> Result<Samples> {
    let (w, h) = decoder.dimensions();
    let pixels = u64::from(w) * u64::from(h);
    if w == 0 || h == 0 {
        return Err(Error::format(path, FORMAT, format!("it has {w} x {h} pixels")));
    }
    let decoded = decoder.total_bytes();
    let claimed = decoded.saturating_add(beside * pixels).saturating_add(workspace);
    if claimed > limit {
        return Err(Error::ClaimsTooMuch { path: path.into(), what: "pixels", claimed, limit });
    }
    if w > MAX_SIDE || h > MAX_SIDE {
        let reason =
            format!("it has {w} x {h} pixels, and a side may have {MAX_SIDE} at most; reduce it first");
        return Err(Error::format(path, FORMAT, reason));
    }
    let color = decoder.color_type();
    let depth = match color {
        ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8 => 1,
        ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => 2,
        other => return Err(Error::format(path, FORMAT, format!("its pixels are {other:?}"))),
    };
    // The claim is below `limit`, which fits in memory; a 32-bit address space refuses here.
    let Ok(length) = usize::try_from(decoded) else {
        return Err(Error::ClaimsTooMuch { path: path.into(), what: "pixels", claimed, limit });
    };
    let mut bytes = vec![0; length];
    decoder.read_image(&mut bytes).map_err(|e| decode_error(&e, path, "pixels", limit))?;
    let channels = usize::from(color.channel_count());
    Ok(Samples { h: h as usize, w: w as usize, channels, depth, bytes, stored })
}

/// The decoder's refusal in our terms: its memory limit is ours.
fn decode_error(error: &ImageError, path: &Path, what: &'static str, limit: u64) -> Error {
    match error {
        // The decoder does not say how much it wanted: one more byte than allowed is what is known.
        ImageError::Limits(_) => Error::ClaimsTooMuch { path: path.into(), what, claimed: limit + 1, limit },
        other => Error::format(path, FORMAT, other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use image::{ExtendedColorType, ImageEncoder};

    use super::*;
    use crate::data::grey::Encoding;

    fn read_bytes(bytes: &[u8]) -> Result<GreyImage> {
        from_bytes(bytes, Path::new("a.png"), MAX_BYTES)
    }

    fn png(samples: &[u8], w: u32, h: u32, color: ExtendedColorType) -> Vec<u8> {
        let mut file = Vec::new();
        image::codecs::png::PngEncoder::new(&mut file).write_image(samples, w, h, color).unwrap();
        file
    }

    #[test]
    fn every_colour_type_becomes_grey_by_rec_601() {
        let red = [255, 0, 0];
        let luma = 0.299 * 255.0;
        for (file, expected) in [
            (png(&[7, 200], 2, 1, ExtendedColorType::L8), [7.0, 200.0]),
            (png(&[7, 0, 200, 9], 2, 1, ExtendedColorType::La8), [7.0, 200.0]),
            (png(&[red, [9; 3]].concat(), 2, 1, ExtendedColorType::Rgb8), [luma, 9.0]),
            (png(&[255, 0, 0, 3, 9, 9, 9, 0], 2, 1, ExtendedColorType::Rgba8), [luma, 9.0]),
            (png(bytemuck::cast_slice(&[u16::MAX, 257]), 2, 1, ExtendedColorType::L16), [255.0, 1.0]),
            (
                png(bytemuck::cast_slice(&[u16::MAX, 0, 0, 514, 514, 514]), 2, 1, ExtendedColorType::Rgb16),
                [luma, 2.0],
            ),
        ] {
            let image = read_bytes(&file).unwrap();
            assert_eq!((image.h, image.w), (1, 2));
            let near = image.pixels.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4);
            assert!(near, "{:?} is not {expected:?}", image.pixels);
        }
    }

    #[test]
    fn rows_stay_rows_and_png_is_exact() {
        let image = GreyImage::new(2, 3, vec![0.0, 50.0, 100.0, 150.0, 200.0, 255.0]).unwrap();
        assert_eq!(read_bytes(&image.encode(Encoding::Png).unwrap()).unwrap(), image);
        let flat = GreyImage::new(16, 8, vec![90.0; 128]).unwrap();
        let jpeg = read_bytes(&flat.encode(Encoding::Jpeg).unwrap()).unwrap();
        assert_eq!((jpeg.h, jpeg.w), (16, 8));
        assert!(jpeg.pixels.iter().all(|v| (v - 90.0).abs() <= 1.0));
    }

    #[test]
    fn what_is_not_an_image_is_refused() {
        for bytes in
            [&b""[..], b"not an image", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a\x01\x00\x01\x00"]
        {
            let error = read_bytes(bytes).unwrap_err();
            assert!(matches!(error, Error::Format { .. }), "{error}");
        }
        let whole = GreyImage::new(9, 9, (0u8..81).map(f32::from).collect()).unwrap();
        let png = whole.encode(Encoding::Png).unwrap();
        assert!(read_bytes(&png[..png.len() / 2]).is_err());
    }

    /// A PNG of these chunks, with true checksums.
    fn chunks(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        for (name, content) in chunks {
            let mut crc = flate2::Crc::new();
            crc.update(*name);
            crc.update(content);
            file.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
            file.extend([&name[..], content, &crc.sum().to_be_bytes()].concat());
        }
        file
    }

    /// A PNG of 8-bit colours that claims any size and has no data.
    fn claiming(w: u32, h: u32) -> Vec<u8> {
        let header = [&w.to_be_bytes()[..], &h.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
        chunks(&[(b"IHDR", &header), (b"IDAT", &[])])
    }

    #[test]
    fn a_palette_with_half_a_colour_is_refused() {
        let header = [0, 0, 0, 1, 0, 0, 0, 1, 8, 3, 0, 0, 0];
        // A stored block with a filter byte and index 0, in a zlib stream.
        let data = [0x78, 1, 1, 2, 0, 0xfd, 0xff, 0, 0, 0, 2, 0, 1];
        let with = |palette: &[u8]| {
            read_bytes(&chunks(&[(b"IHDR", &header), (b"PLTE", palette), (b"IDAT", &data), (b"IEND", &[])]))
        };
        assert_eq!(with(&[9, 9, 9]).unwrap().pixels, [9.0]);
        for palette in [&[][..], &[9], &[9; 5]] {
            assert!(with(palette).unwrap_err().to_string().contains("whole colours"));
        }
    }

    #[test]
    fn an_image_that_claims_too_much_is_refused_before_allocation() {
        for (w, h) in [(2_000_000, 1_000_000), (20_000, 20_000), (16_384, 16_384)] {
            let error = read_bytes(&claiming(w, h)).unwrap_err();
            assert!(matches!(error, Error::ClaimsTooMuch { .. }), "{w} x {h}: {error}");
        }
        for (w, h) in [(16_385, 1), (1, 16_385)] {
            let error = read_bytes(&claiming(w, h)).unwrap_err().to_string();
            assert!(error.contains("a side may have 16384 at most"), "{error}");
        }
        let Err(Error::ClaimsTooMuch { claimed, .. }) = read_bytes(&claiming(1_000_000, 1_000_000)) else {
            panic!()
        };
        assert_eq!(claimed, 7_000_000_000_000);
        // A small claim without data is damage.
        assert!(matches!(read_bytes(&claiming(10, 10)), Err(Error::Format { .. })));
        // The frame header of a JPEG, as large as it can be.
        let image = GreyImage::new(8, 8, vec![1.0; 64]).unwrap();
        let mut jpeg = image.encode(Encoding::Jpeg).unwrap();
        let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        jpeg[frame + 5..frame + 9].fill(0xff);
        assert!(matches!(read_bytes(&jpeg), Err(Error::ClaimsTooMuch { .. })));
    }
}
