//! `tesela bench`: the speedup table that `cargo bench` ends with, without criterion.

use std::path::{Path, PathBuf};

use super::args::{Global, SEED};
use super::exit::{Exit, Outcome};
use super::print;
use super::sweep::{self, With};
use super::watch::stop_on_interrupt;
use crate::error::{Error, Result};
use crate::lab::{Experiment, Provenance};
use crate::ops::Sizes;

/// What `tesela bench` is told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Small sizes only: less than a minute
    #[arg(long)]
    quick: bool,
    /// Seed of the inputs
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// Keep the run folders here: OUT/<experiment>/<date>-<machine>/ [default: they are removed]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// The experiments, as they stand in experiments/: the program needs no file beside it.
const EXPERIMENTS: &[(&str, &str)] = &[
    ("experiments/bench_matmul.toml", include_str!("../../experiments/bench_matmul.toml")),
    ("experiments/bench_maxpool.toml", include_str!("../../experiments/bench_maxpool.toml")),
];

/// The largest sides of a matrix and of an image with `--quick`.
const QUICK_SIDES: [(&str, u32); 2] = [("m", 256), ("h", 512)];

/// Measures and prints the tables on standard output.
pub(super) fn run(args: &Args, global: &Global) -> Outcome {
    let mut experiments = Vec::new();
    for (name, text) in EXPERIMENTS {
        let mut experiment = Experiment::from_bytes(Path::new(name), text.as_bytes())?;
        if args.quick {
            shorten(&mut experiment);
        }
        experiments.push(experiment);
    }
    let engine = global.engine()?;
    sweep::announce(&engine, global);
    stop_on_interrupt();
    let place = match &args.out {
        Some(out) => Place::Kept(out.clone()),
        None => Place::temporary()?,
    };
    let stays = matches!(place, Place::Kept(_));
    let with = With { engine: &engine, seed: args.seed, root: place.path(), inputs: None, stays };
    let (mut folders, mut failed) = (Vec::new(), 0);
    for experiment in &experiments {
        let provenance = Provenance { command: sweep::command(), ..Provenance::default() };
        let outcome = sweep::one(experiment, &with, provenance, global)?;
        global.note(&format!("{}: {}", experiment.name, sweep::summary(&outcome)));
        failed += outcome.failed;
        folders.push(outcome.folder);
    }
    print::emit(&crate::report::speedup_tables(&folders)?)?;
    Ok(if failed == 0 { Exit::Ok } else { Exit::Failure })
}

/// Keeps the small sizes and a share of the time. The experiment's text says so, so that a quick run is never taken for
/// a whole one, nor continued as one.
fn shorten(experiment: &mut Experiment) {
    let fits = |sizes: &Sizes| {
        QUICK_SIDES.iter().all(|(name, limit)| sizes.find(name).is_none_or(|side| side <= *limit))
    };
    experiment.points.retain(|point| point.sizes.as_ref().is_ok_and(fits));
    experiment.budget.point_seconds = experiment.budget.point_seconds.min(0.25);
    experiment.budget.variant_seconds = experiment.budget.variant_seconds.min(2.0);
    experiment.budget.total_seconds = 20.0;
    experiment.text += "\n# shortened by --quick: m up to 256, h up to 512, 20 s in all\n";
}

/// Where run folders go.
enum Place {
    Kept(PathBuf),
    Removed(PathBuf),
}

impl Place {
    /// A new folder among the system's temporary ones.
    fn temporary() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("tesela-bench-{}", std::process::id()));
        std::fs::create_dir(&path).map_err(|e| Error::write(&path, e))?;
        Ok(Self::Removed(path))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) | Self::Removed(path) => path,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Removed(path) = self {
            // A folder that stays behind among the temporary ones harms nobody.
            let _ = std::fs::remove_dir_all(path);
        }
    }
}
