//! Run folders below a path: the latest one of each experiment, and those that repeat it.

use super::run::{Run, RunStatus};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A run folder: what decides which is the latest stands first.
type Candidate = (bool, String, PathBuf, String);

/// The run folders that `path` stands for, by experiment: itself, where it holds a `run.json`; else, of the folders one
/// and two levels below, the run of each experiment that was started last. Complete runs go before others.
///
/// # Errors
/// [`Error::Read`] where a folder cannot be listed, [`Error::Records`] where there is no run.
pub fn latest_runs(path: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let latest = |(experiment, mut runs): (String, Vec<PathBuf>)| Some((experiment, runs.pop()?));
    Ok(repeated_runs(path, &[])?.into_iter().filter_map(latest).collect())
}

/// As [`latest_runs`], and before each latest run, the oldest first, every complete run that it repeats: of the same
/// experiment, program, machine and seed, as their resume keys say. Below a parent the folders in `without` are passed over
/// before the latest is chosen, under whatever name they are met.
///
/// # Errors
/// As [`latest_runs`].
pub fn repeated_runs(path: &Path, without: &[PathBuf]) -> Result<BTreeMap<String, Vec<PathBuf>>> {
    let own = path.join("run.json");
    if own.exists() {
        return Ok(BTreeMap::from([(Run::read(&own)?.experiment, vec![path.to_path_buf()])]));
    }
    let without: Vec<PathBuf> = without.iter().map(|path| real(path)).collect();
    let mut found: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
    for child in folders(path)? {
        let below = if child.join("run.json").exists() { vec![child] } else { folders(&child)? };
        for folder in below.into_iter().filter(|folder| !without.contains(&real(folder))) {
            // A folder without a readable run.json is no run.
            let Ok(run) = Run::read(&folder.join("run.json")) else { continue };
            let complete = run.status == RunStatus::Complete;
            found.entry(run.experiment).or_default().push((complete, run.started, folder, run.resume_key));
        }
    }
    if found.is_empty() {
        let reason =
            "there is no run folder in it; name a folder with a run.json, or a parent of such".to_string();
        return Err(Error::Records { what: path.display().to_string(), reason });
    }
    Ok(found.into_iter().map(|(experiment, runs)| (experiment, repeats(runs))).collect())
}

/// The one name of a folder among those that lead to it.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// The latest of these and those that it repeats, the latest at the end.
fn repeats(mut runs: Vec<Candidate>) -> Vec<PathBuf> {
    runs.sort();
    let Some((complete, _, latest, key)) = runs.pop() else { return Vec::new() };
    let like = |run: &Candidate| complete && run.0 && !key.is_empty() && run.3 == key;
    runs.into_iter().filter(like).map(|(_, _, folder, _)| folder).chain([latest]).collect()
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
