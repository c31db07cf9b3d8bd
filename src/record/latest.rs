//! Run folders below a path: the latest one of each experiment.

use super::run::{Run, RunStatus};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The run folders that `path` stands for, by experiment: itself, where it holds a `run.json`; else, of the folders one
/// and two levels below, the run of each experiment that was started last. Complete runs go before others.
///
/// # Errors
/// [`Error::Read`] where a folder cannot be listed, [`Error::Records`] where there is no run.
pub fn latest_runs(path: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let own = path.join("run.json");
    if own.exists() {
        return Ok(BTreeMap::from([(Run::read(&own)?.experiment, path.to_path_buf())]));
    }
    let mut found: BTreeMap<String, (bool, String, PathBuf)> = BTreeMap::new();
    for child in folders(path)? {
        let below = if child.join("run.json").exists() { vec![child] } else { folders(&child)? };
        for folder in below {
            // A folder without a readable run.json is no run.
            let Ok(run) = Run::read(&folder.join("run.json")) else { continue };
            let candidate = (run.status == RunStatus::Complete, run.started, folder);
            let best = found.entry(run.experiment).or_insert_with(|| candidate.clone());
            if candidate > *best {
                *best = candidate;
            }
        }
    }
    if found.is_empty() {
        let reason =
            "there is no run folder in it; name a folder with a run.json, or a parent of such".to_string();
        return Err(Error::Records { what: path.display().to_string(), reason });
    }
    Ok(found.into_iter().map(|(experiment, (.., folder))| (experiment, folder)).collect())
}

fn folders(path: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|e| Error::read(path, e))? {
        let path = entry.map_err(|e| Error::read(path, e))?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    Ok(found)
}
