//! `tesela lr-find`: a short training in which the learning rate rises with every step.

use std::path::PathBuf;

use super::{Overrides, engine_for_training, kernels, prepare};
use crate::cli::args::Global;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::sweep::command;
use crate::cli::{pipelines, print};
use crate::lab::{Provenance, record, utc_now};
use crate::nn::lr_finder::{RangeState, RangeTest, RangeTestConfig};
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
    let (mut config, text) = prepare::config(&args.config)?;
    prepare::apply(&mut config, &args.overrides)?;
    let test =
        RangeTestConfig { start: args.start, end: args.end, steps: args.steps, ..RangeTestConfig::default() };
    test.check().map_err(crate::cli::exit::Failure::usage)?;
    let setup = prepare::setup(config, &args.overrides, global)?;
    let (engine, target) = engine_for_training(global)?;
    prepare::announce(&engine, target, &setup, global);
    let mut trainer = Trainer::new(&engine, target, setup.clone())?;
    let rows = {
        let mut test = RangeTest::new(test);
        let bar = global.bar(args.steps as usize);
        let mut batches = trainer.endless()?;
        while let Some(rate) = test.next_rate() {
            let Some(batch) = batches.next() else { break };
            let loss = trainer.single_step(&batch?, rate)?;
            bar.inc(1);
            bar.set_message(format!("rate {rate:.2e} loss {loss:.4}"));
            if test.record(loss) != RangeState::Running {
                break;
            }
        }
        bar.finish_and_clear();
        test
    };
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
