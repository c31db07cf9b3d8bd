//! Batches, prepared ahead on worker threads while an engine works on the one before.
//!
//! A [`Feeder`] keeps its threads over many epochs: the first batches of the next epoch are prepared while this one
//! ends. Batches come in order, and what is in them does not depend on the number of threads. Memory is bounded: as
//! many batches are ahead as there are threads, and one more.

mod feeder;
mod order;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use self::feeder::{Feeder, Loader};
pub use self::order::epoch_order;
use super::augment::{Augment, augment_into};
use super::dataset::Dataset;
use super::prepare::{Prepare, Workspace, misfit, prepare_into};
use crate::error::Result;

/// Images ready for a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// `n x c x h x w` numbers, row-major.
    pub x: Vec<f32>,
    /// The class of each image.
    pub targets: Vec<i32>,
    /// The place of each image in the data set.
    pub indices: Vec<usize>,
    /// The epoch, as the caller numbers them.
    pub epoch: u64,
    /// The number of the batch in its epoch, from 0.
    pub number: usize,
    /// Whether it is the last of its epoch.
    pub is_last: bool,
}

impl Batch {
    /// How many images it holds.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether it holds none; a feeder gives no such batch.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }
}

/// What batches are made of.
#[derive(Debug, Clone)]
pub struct Feed {
    /// The data set.
    pub dataset: Arc<Dataset>,
    /// The examples that are used, as places in the data set.
    pub indices: Vec<usize>,
    /// Images a batch; the last one of an epoch may be smaller.
    pub batch: usize,
    /// How pictures become numbers.
    pub prepare: Prepare,
    /// Random changes; none for validation and test.
    pub augment: Option<Augment>,
    /// Whether each epoch has an order of its own; else it is that of `indices`.
    pub shuffle: bool,
    /// The seed of order and changes.
    pub seed: u64,
}

impl Feed {
    /// Batches an epoch.
    pub fn batches(&self) -> usize {
        self.indices.len().div_ceil(self.batch.max(1))
    }

    /// Refuses what no batch can be made of.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] without an example, for an index outside the data set, a batch of 0, or values that
    /// [`Prepare::check`] or [`Augment::check`] refuse.
    pub fn check(&self) -> Result<()> {
        self.prepare.check()?;
        self.augment.as_ref().map_or(Ok(()), Augment::check)?;
        if self.batch == 0 {
            return Err(misfit("batch", "at least 1 image", 0));
        }
        if self.indices.is_empty() {
            return Err(misfit("examples to make batches of", "at least 1", 0));
        }
        let n = self.dataset.examples.len();
        match self.indices.iter().find(|&&index| index >= n) {
            Some(index) => Err(misfit("example", &format!("an index below {n}"), index)),
            None => Ok(()),
        }
    }

    /// Fills `x` with the images of one batch.
    fn fill(&self, indices: &[usize], epoch: u64, work: &mut Workspace, x: &mut [f32]) {
        for (&index, out) in indices.iter().zip(x.chunks_exact_mut(self.prepare.elements())) {
            let picture = &self.dataset.examples[index].picture;
            match &self.augment {
                Some(augment) => {
                    augment_into(picture, &self.prepare, augment, (self.seed, epoch, index), work, out);
                }
                None => prepare_into(picture, &self.prepare, work, out),
            }
        }
    }
}
