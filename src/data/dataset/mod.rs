//! Examples with classes: what a network is trained on and judged by.
//!
//! | source | classes |
//! |---|---|
//! | a folder | its sub-folders, each with its images at any depth |
//! | NIfTI volumes | one volume a class, its axial slices the images |
//! | a CSV file | its column of labels |
//! | the phantom | its three |
//!
//! A folder whose only sub-folder holds the classes is passed through, as unpacked archives have it. Files that
//! cannot be read are reported and counted, never fatal. Classes are sorted by name and examples by natural order
//! (`a2` before `a10`), so that one data set has one order on every machine.

mod files;
mod folder;
mod groups;
mod labels;
mod layout;
#[cfg(test)]
mod tests;
mod volumes;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::labels::{
    Columns, Labels, MAX_FILE_BYTES as MAX_LABEL_BYTES, OVERHEAD_BYTES as LABEL_OVERHEAD, Row,
};
pub use self::layout::Layout;
use super::folder::Unreadable;
use super::image_file::Stored;
use super::phantom;
use super::picture::Picture;
use crate::error::{Error, Result};

/// The most bytes that the pictures of a data set may take in memory, after each is reduced to
/// [`LoadOptions::max_side`].
pub const MAX_BYTES: u64 = 4 << 30;

/// How a data set is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadOptions {
    /// The column of a CSV file that says which images belong together; of `labels.csv` or `manifest.csv` where the
    /// data set is a folder that holds one. Without it only equal pixels belong together.
    pub group_column: Option<String>,
    /// The column of file names; without it the first of [`Columns::FILE`] that is there.
    pub file_column: Option<String>,
    /// The column of labels; without it the first of [`Columns::LABEL`] that is there.
    pub label_column: Option<String>,
    /// The seed of the phantom.
    pub seed: u64,
    /// A picture with a longer side is reduced to this, once, by antialiased bilinear resizing, so that memory stays
    /// bounded.
    pub max_side: usize,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self { group_column: None, file_column: None, label_column: None, seed: phantom::SEED, max_side: 512 }
    }
}

/// One image and its class.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Its path below the data set's folder, with `/` between the parts; `anatomical/12` for slice 12 of a volume.
    pub name: String,
    /// Its class, an index into [`Dataset::classes`].
    pub class: usize,
    /// Its pixels, reduced to [`LoadOptions::max_side`].
    pub picture: Arc<Picture>,
    /// Examples that belong together share this number: equal pixels, the same group in the CSV file, or a chain of
    /// the two. Numbers go from 0 in the order of the examples, without gaps.
    pub group: usize,
    /// Whether there is nothing to see: a single value in each plane.
    pub blank: bool,
    /// Its place within its class: the number of the slice, or of the file in natural order, unreadable ones counted.
    pub order: usize,
    /// [`Picture::hash`] of the pixels as they were stored, before any reduction.
    pub hash: [u8; 32],
    /// Rows and columns as stored, before any reduction.
    pub stored_size: [usize; 2],
    /// The format and the colours of the file.
    pub stored: Stored,
}

/// Examples with classes.
#[derive(Debug, Default)]
pub struct Dataset {
    /// The names of the classes, sorted; a class may be without an example.
    pub classes: Vec<String>,
    /// The examples, class by class, in natural order of their names.
    pub examples: Vec<Example>,
    /// Images that could not be read.
    pub unreadable: Vec<Unreadable>,
    /// How many images were left out since they stand outside the folders of the classes.
    pub stray: usize,
    /// Where the examples came from, in a few words.
    pub origin: String,
}

impl Dataset {
    /// Reads a data set: the phantom without a path, else what [`Layout::detect`] finds there. Files are decoded on
    /// all of rayon's threads.
    ///
    /// # Errors
    /// [`Error::Read`] for a path that is not there or cannot be listed; [`Error::Format`] for one that is no data
    /// set, and for a CSV file without the columns; [`Error::ClaimsTooMuch`] above [`MAX_BYTES`]. An image that
    /// cannot be read is no error, and neither is a class without one: see [`Dataset::check_trainable`].
    pub fn load(path: Option<&Path>, options: &LoadOptions) -> Result<Self> {
        let layout = Layout::detect(path, options)?;
        if let (Some(column), Layout::Phantom { .. } | Layout::Volumes(_)) = (&options.group_column, &layout)
        {
            let reason = format!("slices of volumes have no table to take the groups of `{column}` from");
            return Err(Error::format(
                path.unwrap_or(Path::new("the phantom")),
                "data set with groups",
                reason,
            ));
        }
        let mut dataset = match layout {
            Layout::Phantom { seed } => volumes::phantom(seed),
            Layout::Volumes(paths) => volumes::load(&paths, options)?,
            Layout::Folder { root, table } => folder::load(&root, table.as_deref(), options)?,
            Layout::Csv(path) => labels::load(&path, options)?,
        };
        if let Some(path) = path {
            dataset.origin = format!("{} ({})", path.display(), dataset.origin);
        }
        Ok(dataset)
    }

    /// How many examples each class has.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for example in &self.examples {
            counts[example.class] += 1;
        }
        counts
    }

    /// Refuses a data set on which training cannot go on.
    ///
    /// # Errors
    /// [`Error::Format`] where no image could be read, a class has none, or there is one class only; it names the
    /// class and says what to do.
    pub fn check_trainable(&self) -> Result<()> {
        let refuse =
            |reason: String| Err(Error::format(PathBuf::from(&self.origin), "data set to train on", reason));
        let first = self.unreadable.first().map(|bad| format!("; the first of them: {}", bad.error));
        let failed = self.unreadable.len();
        if self.examples.is_empty() {
            return refuse(match first {
                Some(first) => format!("none of its {failed} images can be read{first}"),
                None => {
                    "it holds no image; give a folder with one sub-folder of images for each class".into()
                }
            });
        }
        if let Some(class) = self.counts().iter().position(|&n| n == 0) {
            let class = &self.classes[class];
            return refuse(match first {
                Some(first) => format!(
                    "the class `{class}` has no image that can be read ({failed} files in all cannot be{first}); \
                     repair its files, or remove the class"
                ),
                None => format!("the class `{class}` has no image; add some, or remove the class"),
            });
        }
        match &self.classes[..] {
            [only] => refuse(format!(
                "`{only}` is its only class, and there is nothing to tell apart; give a folder with a sub-folder for \
                 each class, two at least"
            )),
            _ => Ok(()),
        }
    }
}

/// Weights of the classes that make each count the same in a loss: `n / (k * n_c)` for `n` examples of `k` classes,
/// `n_c` of them of class c. A class without an example among `indices` gets 0.
pub fn balanced_weights(dataset: &Dataset, indices: &[usize]) -> Vec<f32> {
    let mut counts = vec![0usize; dataset.classes.len()];
    for &index in indices {
        counts[dataset.examples[index].class] += 1;
    }
    let (n, k) = (indices.len() as f64, counts.len() as f64);
    let weight = |&count: &usize| if count == 0 { 0.0 } else { n / (k * count as f64) };
    #[expect(clippy::cast_possible_truncation, reason = "a ratio of counts, rounded to the nearest f32")]
    let weights = counts.iter().map(|count| weight(count) as f32).collect();
    weights
}
