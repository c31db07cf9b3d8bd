//! What a run works on: its file, the images, how they are divided.

use std::sync::Arc;

use super::Config;
use crate::data::{Dataset, Feed, Mode, Prepare, Split};
use crate::error::Result;
use crate::nn::{Network, Variants};

/// What a run works on.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The run's file.
    pub config: Config,
    /// The images.
    pub dataset: Arc<Dataset>,
    /// How they are divided.
    pub split: Split,
    /// Variants other than the preferred ones.
    pub variants: Variants,
}

impl Setup {
    /// The network for these images.
    ///
    /// # Errors
    /// What the network's file gives.
    pub fn network(&self) -> Result<Network> {
        let classes = u32::try_from(self.dataset.classes.len()).unwrap_or(u32::MAX);
        Network::find(&self.config.network, classes)
    }

    /// How pictures become numbers for a network.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] for inputs that are neither grey nor RGB.
    pub fn prepare(&self, network: &Network) -> Result<Prepare> {
        let [c, h, w] = network.input.map(|s| s as usize);
        let normalise = self.config.normalise;
        let prepare = Prepare {
            mode: Mode::of_channels(c)?,
            h,
            w,
            mean: normalise.mean,
            deviation: normalise.deviation,
            antialias: normalise.antialias,
        };
        prepare.check()?;
        Ok(prepare)
    }

    pub(super) fn feed(&self, prepare: &Prepare, indices: &[usize], training: bool) -> Feed {
        let config = &self.config;
        Feed {
            dataset: Arc::clone(&self.dataset),
            indices: indices.to_vec(),
            batch: config.batch,
            prepare: prepare.clone(),
            augment: (training && config.has_augmentation()).then(|| config.augment.clone()),
            shuffle: training,
            seed: config.seed,
        }
    }
}
