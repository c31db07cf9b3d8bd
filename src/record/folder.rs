//! The folder of a run: chosen so that nothing is overwritten, found again so that a stopped run can go on.

use super::ceilings::Ceilings;
use super::facts::Facts;
use super::parse::{MAX_SAMPLES_BYTES, from_bytes};
use super::row::Row;
use super::run::{Run, RunStatus};
use super::samples::complete;
use crate::error::{Error, Result};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A folder in which a run is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
    resumed: bool,
}

/// A folder that a run left, read back whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Folder {
    /// Where it stands.
    pub path: PathBuf,
    /// Its provenance.
    pub run: Run,
    /// Its samples.
    pub rows: Vec<Row>,
    /// What was computed besides times; empty where the run wrote none.
    pub facts: Facts,
    /// What its machine can reach; absent where the run did not probe it.
    pub ceilings: Option<Ceilings>,
}

impl RunFolder {
    /// The folder for a run: an unfinished one with the same `resume_key`, to go on with, else a new
    /// `<root>/<experiment>/<date>-<machine>`, with `-2`, `-3`... behind it where that exists. The folder is made.
    ///
    /// Characters that do not belong into a file name become `-`.
    ///
    /// # Errors
    /// [`Error::Write`] where it cannot be made, [`Error::Read`] where its parent cannot be listed.
    pub fn open(root: &Path, experiment: &str, date: &str, machine: &str, resume_key: &str) -> Result<Self> {
        let parent = root.join(file_name(experiment));
        std::fs::create_dir_all(&parent).map_err(|e| Error::write(&parent, e))?;
        if let Some(path) = unfinished(&parent, resume_key)? {
            return Ok(Self { path, resumed: true });
        }
        let name = format!("{}-{}", file_name(date), file_name(machine));
        for number in 1_u32.. {
            let path = parent.join(if number == 1 { name.clone() } else { format!("{name}-{number}") });
            // Creation is the test: of two programs that try the same name, one gets it.
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path, resumed: false }),
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Error::write(&path, e)),
            }
        }
        Err(Error::Records { what: parent.display().to_string(), reason: "no folder name is free".into() })
    }

    /// Where it stands.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether an earlier run began it.
    pub fn resumed(&self) -> bool {
        self.resumed
    }

    /// The place of `samples.csv`.
    pub fn samples(&self) -> PathBuf {
        self.path.join("samples.csv")
    }

    /// The place of `run.json`.
    pub fn run(&self) -> PathBuf {
        self.path.join("run.json")
    }

    /// The place of `facts.json`.
    pub fn facts(&self) -> PathBuf {
        self.path.join("facts.json")
    }
}

impl Folder {
    /// Reads `run.json`, `samples.csv` and, where they are, `facts.json` and `ceilings.json`.
    ///
    /// # Errors
    /// Those of the four readers; [`Error::Records`] where a sample stands there twice.
    pub fn read(path: &Path) -> Result<Self> {
        let run = Run::read(&path.join("run.json"))?;
        let samples = path.join("samples.csv");
        let mut bytes = super::read_bounded(&samples, "samples", MAX_SAMPLES_BYTES)?;
        if run.status != RunStatus::Complete {
            // A killed run may end in half a row; the whole ones before it are as good as ever.
            bytes.truncate(complete(&bytes));
        }
        let rows = from_bytes(&samples, &bytes)?;
        if complete(&bytes) < bytes.len() {
            // A cut through the last cell, a reason, leaves a row that looks whole.
            let reason = "its last row has no line end: the file was cut";
            return Err(Error::format(&samples, "samples.csv", reason.to_string()));
        }
        refuse_repeats(&samples, &rows)?;
        let facts = path.join("facts.json");
        let facts = if facts.exists() { Facts::read(&facts)? } else { Facts::default() };
        let ceilings = path.join(Ceilings::FILE);
        let ceilings = if ceilings.exists() { Some(Ceilings::read(&ceilings)?) } else { None };
        Ok(Self { path: path.into(), run, rows, facts, ceilings })
    }
}

/// Refuses a sample that stands there twice: a file that was put together from two would make every interval too narrow.
fn refuse_repeats(path: &Path, rows: &[Row]) -> Result<()> {
    let mut seen = HashMap::new();
    for (number, row) in rows.iter().enumerate().filter(|(_, r)| r.call.is_some()) {
        let key = (&row.op, &row.variant, row.threads, &row.sizes, row.call, row.sample);
        if let Some(before) = seen.insert(key, number) {
            let sizes: Vec<String> =
                row.sizes.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let reason = format!(
                "row {} is sample {} of {}/{} [{}] once more, after row {}; the samples of two runs belong into two \
                 folders",
                number + 1,
                row.sample,
                row.op,
                row.variant,
                sizes.join(" "),
                before + 1
            );
            return Err(Error::Records { what: path.display().to_string(), reason });
        }
    }
    Ok(())
}

/// The last folder, by name, whose run has the key and is not complete.
fn unfinished(parent: &Path, resume_key: &str) -> Result<Option<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(parent).map_err(|e| Error::read(parent, e))? {
        let path = entry.map_err(|e| Error::read(parent, e))?.path();
        // A folder without a readable run.json is someone else's, or damaged: it is left alone.
        if let Ok(run) = Run::read(&path.join("run.json"))
            && run.status != RunStatus::Complete
            && run.resume_key == resume_key
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found.pop())
}

/// The text as a file name: letters, digits, `.`, `_` and `-`, not hidden, at most 80 bytes.
fn file_name(text: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name: String = text.trim().chars().map(keep).take(80).collect();
    let name = name.trim_start_matches(['.', '-']).trim_end_matches(['.', '-']);
    if name.is_empty() { "unnamed".to_string() } else { name.to_string() }
}
