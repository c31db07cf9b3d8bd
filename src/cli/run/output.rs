//! The result as a file: CSV, NPY, or an 8-bit PNG.

use std::path::{Path, PathBuf};

use crate::cli::exit::Failure;
use crate::data::{Encoding, GreyImage, csv_matrix, npy};
use crate::error::{Error, Result};

/// A file to write, its format known and its place free.
#[derive(Debug)]
pub(super) struct Target {
    path: PathBuf,
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Npy,
    Png,
}

impl Target {
    /// The target that `--output` names, judged before anything is computed.
    ///
    /// # Errors
    /// A usage failure for an unknown ending; [`Error::Write`] where there is such a file: nothing is overwritten.
    pub(super) fn new(path: &Path) -> Result<Self, Failure> {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let format = match extension.as_str() {
            "csv" => Format::Csv,
            "npy" => Format::Npy,
            "png" => Format::Png,
            _ => {
                let path = path.display();
                return Err(Failure::usage(format!(
                    "--output {path}: its name must end in .csv, .npy or .png"
                )));
            }
        };
        if path.exists() {
            return Err(Error::write(path, std::io::ErrorKind::AlreadyExists.into()).into());
        }
        Ok(Self { path: path.to_owned(), format })
    }

    /// Writes a result of the shape n x c x h x w. A CSV has the planes one below the other. A PNG has one plane, its
    /// values as they are where `grey` says that they are grey values 0 to 255, else stretched from the smallest
    /// finite value (black) to the largest (white).
    ///
    /// # Errors
    /// [`Error::Write`]; [`Error::Shape`] for a PNG of several planes.
    pub(super) fn write(&self, shape: [usize; 4], values: &[f32], grey: bool) -> Result<()> {
        let [n, c, h, w] = shape;
        match self.format {
            Format::Csv => csv_matrix::write(&self.path, n * c * h, w, values),
            Format::Npy => npy::write_f32(&self.path, &shape, values),
            Format::Png if n * c == 1 => {
                let pixels = if grey { values.to_vec() } else { stretched(values) };
                GreyImage::new(h, w, pixels)?.write(&self.path, Encoding::Png)
            }
            Format::Png => Err(Error::Shape {
                what: "a result to be written as PNG".into(),
                expected: "one image of one channel (a CSV or NPY file holds any)".into(),
                got: format!("{n} x {c} planes"),
            }),
        }
    }
}

fn stretched(values: &[f32]) -> Vec<f32> {
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let (low, high) = (finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max));
    let range = if high > low { high - low } else { 1.0 };
    values.iter().map(|v| (v - low) / range * 255.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretching_meets_black_and_white() {
        assert_eq!(stretched(&[2.0, 4.0, 3.0]), [0.0, 255.0, 127.5]);
        assert_eq!(stretched(&[7.0, 7.0]), [0.0, 0.0]);
    }

    #[test]
    fn the_ending_is_judged_first() {
        assert!(Target::new(Path::new("no/such/folder/y.gif")).is_err());
        assert!(Target::new(Path::new("no/such/folder/y.csv")).is_ok());
    }
}
