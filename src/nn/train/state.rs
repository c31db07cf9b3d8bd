//! Where a run stands: all that the next step depends on beside the parameters, saved so that a resumed run gives the
//! same bits.

use serde::{Deserialize, Serialize};

use super::Config;
use crate::nn::schedule::{EarlyStopping, EarlyStoppingConfig, Plateau};

/// Sums over the training batches of an epoch so far.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Sums {
    /// Loss times images, as bits of an f64, so that it comes back exactly.
    loss_bits: u64,
    /// Images that the network had right.
    pub right: u64,
    /// Images.
    pub images: u64,
    /// Seconds of training, as bits of an f64.
    seconds_bits: u64,
}

impl Sums {
    /// Loss times images.
    pub fn loss(&self) -> f64 {
        f64::from_bits(self.loss_bits)
    }

    /// Adds a batch.
    pub fn add(&mut self, loss: f64, right: u64, images: u64) {
        self.loss_bits = (self.loss() + loss * images as f64).to_bits();
        self.right += right;
        self.images += images;
    }

    /// Seconds spent.
    pub fn seconds(&self) -> f64 {
        f64::from_bits(self.seconds_bits)
    }

    /// Adds seconds.
    pub fn add_seconds(&mut self, seconds: f64) {
        self.seconds_bits = (self.seconds() + seconds).to_bits();
    }
}

/// The epoch whose weights are kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Its number, from 1.
    pub epoch: u32,
    /// Its validation loss.
    pub loss: f64,
    /// Its validation accuracy.
    pub accuracy: f64,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The epoch at work, from 1.
    pub epoch: u32,
    /// The next batch of it, from 0.
    pub batch: usize,
    /// Steps made, in mixed precision those that were not taken among them.
    pub steps: u32,
    /// In mixed precision, steps that were taken before the epoch at work.
    pub taken: u64,
    /// The learning rate, as bits of an f64.
    rate_bits: u64,
    /// The epoch so far.
    pub sums: Sums,
    /// The best epoch so far, for people.
    pub best: Option<Best>,
    /// What decides which epoch is best.
    pub keep: EarlyStopping,
    /// Seconds of all epochs that ended.
    pub wall_s: f64,
    /// Images trained on in all epochs that ended.
    pub images: u64,
    /// Early stopping.
    pub stopping: Option<EarlyStopping>,
    /// The learning rate's schedule.
    pub plateau: Option<Plateau>,
    /// Whether the run is over.
    pub is_over: bool,
}

impl State {
    /// Before the first step.
    pub fn new(config: &Config) -> Self {
        Self {
            epoch: 1,
            batch: 0,
            steps: 0,
            taken: 0,
            rate_bits: config.learning_rate.to_bits(),
            sums: Sums::default(),
            best: None,
            keep: EarlyStopping::new(EarlyStoppingConfig {
                patience: u32::MAX,
                min_delta: 0.0,
                by: config.keep,
            }),
            wall_s: 0.0,
            images: 0,
            stopping: config.early_stopping.map(EarlyStopping::new),
            plateau: config.reduce_on_plateau.map(|p| Plateau::new(p, config.learning_rate)),
            is_over: false,
        }
    }

    /// The learning rate.
    pub fn rate(&self) -> f64 {
        f64::from_bits(self.rate_bits)
    }

    /// Sets the learning rate.
    pub fn set_rate(&mut self, rate: f64) {
        self.rate_bits = rate.to_bits();
    }
}
