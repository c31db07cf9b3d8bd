//! The loop over epochs.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::saved::{STATE_FILE, Saved};
use super::{Best, Config, State, Sums};
use crate::data::{Batch, Dataset, Feed, Feeder, Loader, Mode, Prepare, Split, balanced_weights};
use crate::engine::{Engine, Target};
use crate::error::{Error, Result};
use crate::nn::metrics::{Predictions, predicted};
use crate::nn::model::{Examples, Outcome, Weights};
use crate::nn::schedule::{Judgement, Monitor};
use crate::nn::{Model, Network, Options, Variants};
use crate::record::{MODEL_FILE, TrainingRow, TrainingWriter};

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

    /// Whether the run should stop now, to be resumed later.
    fn stopped(&self) -> bool {
        false
    }
}

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
    setup: Setup,
    model: Model<'e>,
    prepare: Prepare,
    state: State,
    rows: Vec<TrainingRow>,
    /// The weight of each class in the loss; 1 without weights.
    class_weights: Vec<f32>,
    /// What the model held after the best epoch.
    kept: Option<Weights>,
    workers: usize,
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
    /// [`Error::Shape`] for inputs that are neither grey nor RGB.
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

    fn feed(&self, prepare: &Prepare, indices: &[usize], training: bool) -> Feed {
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
            variants: setup.variants.clone(),
        };
        let classes = setup.dataset.classes.len();
        let class_weights = if config.class_weights {
            balanced_weights(&setup.dataset, &setup.split.train)
        } else {
            vec![1.0; classes]
        };
        Ok(Self {
            model: Model::new(engine, target, network, options)?,
            state: State::new(config),
            rows: Vec::new(),
            kept: None,
            workers: engine.threads().div_ceil(2),
            class_weights,
            prepare,
            setup,
        })
    }

    /// Goes on where the run in `folder` was stopped.
    ///
    /// # Errors
    /// [`Error::Read`] without a saved state, [`Error::Format`] for one of another run, and what the readers say.
    pub fn resume(&mut self, folder: &Path) -> Result<()> {
        let path = folder.join(STATE_FILE);
        let saved = Saved::read(&path)?;
        let [ours, theirs] = [&self.model.network().text, &saved.network];
        if ours != theirs || saved.classes != self.setup.dataset.classes {
            let reason = "it belongs to another network or to other classes; resume with the same files";
            return Err(Error::format(path, "state of this run", reason));
        }
        self.state = serde_json::from_str(&saved.training)
            .map_err(|e| Error::format(&path, "state of a run", e.to_string()))?;
        let state: Vec<_> = saved.tensors.into_iter().map(|t| (t.name, t.data)).collect();
        self.model.put_state(&state)?;
        self.model.set_steps(self.state.steps);
        if self.state.best.is_some() {
            let path = folder.join(MODEL_FILE);
            let best = Saved::read(&path)?;
            // Read through the model, so that names and shapes are checked.
            best.put_into(&mut self.model)?;
            self.kept = Some(self.model.weights(None)?);
            self.model.put_state(&state)?;
        }
        Ok(())
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

    /// Trains to the end, writing `training.csv` and the best weights into `folder`.
    ///
    /// # Errors
    /// [`Error::Interrupted`] where the observer asks for it, the state saved; [`Error::NotFinite`] for a loss that is
    /// none, the best weights so far kept; what files and devices report.
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
            let start = Instant::now();
            let finished = self.epoch(&mut feeder, batches, observer);
            self.state.sums.add_seconds(start.elapsed().as_secs_f64());
            if let Err(e) = finished {
                // Whatever happened, the best weights so far are worth having.
                self.save_best(folder)?;
                if matches!(e, Error::Interrupted) {
                    self.save_state(folder)?;
                }
                return Err(e);
            }
            let is_best = self.end_of_epoch(&valid)?;
            if let Some(row) = self.rows.last() {
                writer.write(row)?;
                observer.epoch(row, is_best);
            }
            if last_save.elapsed().as_secs_f64() > SECONDS_PER_SAVE {
                self.save_best(folder)?;
                self.save_state(folder)?;
                last_save = Instant::now();
            }
        }
        self.save_best(folder)?;
        // A finished run needs no state to go on from.
        let _ = std::fs::remove_file(folder.join(STATE_FILE));
        if let Some(kept) = &self.kept {
            self.model.put_state(kept)?;
        }
        Ok(Trained { state: self.state.clone(), rows: self.rows.clone() })
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

    fn step(&mut self, batch: &Batch) -> Result<()> {
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
        for (outcome, targets) in outcomes.iter().zip(waiting.iter()) {
            if !outcome.loss.is_finite() {
                let n = u32::try_from(targets.len()).unwrap_or(u32::MAX);
                let layer = self.model.first_not_finite(n)?;
                return Err(Error::NotFinite {
                    epoch: self.state.epoch,
                    step: self.state.steps,
                    layer: layer.unwrap_or_else(|| "the loss".to_owned()),
                });
            }
            let right = right(outcome, targets, self.setup.dataset.classes.len());
            self.state.sums.add(f64::from(outcome.loss), right, targets.len() as u64);
        }
        waiting.clear();
        Ok(())
    }

    /// Validates, judges, writes the epoch's row and moves on to the next.
    fn end_of_epoch(&mut self, valid: &[Batch]) -> Result<bool> {
        let start = Instant::now();
        let (loss, accuracy) = self.validate(valid)?;
        let state = &mut self.state;
        let sums = std::mem::take(&mut state.sums);
        let images = sums.images.max(1) as f64;
        let seconds = sums.seconds() + start.elapsed().as_secs_f64();
        let none_to_validate = valid.is_empty();
        let (train_loss, train_accuracy) = (sums.loss() / images, sums.right as f64 / images);
        // Without validation images the training images judge.
        let judged = if none_to_validate { (train_loss, train_accuracy) } else { (loss, accuracy) };
        let judge = |by: Monitor| by.of(judged.0, judged.1);
        let is_best = state.keep.step(state.epoch, judge(state.keep.by())) == Judgement::Best;
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
        if let Some(stopping) = &mut state.stopping {
            let value = stopping.by().of(judged.0, judged.1);
            state.is_over = stopping.step(state.epoch, value) == Judgement::Stop;
        }
        if let Some(plateau) = &mut state.plateau {
            let value = plateau.by().of(judged.0, judged.1);
            let rate = plateau.step(value);
            state.set_rate(rate);
        }
        if is_best {
            self.state.best = Some(Best { epoch: self.state.epoch, loss: judged.0, accuracy: judged.1 });
            let earlier = self.kept.take();
            self.kept = Some(self.model.weights(earlier)?);
        }
        self.state.epoch += 1;
        self.state.batch = 0;
        Ok(is_best)
    }

    /// Mean loss and accuracy on prepared batches.
    fn validate(&mut self, batches: &[Batch]) -> Result<(f64, f64)> {
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
    fn prepared(&self, indices: &[usize]) -> Result<Vec<Batch>> {
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

    /// One step at a rate of the caller's; gives its loss, which may be no finite number.
    ///
    /// # Errors
    /// What the device reports.
    pub fn single_step(&mut self, batch: &Batch, rate: f64) -> Result<f64> {
        self.state.set_rate(rate);
        self.step(batch)?;
        let outcomes = self.model.outcomes()?;
        Ok(outcomes.first().map_or(f64::NAN, |o| f64::from(o.loss)))
    }

    fn save_best(&self, folder: &Path) -> Result<()> {
        let Some(kept) = &self.kept else { return Ok(()) };
        let network = self.model.network();
        let training = serde_json::to_string(&self.state.best).unwrap_or_default();
        let tensors = Saved::tensors_of(network, kept);
        self.saved(training, tensors).write(&folder.join(MODEL_FILE))
    }

    fn save_state(&mut self, folder: &Path) -> Result<()> {
        let path = folder.join(STATE_FILE);
        let training = serde_json::to_string(&self.state).map_err(|e| Error::write(&path, e.into()))?;
        let tensors = Saved::state_of(&self.model.state()?);
        self.saved(training, tensors).write(&path)
    }

    fn saved(&self, training: String, tensors: Vec<crate::nn::checkpoint::NamedTensor>) -> Saved {
        Saved {
            network: self.model.network().text.clone(),
            classes: self.setup.dataset.classes.clone(),
            prepare: self.prepare.clone(),
            training,
            tensors,
        }
    }
}

/// How many examples of a batch the largest probability names rightly.
fn right(outcome: &Outcome, targets: &[i32], classes: usize) -> u64 {
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
