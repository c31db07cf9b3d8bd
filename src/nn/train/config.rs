//! A training run as a file: network, data, split, augmentation, optimiser, schedules.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::data::augment::Augment;
use crate::data::split::SplitRule;
use crate::error::{Error, Result};
use crate::nn::plan::Optimiser;
use crate::nn::precision::{LossScaling, Precision};
use crate::nn::schedule::{EarlyStoppingConfig, Monitor, PlateauConfig};

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Normalisation of pixels; size and colours follow from the network's input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Normalise {
    /// What is subtracted, on a scale of 0 (black) to 1 (white).
    pub mean: f32,
    /// What is divided by, on the same scale.
    pub deviation: f32,
    /// Whether every pixel counts where an image shrinks.
    pub antialias: bool,
}

impl Default for Normalise {
    fn default() -> Self {
        Self { mean: 0.5, deviation: 0.5, antialias: false }
    }
}

/// Where the images are.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataTable {
    /// A folder with one sub-folder a class, volumes, or a CSV file; the built-in phantom without it.
    pub path: Option<PathBuf>,
    /// The CSV column of images that belong together.
    pub group_column: Option<String>,
    /// A longer side of a picture is reduced to this when it is read.
    pub max_side: Option<usize>,
}

/// A training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The run's name: that of its folder.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub doc: String,
    /// A network file, from this file's folder; or a name of a built-in one.
    pub network: String,
    /// Most epochs.
    pub epochs: u32,
    /// Images a step.
    pub batch: usize,
    /// Seed of everything random.
    #[serde(default = "seed")]
    pub seed: u64,
    /// Seed of the split, where it is not that of the run: runs of several seeds then judge on the same images.
    #[serde(default)]
    pub split_seed: Option<u64>,
    /// Learning rate of the first step.
    #[serde(default = "learning_rate")]
    pub learning_rate: f64,
    /// Single precision, or products of halves. Validation and test are in single precision, as the model is used later.
    #[serde(default)]
    pub precision: Precision,
    /// How the loss is scaled in mixed precision.
    #[serde(default)]
    pub loss_scaling: Option<LossScaling>,
    /// Which epoch's weights are kept.
    #[serde(default)]
    pub keep: Monitor,
    /// Whether rare classes weigh more in the loss.
    #[serde(default)]
    pub class_weights: bool,
    /// Where the images are.
    #[serde(default)]
    pub data: DataTable,
    /// How they are divided.
    #[serde(default)]
    pub split: SplitRule,
    /// How pixels become numbers.
    #[serde(default)]
    pub normalise: Normalise,
    /// Random changes to training images.
    #[serde(default)]
    pub augment: Augment,
    /// What moves the parameters.
    #[serde(default)]
    pub optimiser: Optimiser,
    /// When to stop before the last epoch.
    #[serde(default)]
    pub early_stopping: Option<EarlyStoppingConfig>,
    /// When to lower the learning rate.
    #[serde(default)]
    pub reduce_on_plateau: Option<PlateauConfig>,
}

/// The seed of the thesis's training.
const fn seed() -> u64 {
    1234
}

const fn learning_rate() -> f64 {
    1e-3
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::ClaimsTooMuch`] above 1 MiB, [`Error::Experiment`] for text that is no TOML, unknown
    /// keys, and numbers that make no sense.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(path, &Self::text(path)?)
    }

    /// A file's text.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::ClaimsTooMuch`] above 1 MiB.
    pub fn text(path: &Path) -> Result<String> {
        let claimed = std::fs::metadata(path).map_err(|e| Error::read(path, e))?.len();
        if claimed > MAX_BYTES {
            let what = "training run";
            return Err(Error::ClaimsTooMuch { path: path.into(), what, claimed, limit: MAX_BYTES });
        }
        std::fs::read_to_string(path).map_err(|e| Error::read(path, e))
    }

    /// Parses a file's text; `path` is named in errors, and networks are looked for beside it.
    ///
    /// # Errors
    /// [`Error::Experiment`], as [`Config::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let config = Self::parse_unchecked(path, text)?;
        config.check().map_err(|reason| Error::Experiment { path: path.into(), reason })?;
        Ok(config)
    }

    /// As [`Config::parse`], for a caller who changes numbers before [`Config::check`].
    ///
    /// # Errors
    /// [`Error::Experiment`] for text that is no TOML, and unknown keys.
    pub fn parse_unchecked(path: &Path, text: &str) -> Result<Self> {
        let mut config: Self = toml::from_str(text)
            .map_err(|e| Error::Experiment { path: path.into(), reason: e.to_string() })?;
        let beside = path.parent().unwrap_or(Path::new("")).join(&config.network);
        if super::super::network::builtin(&config.network).is_none() {
            config.network = beside.display().to_string();
        }
        Ok(config)
    }

    /// Refuses numbers that make no sense; says which.
    ///
    /// # Errors
    /// The reason, for the caller to put beside the file's name.
    pub fn check(&self) -> Result<(), String> {
        if self.epochs == 0 {
            return Err("epochs = 0: there is nothing to do; use 1 or more".to_owned());
        }
        if self.batch == 0 || self.batch > 1 << 20 {
            return Err(format!("batch = {} is not a number from 1 to 1048576", self.batch));
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return Err(format!("learning_rate = {} is not a positive number", self.learning_rate));
        }
        if self.data.max_side == Some(0) {
            return Err("data.max_side = 0 leaves nothing of a picture; use 1 or more".to_owned());
        }
        match (self.precision, &self.loss_scaling) {
            (Precision::F32, Some(_)) => {
                return Err("loss_scaling is for precision = \"mixed\", and this run's is f32".to_owned());
            }
            (_, scaling) => scaling.as_ref().map_or(Ok(()), LossScaling::check)?,
        }
        self.optimiser.check()?;
        self.augment.check().map_err(|e| e.to_string())?;
        self.early_stopping.as_ref().map_or(Ok(()), EarlyStoppingConfig::check)?;
        self.reduce_on_plateau.as_ref().map_or(Ok(()), PlateauConfig::check)
    }

    /// How the loss is scaled; `None` in single precision.
    pub fn mixed(&self) -> Option<LossScaling> {
        (self.precision == Precision::Mixed).then(|| self.loss_scaling.unwrap_or_default())
    }

    /// Whether training images are changed at random.
    pub fn has_augmentation(&self) -> bool {
        self.augment != Augment::default()
    }
}
