//! `layers.csv`: where the time of one training step goes, one row a layer, part and operation.

use super::super::row::Clock;
use super::cells::{Cells, CsvRow, cell, wrong};
use super::csv_file::{self, Torn};
use crate::error::Result;
use std::path::Path;

/// Which part of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// From the images to the loss.
    Forward,
    /// From the loss to the gradients.
    Backward,
    /// Gradients applied to the parameters.
    Update,
    /// What the host does meanwhile and the step waits for: recording, batches.
    Host,
    /// Copies to and from the device.
    Transfer,
}

impl Part {
    /// All parts, in the order in which a step has them.
    pub const ALL: [Self; 5] = [Self::Transfer, Self::Host, Self::Forward, Self::Backward, Self::Update];

    /// The word in the column `part`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Backward => "backward",
            Self::Update => "update",
            Self::Host => "host",
            Self::Transfer => "transfer",
        }
    }

    /// The part that a word of the column `part` means.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.word() == word)
    }
}

/// The calls of one operation for one layer in one part of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerRow {
    /// The layer's name in the network, as `3 maxpool`; empty for what belongs to no layer.
    pub layer: String,
    /// The layer's kind, as `conv2d` or `dense`; empty for what belongs to no layer.
    pub kind: String,
    /// The part of the step.
    pub part: Part,
    /// The operation; empty for host and transfer.
    pub op: String,
    /// Its variant; empty for host and transfer.
    pub variant: String,
    /// Calls in one step.
    pub calls: u64,
    /// The time of all these calls in one step, in nanoseconds: the median over the steps measured.
    pub time_ns: u64,
    /// Where the time comes from; absent where it is not known.
    pub clock: Option<Clock>,
    /// Floating-point operations of all these calls, from the op's cost.
    pub flops: u64,
    /// Bytes that all these calls must at least read and write, from the op's cost; of a transfer, the bytes copied.
    pub bytes: u64,
}

impl CsvRow for LayerRow {
    const FORMAT: &'static str = "layers.csv";
    const COLUMNS: &'static [&'static str] =
        &["layer", "kind", "part", "op", "variant", "calls", "time_ns", "clock", "flops", "bytes"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.layer.clone(),
            self.kind.clone(),
            self.part.word().to_string(),
            self.op.clone(),
            self.variant.clone(),
            self.calls.to_string(),
            self.time_ns.to_string(),
            cell(self.clock.map(Clock::word)),
            self.flops.to_string(),
            self.bytes.to_string(),
        ]
    }

    fn from_cells(cells: &Cells<'_>) -> std::result::Result<Self, String> {
        const WHOLE: &str = "a whole number";
        let part = cells.text("part");
        let clock = match cells.text("clock") {
            "" => None,
            word => Some(
                Clock::from_word(word).ok_or_else(|| wrong("clock", word, "timestamp, wall or nothing"))?,
            ),
        };
        Ok(Self {
            layer: cells.text("layer").to_string(),
            kind: cells.text("kind").to_string(),
            part: Part::from_word(part)
                .ok_or_else(|| wrong("part", part, "forward, backward, update, host or transfer"))?,
            op: cells.text("op").to_string(),
            variant: cells.text("variant").to_string(),
            calls: cells.needed("calls", WHOLE)?,
            time_ns: cells.needed("time_ns", WHOLE)?,
            clock,
            flops: cells.needed("flops", WHOLE)?,
            bytes: cells.needed("bytes", WHOLE)?,
        })
    }
}

/// Reads a `layers.csv`.
///
/// # Errors
/// [`crate::Error::Read`], [`crate::Error::ClaimsTooMuch`] above 16 MiB, [`crate::Error::Format`] with the line at
/// fault.
pub fn read_layers(path: &Path) -> Result<Vec<LayerRow>> {
    csv_file::read(path, Torn::Refused)
}

/// Writes a `layers.csv` in one step; an earlier one is replaced.
///
/// # Errors
/// [`crate::Error::Write`].
pub fn write_layers(path: &Path, rows: &[LayerRow]) -> Result<()> {
    csv_file::write(path, rows)
}
