//! `tesela train` and `tesela lr-find`: a network on images.

mod finish;
mod prepare;
mod range;
mod times;
mod watch;

use std::path::{Path, PathBuf};

use super::args::Global;
use super::exit::{Exit, Outcome};
use super::sweep::command;
use super::watch::stop_on_interrupt;
use super::{pipelines, print};
use crate::engine::{Engine, Target};
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::lab::{Provenance, record, utc_now};
use crate::nn::Precision;
use crate::nn::train::{STATE_FILE, Setup, Trainer};
use crate::ops::{OPS, Shader};
use crate::record::{Metrics, Run, RunFolder, RunStatus};

pub(super) use self::finish::summary;
pub(super) use self::prepare::{cold_engine_for_training, device, engine_for_training, setup};
pub(super) use self::range::{Args as RangeArgs, run as find_rate};

/// What a run is told beside its file.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Overrides {
    /// The images: a folder with one sub-folder a class, a folder of NIfTI volumes, or a CSV of file and label [default:
    /// the file's, else the built-in phantom]
    #[arg(long, value_name = "PATH")]
    pub(super) data: Option<PathBuf>,
    /// CSV column that says which images belong together, on one side of every split
    #[arg(long, value_name = "COLUMN")]
    pub(super) group_column: Option<String>,
    /// Seed of split, initial weights, order, augmentation and dropout
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Most epochs
    #[arg(long, value_name = "N")]
    pub(super) epochs: Option<u32>,
    /// Images a step
    #[arg(long, value_name = "N")]
    pub(super) batch: Option<usize>,
    /// The thesis's ways to split: A its printed counts (test images are trained on), B 32 a class at random, C 32
    /// neighbouring slices a class
    #[arg(long, value_name = "A|B|C")]
    pub(super) protocol: Option<String>,
    /// Precision of the training: f32, or mixed: products of halves, everything else in f32, the loss scaled [default: the
    /// file's, else f32]
    #[arg(long, value_name = "f32|mixed")]
    pub(super) precision: Option<Precision>,
    /// Run an op of the training step by another variant, as maxpool=tiled; may be repeated
    #[arg(long = "variant", value_name = "OP=NAME", value_parser = variant)]
    pub(super) variants: Vec<(String, String)>,
}

/// What `tesela train` is told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run's file; those in experiments/train_*.toml are examples
    #[arg(value_name = "CONFIG.toml")]
    config: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// Where the run folder goes: OUT/<name>/<date>-<machine>/
    #[arg(long, value_name = "DIR", default_value = "results")]
    out: PathBuf,
    /// Go on with the run that was stopped
    #[arg(long)]
    resume: bool,
}

/// `OP=NAME`.
fn variant(text: &str) -> Result<(String, String), String> {
    let (op, name) = text.split_once('=').ok_or("write OP=NAME, as in maxpool=tiled")?;
    Ok((op.trim().to_owned(), name.trim().to_owned()))
}

/// Trains, evaluates, and prints the run folder on standard output.
pub(super) fn run(args: &Args, global: &Global) -> Outcome {
    let (config, text) = prepare::config(&args.config, &args.overrides)?;
    let setup = setup(config, &args.overrides, global)?;
    let (engine, target) = engine_for_training(global)?;
    prepare::announce(&engine, target, &setup, global);
    stop_on_interrupt();
    let job = Job { engine: &engine, target, text: &text, out: &args.out, resume: args.resume };
    let trained = train(&job, setup, global);
    pipelines::keep(&engine, global);
    if let Err(Error::Interrupted) = trained {
        global.note("the same command with --resume goes on from there");
    }
    let (folder, metrics) = trained?;
    global.note(&summary(&metrics));
    print::emit(&format!("{}\n", folder.display()))?;
    Ok(Exit::Ok)
}

/// Where and how a run is made.
pub(super) struct Job<'a> {
    pub(super) engine: &'a Engine,
    pub(super) target: Target,
    /// The run's file as it was written.
    pub(super) text: &'a str,
    pub(super) out: &'a Path,
    pub(super) resume: bool,
}

/// Trains into a run folder; gives the folder and what came out.
pub(super) fn train(job: &Job<'_>, setup: Setup, global: &Global) -> Result<(PathBuf, Metrics)> {
    let mut trainer = Trainer::new(job.engine, job.target, setup.clone())?;
    let mut run = provenance(job, &setup);
    let place = place(job, &run, &setup.config.name)?;
    let folder = place.path();
    if place.resumed() {
        trainer.resume(folder)?;
        run.started = Run::read(&place.run())?.started;
        global.note(&format!("going on in {}", folder.display()));
    }
    run.write(&place.run())?;
    let mut watch = watch::Watch::new(&setup, global);
    let trained = trainer.run(folder, &mut watch);
    watch.finish();
    if matches!(trained, Err(Error::Interrupted | Error::NotFinite { .. } | Error::NoStepTaken { .. })) {
        run.status = RunStatus::Interrupted;
        run.finished = Some(utc_now());
        run.write(&place.run())?;
    }
    let trained = match trained {
        Ok(trained) => trained,
        Err(Error::Interrupted) => {
            global.note(&format!("stopped and saved in {}", folder.display()));
            return Err(Error::Interrupted);
        }
        Err(e) => return Err(e),
    };
    let metrics = finish::metrics(&mut trainer, &trained, job)?;
    metrics.write(&place.metrics())?;
    let layers = times::layers(&mut trainer)?;
    crate::record::write_layers(&place.layers(), &layers)?;
    run.status = RunStatus::Complete;
    run.finished = Some(utc_now());
    run.write(&place.run())?;
    crate::report::report(&[folder.to_path_buf()], folder)?;
    // What is complete needs no state to go on from.
    let _ = std::fs::remove_file(folder.join(STATE_FILE));
    Ok((folder.to_path_buf(), metrics))
}

/// The folder: the unfinished one of the same run where it is to be resumed, else a new one.
fn place(job: &Job<'_>, run: &Run, name: &str) -> Result<RunFolder> {
    let date = run.started.split('T').next().unwrap_or_default();
    let machine = device(job.engine, job.target);
    let key = if job.resume { run.resume_key.as_str() } else { "" };
    let place = RunFolder::open(job.out, name, date, &machine, key)?;
    if !job.resume {
        return Ok(place);
    }
    let nothing = |what: &Path, reason: &str| {
        let reason = format!("{reason}; start it without --resume");
        Error::Records { what: what.display().to_string(), reason }
    };
    if !place.resumed() {
        // Nothing to go on with: the folder made for it would only be in the way.
        let _ = std::fs::remove_dir(place.path());
        let reason = "there is no run here that was stopped with the same file, data, seed and program";
        return Err(nothing(&job.out.join(name), reason));
    }
    if !place.path().join(STATE_FILE).exists() {
        let reason = "it ended before a state was saved, as is done on Ctrl-C and every two minutes";
        return Err(nothing(place.path(), reason));
    }
    Ok(place)
}

fn provenance(job: &Job<'_>, setup: &Setup) -> Run {
    let config = &setup.config;
    let mut notes = Vec::new();
    let counts = &setup.split.leaks.test;
    if counts.total() > 0 {
        notes.push(finish::leak_note(counts));
    }
    if !setup.dataset.unreadable.is_empty() {
        let count = crate::cli::print::count(setup.dataset.unreadable.len(), "image");
        notes.push(format!("{count} could not be read: left out"));
    }
    if job.engine.gpu().is_some_and(Gpu::begun_compiled) {
        notes.push(
            "kernels that an earlier process compiled: the first epoch holds less compilation".to_owned(),
        );
    }
    let provenance = Provenance {
        command: command(),
        images: Some(setup.dataset.origin.clone()),
        notes,
        verified_in: None,
    };
    let images: Vec<_> = setup.dataset.examples.iter().map(|e| (&e.name, e.class, e.hash)).collect();
    let terms = format!("{config:?}\n{:?}\n{:?}\n{images:?}", setup.variants, setup.split);
    record([&config.name, job.text], kernels(job.target), job.engine, &provenance, (config.seed, &terms))
}

/// The kernels that a plan on `target` may use: none on the CPU.
pub(super) fn kernels(target: Target) -> impl Iterator<Item = &'static Shader> {
    let all = OPS.iter().flat_map(|op| op.variants).flat_map(|v| v.shaders());
    all.filter(move |_| target == Target::Gpu)
}
