//! What kind of data set a path holds.

use std::path::{Path, PathBuf};

use super::{Labels, LoadOptions, folder};
use crate::error::{Error, Result};

/// Tables of labels or groups that a folder may hold, the first that is there.
const TABLES: [&str; 2] = ["labels.csv", "manifest.csv"];
/// Folders with these names (in any case) are parts of a split made by somebody, and no classes.
const PARTS: [&str; 10] =
    ["train", "training", "test", "testing", "val", "valid", "validation", "eval", "dev", "holdout"];

/// Where the examples are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// A folder with a sub-folder for each class.
    Folder {
        /// The folder of the classes.
        root: PathBuf,
        /// A table that lies beside the images; groups are taken from it where they are asked for.
        table: Option<PathBuf>,
    },
    /// A CSV file of files and labels.
    Csv(PathBuf),
    /// NIfTI volumes, one a class.
    Volumes(Vec<PathBuf>),
    /// The built-in phantom.
    Phantom {
        /// Its seed.
        seed: u64,
    },
}

impl Layout {
    /// Looks at what is there; no image is read.
    ///
    /// A folder of classes comes first; a folder with a table of labels and fewer than two classes is read by its
    /// table; then come volumes, and last images without a class, which are one class.
    ///
    /// # Errors
    /// [`Error::Read`] for a path that is not there or cannot be listed; [`Error::Format`] for one that is no data
    /// set.
    pub fn detect(path: Option<&Path>, options: &LoadOptions) -> Result<Self> {
        let Some(path) = path else { return Ok(Self::Phantom { seed: options.seed }) };
        let metadata = std::fs::metadata(path).map_err(|e| Error::read(path, e))?;
        if metadata.is_dir() {
            return Self::of_folder(path, options);
        }
        match () {
            () if has_end(path, ".csv") => Ok(Self::Csv(path.into())),
            () if is_volume(path) => Ok(Self::Volumes(vec![path.into()])),
            () => Err(refuse(path, "it is neither a folder nor a .csv, .nii or .nii.gz file")),
        }
    }

    fn of_folder(path: &Path, options: &LoadOptions) -> Result<Self> {
        let (mut root, mut entries) = (path.to_path_buf(), folder::entries(path)?);
        let tables = |dir: &Path| TABLES.iter().map(|name| dir.join(name)).find(|table| table.is_file());
        let mut table = tables(path);
        // An archive often unpacks to a single folder, and that to the classes.
        while let [only] = &entries.folders[..] {
            let inside = folder::entries(only)?;
            let mut holds_images = Ok(false);
            for folder in &inside.folders {
                holds_images = folder::holds_image(folder);
                if !matches!(holds_images, Ok(false)) {
                    break;
                }
            }
            if !holds_images? {
                break;
            }
            root = only.clone();
            table = table.or_else(|| tables(&root));
            entries = inside;
        }
        let volumes: Vec<PathBuf> = entries.files.iter().filter(|file| is_volume(file)).cloned().collect();
        let with_images = count_with_images(&entries.folders)?;
        if with_images > 1 {
            refuse_parts(&root, &entries.folders)?;
        }
        match (with_images, table) {
            (0 | 1, Some(table))
                if with_images + entries.images() > 0 && Labels::has_labels(&table, options) =>
            {
                Ok(Self::Csv(table))
            }
            (0, _) if entries.images() == 0 && !volumes.is_empty() => Ok(Self::Volumes(volumes)),
            (_, table) => Ok(Self::Folder { root, table }),
        }
    }
}

fn count_with_images(folders: &[PathBuf]) -> Result<usize> {
    let mut count = 0;
    for folder in folders {
        count += usize::from(folder::holds_image(folder)?);
    }
    Ok(count)
}

/// A folder of `train` and `test` would give two classes of these names, and a network that learns nothing.
fn refuse_parts(root: &Path, folders: &[PathBuf]) -> Result<()> {
    let names: Vec<String> = folders.iter().map(|path| folder::file_name(path)).collect();
    if !names.iter().all(|name| PARTS.contains(&name.to_ascii_lowercase().as_str())) {
        return Ok(());
    }
    let reason = format!(
        "its folders ({}) are parts of a split and no classes; give one of them, and it is split anew",
        names.join(", ")
    );
    Err(refuse(root, reason))
}

fn is_volume(path: &Path) -> bool {
    has_end(path, ".nii") || has_end(path, ".nii.gz")
}

fn has_end(path: &Path, end: &str) -> bool {
    folder::file_name(path).to_ascii_lowercase().ends_with(end)
}

fn refuse(path: &Path, reason: impl Into<String>) -> Error {
    Error::format(path, "data set", reason)
}
