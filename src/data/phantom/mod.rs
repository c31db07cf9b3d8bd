//! A synthetic, brain-like data set of the thesis's three classes, made inside the program.
//!
//! | class | looks like |
//! |---|---|
//! | `anatomical` | a T1 image without its skull: folded cortex, white matter, nuclei, ventricles |
//! | `functional` | smooth, thresholded activations on a faint brain |
//! | `metaanalytic` | counts of 6 mm spheres, in clusters, on a faint brain |
//!
//! It stands in for `datasetMRI` where there is no data, and is no image of anybody. The classes differ in texture
//! and not in brightness: every slice's tone is set so that its mean follows one law for the three classes (see
//! `tone`), and a threshold on the mean does little better than guessing.
//!
//! The same seed gives the same bits on any machine: the generator is ChaCha8 seeded here, integers become floats
//! here, and beyond that only `+ - * /`, `sqrt` and `floor` are used, which IEEE 754 fixes, in a fixed order.

mod brain;
mod classes;
mod draw;
mod noise;
mod tone;

#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::bounded;
use super::folder::Slice;
use super::grey::{Encoding, GreyImage};
use super::slice::{Window, axial_slices};
use super::volume::Volume;
use crate::error::Result;

/// The classes; the position is the label.
pub const CLASSES: [&str; 3] = ["anatomical", "functional", "metaanalytic"];
/// Voxels of each volume along x, y, z: 2 mm cells in MNI space, so slices are 91 wide and 109 high.
pub const SHAPE: [usize; 3] = [91, 109, 91];
/// The seed of the data set where none is given.
pub const SEED: u64 = 1234;

/// The three volumes: voxels of 0 (outside the brain) to 255, RAS+.
pub fn phantom(seed: u64) -> [(&'static str, Volume); 3] {
    let make = |label: usize, class: fn(&mut draw::Draws) -> Vec<f32>| {
        let mut data = class(&mut draw::Draws::new(seed, label));
        tone::equalise(&mut data, &mut draw::Draws::new(seed, CLASSES.len() + label));
        let (time_points, stored_axes) = (1, "RAS".to_owned());
        (CLASSES[label], Volume { shape: SHAPE, data, spacing: [2.0; 3], time_points, stored_axes })
    };
    let (first, (second, third)) = rayon::join(
        || make(0, classes::anatomical),
        || rayon::join(|| make(1, classes::functional), || make(2, classes::metaanalytic)),
    );
    [first, second, third]
}

/// The 273 slices of the data set, each scaled by its own range, class by class, the lowest first.
///
/// Their names are those of [`write_phantom`]'s files.
pub fn slices(seed: u64) -> Vec<Slice> {
    let volumes = phantom(seed);
    let images = volumes.iter().flat_map(|(class, volume)| {
        // This window has no bounds that could be wrong.
        let slices = axial_slices(volume, Window::PerSlice).into_iter().flatten();
        slices.enumerate().map(move |(k, image)| (*class, k, image))
    });
    let slice = |(class, k, image): (&str, usize, GreyImage)| Slice {
        name: format!("{class}/{class}{k}.png"),
        class: class.to_owned(),
        image,
    };
    images.map(slice).collect()
}

/// What [`write_phantom`] wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The images, class by class, the lowest slice first.
    pub files: Vec<PathBuf>,
    /// How many of them show a single value.
    pub blank: usize,
    /// The table of labels.
    pub labels: PathBuf,
}

/// Writes the data set as `<class>/<class><slice>.png` below `dir`, and `labels.csv` (file, class, label, slice,
/// blank) into it. The same seed gives the same bytes.
///
/// # Errors
/// [`crate::Error::Write`], of the kind [`std::io::ErrorKind::AlreadyExists`] where one of the files exists; then
/// nothing is written.
pub fn write_phantom(dir: &Path, seed: u64) -> Result<Summary> {
    let slices = slices(seed);
    let files: Vec<PathBuf> = slices.iter().map(|slice| dir.join(&slice.name)).collect();
    let labels = dir.join("labels.csv");
    bounded::refuse_existing(files.iter().chain([&labels]).map(PathBuf::as_path))?;
    for class in CLASSES {
        bounded::create_dir(&dir.join(class))?;
    }
    files.par_iter().zip(&slices).try_for_each(|(path, slice)| slice.image.write(path, Encoding::Png))?;
    let mut table = "file,class,label,slice,blank\n".to_owned();
    let mut blank = 0;
    for (at, Slice { name, class, image }) in slices.iter().enumerate() {
        let (label, k) = (at / SHAPE[2], at % SHAPE[2]);
        blank += usize::from(image.is_blank());
        // Writing to a String cannot fail.
        let _ = writeln!(table, "{name},{class},{label},{k},{}", u8::from(image.is_blank()));
    }
    bounded::write_new(&labels, table.as_bytes())?;
    Ok(Summary { files, blank, labels })
}
