//! A folder of images, read in parallel; what cannot be read is reported and counted.

use std::cmp::Ordering;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::grey::GreyImage;
use super::image_file;
use crate::error::{Error, Result};

/// The most bytes that the pixels of a folder may take in memory, as f32.
pub const MAX_BYTES: u64 = 4 << 30;
/// How many files are decoded before the sum is compared with [`MAX_BYTES`].
const BATCH: usize = 64;
/// Files with these extensions (in any case) are meant to be images, whatever is in them.
const EXTENSIONS: [&str; 8] = ["jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "webp"];

/// One image of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// Its path below the data set's folder, with `/` between the parts.
    pub name: String,
    /// The folder that holds it: its class.
    pub class: String,
    /// Its greys, 0..=255.
    pub image: GreyImage,
}

/// An image that could not be read.
#[derive(Debug)]
pub struct Unreadable {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub error: Error,
}

/// The image files below a folder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listing {
    /// Files that are images by their name or their first bytes, in natural order (`a2` before `a10`).
    pub images: Vec<PathBuf>,
    /// How many other files there are; hidden ones are not counted.
    pub others: usize,
}

/// The images below a folder.
#[derive(Debug, Default)]
pub struct Folder {
    /// Those that were read, in natural order.
    pub slices: Vec<Slice>,
    /// Those that could not be, in natural order.
    pub unreadable: Vec<Unreadable>,
    /// How many files are not images at all.
    pub others: usize,
}

/// Lists the images below `dir`, at any depth; hidden files and folders, and links to folders, are passed over.
///
/// # Errors
/// [`Error::Read`] for a folder that cannot be listed.
pub fn list(dir: &Path) -> Result<Listing> {
    let mut listing = Listing::default();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|e| Error::read(&folder, e))?;
        for entry in entries {
            let entry = entry.map_err(|e| Error::read(&folder, e))?;
            let path = entry.path();
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let kind = entry.file_type().map_err(|e| Error::read(&path, e))?;
            if kind.is_dir() {
                folders.push(path);
            } else if path.is_dir() {
                // A link to a folder: following it could go in circles.
            } else if is_candidate(&path) {
                listing.images.push(path);
            } else {
                listing.others += 1;
            }
        }
    }
    listing.images.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
    Ok(listing)
}

/// Whether a file is meant to be an image: by its name, else by its first bytes.
pub(super) fn is_candidate(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    if EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)) {
        return true;
    }
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(16).read_to_end(&mut head));
    read.is_ok() && image_file::is_image(&head)
}

/// Reads all images below `dir`, on all of rayon's threads. The class of each is the name of its folder.
///
/// # Errors
/// [`Error::Read`] for a folder that cannot be listed; [`Error::ClaimsTooMuch`] where the images take more than
/// [`MAX_BYTES`]. An image that cannot be read is no error: see [`Folder::unreadable`].
pub fn read(dir: &Path) -> Result<Folder> {
    let listing = list(dir)?;
    let mut folder = Folder { others: listing.others, ..Folder::default() };
    let mut bytes = 0;
    for batch in listing.images.chunks(BATCH) {
        let read: Vec<_> = batch.par_iter().map(|path| image_file::read(path)).collect();
        for (path, image) in batch.iter().zip(read) {
            match image {
                Ok(image) => {
                    bytes += 4 * image.pixels.len() as u64;
                    folder.slices.push(Slice { name: name(dir, path), class: class(path), image });
                }
                Err(error) => folder.unreadable.push(Unreadable { path: path.clone(), error }),
            }
        }
        if bytes > MAX_BYTES {
            let (path, limit) = (dir.into(), MAX_BYTES);
            return Err(Error::ClaimsTooMuch { path, what: "images", claimed: bytes, limit });
        }
    }
    Ok(folder)
}

/// The path below `dir`, with `/` on every system.
pub(super) fn name(dir: &Path, path: &Path) -> String {
    let below = path.strip_prefix(dir).unwrap_or(path);
    below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The name of the folder that holds the file; `.` and the like are resolved, so that it has one.
fn class(path: &Path) -> String {
    let parent = path.parent().unwrap_or(path);
    let named = parent.file_name().map(|name| name.to_string_lossy().into_owned());
    let resolved = || Some(parent.canonicalize().ok()?.file_name()?.to_string_lossy().into_owned());
    named.or_else(resolved).unwrap_or_else(|| "images".into())
}

/// Compares as a reader would: runs of digits as numbers, everything else by its characters.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (x, y) = (digits(left), digits(right));
        let order = if x.is_empty() || y.is_empty() {
            let (mut l, mut r) = (left.chars(), right.chars());
            match (l.next(), r.next()) {
                // Equal but for leading zeros: the text decides, so that the order is total.
                (None, None) => return a.cmp(b),
                (x, y) => {
                    (left, right) = (l.as_str(), r.as_str());
                    x.cmp(&y)
                }
            }
        } else {
            (left, right) = (&left[x.len()..], &right[y.len()..]);
            let (x, y) = (x.trim_start_matches('0'), y.trim_start_matches('0'));
            x.len().cmp(&y.len()).then_with(|| x.cmp(y))
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// The digits that a text begins with.
fn digits(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())]
}

#[cfg(test)]
mod tests;
