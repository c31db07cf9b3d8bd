//! A trainer's model on images: validation, predictions, single steps.

use super::Sums;
use super::trainer::Trainer;
use crate::data::{Batch, Feeder, Loader};
use crate::error::Result;
use crate::nn::metrics::{Predictions, predicted};
use crate::nn::model::{Examples, Outcome};

impl Trainer<'_> {
    /// Mean loss and accuracy on prepared batches.
    pub(super) fn validate(&mut self, batches: &[Batch]) -> Result<(f64, f64)> {
        let mut sums = Sums::default();
        for (batch, outcome) in batches.iter().zip(self.outcomes_of(batches)?) {
            let right = right(&outcome, &batch.targets, self.setup.dataset.classes.len());
            sums.add(f64::from(outcome.loss), right, batch.len() as u64);
        }
        let images = sums.images.max(1) as f64;
        Ok((sums.loss() / images, sums.right as f64 / images))
    }

    fn outcomes_of(&mut self, batches: &[Batch]) -> Result<Vec<Outcome>> {
        for batch in batches {
            let weights = vec![1.0 / batch.len() as f32; batch.len()];
            self.model.evaluate(Examples { x: &batch.x, targets: &batch.targets, weights: &weights })?;
        }
        self.model.outcomes()
    }

    /// Examples of the data set, prepared without augmentation and in order.
    pub(super) fn prepared(&self, indices: &[usize]) -> Result<Vec<Batch>> {
        if indices.is_empty() {
            return Ok(Vec::new());
        }
        Loader::new(self.setup.feed(&self.prepare, indices, false), 0, 0, self.workers)?.collect()
    }

    /// Probabilities (examples x outputs) and classes of some examples, by the weights as they are now.
    ///
    /// # Errors
    /// What the device reports.
    pub fn predict(&mut self, indices: &[usize]) -> Result<(Vec<f32>, Vec<u32>)> {
        let batches = self.prepared(indices)?;
        let outcomes = self.outcomes_of(&batches)?;
        let classes = batches.iter().flat_map(|b| &b.targets).map(|t| t.cast_unsigned());
        Ok((outcomes.into_iter().flat_map(|o| o.probabilities).collect(), classes.collect()))
    }

    /// The first batch of an epoch that no run has, for measuring.
    ///
    /// # Errors
    /// What preparing says.
    pub fn sample_batch(&self) -> Result<Option<Batch>> {
        let feed = self.setup.feed(&self.prepare, &self.setup.split.train, true);
        Loader::new(feed, 0, 0, 1)?.next().transpose()
    }

    /// Training batches without end, for the range test.
    ///
    /// # Errors
    /// What preparing says.
    pub fn endless(&self) -> Result<Feeder> {
        let feed = self.setup.feed(&self.prepare, &self.setup.split.train, true);
        Feeder::new(feed, (1u64..).map(|epoch| (epoch, 0)), self.workers)
    }

    /// One step at a rate of the caller's; gives its loss, which may be no finite number. `None` where the loss is finite and
    /// the step was not taken, since in mixed precision a gradient overflowed.
    ///
    /// # Errors
    /// What the device reports.
    pub fn single_step(&mut self, batch: &Batch, rate: f64) -> Result<Option<f64>> {
        self.state.set_rate(rate);
        self.step(batch)?;
        let outcomes = self.model.outcomes()?;
        let loss = outcomes.first().map_or(f64::NAN, |o| f64::from(o.loss));
        let none_taken = self.none_since()?.is_some();
        Ok((!none_taken || !loss.is_finite()).then_some(loss))
    }
}

/// How many examples of a batch the largest probability names rightly.
pub(super) fn right(outcome: &Outcome, targets: &[i32], classes: usize) -> u64 {
    let names = vec![String::new(); classes];
    let truths: Vec<u32> = targets.iter().map(|t| t.cast_unsigned()).collect();
    let blank = vec![false; targets.len()];
    let predictions = Predictions {
        probabilities: &outcome.probabilities,
        targets: &truths,
        blank: &blank,
        classes: &names,
    };
    let calls = predicted(&predictions).unwrap_or_default();
    calls.iter().zip(&truths).filter(|(call, truth)| **call == **truth as usize).count() as u64
}
