//! The loop over epochs.

use std::path::Path;
use std::time::Instant;

use super::apply::right;
use super::{Best, Setup, State};
use crate::data::{Batch, Feeder, Prepare, balanced_weights};
use crate::engine::{Engine, Target};
use crate::error::{Error, Result};
use crate::nn::model::{Examples, Weights};
use crate::nn::precision::LossScale;
use crate::nn::schedule::{Judgement, Monitor};
use crate::nn::{Model, Options, Precision};
use crate::record::{TrainingRow, TrainingWriter};

/// Steps after which losses are fetched. On a GPU every fetch waits for the device.
const STEPS_PER_FETCH: usize = 8;

/// Seconds between two saved states, where a run lasts that long.
const SECONDS_PER_SAVE: f64 = 120.0;

/// Watches a run.
pub trait Observer {
    /// After every step: where it is. `loss` is the mean over the epoch so far.
    fn step(&mut self, state: &State, batches: usize, epochs: u32);

    /// After every epoch.
    fn epoch(&mut self, row: &TrainingRow, is_best: bool);

    /// Before [`Observer::epoch`], after an epoch of mixed precision in which no step was taken: where the scale of the
    /// loss stands. Such an epoch is never the best, and no schedule counts it.
    fn none_taken(&mut self, _epoch: u32, _scale: LossScale) {}

    /// Whether the run should stop now, to be resumed later.
    fn stopped(&self) -> bool {
        false
    }
}

/// A run that ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// Where it stands.
    pub state: State,
    /// Its epochs.
    pub rows: Vec<TrainingRow>,
}

/// A run at work.
#[derive(Debug)]
pub struct Trainer<'e> {
    pub(super) setup: Setup,
    pub(super) model: Model<'e>,
    pub(super) prepare: Prepare,
    pub(super) state: State,
    rows: Vec<TrainingRow>,
    /// The weight of each class in the loss; 1 without weights.
    class_weights: Vec<f32>,
    /// What the model held after the best epoch.
    pub(super) kept: Option<Weights>,
    pub(super) workers: usize,
}

impl<'e> Trainer<'e> {
    /// A run before its first step.
    ///
    /// # Errors
    /// Data that cannot be trained on, a network that does not fit, and what the device reports.
    pub fn new(engine: &'e Engine, target: Target, setup: Setup) -> Result<Self> {
        setup.dataset.check_trainable()?;
        let network = setup.network()?;
        let prepare = setup.prepare(&network)?;
        let config = &setup.config;
        let options = Options {
            seed: config.seed,
            optimiser: config.optimiser.clone(),
            mixed: config.mixed(),
            variants: setup.variants.clone(),
        };
        let classes = setup.dataset.classes.len();
        let class_weights = if config.class_weights {
            balanced_weights(&setup.dataset, &setup.split.train)
        } else {
            vec![1.0; classes]
        };
        let model = Model::new(engine, target, network, options)?;
        super::variants::check_called(&setup, model.network())?;
        Ok(Self {
            model,
            state: State::new(config),
            rows: Vec::new(),
            kept: None,
            workers: engine.threads().div_ceil(2),
            class_weights,
            prepare,
            setup,
        })
    }

    /// The model as it is now.
    pub fn model(&mut self) -> &mut Model<'e> {
        &mut self.model
    }

    /// How pictures become numbers.
    pub fn prepare(&self) -> &Prepare {
        &self.prepare
    }

    /// What it works on.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Trains to the end, writing `training.csv` and the best weights into `folder`, and every two minutes the state to
    /// go on from, which stays there: the caller removes it when nothing is left to do.
    ///
    /// # Errors
    /// [`Error::Interrupted`] where the observer asks for it, the state saved; [`Error::NotFinite`] for a loss that is
    /// none, [`Error::NoStepTaken`] for a run of mixed precision, or an epoch of it with the least scale, of which no step was
    /// taken, the best weights so far kept; what files and devices report.
    pub fn run(&mut self, folder: &Path, observer: &mut dyn Observer) -> Result<Trained> {
        let config = self.setup.config.clone();
        let csv = folder.join("training.csv");
        let mut writer = if self.state.steps == 0 {
            TrainingWriter::create(&csv)?
        } else {
            let (writer, rows) = TrainingWriter::resume(&csv, self.state.epoch - 1)?;
            self.rows = rows;
            writer
        };
        let valid = self.prepared(&self.setup.split.valid.clone())?;
        let feed = self.setup.feed(&self.prepare, &self.setup.split.train, true);
        let (batches, first) = (feed.batches(), (u64::from(self.state.epoch), self.state.batch));
        let later = (first.0 + 1..=u64::from(config.epochs)).map(|epoch| (epoch, 0));
        let mut feeder = Feeder::new(feed, std::iter::once(first).chain(later), self.workers)?;
        let mut last_save = Instant::now();
        while !self.state.is_over && self.state.epoch <= config.epochs {
            let ended = self.one_epoch(&mut feeder, (batches, &valid), &mut writer, observer);
            if let Err(e) = ended {
                // Whatever happened, the best weights so far are worth having.
                let saved = self.save_best(folder);
                if matches!(e, Error::Interrupted) {
                    saved?;
                    self.save_state(folder)?;
                }
                return Err(e);
            }
            if last_save.elapsed().as_secs_f64() > SECONDS_PER_SAVE {
                self.save_best(folder)?;
                self.save_state(folder)?;
                last_save = Instant::now();
            }
        }
        self.save_best(folder)?;
        self.check_taken()?;
        if let Some(kept) = &self.kept {
            self.model.put_state(kept)?;
        }
        Ok(Trained { state: self.state.clone(), rows: self.rows.clone() })
    }

    /// Trains for what is left of an epoch, validates, and writes its row.
    fn one_epoch(
        &mut self,
        feeder: &mut Feeder,
        (batches, valid): (usize, &[Batch]),
        writer: &mut TrainingWriter,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let start = Instant::now();
        let trained = self.epoch(feeder, batches, observer);
        self.state.sums.add_seconds(start.elapsed().as_secs_f64());
        trained?;
        let none_taken = self.none_in_epoch()?;
        if let Some(scale) = none_taken {
            observer.none_taken(self.state.epoch, scale);
        }
        let is_best = self.end_of_epoch(valid, none_taken.is_none())?;
        if let Some(row) = self.rows.last() {
            writer.write(row)?;
            observer.epoch(row, is_best);
        }
        Ok(())
    }

    /// The rest of the epoch at work.
    fn epoch(&mut self, feeder: &mut Feeder, batches: usize, observer: &mut dyn Observer) -> Result<()> {
        let mut waiting: Vec<Vec<i32>> = Vec::new();
        while self.state.batch < batches {
            if observer.stopped() {
                self.fetch(&mut waiting)?;
                return Err(Error::Interrupted);
            }
            let Some(batch) = feeder.next() else { break };
            let batch = batch?;
            self.step(&batch)?;
            self.state.batch += 1;
            self.state.steps += 1;
            waiting.push(batch.targets.clone());
            feeder.recycle(batch);
            let every = if self.model.target() == Target::Cpu { 1 } else { STEPS_PER_FETCH };
            if waiting.len() >= every {
                self.fetch(&mut waiting)?;
            }
            observer.step(&self.state, batches, self.setup.config.epochs);
        }
        self.fetch(&mut waiting)
    }

    pub(super) fn step(&mut self, batch: &Batch) -> Result<()> {
        let n = batch.len() as f32;
        let weight = |&class: &i32| usize::try_from(class).map_or(0.0, |c| self.class_weights[c]) / n;
        let weights: Vec<f32> = batch.targets.iter().map(weight).collect();
        let examples = Examples { x: &batch.x, targets: &batch.targets, weights: &weights };
        #[expect(clippy::cast_possible_truncation, reason = "the kernels take f32")]
        self.model.train(examples, self.state.rate() as f32)
    }

    /// Adds the outcomes of the steps since the last time to the epoch's sums.
    fn fetch(&mut self, waiting: &mut Vec<Vec<i32>>) -> Result<()> {
        let outcomes = self.model.outcomes()?;
        for (number, (outcome, targets)) in outcomes.iter().zip(waiting.iter()).enumerate() {
            if !outcome.loss.is_finite() {
                return Err(self.not_finite(waiting, number)?);
            }
            let right = right(outcome, targets, self.setup.dataset.classes.len());
            self.state.sums.add(f64::from(outcome.loss), right, targets.len() as u64);
        }
        waiting.clear();
        Ok(())
    }

    /// What to say of a loss that is none: that of the step `number` of those in `waiting`. The layers' outputs are those
    /// of the last step.
    fn not_finite(&mut self, waiting: &[Vec<i32>], number: usize) -> Result<Error> {
        let later = waiting.len() - 1 - number;
        let last = waiting.last().map_or(0, Vec::len);
        let layer = self.model.first_not_finite(u32::try_from(last).unwrap_or(u32::MAX), true)?;
        let layer = layer.unwrap_or_else(|| "the loss".to_owned());
        let (epoch, steps) = (self.state.epoch, self.state.steps);
        let step = steps - u32::try_from(later).unwrap_or(0);
        let layer =
            if later == 0 { layer } else { format!("{layer} (in step {steps}, when it was noticed)") };
        Ok(Error::NotFinite { epoch, step, layer, advice: self.setup.config.precision.overflow_advice() })
    }

    /// Validates, judges where a step was taken, writes the epoch's row and moves on to the next.
    fn end_of_epoch(&mut self, valid: &[Batch], taken: bool) -> Result<bool> {
        let start = Instant::now();
        let (loss, accuracy) = self.validate(valid)?;
        if let (false, Some(last)) = (loss.is_finite(), valid.last()) {
            let layer = self.model.first_not_finite(u32::try_from(last.len()).unwrap_or(u32::MAX), false)?;
            let layer = format!("{}, in validation", layer.unwrap_or_else(|| "the loss".to_owned()));
            let State { epoch, steps, .. } = self.state;
            return Err(Error::NotFinite {
                epoch,
                step: steps,
                layer,
                advice: Precision::F32.overflow_advice(),
            });
        }
        let state = &mut self.state;
        let sums = std::mem::take(&mut state.sums);
        let images = sums.images.max(1) as f64;
        let seconds = sums.seconds() + start.elapsed().as_secs_f64();
        let none_to_validate = valid.is_empty();
        let (train_loss, train_accuracy) = (sums.loss() / images, sums.right as f64 / images);
        // Without validation images the training images judge.
        let judged = if none_to_validate { (train_loss, train_accuracy) } else { (loss, accuracy) };
        let judge = |by: Monitor| by.of(judged.0, judged.1);
        let is_best = taken && state.keep.step(state.epoch, judge(state.keep.by())) == Judgement::Best;
        self.rows.push(TrainingRow {
            epoch: state.epoch,
            step: u64::from(state.steps),
            learning_rate: state.rate(),
            train_loss,
            train_accuracy: Some(train_accuracy),
            valid_loss: (!none_to_validate).then_some(loss),
            valid_accuracy: (!none_to_validate).then_some(accuracy),
            seconds,
            images_per_s: Some(images / sums.seconds().max(1e-9)),
        });
        state.wall_s += seconds;
        state.images += sums.images;
        if let (Some(stopping), true) = (&mut state.stopping, taken) {
            state.is_over = stopping.step(state.epoch, judge(stopping.by())) == Judgement::Stop;
        }
        if let (Some(plateau), true) = (&mut state.plateau, taken) {
            let rate = plateau.step(judge(plateau.by()));
            state.set_rate(rate);
        }
        if is_best {
            // Validated weights are sound. Others may have been spoilt by the last step, and the ones before are kept.
            let weights = if none_to_validate {
                let weights = self.model.weights(None)?;
                if weights.iter().flat_map(|(_, values)| values).any(|v| !v.is_finite()) {
                    let layer = "the optimiser: new parameters".to_owned();
                    let State { epoch, steps, .. } = self.state;
                    return Err(Error::NotFinite {
                        epoch,
                        step: steps,
                        layer,
                        advice: Precision::F32.overflow_advice(),
                    });
                }
                weights
            } else {
                let earlier = self.kept.take();
                self.model.weights(earlier)?
            };
            self.kept = Some(weights);
            self.state.best = Some(Best { epoch: self.state.epoch, loss: judged.0, accuracy: judged.1 });
        }
        self.state.epoch += 1;
        self.state.batch = 0;
        Ok(is_best)
    }
}
