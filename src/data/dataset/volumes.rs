//! Volumes to examples: one volume a class, its axial slices the images.

use std::path::PathBuf;

use super::{Dataset, Example, LoadOptions, MAX_BYTES, files, groups};
use crate::data::folder::Unreadable;
use crate::data::image_file::Stored;
use crate::data::nifti;
use crate::data::phantom as made;
use crate::data::picture::Picture;
use crate::data::slice::{Window, axial_slices, stem};
use crate::data::volume::Volume;
use crate::error::{Error, Result};

/// The slices of the phantom.
pub(super) fn phantom(seed: u64) -> Dataset {
    let mut dataset = Dataset { origin: format!("the built-in phantom, seed {seed}"), ..Dataset::default() };
    let stored = Stored { format: "phantom", color: "grey" };
    for (class, (name, volume)) in made::phantom(seed).iter().enumerate() {
        dataset.classes.push((*name).to_owned());
        // This window has no bounds that could be wrong.
        let slices = of_volume(volume, name, class, stored, &LoadOptions::default());
        dataset.examples.extend(slices.unwrap_or_default());
    }
    groups::assign(&mut dataset.examples, &[]);
    dataset
}

/// The slices of the volumes at `paths`, each scaled by its own range.
pub(super) fn load(paths: &[PathBuf], options: &LoadOptions) -> Result<Dataset> {
    let mut named: Vec<(String, &PathBuf)> = paths.iter().map(|path| (stem(path), path)).collect();
    named.sort();
    if let Some(pair) = named.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let reason =
            format!("{} has the same name; rename one, since a volume is a class", pair[0].1.display());
        return Err(Error::format(pair[1].1, "volume of a class", reason));
    }
    let mut dataset = Dataset { origin: "axial slices, a volume a class".into(), ..Dataset::default() };
    let stored = Stored { format: "NIfTI", color: "grey" };
    let mut bytes = 0;
    for (class, (name, path)) in named.into_iter().enumerate() {
        // One after the other: a volume takes far more memory than its slices.
        match nifti::read(path).and_then(|volume| of_volume(&volume, &name, class, stored, options)) {
            Ok(slices) => dataset.examples.extend(slices),
            Err(error) => dataset.unreadable.push(Unreadable { path: path.clone(), error }),
        }
        dataset.classes.push(name);
        bytes = dataset.examples.iter().map(|e| e.picture.pixels.len() as u64).sum::<u64>().max(bytes);
        if bytes > MAX_BYTES {
            let (path, limit) = (path.clone(), MAX_BYTES);
            return Err(Error::ClaimsTooMuch { path, what: "slices", claimed: bytes, limit });
        }
    }
    groups::assign(&mut dataset.examples, &[]);
    Ok(dataset)
}

fn of_volume(
    volume: &Volume,
    name: &str,
    class: usize,
    stored: Stored,
    options: &LoadOptions,
) -> Result<Vec<Example>> {
    let slices = axial_slices(volume, Window::PerSlice)?.enumerate();
    let slices = slices.map(|(k, image)| {
        files::example(format!("{name}/{k}"), class, k, Picture::from(&image), stored, options)
    });
    Ok(slices.collect())
}
