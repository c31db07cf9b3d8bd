//! An image before and after, side by side, each pixel a visible square.

use super::chart::{WIDTH, heading, heading_lines};
use super::scene::{Anchor, INK, QUIET, Scene, Shape};
use crate::error::{Error, Result};
use std::path::Path;

/// The longest image file that is read.
const MAX_BYTES: u64 = 8 << 20;

/// The longest side that is drawn: beyond it a pixel is no longer visible in a figure.
const MAX_SIDE: u32 = 2048;

/// A grey image, row-major, 0 black.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grey {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) pixels: Vec<u8>,
}

/// Reads a PNG as grey; `None` where there is none.
///
/// # Errors
/// [`Error::Read`], [`Error::ClaimsTooMuch`], [`Error::Format`].
pub(super) fn read(path: &Path) -> Result<Option<Grey>> {
    let claimed = match std::fs::metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|e| Error::read(path, e))?.len(),
    };
    if claimed > MAX_BYTES {
        return Err(Error::ClaimsTooMuch { path: path.into(), what: "image", claimed, limit: MAX_BYTES });
    }
    let bytes = std::fs::read(path).map_err(|e| Error::read(path, e))?;
    let mut reader = image::ImageReader::with_format(std::io::Cursor::new(bytes), image::ImageFormat::Png);
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(64 << 20);
    reader.limits(limits);
    let image = reader.decode().map_err(|e| Error::format(path, "PNG image", e.to_string()))?.to_luma8();
    Ok(Some(Grey { width: image.width(), height: image.height(), pixels: image.into_raw() }))
}

/// The two images, each as large as its half of the figure allows.
pub(super) fn scene(title: &str, subtitle: &str, images: [(&Grey, &str); 2]) -> Scene {
    const GAP: f64 = 24.0;
    let (titles, subtitles) = heading_lines(title, subtitle);
    let top = 20.0 + 22.0 * titles.len() as f64 + 18.0 * subtitles.len() as f64 + 12.0;
    let half = (WIDTH - 32.0 - GAP) / 2.0;
    let mut scene = Scene::new(WIDTH, 0.0, title);
    heading(&mut scene, &titles, &subtitles);
    let mut bottom = top;
    for (i, (image, words)) in images.into_iter().enumerate() {
        let (w, h) = (f64::from(image.width.max(1)), f64::from(image.height.max(1)));
        let scale = (half / w).min(380.0 / h);
        let x = 16.0 + i as f64 * (half + GAP);
        scene.shapes.push(Shape::Image { at: (x, top), size: (w * scale, h * scale), image: image.clone() });
        let mut y = top + h * scale;
        for line in super::font::wrap(words, 13.0, false, half) {
            y += 18.0;
            scene.text((x, y), &line, 13.0, Anchor::Start, INK);
        }
        y += 17.0;
        let size = format!("{} × {} pixels", image.width, image.height);
        scene.text((x, y), &size, 12.0, Anchor::Start, QUIET);
        bottom = bottom.max(y);
    }
    scene.height = bottom + 16.0;
    scene
}
