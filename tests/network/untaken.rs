//! Runs in mixed precision of which steps, epochs, or all steps are not taken.

use std::path::Path;

use tesela::engine::{Engine, Target};
use tesela::nn::precision::LossScale;
use tesela::nn::train::{Observer, State, Trained, Trainer};
use tesela::record::TrainingRow;
use tesela::{Error, Result};

use crate::training::setup;

/// Epochs without a step, and the best ones so far.
#[derive(Default)]
struct Seen {
    none: Vec<u32>,
    best: Vec<u32>,
}

impl Observer for Seen {
    fn step(&mut self, _: &State, _: usize, _: u32) {}

    fn epoch(&mut self, row: &TrainingRow, is_best: bool) {
        self.best.extend(is_best.then_some(row.epoch));
    }

    fn none_taken(&mut self, epoch: u32, _: LossScale) {
        self.none.push(epoch);
    }
}

/// Three epochs of eleven steps with a first scale of 2^`start`, after `change` was done to the network.
fn run(start: i32, folder: &Path, change: impl Fn(&mut Trainer<'_>)) -> (Result<Trained>, Seen) {
    let scale = 2f32.powi(start);
    let text = format!(
        "name = \"test\"\nnetwork = \"small\"\nepochs = 3\nbatch = 16\nprecision = \"mixed\"\n\
         [split]\nrule = \"fractions\"\ntest = 0.2\nvalid = 0.2\n[loss_scaling]\nstart = {scale:e}\n"
    );
    let engine = Engine::new(None, 2).unwrap();
    let mut trainer = Trainer::new(&engine, Target::Cpu, setup(&text)).unwrap();
    change(&mut trainer);
    let mut seen = Seen::default();
    (trainer.run(folder, &mut seen), seen)
}

#[test]
fn an_epoch_without_a_step_is_said_and_never_the_best() {
    let folder = tempfile::tempdir().unwrap();
    let (trained, seen) = run(36, folder.path(), |_| {});
    let trained = trained.unwrap();
    assert_eq!(seen.none, [1]);
    assert!(!seen.best.is_empty() && !seen.best.contains(&1), "{:?}", seen.best);
    assert_eq!(trained.state.best.map(|best| best.epoch), seen.best.last().copied());
    assert_eq!((trained.rows.len(), trained.state.steps), (3, 33));
}

#[test]
fn a_run_without_a_step_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let (trained, seen) = run(126, folder.path(), |_| {});
    let error = trained.unwrap_err();
    assert!(matches!(error, Error::NoStepTaken { .. }), "{error}");
    // 33 times halved.
    let said = error.to_string();
    assert!(said.contains("no step of the run") && said.contains("2^93 "), "{said}");
    assert_eq!((seen.none, seen.best), (vec![1, 2, 3], vec![]));
    assert!(!folder.path().join("model.safetensors").exists());
}

/// Dense weights that are infinite as halves give minus infinity, which is rectified, so the loss is finite; backward 0 times
/// them is NaN under every scale.
#[test]
fn a_run_ends_with_the_epoch_of_the_least_scale() {
    let folder = tempfile::tempdir().unwrap();
    let (trained, seen) = run(-110, folder.path(), |trainer| {
        let parameters = trainer.model().network().parameters();
        let lens: Vec<(String, usize)> = parameters.map(|p| (p.name.clone(), p.len())).collect();
        for (name, len) in lens {
            let value = match name.as_str() {
                "conv2.weight" => 0.0,
                "conv2.bias" => 1.0,
                "linear1.weight" => -1e5,
                _ => continue,
            };
            trainer.model().set_parameter(&name, &vec![value; len]).unwrap();
        }
    });
    let error = trained.unwrap_err();
    assert!(matches!(error, Error::NoStepTaken { .. }), "{error}");
    let said = error.to_string();
    assert!(said.contains("no step of epoch 2 ") && said.contains("2^-126 "), "{said}");
    assert_eq!((seen.none, seen.best), (vec![1], vec![]));
}
