//! Every candidate and its fate as a table: for the terminal, and as CSV beside the file.

use std::path::Path;

use super::super::median;
use super::race::interval;
use crate::error::{Error, Result};
use crate::record::{Fate, TuneFile, TuneSearch};

/// One candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The constants, as `WX=8 WY=16`.
    pub constants: String,
    /// Whether they are those of the shaders' files.
    pub default: bool,
    /// What became of it.
    pub fate: Fate,
    /// The median of the samples that decided, in nanoseconds; absent where there are none.
    pub median_ns: Option<u64>,
    /// Its interval of 95 % or more; absent below six samples.
    pub interval_ns: Option<(u64, u64)>,
    /// How many samples.
    pub samples: usize,
    /// Why, where the fate has a reason.
    pub reason: String,
}

/// The candidates of a search, as they stand in it.
pub fn lines(search: &TuneSearch) -> Vec<Line> {
    let line = |c: &crate::record::TuneCandidate| {
        let samples = c.samples();
        Line {
            constants: c.constants.clone(),
            default: c.default,
            fate: c.fate,
            median_ns: median(samples),
            interval_ns: interval(samples),
            samples: samples.len(),
            reason: c.reason.clone(),
        }
    };
    search.candidates.iter().map(line).collect()
}

const COLUMNS: [&str; 17] = [
    "adapter",
    "backend",
    "driver",
    "software",
    "op",
    "variant",
    "sizes",
    "class",
    "finished",
    "constants",
    "default",
    "fate",
    "median_ns",
    "low_ns",
    "high_ns",
    "samples",
    "reason",
];

/// Writes the table of all searches in a file.
pub(super) fn write(file: &TuneFile, path: &Path) -> Result<()> {
    let number = |n: Option<u64>| n.map_or_else(String::new, |n| n.to_string());
    let written = || -> csv::Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(COLUMNS)?;
        for search in &file.searches {
            for line in lines(search) {
                writer.write_record([
                    &search.adapter,
                    &search.backend,
                    &search.driver,
                    &search.software.to_string(),
                    &search.op,
                    &search.variant,
                    &search.sizes,
                    &search.class.to_string(),
                    search.finished.as_deref().unwrap_or(""),
                    &line.constants,
                    &line.default.to_string(),
                    line.fate.word(),
                    &number(line.median_ns),
                    &number(line.interval_ns.map(|i| i.0)),
                    &number(line.interval_ns.map(|i| i.1)),
                    &line.samples.to_string(),
                    &line.reason,
                ])?;
            }
        }
        writer.into_inner().map_err(|e| e.into_error().into())
    };
    let bytes = written().map_err(|e| Error::write(path, std::io::Error::other(e)))?;
    crate::record::replace(path, |out| std::io::Write::write_all(out, &bytes))
}
