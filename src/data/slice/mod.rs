//! Axial slices of a volume, as med2image writes them.
//!
//! Slice k is the plane z = k, turned so that the front of the head is up. Its left edge is the *right* side of the
//! head, the radiological view: it is what med2image gives for a file whose first axis runs to the left, as those of
//! MNI templates do, and here it holds for every file, since volumes are in RAS+ order.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::bounded;
use super::grey::{Encoding, GreyImage};
use super::nifti;
use super::volume::{Volume, finite_range};
use crate::error::{Error, Result};

/// Which voxel value becomes black and which white; values between are mapped linearly, others are cut.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Window {
    /// Each slice from its own smallest to its own largest value.
    #[default]
    PerSlice,
    /// All slices from the smallest to the largest value of the volume.
    Volume,
    /// All slices from the first value to the second.
    Range(f32, f32),
}

/// What [`write_slices`] did.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The files written, the lowest slice first.
    pub files: Vec<PathBuf>,
    /// How many of them show a single value.
    pub blank: usize,
    /// Rows of each.
    pub h: usize,
    /// Columns of each.
    pub w: usize,
    /// How many volumes the file holds; the first was sliced.
    pub time_points: u64,
    /// The directions of the axes as the file stores them, as `LAS`.
    pub stored_axes: String,
}

/// The axial slices of `volume`, the lowest first: `nz` images of `ny` rows by `nx` columns, 0..=255.
///
/// Pixel (r, c) of slice k is voxel (nx - 1 - c, ny - 1 - r, k). A slice of a single value is black, and so is a
/// voxel that is NaN; infinities are cut like any value outside the window, which is found from finite voxels alone.
///
/// # Errors
/// [`Error::Shape`] for a [`Window::Range`] that is not two finite numbers, the lower first.
pub fn axial_slices(volume: &Volume, window: Window) -> Result<impl ExactSizeIterator<Item = GreyImage>> {
    let fixed = match window {
        Window::PerSlice => None,
        Window::Volume => Some(volume.finite_range().unwrap_or((0.0, 0.0))),
        Window::Range(lo, hi) if lo.is_finite() && hi.is_finite() && lo < hi => Some((lo, hi)),
        Window::Range(lo, hi) => {
            return Err(Error::Shape {
                what: "intensity window".into(),
                expected: "two finite numbers, the lower first".into(),
                got: format!("{lo} and {hi}"),
            });
        }
    };
    let [w, h, _] = volume.shape;
    Ok(volume.data.chunks_exact(w * h).map(move |plane| {
        let (lo, hi) = fixed.or_else(|| finite_range(plane)).unwrap_or((0.0, 0.0));
        // Both a turn by 180 degrees: the last voxel of the plane (front left) becomes the first pixel.
        GreyImage { h, w, pixels: plane.iter().rev().map(|&v| grey(v, lo, hi)).collect() }
    }))
}

/// The grey of one voxel; the arithmetic is in f64, so that no window overflows.
fn grey(value: f32, lo: f32, hi: f32) -> f32 {
    let (value, lo, hi) = (f64::from(value), f64::from(lo), f64::from(hi));
    if value.is_nan() || lo >= hi {
        return 0.0;
    }
    #[expect(clippy::cast_possible_truncation, reason = "0..=255, rounded to the nearest f32")]
    let grey = (255.0 * ((value - lo) / (hi - lo))).clamp(0.0, 255.0) as f32;
    grey
}

/// Writes the slices of the volume at `volume_path` to new files `<stem>-slice000.png` (or `.jpg`) in `dir`.
///
/// `dir` is created where it is missing. Nothing is written where one of the files exists.
///
/// # Errors
/// Those of [`nifti::read`] and [`axial_slices`]; [`Error::Write`], of the kind
/// [`std::io::ErrorKind::AlreadyExists`] where a file would be overwritten.
pub fn write_slices(volume_path: &Path, dir: &Path, encoding: Encoding, window: Window) -> Result<Summary> {
    let volume = nifti::read(volume_path)?;
    let images: Vec<GreyImage> = axial_slices(&volume, window)?.collect();
    let (stem, extension) = (stem(volume_path), encoding.extension());
    let files: Vec<PathBuf> =
        (0..images.len()).map(|k| dir.join(format!("{stem}-slice{k:03}.{extension}"))).collect();
    bounded::refuse_existing(files.iter().map(PathBuf::as_path))?;
    bounded::create_dir(dir)?;
    files.par_iter().zip(&images).try_for_each(|(path, image)| image.write(path, encoding))?;
    let [w, h, _] = volume.shape;
    let blank = images.iter().filter(|image| image.is_blank()).count();
    Ok(Summary { files, blank, h, w, time_points: volume.time_points, stored_axes: volume.stored_axes })
}

/// The name of a volume's file without its directory, `.gz` and `.nii`.
pub(super) fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let without = |name: &str, end: &str| {
        let cut = name.len().checked_sub(end.len()).filter(|&cut| name.is_char_boundary(cut))?;
        name[cut..].eq_ignore_ascii_case(end).then(|| name[..cut].to_owned())
    };
    let name = without(&name, ".gz").unwrap_or_else(|| name.into_owned());
    without(&name, ".nii").unwrap_or(name)
}

#[cfg(test)]
mod tests;
