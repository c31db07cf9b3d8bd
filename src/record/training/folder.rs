//! The folder of a training run, read back whole.

use super::super::folder::RunFolder;
use super::super::run::{Run, RunStatus};
use super::history::{TrainingRow, read_stopped, read_training};
use super::layers::{LayerRow, read_layers};
use super::metrics::Metrics;
use super::range::{RangeRow, read_range};
use crate::error::Result;
use std::path::{Path, PathBuf};

const TRAINING: &str = "training.csv";
const METRICS: &str = "metrics.json";
const LAYERS: &str = "layers.csv";
const RANGE: &str = "learning_rate.csv";

/// The name of the file with the kept weights.
pub const MODEL_FILE: &str = "model.safetensors";

/// What a training run left. Files that a run need not write are empty or `None` where they are missing.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingFolder {
    /// Where it stands.
    pub path: PathBuf,
    /// Its provenance.
    pub run: Run,
    /// The epochs; none in a range test alone.
    pub epochs: Vec<TrainingRow>,
    /// The outcome; absent while the run has not ended.
    pub metrics: Option<Metrics>,
    /// Where the time of a step goes; empty where it was not measured.
    pub layers: Vec<LayerRow>,
    /// The range test; empty where there was none.
    pub range: Vec<RangeRow>,
}

impl TrainingFolder {
    /// Whether the folder is that of a training run: it holds a `training.csv`, or a range test and no samples.
    pub fn is(path: &Path) -> bool {
        let has = |name: &str| path.join(name).exists();
        has(TRAINING) || (has(RANGE) && !has("samples.csv"))
    }

    /// Reads all that is there. A last epoch that was torn when the run was stopped is left out.
    ///
    /// # Errors
    /// Those of the readers.
    pub fn read(path: &Path) -> Result<Self> {
        let run = Run::read(&path.join("run.json"))?;
        let there = |name: &str| Some(path.join(name)).filter(|p| p.exists());
        let epochs = match there(TRAINING) {
            None => Vec::new(),
            Some(file) if run.status == RunStatus::Complete => read_training(&file)?,
            Some(file) => read_stopped(&file)?,
        };
        Ok(Self {
            path: path.into(),
            run,
            epochs,
            metrics: there(METRICS).map(|file| Metrics::read(&file)).transpose()?,
            layers: there(LAYERS).map(|file| read_layers(&file)).transpose()?.unwrap_or_default(),
            range: there(RANGE).map(|file| read_range(&file)).transpose()?.unwrap_or_default(),
        })
    }
}

impl RunFolder {
    /// The place of `training.csv`.
    pub fn training(&self) -> PathBuf {
        self.path().join(TRAINING)
    }

    /// The place of `metrics.json`.
    pub fn metrics(&self) -> PathBuf {
        self.path().join(METRICS)
    }

    /// The place of `layers.csv`.
    pub fn layers(&self) -> PathBuf {
        self.path().join(LAYERS)
    }

    /// The place of `learning_rate.csv`.
    pub fn learning_rate(&self) -> PathBuf {
        self.path().join(RANGE)
    }

    /// The place of the kept weights.
    pub fn model(&self) -> PathBuf {
        self.path().join(MODEL_FILE)
    }
}
