//! Reading `samples.csv` back, within stated bounds: damaged text is an error with its line, never a panic.

use super::columns::{BACK, FRONT, MAX_SIZE_NAME, MAX_SIZES};
use super::row::{CallKind, Clock, Row, Status};
use crate::error::{Error, Result};
use std::path::Path;

/// The longest `samples.csv` that is read: some 300 000 rows.
pub const MAX_SAMPLES_BYTES: u64 = 64 << 20;

const FORMAT: &str = "samples.csv";

/// Where each known column stands, and the sizes between `threads` and `flops`.
pub(super) struct Header {
    front: [usize; FRONT.len()],
    back: [usize; BACK.len()],
    pub(super) sizes: Vec<(usize, String)>,
    columns: usize,
}

/// Reads a `samples.csv` of at most [`MAX_SAMPLES_BYTES`] bytes.
///
/// # Errors
/// [`Error::Read`], [`Error::ClaimsTooMuch`], or [`Error::Format`] with the line and the column at fault.
pub fn read_samples(path: &Path) -> Result<Vec<Row>> {
    from_bytes(path, &super::read_bounded(path, "samples", MAX_SAMPLES_BYTES)?)
}

/// Parses the bytes of a `samples.csv`; `path` is named in errors only.
///
/// The columns between `threads` and `flops` are sizes, at most 48 of them; any other column that is not known is
/// ignored. What is allocated is bounded by a small multiple of the bytes given.
///
/// # Errors
/// [`Error::ClaimsTooMuch`] above [`MAX_SAMPLES_BYTES`] bytes, [`Error::Format`] with the line at fault.
pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Vec<Row>> {
    let claimed = bytes.len() as u64;
    if claimed > MAX_SAMPLES_BYTES {
        let limit = MAX_SAMPLES_BYTES;
        return Err(Error::ClaimsTooMuch { path: path.into(), what: "samples", claimed, limit });
    }
    let bad = |reason: String| Error::format(path, FORMAT, reason);
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(bytes);
    let mut records = reader.records();
    let first = match records.next() {
        None => return Err(bad("it is empty".to_string())),
        Some(record) => record.map_err(|e| bad(csv_reason(&e)))?,
    };
    let header = Header::parse(path, &first)?;
    let mut rows = Vec::new();
    for record in records {
        let record = record.map_err(|e| bad(csv_reason(&e)))?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push(header.row(&record).map_err(|reason| bad(format!("line {line}: {reason}")))?);
    }
    Ok(rows)
}

/// What the CSV parser says, in the form of the other reasons.
fn csv_reason(error: &csv::Error) -> String {
    match error.position() {
        Some(at) => format!("line {}: the text is not UTF-8", at.line()),
        None => error.to_string(),
    }
}

impl Header {
    /// Finds the columns.
    pub(super) fn parse(path: &Path, record: &csv::StringRecord) -> Result<Self> {
        let bad = |reason: String| Error::format(path, FORMAT, reason);
        let place = |name: &&str| record.iter().position(|c| c == *name);
        let missing: Vec<&str> =
            FRONT.iter().chain(&BACK).filter(|name| place(name).is_none()).copied().collect();
        if !missing.is_empty() {
            return Err(bad(format!("line 1: there is no column {}", missing.join(", "))));
        }
        let front = FRONT.map(|name| place(&name).unwrap_or_default());
        let back = BACK.map(|name| place(&name).unwrap_or_default());
        let (threads, flops) = (front[FRONT.len() - 1], back[0]);
        if threads > flops {
            return Err(bad("line 1: the sizes must stand between `threads` and `flops`".to_string()));
        }
        let mut sizes: Vec<(usize, String)> = Vec::new();
        for (at, name) in record.iter().enumerate().take(flops).skip(threads + 1) {
            let known = FRONT.contains(&name) || BACK.contains(&name);
            if known || name.is_empty() || name.len() > MAX_SIZE_NAME || sizes.iter().any(|(_, n)| n == name)
            {
                let shown: String = name.chars().take(MAX_SIZE_NAME).collect();
                return Err(bad(format!("line 1: `{shown}` cannot name a size")));
            }
            sizes.push((at, name.to_string()));
            if sizes.len() > MAX_SIZES {
                return Err(bad(format!("line 1: more than {MAX_SIZES} sizes")));
            }
        }
        Ok(Self { front, back, sizes, columns: record.len() })
    }

    /// One row; the error is the reason without the line.
    fn row(&self, record: &csv::StringRecord) -> std::result::Result<Row, String> {
        if record.len() != self.columns {
            return Err(format!("{} cells where the header has {}", record.len(), self.columns));
        }
        let cell = |at: usize| record.get(at).unwrap_or_default();
        let text = |at: usize| cell(self.front[at]).to_string();
        let wrong = |name: &str, value: &str, want: &str| {
            let shown: String = value.chars().take(40).collect();
            format!("{name} is `{shown}`, expected {want}")
        };
        let optional = |at: usize| -> std::result::Result<Option<u64>, String> {
            let value = cell(self.back[at]);
            if value.is_empty() {
                return Ok(None);
            }
            value.parse().map(Some).map_err(|_| wrong(BACK[at], value, "a whole number or nothing"))
        };
        let needed = |at: usize| -> std::result::Result<u64, String> {
            optional(at)?.ok_or_else(|| wrong(BACK[at], "", "a whole number"))
        };
        let software = match cell(self.front[4]) {
            "true" => true,
            "false" => false,
            other => return Err(wrong("software", other, "true or false")),
        };
        let threads = match cell(self.front[5]) {
            "" => None,
            value => Some(value.parse().map_err(|_| wrong("threads", value, "a whole number or nothing"))?),
        };
        let call = match cell(self.back[4]) {
            "" => None,
            value => Some(CallKind::from_word(value).ok_or_else(|| wrong("call", value, "first or warm"))?),
        };
        let clock = match cell(self.back[13]) {
            "" => None,
            value => Some(Clock::from_word(value).ok_or_else(|| wrong("clock", value, "timestamp or wall"))?),
        };
        let word = cell(self.back[14]);
        let sample = needed(3)?;
        let named = self.sizes.iter().filter(|(at, _)| !cell(*at).is_empty());
        Ok(Row {
            experiment: text(0),
            op: text(1),
            variant: text(2),
            adapter: text(3),
            software,
            threads,
            sizes: named.map(|(at, name)| (name.clone(), cell(*at).to_string())).collect(),
            flops: needed(0)?,
            bytes: needed(1)?,
            seed: needed(2)?,
            sample: u32::try_from(sample)
                .map_err(|_| wrong("sample", cell(self.back[3]), "a 32-bit number"))?,
            call,
            prepare_ns: optional(5)?,
            compile_ns: optional(6)?,
            upload_ns: optional(7)?,
            encode_ns: optional(8)?,
            kernel_ns: optional(9)?,
            resident_ns: optional(10)?,
            download_ns: optional(11)?,
            total_ns: optional(12)?,
            clock,
            status: Status::from_word(word).ok_or_else(|| wrong("status", word, "ok, skipped or failed"))?,
            reason: cell(self.back[15]).to_string(),
        })
    }
}
