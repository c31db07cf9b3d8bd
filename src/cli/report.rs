//! `tesela report`: tables and figures from run folders. Needs no GPU.

use std::path::{Path, PathBuf};

use super::args::Global;
use super::exit::{Exit, Outcome};
use super::print;
use crate::record::latest_runs;

/// What `tesela report` is told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Run folders, each with a run.json and a samples.csv, or a training.csv where a network was trained; or parents of
    /// such, of which the latest run of each experiment is taken
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// Where the report goes [default: the folder itself for one, `report` in the current directory for several]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Writes the report and prints the path of its page on standard output.
pub(super) fn run(args: &Args, global: &Global) -> Outcome {
    let folders: Vec<PathBuf> = args.folders.iter().flat_map(|folder| runs(folder)).collect();
    let out = match (&args.out, folders.as_slice()) {
        (Some(out), _) => out.clone(),
        (None, [only]) => only.clone(),
        (None, _) => PathBuf::from("report"),
    };
    let summary = crate::report::report(&folders, &out)?;
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

/// The runs that a folder stands for. One without any is left to the report, which says what is missing.
fn runs(folder: &Path) -> Vec<PathBuf> {
    latest_runs(folder).map_or_else(|_| vec![folder.to_path_buf()], |found| found.into_values().collect())
}
