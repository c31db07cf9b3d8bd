//! Early stopping: after so many epochs without a better value, more training is not worth its time.

use super::{Monitor, bits};
use serde::{Deserialize, Serialize};

/// How early stopping is configured, as a table of a run's file.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EarlyStoppingConfig {
    /// Epochs without a better value after which the run stops; at least 1. Default 10.
    pub patience: u32,
    /// A value is better only by more than this. Default 0.
    pub min_delta: f64,
    /// What is watched. Default `valid_loss`.
    pub by: Monitor,
}

impl Default for EarlyStoppingConfig {
    fn default() -> Self {
        Self { patience: 10, min_delta: 0.0, by: Monitor::ValidLoss }
    }
}

impl EarlyStoppingConfig {
    /// Refuses values that make no sense; the error says which and what does.
    ///
    /// # Errors
    /// The reason, for the caller to put beside the file's name.
    pub fn check(&self) -> Result<(), String> {
        if self.patience == 0 {
            return Err("early_stopping: patience = 0 would stop after the first epoch; use 1 or more".into());
        }
        if !(self.min_delta >= 0.0 && self.min_delta.is_finite()) {
            return Err(format!("early_stopping: min_delta = {} must be 0 or more", self.min_delta));
        }
        Ok(())
    }
}

/// What an epoch's value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// The best so far: keep these weights.
    Best,
    /// Not better, but the patience lasts.
    Wait,
    /// Not better, and the patience is at its end.
    Stop,
}

/// The state of early stopping, as Keras' `EarlyStopping` has it: the run stops when `patience` epochs in a row were not
/// better than the best by more than `min_delta`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStopping {
    config: EarlyStoppingConfig,
    #[serde(with = "bits")]
    best: f64,
    best_epoch: Option<u32>,
    waited: u32,
}

impl EarlyStopping {
    /// The state before the first epoch.
    pub fn new(config: EarlyStoppingConfig) -> Self {
        Self { config, best: config.by.worst(), best_epoch: None, waited: 0 }
    }

    /// Judges the value of an epoch; epochs count from 1. NaN is never better.
    pub fn step(&mut self, epoch: u32, value: f64) -> Judgement {
        if self.config.by.better(value, self.best, self.config.min_delta) {
            (self.best, self.best_epoch, self.waited) = (value, Some(epoch), 0);
            return Judgement::Best;
        }
        self.waited = self.waited.saturating_add(1);
        if self.waited >= self.config.patience { Judgement::Stop } else { Judgement::Wait }
    }

    /// What is watched.
    pub fn by(&self) -> Monitor {
        self.config.by
    }

    /// The best value and its epoch; `None` before the first that is better than nothing.
    pub fn best(&self) -> Option<(u32, f64)> {
        self.best_epoch.map(|epoch| (epoch, self.best))
    }
}
