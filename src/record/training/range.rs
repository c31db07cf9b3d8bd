//! `learning_rate.csv`: the range test of the learning rate, and what follows from its rows.

use super::cells::{Cells, CsvRow, cell};
use super::csv_file::{self, Torn};
use crate::error::Result;
use std::path::Path;

/// One step of a range test.
#[derive(Debug, Clone, PartialEq)]
pub struct RangeRow {
    /// The step's number, from 0.
    pub step: u32,
    /// The learning rate that the step was made with.
    pub learning_rate: f64,
    /// The loss of the step's batch, in nats, before the step.
    pub loss: f64,
    /// The loss smoothed over the steps so far; absent where the loss is not finite.
    pub smoothed: Option<f64>,
}

impl CsvRow for RangeRow {
    const FORMAT: &'static str = "learning_rate.csv";
    const COLUMNS: &'static [&'static str] = &["step", "learning_rate", "loss", "smoothed"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.step.to_string(),
            self.learning_rate.to_string(),
            self.loss.to_string(),
            cell(self.smoothed),
        ]
    }

    fn from_cells(cells: &Cells<'_>) -> std::result::Result<Self, String> {
        Ok(Self {
            step: cells.needed("step", "a whole number")?,
            learning_rate: cells.needed("learning_rate", "a number")?,
            loss: cells.needed("loss", "a number")?,
            smoothed: cells.optional("smoothed", "a number")?,
        })
    }
}

/// Reads a `learning_rate.csv`.
///
/// # Errors
/// [`crate::Error::Read`], [`crate::Error::ClaimsTooMuch`] above 16 MiB, [`crate::Error::Format`] with the line at
/// fault.
pub fn read_range(path: &Path) -> Result<Vec<RangeRow>> {
    csv_file::read(path, Torn::Refused)
}

/// Writes a `learning_rate.csv` in one step; an earlier one is replaced.
///
/// # Errors
/// [`crate::Error::Write`].
pub fn write_range(path: &Path, rows: &[RangeRow]) -> Result<()> {
    csv_file::write(path, rows)
}

/// What a range test suggests. It stands here, beside the rows, because who trains and who reports both need it and
/// neither may use the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suggestion {
    /// The rate at which the smoothed loss falls most steeply against the logarithm of the rate: Smith, "Cyclical
    /// Learning Rates for Training Neural Networks", WACV 2017, as the common finders read it.
    pub steepest: f64,
    /// One tenth of the rate at which the smoothed loss is least.
    pub tenth_of_minimum: f64,
}

impl Suggestion {
    /// The suggestion of a test whose rates ascend. Slopes are central differences against the rate's logarithm, and
    /// one-sided at the ends; only those up to the minimum count, since what falls after it recovers from divergence.
    /// `None` with fewer than three finite rows, or where the loss never falls.
    pub fn of(rows: &[RangeRow]) -> Option<Self> {
        let finite: Vec<(f64, f64)> = rows
            .iter()
            .filter_map(|r| Some((r.learning_rate, r.smoothed?)))
            .filter(|(rate, loss)| *rate > 0.0 && rate.is_finite() && loss.is_finite())
            .collect();
        if finite.len() < 3 {
            return None;
        }
        let least = (0..finite.len()).min_by(|a, b| finite[*a].1.total_cmp(&finite[*b].1))?;
        let slope = |i: usize| {
            let (from, to) = (finite[i.saturating_sub(1)], finite[(i + 1).min(finite.len() - 1)]);
            (to.1 - from.1) / (to.0 / from.0).ln()
        };
        let steepest = (0..=least).min_by(|a, b| slope(*a).total_cmp(&slope(*b)))?;
        (slope(steepest) < 0.0)
            .then(|| Self { steepest: finite[steepest].0, tenth_of_minimum: finite[least].0 / 10.0 })
    }
}
