//! Runs of training as a library does them: stopped and resumed, spoilt, starved of disk.

use std::path::Path;
use std::sync::Arc;

use tesela::data::{Dataset, LoadOptions, SplitRule};
use tesela::engine::{Engine, Target};
use tesela::nn::train::{Config, Observer, Saved, Setup, State, Trainer};
use tesela::nn::{Predictor, Variants};
use tesela::record::TrainingRow;
use tesela::{Error, Result};

const RUN: &str = r#"
name = "test"
network = "small"
epochs = 3
batch = 16
learning_rate = 1e-3
[augment]
rotation = 5.0
flip = 0.5
crop_padding = 2
[split]
rule = "fractions"
test = 0.2
valid = 0.2
[early_stopping]
patience = 5
[reduce_on_plateau]
patience = 0
"#;

pub(crate) fn setup(text: &str) -> Setup {
    let config = Config::parse(Path::new("run.toml"), text).unwrap();
    let dataset = Dataset::load(None, &LoadOptions::default()).unwrap();
    let split = dataset.split(&config.split, config.seed).unwrap();
    Setup { config, dataset: Arc::new(dataset), split, variants: Variants::new() }
}

/// Stops before a step.
struct StopAt {
    step: Option<u32>,
    seen: u32,
}

impl Observer for StopAt {
    fn step(&mut self, state: &State, _: usize, _: u32) {
        self.seen = state.steps;
    }

    fn epoch(&mut self, _: &TrainingRow, _: bool) {}

    fn stopped(&self) -> bool {
        self.step == Some(self.seen)
    }
}

fn cpu() -> Engine {
    Engine::new(None, 2).unwrap()
}

fn run(
    engine: &Engine,
    target: Target,
    folder: &Path,
    stop: Option<u32>,
    resume: bool,
) -> Result<Vec<Vec<u32>>> {
    run_of(RUN, engine, target, folder, (stop, resume))
}

fn run_of(
    text: &str,
    engine: &Engine,
    target: Target,
    folder: &Path,
    (stop, resume): (Option<u32>, bool),
) -> Result<Vec<Vec<u32>>> {
    let mut trainer = Trainer::new(engine, target, setup(text)).unwrap();
    if resume {
        trainer.resume(folder)?;
    }
    trainer.run(folder, &mut StopAt { step: stop, seen: 0 })?;
    let bits = |p: &tesela::ops::Data| p.f32().iter().map(|v| v.to_bits()).collect();
    let mut all: Vec<Vec<u32>> = trainer.model().parameters().unwrap().iter().map(bits).collect();
    // Where the loss was scaled, its scale and the counts.
    let scale = trainer.model().loss_scale().unwrap();
    all.extend(scale.map(|s| vec![s.scale.to_bits(), s.good as u32, s.skipped as u32, s.taken as u32]));
    Ok(all)
}

/// The columns of `training.csv` that are no times.
fn history(folder: &Path) -> Vec<TrainingRow> {
    let mut rows = tesela::record::read_training(&folder.join("training.csv")).unwrap();
    rows.iter_mut().for_each(|r| (r.seconds, r.images_per_s) = (0.0, None));
    rows
}

#[test]
fn a_run_that_was_stopped_goes_on_to_the_same_bits() {
    let (engine, targets) = crate::engine();
    for target in targets {
        let whole = tempfile::tempdir().unwrap();
        let all = run(&engine, target, whole.path(), None, false).unwrap();
        // In the first epoch, at the end of one, and in the middle of a later one.
        let stops: &[u32] = if target == Target::Cpu { &[3, 11, 17] } else { &[17] };
        for &stop in stops {
            let folder = tempfile::tempdir().unwrap();
            let stopped = run(&engine, target, folder.path(), Some(stop), false);
            assert!(matches!(stopped, Err(Error::Interrupted)), "{stopped:?}");
            let resumed = run(&engine, target, folder.path(), None, true).unwrap();
            assert!(all == resumed, "{target:?}, stopped at {stop}: other weights");
            assert_eq!(history(whole.path()), history(folder.path()), "{target:?}, stopped at {stop}");
        }
    }
}

/// Stopped among steps that were skipped, and after the scale was doubled.
#[test]
fn a_run_in_mixed_precision_keeps_scale_and_counts() {
    let engine = cpu();
    let text = RUN.replace("batch = 16", "batch = 16\nprecision = \"mixed\"")
        + "[loss_scaling]\nstart = 1099511627776.0\ninterval = 4\n";
    let whole = tempfile::tempdir().unwrap();
    let all = run_of(&text, &engine, Target::Cpu, whole.path(), (None, false)).unwrap();
    let counts = all.last().unwrap();
    assert!(counts[2] > 10 && counts[3] > 4, "skipped and taken: {counts:?}");
    for stop in [3, 27] {
        let folder = tempfile::tempdir().unwrap();
        let stopped = run_of(&text, &engine, Target::Cpu, folder.path(), (Some(stop), false));
        assert!(matches!(stopped, Err(Error::Interrupted)), "{stopped:?}");
        let resumed = run_of(&text, &engine, Target::Cpu, folder.path(), (None, true)).unwrap();
        assert!(all == resumed, "stopped at {stop}");
        assert_eq!(history(whole.path()), history(folder.path()), "stopped at {stop}");
    }
}

#[test]
fn a_loss_scaling_that_means_nothing_is_refused() {
    let parsed = |text: &str| Config::parse(Path::new("run.toml"), text);
    let mixed = RUN.replace("batch = 16", "batch = 16\nprecision = \"mixed\"");
    assert_eq!(parsed(RUN).unwrap().mixed(), None);
    let scaling = parsed(&mixed).unwrap().mixed().unwrap();
    assert_eq!((scaling.start, scaling.interval), (65_536.0, 2000));
    for (text, said) in [
        (format!("{RUN}[loss_scaling]\nstart = 1024.0\n"), "this run's is f32"),
        (format!("{mixed}[loss_scaling]\nstart = 1000.0\n"), "not a power of two"),
        (format!("{mixed}[loss_scaling]\ninterval = 0\n"), "use 1 or more"),
        (format!("{mixed}[loss_scaling]\ninterval = 16777217\n"), "never reached"),
        (format!("{mixed}[loss_scaling]\nfactor = 4\n"), "unknown field"),
        (mixed.replace("\"mixed\"", "\"f16\""), "unknown variant"),
    ] {
        let error = parsed(&text).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn a_state_of_another_network_or_cut_short_is_refused() {
    let engine = cpu();
    let folder = tempfile::tempdir().unwrap();
    assert!(run(&engine, Target::Cpu, folder.path(), Some(5), false).is_err());
    let other = setup(&RUN.replace("\"small\"", "\"alexnet32\""));
    let mut trainer = Trainer::new(&engine, Target::Cpu, other).unwrap();
    let error = trainer.resume(folder.path()).unwrap_err().to_string();
    assert!(error.contains("another network"), "{error}");
    let path = folder.path().join("state.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    for end in [0, 7, 100, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..end]).unwrap();
        let error = run(&engine, Target::Cpu, folder.path(), None, true).unwrap_err();
        assert!(matches!(error, Error::Format { .. }), "{end} bytes: {error}");
    }
}

#[test]
fn a_loss_that_is_no_number_stops_the_run_and_names_the_layer() {
    let (engine, targets) = crate::engine();
    for target in targets {
        let text = RUN.replace("learning_rate = 1e-3", "learning_rate = 1e20");
        let folder = tempfile::tempdir().unwrap();
        let mut trainer = Trainer::new(&engine, target, setup(&text)).unwrap();
        let stopped = trainer.run(folder.path(), &mut StopAt { step: None, seen: 0 });
        let Err(Error::NotFinite { epoch: 1, layer, .. }) = stopped else {
            panic!("{target:?}: {stopped:?}")
        };
        assert!(layer.starts_with("conv") || layer.starts_with("linear"), "{layer}");
    }
}

#[test]
fn only_in_mixed_precision_is_single_precision_advised() {
    let engine = cpu();
    for (table, advised) in [("", false), ("precision = \"mixed\"\n", true)] {
        let text = RUN.replace("learning_rate = 1e-3\n", &format!("learning_rate = 1e20\n{table}"));
        let error = run_of(&text, &engine, Target::Cpu, tempfile::tempdir().unwrap().path(), (None, false));
        let error = error.unwrap_err();
        assert!(matches!(error, Error::NotFinite { epoch: 1, .. }), "{error}");
        assert_eq!(error.to_string().contains("training in f32 may go on"), advised, "{error}");
    }
}

/// Trains to the second epoch, spoils the weights, and goes on; gives what is said then.
fn spoilt(text: &str, folder: &Path, spoil: impl Fn(&mut tesela::nn::Model<'_>)) -> Error {
    let engine = cpu();
    let mut trainer = Trainer::new(&engine, Target::Cpu, setup(text)).unwrap();
    let stopped = trainer.run(folder, &mut StopAt { step: Some(11), seen: 0 });
    assert!(matches!(stopped, Err(Error::Interrupted)), "{stopped:?}");
    let mut trainer = Trainer::new(&engine, Target::Cpu, setup(text)).unwrap();
    trainer.resume(folder).unwrap();
    spoil(trainer.model());
    trainer.run(folder, &mut StopAt { step: None, seen: 0 }).unwrap_err()
}

#[test]
fn the_best_weights_of_earlier_epochs_outlive_spoilt_ones() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.safetensors");
    let before = std::cell::RefCell::new(Vec::new());
    let error = spoilt(RUN, folder.path(), |m| {
        before.replace(std::fs::read(&model).unwrap());
        m.set_parameter("conv2.bias", &[f32::NAN; 32]).unwrap();
    });
    let Error::NotFinite { epoch: 2, step: 12, layer, .. } = error else { panic!("{error}") };
    assert_eq!(layer, "conv2");
    assert_eq!(std::fs::read(&model).unwrap(), before.into_inner());
}

/// The loss of the last step before a validation is finite, and the weights that it leaves are not.
#[test]
fn weights_that_the_last_step_spoilt_are_never_kept() {
    let one_step =
        RUN.replace("learning_rate = 1e-3", "learning_rate = 1e38").replace("batch = 16", "batch = 500");
    for (text, said) in
        [(one_step.replace("valid = 0.2", "valid = 0.0"), "optimiser"), (one_step, "validation")]
    {
        let (engine, folder) = (cpu(), tempfile::tempdir().unwrap());
        let text = text.replace("[split]", "[optimiser]\nkind = \"sgd\"\n[split]");
        let mut trainer = Trainer::new(&engine, Target::Cpu, setup(&text)).unwrap();
        let error = trainer.run(folder.path(), &mut StopAt { step: None, seen: 0 }).unwrap_err();
        let Error::NotFinite { epoch: 1, step: 1, layer, .. } = error else { panic!("{error}") };
        assert!(layer.contains(said), "{layer}");
        assert!(!folder.path().join("model.safetensors").exists());
    }
}

#[test]
fn a_model_whose_parts_do_not_fit_each_other_is_refused() {
    let (engine, folder) = (cpu(), tempfile::tempdir().unwrap());
    let text = RUN.replace("epochs = 3", "epochs = 1");
    let mut trainer = Trainer::new(&engine, Target::Cpu, setup(&text)).unwrap();
    trainer.run(folder.path(), &mut StopAt { step: None, seen: 0 }).unwrap();
    let saved = Saved::read(&folder.path().join("model.safetensors")).unwrap();
    let refused = |change: &dyn Fn(&mut Saved)| {
        let (mut saved, path) = (saved.clone(), folder.path().join("changed.safetensors"));
        change(&mut saved);
        saved.write(&path).unwrap();
        Predictor::open(&engine, Target::Cpu, &path, Variants::new()).unwrap_err().to_string()
    };
    let text = refused(&|s| s.prepare.h = 64);
    assert!(text.contains("3 x 64 x 32") && text.contains("takes 3 x 32 x 32"), "{text}");
    let text = refused(&|s| s.prepare.mode = tesela::data::Mode::Grey);
    assert!(text.contains("1 x 32 x 32"), "{text}");
    let text = refused(&|s| s.tensors[2].data[7] = f32::NAN);
    assert!(text.contains("no finite number") && text.contains("conv2"), "{text}");
    let text = refused(&|s| {
        s.network = s.network.replace("\"classes\"", "3");
        s.classes.clear();
    });
    assert!(text.contains("0 classes"), "{text}");
}

/// On a GPU losses are fetched some steps late; the step is named all the same.
#[test]
fn the_step_of_a_spoilt_loss_is_the_same_on_every_engine() {
    let (engine, targets) = crate::engine();
    let steps: Vec<u32> = targets
        .into_iter()
        .map(|target| {
            let text = RUN.replace("learning_rate = 1e-3", "learning_rate = 1e20");
            let folder = tempfile::tempdir().unwrap();
            let mut trainer = Trainer::new(&engine, target, setup(&text)).unwrap();
            match trainer.run(folder.path(), &mut StopAt { step: None, seen: 0 }) {
                Err(Error::NotFinite { step, .. }) => step,
                other => panic!("{target:?}: {other:?}"),
            }
        })
        .collect();
    assert!(steps.iter().all(|&step| step == steps[0]), "{steps:?}");
}

#[test]
fn data_that_cannot_be_trained_on_are_refused_before_anything_is_written() {
    let engine = cpu();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("only")).unwrap();
    let picture = tesela::data::Picture::new(1, 1, 1, vec![7]).unwrap();
    picture.write_png(&folder.path().join("only/a.png")).unwrap();
    let dataset = Dataset::load(Some(folder.path()), &LoadOptions::default()).unwrap();
    let mut one_class = setup(RUN);
    one_class.split = tesela::data::Split { train: vec![0], ..one_class.split };
    one_class.dataset = Arc::new(dataset);
    let error = Trainer::new(&engine, Target::Cpu, one_class).unwrap_err().to_string();
    assert!(error.contains("only class"), "{error}");
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let dataset = Dataset::load(Some(folder.path()), &LoadOptions::default()).unwrap();
    let refused = dataset.check_trainable().unwrap_err().to_string();
    assert!(refused.contains("`empty`"), "{refused}");
}

#[test]
fn a_rule_that_takes_more_than_there_is_says_both_numbers() {
    let dataset = Dataset::load(None, &LoadOptions::default()).unwrap();
    let rule = SplitRule::PerClass { test: 1000, valid_share: 0.1, groups: false };
    let error = dataset.split(&rule, 1).unwrap_err().to_string();
    assert!(error.contains("1001") && error.contains("91"), "{error}");
}
