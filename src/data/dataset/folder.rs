//! A folder with a sub-folder for each class.

use std::path::{Path, PathBuf};

use super::files::{self, Found};
use super::labels::Labels;
use super::{Dataset, LoadOptions};
use crate::data::folder;
use crate::error::{Error, Result};

/// What a folder holds, hidden entries left out, in natural order.
pub(super) struct Entries {
    pub(super) folders: Vec<PathBuf>,
    pub(super) files: Vec<PathBuf>,
}

impl Entries {
    /// How many of the files are images by their name or their first bytes.
    pub(super) fn images(&self) -> usize {
        self.files.iter().filter(|file| folder::is_candidate(file)).count()
    }
}

/// The folders and files in `dir`. A link to a folder counts as one here: it is a class that somebody linked.
pub(super) fn entries(dir: &Path) -> Result<Entries> {
    let mut found = Entries { folders: Vec::new(), files: Vec::new() };
    for entry in std::fs::read_dir(dir).map_err(|e| Error::read(dir, e))? {
        let entry = entry.map_err(|e| Error::read(dir, e))?;
        let path = entry.path();
        // Archives made on a Mac bring a shadow of every file.
        if entry.file_name().to_string_lossy().starts_with('.') || file_name(&path) == "__MACOSX" {
            continue;
        }
        if path.is_dir() { &mut found.folders } else { &mut found.files }.push(path);
    }
    for paths in [&mut found.folders, &mut found.files] {
        paths.sort_by(|a, b| folder::natural(&a.to_string_lossy(), &b.to_string_lossy()));
    }
    Ok(found)
}

/// Whether there is an image below `dir`, at any depth.
pub(super) fn holds_image(dir: &Path) -> Result<bool> {
    Ok(!folder::list(dir)?.images.is_empty())
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads the classes below `root`; `table` names the groups where `options` ask for them.
pub(super) fn load(root: &Path, table: Option<&Path>, options: &LoadOptions) -> Result<Dataset> {
    let entries = entries(root)?;
    let stray = if entries.folders.is_empty() { 0 } else { entries.images() };
    // Images without folders are one class: the folder's own name.
    let class_folders = if entries.folders.is_empty() { vec![root.to_path_buf()] } else { entries.folders };
    let mut classes: Vec<(String, PathBuf)> =
        class_folders.into_iter().map(|path| (class_name(&path), path)).collect();
    classes.sort();
    let mut found = Vec::new();
    for (class, (_, path)) in classes.iter().enumerate() {
        let images = folder::list(path)?.images;
        found.extend(images.into_iter().enumerate().map(|(order, path)| {
            let name = folder::name(root, &path);
            Found { name, path, class, order, label_group: None }
        }));
    }
    if let Some(column) = &options.group_column {
        group_by(&mut found, root, table, column, options)?;
    }
    let classes = classes.into_iter().map(|(name, _)| name).collect();
    let mut dataset = files::load(root, classes, &found, options)?;
    dataset.stray = stray;
    dataset.origin = "a folder per class".into();
    Ok(dataset)
}

/// The last part of the path; `.` and the like are resolved, so that there is one.
fn class_name(path: &Path) -> String {
    let resolved = || path.canonicalize().map(|path| file_name(&path)).unwrap_or_default();
    let name = file_name(path);
    if name.is_empty() { resolved() } else { name }
}

/// Gives each image the group that the table names for it.
fn group_by(
    found: &mut [Found],
    root: &Path,
    table: Option<&Path>,
    column: &str,
    options: &LoadOptions,
) -> Result<()> {
    let Some(table) = table else {
        let reason = format!("it has no labels.csv or manifest.csv to take the groups of `{column}` from");
        return Err(Error::format(root, "data set with groups", reason));
    };
    let labels = Labels::read_groups(table, options)?;
    let places = labels.places();
    let beside = table.parent().unwrap_or(root);
    for image in found {
        let beside_table = folder::name(beside, &image.path);
        let row = places.get(image.name.as_str()).or_else(|| places.get(beside_table.as_str()));
        let Some(&row) = row else {
            let reason = format!("it has no row for {}, so that its group is unknown", image.name);
            return Err(Error::format(table, "table of groups", reason));
        };
        image.label_group.clone_from(&labels.rows[row].group);
    }
    Ok(())
}
