//! `tesela lr-find`: a short training in which the learning rate rises with every step.

use std::path::PathBuf;

use indicatif::ProgressBar;

use super::{Overrides, engine_for_training, kernels, prepare};
use crate::cli::args::Global;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::sweep::command;
use crate::cli::{pipelines, print};
use crate::error::{Error, Result};
use crate::lab::{Provenance, record, utc_now};
use crate::nn::lr_finder::{RangeState, RangeTest, RangeTestConfig};
use crate::nn::precision::{LossScale, power};
use crate::nn::train::Trainer;
use crate::record::{RunFolder, RunStatus, write_range};

/// What `tesela lr-find` is told.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The run's file; those in experiments/train_*.toml are examples
    #[arg(value_name = "CONFIG.toml")]
    config: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// Where the run folder goes: OUT/<name>_lr/<date>-<machine>/
    #[arg(long, value_name = "DIR", default_value = "results")]
    out: PathBuf,
    /// Rate of the first step
    #[arg(long, default_value_t = 1e-7)]
    start: f64,
    /// Rate of the last step
    #[arg(long, default_value_t = 10.0)]
    end: f64,
    /// Steps
    #[arg(long, default_value_t = 100)]
    steps: u32,
}

/// Tests, writes table and plot, and prints the suggestion on standard output.
pub(in crate::cli) fn run(args: &Args, global: &Global) -> Outcome {
    let (config, text) = prepare::config(&args.config, &args.overrides)?;
    let test =
        RangeTestConfig { start: args.start, end: args.end, steps: args.steps, ..RangeTestConfig::default() };
    test.check().map_err(crate::cli::exit::Failure::usage)?;
    let setup = prepare::setup(config, &args.overrides, global)?;
    let (engine, target) = engine_for_training(global)?;
    prepare::announce(&engine, target, &setup, global);
    let mut trainer = Trainer::new(&engine, target, setup.clone())?;
    let bar = global.bar(args.steps as usize);
    let rows = curve(&mut trainer, test, &bar);
    bar.finish_and_clear();
    let rows = rows?;
    let skipped = trainer.model().loss_scale()?.map_or(0, |scale| scale.skipped);
    if skipped > 0 {
        let skipped = print::count(usize::try_from(skipped).unwrap_or(0), "step");
        global.note(&format!("{skipped} skipped for an overflow in mixed precision: not in the curve"));
    }
    pipelines::keep(&engine, global);
    let name = format!("{}_lr", setup.config.name);
    let provenance = Provenance {
        command: command(),
        images: Some(setup.dataset.origin.clone()),
        ..Provenance::default()
    };
    let mut run = record([&name, &text], kernels(target), &engine, &provenance, (setup.config.seed, ""));
    let date = run.started.split('T').next().unwrap_or_default().to_owned();
    let place = RunFolder::open(&args.out, &name, &date, &super::device(&engine, target), "")?;
    write_range(&place.learning_rate(), rows.rows())?;
    run.status = RunStatus::Complete;
    run.finished = Some(utc_now());
    run.write(&place.run())?;
    crate::report::report(&[place.path().to_path_buf()], place.path())?;
    global.note(&format!("table and plot in {}", place.path().display()));
    match rows.suggestion() {
        Some(s) => print::emit(&format!("{:.2e}\n", s.steepest))?,
        None => global.note("the loss never fell: no rate can be suggested"),
    }
    Ok(Exit::Ok)
}

/// The losses of the steps that were taken. One that was skipped in mixed precision is made again at the same rate, as long
/// as the scale of the loss can be halved.
///
/// # Errors
/// [`Error::NoStepTaken`] where every step was skipped.
fn curve(trainer: &mut Trainer<'_>, config: RangeTestConfig, bar: &ProgressBar) -> Result<RangeTest> {
    let mut test = RangeTest::new(config);
    let mut batches = trainer.endless()?;
    while let Some(rate) = test.next_rate() {
        let Some(batch) = batches.next() else { break };
        if let Some(loss) = trainer.single_step(&batch?, rate)? {
            bar.inc(1);
            bar.set_message(format!("rate {rate:.2e} loss {loss:.4}"));
            if test.record(loss) != RangeState::Running {
                break;
            }
            continue;
        }
        let Some(least) = trainer.model().loss_scale()?.filter(LossScale::is_least) else { continue };
        if test.rows().is_empty() {
            let what = "the range test, which suggests no rate,".to_owned();
            return Err(Error::NoStepTaken { what, scale: power(least.scale) });
        }
        break;
    }
    Ok(test)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::data::{Dataset, LoadOptions};
    use crate::engine::{Engine, Target};
    use crate::nn::Variants;
    use crate::nn::train::{Config, Setup};

    const RUN: &str = "name = \"test\"\nnetwork = \"small\"\nepochs = 1\nbatch = 8\nprecision = \"mixed\"\n\
        split = { rule = \"fractions\", test = 0.2, valid = 0.2 }\n";

    /// The curve of ten steps with a first scale of 2^`start`, of a network that `change` was done to, and steps skipped.
    fn ten_steps(start: i32, change: impl Fn(&mut Trainer<'_>)) -> (Result<RangeTest>, u64) {
        let start = 2f32.powi(start);
        let text = format!("{RUN}loss_scaling = {{ start = {start:e} }}\n");
        let config = Config::parse(Path::new("run.toml"), &text).unwrap();
        let dataset = Dataset::load(None, &LoadOptions::default()).unwrap();
        let split = dataset.split(&config.split, config.seed).unwrap();
        let setup = Setup { config, dataset: Arc::new(dataset), split, variants: Variants::new() };
        let engine = Engine::new(None, 2).unwrap();
        let mut trainer = Trainer::new(&engine, Target::Cpu, setup).unwrap();
        change(&mut trainer);
        let config = RangeTestConfig { end: 1e-5, steps: 10, ..RangeTestConfig::default() };
        let test = curve(&mut trainer, config, &ProgressBar::hidden());
        (test, trainer.model().loss_scale().unwrap().unwrap().skipped)
    }

    #[test]
    fn steps_that_were_not_taken_are_not_in_the_curve() {
        let (test, skipped) = ten_steps(60, |_| {});
        let test = test.unwrap();
        assert!(skipped > 10, "{skipped}");
        assert_eq!((test.rows().len(), test.state()), (10, RangeState::Complete));
        let rates: Vec<f64> = test.rows().iter().map(|row| row.learning_rate).collect();
        assert!(rates.windows(2).all(|pair| pair[0] < pair[1]), "{rates:?}");
    }

    /// Dense weights that are infinite as halves give minus infinity, which is rectified; backward 0 times them is NaN.
    #[test]
    fn nothing_is_suggested_where_every_step_was_skipped() {
        let (test, skipped) = ten_steps(-120, |trainer| {
            let lens: Vec<(String, usize)> =
                trainer.model().network().parameters().map(|p| (p.name.clone(), p.len())).collect();
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
        let error = test.unwrap_err();
        assert!(matches!(error, Error::NoStepTaken { .. }), "{error}");
        let said = error.to_string();
        assert!(said.contains("suggests no rate") && said.contains("2^-126"), "{said}");
        assert_eq!(skipped, 6);
    }
}
