//! When to stop and when to slow down: early stopping, and a learning rate that falls on a plateau.
//!
//! Both are configured by a table of a run's TOML file and keep a state that is saved in a checkpoint: it comes back to
//! the same bits, so that a resumed run decides as an uninterrupted one.

mod bits;
mod early_stopping;
mod plateau;
#[cfg(test)]
mod tests;

pub use early_stopping::{EarlyStopping, EarlyStoppingConfig, Judgement};
pub use plateau::{Plateau, PlateauConfig, ThresholdMode};

use serde::{Deserialize, Serialize};

/// What is watched after every epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Monitor {
    /// The loss on the validation images; less is better.
    #[default]
    ValidLoss,
    /// The accuracy on the validation images; more is better.
    ValidAccuracy,
}

impl Monitor {
    /// Whether `value` is better than `best` by more than `margin`. NaN is never better.
    fn better(self, value: f64, best: f64, margin: f64) -> bool {
        match self {
            Self::ValidLoss => value < best - margin,
            Self::ValidAccuracy => value > best + margin,
        }
    }

    /// What every value is better than.
    fn worst(self) -> f64 {
        match self {
            Self::ValidLoss => f64::INFINITY,
            Self::ValidAccuracy => f64::NEG_INFINITY,
        }
    }

    /// The one of the two that is watched.
    pub fn of(self, valid_loss: f64, valid_accuracy: f64) -> f64 {
        match self {
            Self::ValidLoss => valid_loss,
            Self::ValidAccuracy => valid_accuracy,
        }
    }
}
