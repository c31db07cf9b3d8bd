//! `tesela reproduce`: the thesis's experiments on real MRI slices, and one report of what comes out.

mod facts;
mod mosaic;
mod network;

use std::path::{Path, PathBuf};

use super::args::{Global, SEED};
use super::exit::{Exit, Outcome};
use super::print;
use super::sweep::{self, With};
use super::watch::stop_on_interrupt;
use crate::data::source;
use crate::error::Result;
use crate::lab::{Experiment, Provenance, utc_now};
use mosaic::Mosaic;

/// What `tesela reproduce` is told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A folder of MRI slices, or a NIfTI volume [default: the shared slices where they are, else the built-in phantom]
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// Small sizes and one short training only: a minute instead of five
    #[arg(long)]
    quick: bool,
    /// Seconds that a variant which launches once a window may take, all sizes together
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    budget: u32,
    /// Epochs of the network's runs; 0 leaves the network out [default: 25,50,100; with --quick 25]
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    epochs: Option<Vec<u32>>,
    /// Seed of what is drawn at random
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// Where run folders and the report go
    #[arg(long, value_name = "DIR", default_value = "results")]
    out: PathBuf,
}

/// The experiments, as they stand in experiments/: the program needs no file beside it.
const EXPERIMENTS: &[(&str, &str)] = &[
    ("experiments/thesis_matmul.toml", include_str!("../../../experiments/thesis_matmul.toml")),
    ("experiments/mri_slices.toml", include_str!("../../../experiments/mri_slices.toml")),
    ("experiments/thesis_maxpool.toml", include_str!("../../../experiments/thesis_maxpool.toml")),
];

/// The largest side of an image or a matrix with `--quick`.
const QUICK_SIDE: u32 = 128;

/// Runs the three experiments, trains the thesis's network, and writes the report, whose page is printed on standard output.
pub(super) fn run(args: &Args, global: &Global) -> Outcome {
    let mut experiments = Vec::new();
    for (name, text) in EXPERIMENTS {
        let mut experiment = Experiment::from_bytes(Path::new(name), text.as_bytes())?;
        if experiment.name == "thesis_maxpool" {
            experiment.budget.variant_seconds = f64::from(args.budget);
        }
        if args.quick {
            shorten(&mut experiment);
        }
        experiments.push(experiment);
    }
    let source = source::find_mri(args.data.as_deref())?;
    global.note(&format!("data: {}", source.description));
    for bad in &source.unreadable {
        global.note(&format!("unreadable: {}", bad.error));
    }
    let mosaic = Mosaic::new(&source.slices)?;
    // The thesis's kernels and their cure as their files have them, on every machine alike.
    let engine = global.plain_engine()?;
    sweep::announce(&engine, global);
    stop_on_interrupt();

    let images =
        format!("{}; larger inputs are a mosaic of the slices that are not blank", source.description);
    let inputs = |op, sizes: &_, seed| mosaic.inputs(op, sizes, seed);
    let with = With { engine: &engine, seed: args.seed, root: &args.out, inputs: Some(&inputs), stays: true };
    let mut folders = Vec::new();
    let mut failed = 0;
    let mut ceilings = None;
    for experiment in &experiments {
        let provenance =
            Provenance { command: sweep::command(), images: Some(images.clone()), ..Provenance::default() };
        let outcome = sweep::one(experiment, &with, provenance, global)?;
        global.note(&format!("{}: {}", experiment.name, sweep::summary(&outcome)));
        failed += outcome.failed;
        sweep::probe(&engine, &outcome.folder, &mut ceilings, global)?;
        folders.push(outcome.folder);
    }
    if let Some(folder) = folders.last() {
        facts::write(&engine, &source.slices, folder)?;
    }
    let default: &[u32] = if args.quick { &[25] } else { &[25, 50, 100] };
    let epochs: Vec<u32> =
        args.epochs.as_deref().unwrap_or(default).iter().copied().filter(|&n| n > 0).collect();
    folders.extend(network::run(source.origin, args.data.as_deref(), &epochs, &args.out, global)?);
    let out = report_folder(&args.out)?;
    let summary = crate::report::report(&folders, &out)?;
    print::emit(&format!("{}\n", summary.html.display()))?;
    Ok(if failed == 0 { Exit::Ok } else { Exit::Mismatch })
}

/// Keeps the small sizes and the first seconds of an experiment. Its text says so, so that a quick run is never taken
/// for a whole one, nor continued as one.
fn shorten(experiment: &mut Experiment) {
    let small = |sizes: &crate::ops::Sizes| {
        ["m", "h", "n"].iter().filter_map(|name| sizes.find(name)).all(|side| side <= QUICK_SIDE)
    };
    experiment.points.retain(|point| point.sizes.as_ref().is_ok_and(small));
    experiment.budget.point_seconds = experiment.budget.point_seconds.min(0.05);
    experiment.budget.total_seconds = 8.0;
    experiment.text += &format!("\n# shortened by --quick: sides up to {QUICK_SIDE}, 8 s in all\n");
}

/// A new folder `<out>/reproduce/<date>`, with `-2`, `-3`, ... behind it where that exists.
fn report_folder(out: &Path) -> Result<PathBuf> {
    let parent = out.join("reproduce");
    std::fs::create_dir_all(&parent).map_err(|e| crate::Error::write(&parent, e))?;
    let date = utc_now().get(..10).unwrap_or("undated").to_owned();
    let mut number = 1u32;
    loop {
        let path = parent.join(if number == 1 { date.clone() } else { format!("{date}-{number}") });
        match std::fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            Err(e) => return Err(crate::Error::write(&path, e)),
        }
    }
}
