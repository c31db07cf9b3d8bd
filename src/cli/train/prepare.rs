//! From the command line to what a trainer works on.

use std::path::Path;
use std::sync::Arc;

use super::Overrides;
use crate::cli::args::Global;
use crate::cli::{print, sweep};
use crate::data::{Dataset, LoadOptions, SplitRule};
use crate::engine::{Engine, Target};
use crate::error::{Error, Result};
use crate::gpu::Choice;
use crate::lab::machine_name;
use crate::nn::Precision;
use crate::nn::precision::power;
use crate::nn::train::{Config, Setup};

/// What the run's file says, with what the command line says put over it; and the file's text.
pub(super) fn config(path: &Path, overrides: &Overrides) -> Result<(Config, String)> {
    let text = Config::text(path)?;
    let mut config = Config::parse_unchecked(path, &text)?;
    let file_is_sound = config.check().is_ok();
    apply(&mut config, overrides)?;
    let culprit = if file_is_sound { Path::new("the command line") } else { path };
    config.check().map_err(|reason| Error::Experiment { path: culprit.into(), reason })?;
    Ok((config, text))
}

fn apply(config: &mut Config, overrides: &Overrides) -> Result<()> {
    let Overrides { data, group_column, seed, epochs, batch, protocol: letter, precision, .. } = overrides;
    config.data.path = data.clone().or(config.data.path.take());
    config.data.group_column = group_column.clone().or(config.data.group_column.take());
    config.seed = seed.unwrap_or(config.seed);
    config.epochs = epochs.unwrap_or(config.epochs);
    config.batch = batch.unwrap_or(config.batch);
    if let Some(precision) = precision {
        config.precision = *precision;
        // Without halves nothing is scaled.
        config.loss_scaling = config.loss_scaling.filter(|_| *precision == Precision::Mixed);
    }
    if let Some(letter) = letter {
        config.split = SplitRule::protocol(letter)?;
    }
    Ok(())
}

/// Reads the images and divides them.
pub(in crate::cli) fn setup(config: Config, overrides: &Overrides, global: &Global) -> Result<Setup> {
    let mut options =
        LoadOptions { group_column: config.data.group_column.clone(), ..LoadOptions::default() };
    options.max_side = config.data.max_side.unwrap_or(options.max_side);
    let dataset = Dataset::load(config.data.path.as_deref(), &options)?;
    for bad in dataset.unreadable.iter().take(5) {
        global.note(&format!("left out: {}", bad.error));
    }
    if dataset.unreadable.len() > 5 {
        global.note(&format!("left out: {} more images that cannot be read", dataset.unreadable.len() - 5));
    }
    dataset.check_trainable()?;
    let split = dataset.split(&config.split, config.split_seed.unwrap_or(config.seed))?;
    Ok(Setup {
        config,
        dataset: Arc::new(dataset),
        split,
        variants: overrides.variants.iter().cloned().collect(),
    })
}

/// Who trains: the GPU that was asked for, or the first real one; without one the CPU, whose code is faster than a
/// software adapter's.
pub(in crate::cli) fn engine_for_training(global: &Global) -> Result<(Engine, Target)> {
    chosen(global, Global::warm_engine)
}

/// The same, with every kernel compiled by this process, so that the time of the first epoch can be compared.
pub(in crate::cli) fn cold_engine_for_training(global: &Global) -> Result<(Engine, Target)> {
    chosen(global, Global::engine)
}

fn chosen(global: &Global, engine: fn(&Global) -> Result<Engine>) -> Result<(Engine, Target)> {
    match &global.device {
        Choice::Cpu => Ok((global.cpu_engine()?, Target::Cpu)),
        Choice::Auto => match engine(global) {
            Ok(engine) if engine.gpu().is_some_and(|gpu| !gpu.adapter().software) => {
                Ok((engine, Target::Gpu))
            }
            Ok(_) | Err(Error::NoAdapter { .. }) => Ok((global.cpu_engine()?, Target::Cpu)),
            Err(e) => Err(e),
        },
        _ => Ok((engine(global)?, Target::Gpu)),
    }
}

/// The name of what trains.
pub(in crate::cli) fn device(engine: &Engine, target: Target) -> String {
    let name = machine_name(engine);
    match target {
        Target::Gpu => name,
        Target::Cpu => format!("{name}, {}", print::count(engine.threads(), "thread")),
    }
}

/// One line each about images, split and device.
pub(super) fn announce(engine: &Engine, target: Target, setup: &Setup, global: &Global) {
    let (dataset, split) = (&setup.dataset, &setup.split);
    let counts = dataset.classes.iter().zip(dataset.counts()).map(|(class, n)| format!("{class} {n}"));
    global.note(&format!("{}: {}", dataset.origin, counts.collect::<Vec<_>>().join(", ")));
    global.note(&format!(
        "split by {}: {} for training, {} for validation, {} for test",
        setup.config.split.name(),
        split.train.len(),
        split.valid.len(),
        split.test.len()
    ));
    if split.leaks.test.total() > 0 {
        global.note(&super::finish::leak_note(&split.leaks.test));
    }
    match target {
        Target::Cpu => global.note(&format!("on the CPU with {}", print::count(engine.threads(), "thread"))),
        Target::Gpu => sweep::announce(engine, global),
    }
    if let Some(scaling) = setup.config.mixed() {
        let start = power(scaling.start);
        global.note(&format!("in mixed precision: products of halves; the loss scaled by {start} at first"));
    }
}
