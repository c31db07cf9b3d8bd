//! What a run leaves behind: samples, provenance and facts, written and read back.
//!
//! A run owns one folder, `results/<experiment>/<date>-<machine>/`. In it stand `run.json` ([`Run`]: what was run,
//! on what machine), `samples.csv` (one [`Row`] a timed call), what the machine can reach (`ceilings.json`, [`Ceilings`])
//! and, where an experiment computes more than times, `facts.json` ([`Facts`]). A run that trains a network has
//! `training.csv` ([`TrainingRow`]), `metrics.json` ([`Metrics`]), `layers.csv` ([`LayerRow`]) and `learning_rate.csv`
//! ([`RangeRow`]) in place of samples. Everything that is reported is rebuilt from these files.

mod ceilings;
mod columns;
mod facts;
mod folder;
mod latest;
mod parse;
mod row;
mod run;
mod samples;
#[cfg(test)]
mod tests;
mod training;
mod tuned;

pub use ceilings::{CEILINGS_VERSION, Ceilings, Probe, ProbeKind, Side, SkippedProbe};
pub use facts::Facts;
pub use folder::{Folder, RunFolder};
pub use latest::{latest_runs, repeated_runs};
pub use parse::{MAX_SAMPLES_BYTES, from_bytes, read_samples};
pub use row::{CallKind, Clock, Row, Status, WITH_CHECKS};
pub use run::{AdapterInfo, Run, RunStatus, SCHEMA_VERSION};
pub use samples::SamplesWriter;
pub use training::{
    ClassMetrics, Counts, LayerRow, Leaks, METRICS_VERSION, MODEL_FILE, Metrics, Part, RangeRow,
    StepCeilings, Suggestion, TrainingFolder, TrainingRow, TrainingWriter, read_layers, read_range,
    read_training, write_layers, write_range,
};
pub use tuned::{Fate, TUNED_VERSION, TuneCandidate, TuneFile, TuneSearch};

use crate::error::{Error, Result};
use std::io::Read;
use std::path::Path;

/// Reads a whole file of at most `limit` bytes; a longer one is refused before it is held in memory.
fn read_bounded(path: &Path, what: &'static str, limit: u64) -> Result<Vec<u8>> {
    let file = std::fs::File::open(path).map_err(|e| Error::read(path, e))?;
    let claimed = file.metadata().map_err(|e| Error::read(path, e))?.len();
    if claimed > limit {
        return Err(Error::ClaimsTooMuch { path: path.into(), what, claimed, limit });
    }
    let mut bytes = Vec::new();
    // A file can grow, and a pipe has no length: the reader itself is cut one byte past the limit.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|e| Error::read(path, e))?;
    if bytes.len() as u64 > limit {
        return Err(Error::ClaimsTooMuch { path: path.into(), what, claimed: bytes.len() as u64, limit });
    }
    Ok(bytes)
}

/// Writes a file so that a reader sees the old text or the new one, never half: a temporary file beside it, then a
/// rename.
fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, |file| std::io::Write::write_all(file, bytes))
}

/// Replaces a file by what `write` puts into a temporary one beside it: synchronised, then renamed, so that after any
/// failure, a full disk included, the file that was there is whole.
///
/// # Errors
/// [`Error::Write`]; the temporary file is gone then.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&mut std::fs::File) -> std::io::Result<()>,
) -> Result<()> {
    let mut name = path.file_name().map(std::ffi::OsStr::to_os_string).unwrap_or_default();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let write_all = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(&temporary)?;
        write(&mut file)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    write_all().map_err(|e| {
        // The half-written file is of no use to anyone; that it may not go either changes nothing.
        let _ = std::fs::remove_file(&temporary);
        Error::write(path, e)
    })
}
