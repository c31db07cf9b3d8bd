//! `tesela report`: tables and figures from run folders. Needs no GPU.

use std::path::PathBuf;

use super::args::Global;
use super::exit::{Exit, Outcome};
use super::print;

/// What `tesela report` is told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Run folders, each with a run.json and a samples.csv, or a training.csv where a network was trained
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// Where the report goes [default: the folder itself for one, `report` in the current directory for several]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Writes the report and prints the path of its page on standard output.
pub(super) fn run(args: &Args, global: &Global) -> Outcome {
    let out = match (&args.out, args.folders.as_slice()) {
        (Some(out), _) => out.clone(),
        (None, [only]) => only.clone(),
        (None, _) => PathBuf::from("report"),
    };
    let summary = crate::report::report(&args.folders, &out)?;
    global.note(&format!(
        "{}, {}, {}, {} skipped or failed",
        print::count(summary.points, "point"),
        print::count(summary.trainings, "training run"),
        print::count(summary.figures.len() / 2, "figure"),
        summary.troubles
    ));
    print::emit(&format!("{}\n", summary.html.display()))?;
    Ok(Exit::Ok)
}
