//! What a training run leaves behind besides `run.json`.
//!
//! | file | what | type |
//! |---|---|---|
//! | `training.csv` | one row an epoch | [`TrainingRow`] |
//! | `metrics.json` | what the kept weights achieve, and at what cost | [`Metrics`] |
//! | `layers.csv` | where the time of one training step goes | [`LayerRow`] |
//! | `learning_rate.csv` | the range test of the learning rate | [`RangeRow`] |
//! | `model.safetensors` | the weights; written and read by `nn` | |
//!
//! A folder with a `training.csv`, or with a range test alone, is a training run ([`TrainingFolder`]); one with a
//! `samples.csv` is a sweep.

mod cells;
mod csv_file;
mod folder;
mod history;
mod layers;
mod metrics;
mod range;
#[cfg(test)]
mod tests;

pub use folder::{MODEL_FILE, TrainingFolder};
pub use history::{TrainingRow, TrainingWriter, read_training};
pub use layers::{LayerRow, Part, read_layers, write_layers};
pub use metrics::{ClassMetrics, Counts, Leaks, METRICS_VERSION, Metrics, StepCeilings};
pub use range::{RangeRow, Suggestion, read_range, write_range};
