//! Which slices `tesela reproduce` works on: those given, else the shared ones, else the phantom.

use std::path::Path;

use super::folder::{self, Slice, Unreadable};
use super::nifti;
use super::phantom;
use super::slice::{Window, axial_slices, stem};
use crate::error::{Error, Result};

/// Where the shared MRI slices are, from the directory that the program was started in.
pub const SHARED: &str = "../shared/data/mri_volumes";

/// Where slices came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A folder or a volume that the user named.
    Given,
    /// The folder [`SHARED`].
    Shared,
    /// Made by the program.
    Phantom,
}

/// Slices, and where they came from.
#[derive(Debug)]
pub struct Source {
    /// Which of the three it is.
    pub origin: Origin,
    /// The same in one line, with the number of images and classes.
    pub description: String,
    /// The slices, in natural order of their names; at least one.
    pub slices: Vec<Slice>,
    /// Images that could not be read; to be shown to the user.
    pub unreadable: Vec<Unreadable>,
}

/// Finds MRI slices: those in `data` (a folder of images, or a NIfTI volume) where it is given, else those of
/// [`SHARED`] where that folder is there, else the phantom's.
///
/// # Errors
/// Those of the readers; [`Error::Format`] where `data` holds no readable image. The shared folder is held to the same: a
/// broken one is an error and no reason to take the phantom silently.
pub fn find_mri(data: Option<&Path>) -> Result<Source> {
    find_mri_at(data, Path::new(SHARED))
}

fn find_mri_at(data: Option<&Path>, shared: &Path) -> Result<Source> {
    match data {
        Some(path) if path.is_file() => volume(path),
        Some(path) => images(path, Origin::Given),
        None if shared.is_dir() => images(shared, Origin::Shared),
        None => {
            let what = format!("the built-in phantom (synthetic, seed {})", phantom::SEED);
            Ok(source(Origin::Phantom, &what, phantom::slices(phantom::SEED), Vec::new()))
        }
    }
}

fn images(dir: &Path, origin: Origin) -> Result<Source> {
    let folder = folder::read(dir)?;
    if folder.slices.is_empty() {
        let reason = match folder.unreadable.first() {
            Some(bad) => format!(
                "none of its {} images can be read; the first: {}",
                folder.unreadable.len(),
                bad.error
            ),
            None => "it holds no PNG or JPEG image; a NIfTI volume is given by its file name".into(),
        };
        return Err(Error::format(dir, "folder of images", reason));
    }
    let what = match origin {
        Origin::Shared => format!("the shared MRI slices in {}", dir.display()),
        _ => format!("the images in {}", dir.display()),
    };
    Ok(source(origin, &what, folder.slices, folder.unreadable))
}

fn volume(path: &Path) -> Result<Source> {
    let volume = nifti::read(path)?;
    let class = stem(path);
    let slices = axial_slices(&volume, Window::PerSlice)?.enumerate();
    let slices =
        slices.map(|(k, image)| Slice { name: format!("{class}-slice{k:03}"), class: class.clone(), image });
    Ok(source(
        Origin::Given,
        &format!("the axial slices of {}", path.display()),
        slices.collect(),
        Vec::new(),
    ))
}

fn source(origin: Origin, what: &str, slices: Vec<Slice>, unreadable: Vec<Unreadable>) -> Source {
    let mut classes: Vec<&str> = slices.iter().map(|slice| slice.class.as_str()).collect();
    classes.sort_unstable();
    classes.dedup();
    let bad =
        if unreadable.is_empty() { String::new() } else { format!(", {} unreadable", unreadable.len()) };
    let plural = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let images = plural(slices.len(), "image", "images");
    let description = format!("{what}: {images}{bad} in {}", plural(classes.len(), "class", "classes"));
    Source { origin, description, slices, unreadable }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::grey::{Encoding, GreyImage};

    #[test]
    fn given_then_shared_then_phantom() {
        let dir = tempfile::tempdir().unwrap();
        let shared = dir.path().join("shared");
        let phantom = find_mri_at(None, &shared).unwrap();
        assert_eq!((phantom.origin, phantom.slices.len()), (Origin::Phantom, 273));
        assert!(phantom.description.ends_with("273 images in 3 classes"), "{}", phantom.description);

        std::fs::create_dir_all(shared.join("jpg/one")).unwrap();
        let error = find_mri_at(None, &shared).unwrap_err().to_string();
        assert!(error.contains("holds no PNG or JPEG"), "{error}");
        let image = GreyImage::new(1, 1, vec![9.0]).unwrap();
        image.write(&shared.join("jpg/one/a.jpg"), Encoding::Jpeg).unwrap();
        let found = find_mri_at(None, &shared).unwrap();
        assert_eq!((found.origin, found.slices[0].class.as_str()), (Origin::Shared, "one"));

        std::fs::write(shared.join("jpg/one/b.jpg"), "no image").unwrap();
        let given = find_mri_at(Some(&shared.join("jpg/one")), Path::new("nowhere")).unwrap();
        assert_eq!((given.origin, given.slices.len(), given.unreadable.len()), (Origin::Given, 1, 1));
        assert!(given.description.ends_with("1 image, 1 unreadable in 1 class"), "{}", given.description);
        assert!(matches!(find_mri_at(Some(Path::new("no/where")), &shared), Err(Error::Read { .. })));
    }

    #[test]
    fn a_volume_is_a_source() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("head.nii");
        std::fs::write(&path, nifti::tests::Sample::default().file()).unwrap();
        let source = find_mri_at(Some(&path), Path::new("nowhere")).unwrap();
        assert_eq!(source.slices.len(), 4);
        assert_eq!(
            (source.slices[3].name.as_str(), source.slices[3].class.as_str()),
            ("head-slice003", "head")
        );
    }

    #[test]
    fn the_shared_slices_are_all_read() {
        let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join(SHARED);
        if !shared.is_dir() {
            println!("skipped: {} is not there", shared.display());
            return;
        }
        let source = find_mri_at(None, &shared).unwrap();
        assert_eq!((source.slices.len(), source.unreadable.len()), (273, 0));
        assert_eq!(source.slices[10].name, "jpg/anatomical/anatomical10.jpg");
        assert_eq!(source.slices[272].class, "metaanalytic");
    }
}
