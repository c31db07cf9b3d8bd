//! CSV files of typed rows: read whole within a limit, written in one step.

use super::super::samples::complete;
use super::cells::{Cells, CsvRow};
use crate::error::{Error, Result};
use std::path::Path;

/// The longest CSV file of a training run that is read, in bytes: some hundred thousand rows.
pub(super) const MAX_BYTES: u64 = 16 << 20;

/// Whether a last line without its end is an error, or cut away because the program that wrote it was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Torn {
    Refused,
    CutAway,
}

/// Reads a file of rows.
///
/// # Errors
/// [`Error::Read`], [`Error::ClaimsTooMuch`] above 16 MiB, [`Error::Format`] with the line at fault.
pub(super) fn read<T: CsvRow>(path: &Path, torn: Torn) -> Result<Vec<T>> {
    from_bytes(path, super::super::read_bounded(path, "rows", MAX_BYTES)?, torn)
}

/// Parses the bytes of a file; `path` is named in errors only. Columns that are not known are ignored, so that a later
/// version may add some.
///
/// # Errors
/// [`Error::Format`] with the line at fault.
pub(super) fn from_bytes<T: CsvRow>(path: &Path, mut bytes: Vec<u8>, torn: Torn) -> Result<Vec<T>> {
    let bad = |reason: String| Error::format(path, T::FORMAT, reason);
    let whole = complete(&bytes);
    if whole < bytes.len() && torn == Torn::Refused {
        let line = 1 + bytes[..whole].iter().filter(|b| **b == b'\n').count();
        return Err(bad(format!(
            "line {line}: the file is cut short there; copy it again, or delete that line to use the rows before it"
        )));
    }
    bytes.truncate(whole);
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(bytes.as_slice());
    let mut records = reader.records();
    let header = match records.next() {
        None => return Err(bad("it is empty".to_string())),
        Some(record) => record.map_err(|e| bad(csv_reason(&e)))?,
    };
    let mut places = Vec::with_capacity(T::COLUMNS.len());
    for name in T::COLUMNS {
        let Some(at) = header.iter().position(|c| c == *name) else {
            return Err(bad(format!("line 1: there is no column {name}")));
        };
        places.push((*name, at));
    }
    let mut rows = Vec::new();
    for record in records {
        let record = record.map_err(|e| bad(csv_reason(&e)))?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != header.len() {
            let (found, want) = (record.len(), header.len());
            return Err(bad(format!("line {line}: {found} cells where the header has {want}")));
        }
        let row = T::from_cells(&Cells { record: &record, places: &places });
        rows.push(row.map_err(|reason| bad(format!("line {line}: {reason}")))?);
    }
    Ok(rows)
}

/// Header and rows as the bytes of a file.
pub(super) fn to_bytes<T: CsvRow>(rows: &[T]) -> std::io::Result<Vec<u8>> {
    let mut bytes = line(T::COLUMNS)?;
    for row in rows {
        bytes.extend(line(&row.cells())?);
    }
    Ok(bytes)
}

/// One line, quoted where a cell needs it, with its end.
pub(super) fn line<S: AsRef<[u8]>>(cells: &[S]) -> std::io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells).map_err(std::io::Error::other)?;
    writer.into_inner().map_err(|e| std::io::Error::other(e.error().to_string()))
}

/// Writes a file of rows in one step: a reader sees the old rows or the new ones.
///
/// # Errors
/// [`Error::Write`].
pub(super) fn write<T: CsvRow>(path: &Path, rows: &[T]) -> Result<()> {
    let bytes = to_bytes(rows).map_err(|e| Error::write(path, e))?;
    super::super::write_atomically(path, &bytes)
}

/// What the CSV parser says, in the form of the other reasons.
fn csv_reason(error: &csv::Error) -> String {
    match error.position() {
        Some(at) => format!("line {}: the text is not UTF-8", at.line()),
        None => error.to_string(),
    }
}
