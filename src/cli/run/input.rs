//! Matrices and images from files: CSV, NPY, PNG, JPEG.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::data::{csv_matrix, image_file, npy};
use crate::error::{Error, Result};

/// Planes of numbers: images by channels by rows by columns, row-major.
#[derive(Debug)]
pub(super) struct Planes {
    /// n, c, h, w.
    pub(super) shape: [usize; 4],
    /// The values; those of an image are 0 to 255.
    pub(super) values: Vec<f32>,
    /// Whether it was an image.
    pub(super) is_image: bool,
}

/// Reads a file by its name's ending (png, jpg, jpeg, npy, csv, txt), else by its first bytes; what is none of the
/// others is taken for CSV. An NPY array of fewer than four axes has one image, one channel, one row.
///
/// # Errors
/// [`Error::Read`], and what the readers say.
pub(super) fn planes(path: &Path) -> Result<Planes> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let head = head(path)?;
    let named_image = matches!(extension.as_str(), "png" | "jpg" | "jpeg");
    if named_image || image_file::is_image(&head) {
        let image = image_file::read(path)?;
        return Ok(Planes { shape: [1, 1, image.h, image.w], values: image.pixels, is_image: true });
    }
    if extension == "npy" || head.starts_with(b"\x93NUMPY") {
        return array(path);
    }
    let matrix = csv_matrix::read(path)?;
    Ok(Planes { shape: [1, 1, matrix.rows, matrix.cols], values: matrix.data, is_image: false })
}

fn head(path: &Path) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(16).read_to_end(&mut head));
    read.map_err(|e| Error::read(path, e))?;
    Ok(head)
}

fn array(path: &Path) -> Result<Planes> {
    let array = npy::read(path)?;
    let wrong = |reason: String| Error::format(path, "array of numbers", reason);
    let mut shape = [1; 4];
    let rank = array.shape.len();
    if rank > 4 {
        return Err(wrong(format!(
            "it has {rank} axes; at most 4 are read: images, channels, rows, columns"
        )));
    }
    shape[4 - rank..].copy_from_slice(&array.shape);
    if array.data.is_empty() {
        return Err(wrong(format!("its shape {:?} holds no elements", array.shape)));
    }
    let values = crate::cli::oracle::floats(&array.data).map_err(wrong)?;
    Ok(Planes { shape, values, is_image: false })
}
