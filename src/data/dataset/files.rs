//! Image files to examples, in parallel.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::{Dataset, Example, LoadOptions, MAX_BYTES, groups};
use crate::data::folder::Unreadable;
use crate::data::image_file::Stored;
use crate::data::picture::{self, Picture};
use crate::data::resample::{Axis, Scratch, resize};
use crate::error::{Error, Result};

/// How many files are decoded before their sum is compared with [`MAX_BYTES`].
const BATCH: usize = 64;

/// A file that is to be an example.
pub(super) struct Found {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) class: usize,
    pub(super) order: usize,
    /// What a table says in its column of groups.
    pub(super) label_group: Option<String>,
}

/// Decodes `found`; those that cannot be read are listed in the data set.
pub(super) fn load(
    origin: &Path,
    classes: Vec<String>,
    found: &[Found],
    options: &LoadOptions,
) -> Result<Dataset> {
    let mut dataset = Dataset { classes, ..Dataset::default() };
    let mut label_groups = Vec::with_capacity(found.len());
    let mut bytes = 0;
    for batch in found.chunks(BATCH) {
        let read: Vec<Result<Example>> = batch.par_iter().map(|file| one(file, options)).collect();
        for (file, example) in batch.iter().zip(read) {
            match example {
                Ok(example) => {
                    bytes += example.picture.pixels.len() as u64;
                    label_groups.push(file.label_group.clone());
                    dataset.examples.push(example);
                }
                Err(error) => dataset.unreadable.push(Unreadable { path: file.path.clone(), error }),
            }
        }
        if bytes > MAX_BYTES {
            let (path, limit) = (origin.into(), MAX_BYTES);
            return Err(Error::ClaimsTooMuch { path, what: "pictures", claimed: bytes, limit });
        }
    }
    groups::assign(&mut dataset.examples, &label_groups);
    Ok(dataset)
}

fn one(file: &Found, options: &LoadOptions) -> Result<Example> {
    let (picture, stored) = picture::read_stored(&file.path)?;
    Ok(example(file.name.clone(), file.class, file.order, picture, stored, options))
}

/// An example that is its own group for now.
pub(super) fn example(
    name: String,
    class: usize,
    order: usize,
    picture: Picture,
    stored: Stored,
    options: &LoadOptions,
) -> Example {
    let (hash, blank, stored_size) = (picture.hash(), picture.is_blank(), [picture.h, picture.w]);
    let picture = Arc::new(reduced(picture, options.max_side.max(1)));
    Example { name, class, picture, group: 0, blank, order, hash, stored_size, stored }
}

/// The picture with its longest side reduced to `max_side`, antialiased and rounded; smaller ones stay as they are.
fn reduced(picture: Picture, max_side: usize) -> Picture {
    let longest = picture.h.max(picture.w);
    if longest <= max_side {
        return picture;
    }
    let side = |n: usize| ((2 * n * max_side + longest) / (2 * longest)).max(1);
    let (h, w) = (side(picture.h), side(picture.w));
    let axes = (&Axis::new(picture.h, h, true), &Axis::new(picture.w, w, true));
    let (mut plane, mut scratch) = (vec![0.0; h * w], Scratch::default());
    let mut pixels = Vec::with_capacity(picture.c * h * w);
    for source in picture.pixels.chunks_exact(picture.h * picture.w) {
        let row = |y: usize, row: &mut [u8]| row.copy_from_slice(&source[y * picture.w..][..picture.w]);
        resize(picture.w, row, axes, &mut scratch, &mut plane);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a mean of bytes, rounded"
        )]
        pixels.extend(plane.iter().map(|value| value.round() as u8));
    }
    Picture { c: picture.c, h, w, pixels }
}
