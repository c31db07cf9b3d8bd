//! A learning rate that falls when a value has stopped getting better.

use super::{Monitor, bits};
use serde::{Deserialize, Serialize};

/// What the threshold is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThresholdMode {
    /// Of the best value: better means by more than `threshold` times the best.
    #[default]
    Rel,
    /// Absolute: better means by more than `threshold`.
    Abs,
}

/// How the rate falls on a plateau, as a table of a run's file.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlateauConfig {
    /// What the rate is multiplied by; between 0 and 1. Default 0.1.
    pub factor: f64,
    /// Epochs without a better value that are borne; the rate falls after the next. Default 10.
    pub patience: u32,
    /// The rate falls no lower. Default 0.
    pub min_rate: f64,
    /// By how much a value must be better to count. Default 1e-4.
    pub threshold: f64,
    /// What the threshold is a part of. Default `rel`.
    pub threshold_mode: ThresholdMode,
    /// Epochs after a fall in which none is counted as bad. Default 0.
    pub cooldown: u32,
    /// What is watched. Default `valid_loss`.
    pub by: Monitor,
}

impl Default for PlateauConfig {
    fn default() -> Self {
        Self {
            factor: 0.1,
            patience: 10,
            min_rate: 0.0,
            threshold: 1e-4,
            threshold_mode: ThresholdMode::Rel,
            cooldown: 0,
            by: Monitor::ValidLoss,
        }
    }
}

impl PlateauConfig {
    /// Refuses values that make no sense; the error says which and what does.
    ///
    /// # Errors
    /// The reason, for the caller to put beside the file's name.
    pub fn check(&self) -> Result<(), String> {
        let not_negative = |name: &str, value: f64| match value >= 0.0 && value.is_finite() {
            true => Ok(()),
            false => Err(format!("reduce_on_plateau: {name} = {value} must be 0 or more")),
        };
        if !(self.factor > 0.0 && self.factor < 1.0) {
            return Err(format!("reduce_on_plateau: factor = {} must lie between 0 and 1", self.factor));
        }
        not_negative("min_rate", self.min_rate)?;
        not_negative("threshold", self.threshold)
    }
}

/// A fall smaller than this is not made, as in PyTorch.
const LEAST_FALL: f64 = 1e-8;

/// The state of a rate that falls on a plateau, with the semantics of PyTorch's `ReduceLROnPlateau` (2.x): the rate falls
/// when more than `patience` values in a row were not better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plateau {
    config: PlateauConfig,
    #[serde(with = "bits")]
    rate: f64,
    #[serde(with = "bits")]
    best: f64,
    bad: u32,
    cooling: u32,
}

impl Plateau {
    /// The state before the first epoch, at a learning rate.
    pub fn new(config: PlateauConfig, rate: f64) -> Self {
        Self { config, rate, best: config.by.worst(), bad: 0, cooling: 0 }
    }

    /// Takes an epoch's value and returns the rate of the next epoch. NaN is never better.
    pub fn step(&mut self, value: f64) -> f64 {
        if self.better(value) {
            (self.best, self.bad) = (value, 0);
        } else {
            self.bad = self.bad.saturating_add(1);
        }
        if self.cooling > 0 {
            (self.cooling, self.bad) = (self.cooling - 1, 0);
        }
        if self.bad > self.config.patience {
            let lower = (self.rate * self.config.factor).max(self.config.min_rate);
            if self.rate - lower > LEAST_FALL {
                self.rate = lower;
            }
            (self.cooling, self.bad) = (self.config.cooldown, 0);
        }
        self.rate
    }

    /// The rate now.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// What is watched.
    pub fn by(&self) -> Monitor {
        self.config.by
    }

    fn better(&self, value: f64) -> bool {
        let PlateauConfig { threshold, threshold_mode, by, .. } = self.config;
        match (threshold_mode, by) {
            (ThresholdMode::Abs, _) => by.better(value, self.best, threshold),
            (ThresholdMode::Rel, Monitor::ValidLoss) => value < self.best * (1.0 - threshold),
            (ThresholdMode::Rel, Monitor::ValidAccuracy) => value > self.best * (1.0 + threshold),
        }
    }
}
