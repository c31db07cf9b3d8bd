//! The columns of `samples.csv`: their names and order, once for the writer and the reader.

use super::row::{CallKind, Clock, Row, Status};

/// The columns in front of the sizes.
pub(super) const FRONT: [&str; 6] = ["experiment", "op", "variant", "adapter", "software", "threads"];

/// The columns behind the sizes.
pub(super) const BACK: [&str; 16] = [
    "flops",
    "bytes",
    "seed",
    "sample",
    "call",
    "prepare_ns",
    "compile_ns",
    "upload_ns",
    "encode_ns",
    "kernel_ns",
    "resident_ns",
    "download_ns",
    "total_ns",
    "clock",
    "status",
    "reason",
];

/// At most so many sizes in one file; it bounds what a damaged header can make the reader allocate.
pub(super) const MAX_SIZES: usize = 48;

/// The longest name of a size, in bytes, for the same reason.
pub(super) const MAX_SIZE_NAME: usize = 32;

impl CallKind {
    /// The word in the column `call`.
    pub fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Warm => "warm",
        }
    }

    /// The kind that a word of the column `call` means.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::First, Self::Warm].into_iter().find(|k| k.word() == word)
    }
}

impl Clock {
    /// The word in the column `clock`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Timestamp => "timestamp",
            Self::Wall => "wall",
        }
    }

    /// The clock that a word of the column `clock` means.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Timestamp, Self::Wall].into_iter().find(|k| k.word() == word)
    }
}

impl Status {
    /// The word in the column `status`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }

    /// The status that a word of the column `status` means.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Ok, Self::Skipped, Self::Failed].into_iter().find(|k| k.word() == word)
    }
}

/// The cells of a row, in the order of the columns. A size of `size_names` that the row lacks is an empty cell.
pub(super) fn cells(row: &Row, size_names: &[String]) -> Vec<String> {
    let number = |x: Option<u64>| x.map_or_else(String::new, |x| x.to_string());
    let mut cells = vec![
        row.experiment.clone(),
        row.op.clone(),
        row.variant.clone(),
        row.adapter.clone(),
        row.software.to_string(),
        number(row.threads.map(u64::from)),
    ];
    for name in size_names {
        cells.push(row.sizes.iter().find(|(n, _)| n == name).map_or_else(String::new, |(_, v)| v.clone()));
    }
    cells.extend([
        row.flops.to_string(),
        row.bytes.to_string(),
        row.seed.to_string(),
        row.sample.to_string(),
    ]);
    cells.push(row.call.map_or("", CallKind::word).to_string());
    cells.extend(
        [
            row.prepare_ns,
            row.compile_ns,
            row.upload_ns,
            row.encode_ns,
            row.kernel_ns,
            row.resident_ns,
            row.download_ns,
            row.total_ns,
        ]
        .map(number),
    );
    cells.push(row.clock.map_or("", Clock::word).to_string());
    cells.push(row.status.word().to_string());
    cells.push(row.reason.clone());
    cells
}
