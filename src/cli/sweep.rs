//! `tesela sweep`: experiments into run folders.

use std::path::{Path, PathBuf};

use super::args::{Global, SEED, constant};
use super::exit::{self, Exit, Failure};
use super::print;
use super::watch::{Watch, stop_on_interrupt};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::lab::{self, Experiment, Outcome, Provenance, Source, Sweep, user_variant};
use crate::record::{Ceilings, Folder};

/// What `tesela sweep` is told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Experiment files; those in experiments/ are examples
    #[arg(required = true, value_name = "FILE.toml")]
    files: Vec<PathBuf>,
    /// Measure this WGSL kernel too, beside the experiment's variants
    #[arg(long, value_name = "FILE.wgsl")]
    shader: Option<PathBuf>,
    /// Set a constant of the kernel given by --shader
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = constant, requires = "shader")]
    set: Vec<(String, u32)>,
    /// Seed of the inputs, where the experiment names none
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// Where the run folders go: OUT/<experiment>/<date>-<machine>/
    #[arg(long, value_name = "DIR", default_value = "results")]
    out: PathBuf,
    /// A run folder of the same experiment by this very program on this machine: what it found right is measured again
    /// without the reference, which takes minutes at large sizes
    #[arg(long, value_name = "RUN")]
    verified_in: Option<PathBuf>,
    /// Leave out the ceilings of the machine, without which the report has no roofline
    #[arg(long)]
    no_probe: bool,
}

/// Runs every experiment and prints each run folder on standard output.
pub(super) fn run(args: &Args, global: &Global) -> exit::Outcome {
    let mut experiments = Vec::new();
    // All files are read before the first is run: a typing error in the last should not cost an hour.
    for file in &args.files {
        let mut experiment = Experiment::read(file)?;
        if let Some(shader) = &args.shader {
            let own = user_variant(shader, &args.set)?;
            if experiment.op.variants.iter().any(|v| v.name == own.name) {
                return Err(Failure::usage(format!(
                    "`{}` is the name of a variant of `{}`: give the file another name, so that their samples stay apart",
                    own.name, experiment.op.name
                )));
            }
            experiment.variants.push(own);
        }
        experiments.push(experiment);
    }
    let engine = global.engine()?;
    announce(&engine, global);
    stop_on_interrupt();
    let mut failed = 0;
    let mut ceilings = None;
    for experiment in &experiments {
        let verified_in = args.verified_in.as_deref().map(Folder::read).transpose()?;
        let provenance = Provenance { command: command(), verified_in, ..Provenance::default() };
        let with = With { engine: &engine, seed: args.seed, root: &args.out, inputs: None, stays: true };
        let outcome = one(experiment, &with, provenance, global)?;
        global.note(&summary(&outcome));
        failed += outcome.failed;
        if !args.no_probe {
            probe(&engine, &outcome.folder, &mut ceilings, global)?;
        }
        print::emit(&format!("{}\n", outcome.folder.display()))?;
    }
    Ok(if failed == 0 { Exit::Ok } else { Exit::Failure })
}

/// What several experiments share.
pub(super) struct With<'a> {
    pub(super) engine: &'a Engine,
    pub(super) seed: u64,
    pub(super) root: &'a Path,
    pub(super) inputs: Option<Source<'a>>,
    /// Whether the run folders stay where they are.
    pub(super) stays: bool,
}

/// Runs one experiment under a progress bar.
pub(super) fn one(
    experiment: &Experiment,
    with: &With<'_>,
    provenance: Provenance,
    global: &Global,
) -> Result<Outcome> {
    let mut watch = Watch::new(&experiment.name, global);
    let With { engine, seed, root, inputs, stays } = *with;
    let outcome = Sweep { experiment, engine, root, seed, inputs, provenance }.run(&mut watch);
    watch.finish();
    if let Err(Error::Interrupted) = outcome {
        global.note(if stays {
            "every sample taken so far is kept; the same command goes on from there"
        } else {
            "nothing of it is kept; with --out the same command would go on from there"
        });
    }
    outcome
}

/// Leaves the ceilings of the machine in a run folder that has none. They are measured once a command, after the samples:
/// the device is warm then.
pub(super) fn probe(
    engine: &Engine,
    folder: &Path,
    known: &mut Option<Ceilings>,
    global: &Global,
) -> Result<()> {
    let path = folder.join(Ceilings::FILE);
    if path.exists() {
        return Ok(());
    }
    let ceilings = match known {
        Some(ceilings) => ceilings,
        None => {
            let measured = lab::ceilings(engine)?;
            for skipped in &measured.skipped {
                global.note(&format!("no ceiling from {:?}: {}", skipped.kind, skipped.reason));
            }
            known.insert(measured)
        }
    };
    ceilings.write(&path)
}

/// Says on what the work runs, and that a software adapter is no GPU.
pub(super) fn announce(engine: &Engine, global: &Global) {
    global.note(&match engine.gpu().map(|gpu| gpu.adapter()) {
        Some(a) if a.software => {
            format!("on {} (a software adapter: its times say nothing about GPUs)", a.name)
        }
        Some(a) => format!("on {}", a.name),
        None => "on the CPU alone: variants for the GPU are skipped".to_owned(),
    });
}

/// The command line as it was given, the program by its name alone.
pub(super) fn command() -> Vec<String> {
    let words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    std::iter::once("tesela".to_owned()).chain(words.skip(1)).collect()
}

/// One line about an outcome.
pub(super) fn summary(outcome: &Outcome) -> String {
    format!(
        "{}{}, {}, {}",
        if outcome.resumed { "continued: " } else { "" },
        print::count(outcome.samples, "sample"),
        format_args!("{} skipped", print::count(outcome.skipped, "row")),
        format_args!("{} failed", outcome.failed),
    )
}
