//! `tesela compare`: two runs, point by point. Needs no GPU.

mod show;

use std::path::{Path, PathBuf};

use super::args::Global;
use super::exit::{Exit, Failure, Outcome};
use super::print;
use crate::analysis::compare::{Matched, Verdict, judge, matched, too_few, unlike};
use crate::analysis::points::{Point, Time, points};
use crate::error::Error;
use crate::record::{Folder, RunStatus, Status, TrainingFolder, latest_runs};

/// What `tesela compare` is told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run to compare with: a run folder, or a parent, of which the latest run of each experiment is taken
    #[arg(value_name = "A")]
    a: PathBuf,
    /// The run in question
    #[arg(value_name = "B")]
    b: PathBuf,
    /// Differences up to this many percent do not matter
    #[arg(long, value_name = "PERCENT", default_value = "5", value_parser = percent)]
    threshold: f64,
    /// Which time: end-to-end, resident or kernel
    #[arg(long, value_name = "TIME", default_value = "end-to-end", value_parser = time)]
    time: Time,
    /// Compare runs of different machines all the same
    #[arg(long)]
    force: bool,
    /// Print JSON: `points` (a list with the verdicts), `summary`, `only_a`, `only_b`, `unlike`
    #[arg(long)]
    json: bool,
}

/// Two runs of one experiment, read and grouped.
struct Both {
    experiment: String,
    folders: [Folder; 2],
    points: [Vec<Point>; 2],
}

/// Compares, prints, and ends with code 5 where a point is slower beyond doubt, or was right and is wrong.
pub(super) fn run(args: &Args, global: &Global) -> Outcome {
    let runs = read(&args.a, &args.b)?;
    let differences = differences(&runs);
    if !differences.is_empty() {
        let list = differences.join("; ");
        if !args.force {
            return Err(Failure::usage(format!(
                "the machines are not alike ({list}); --force compares them all the same"
            )));
        }
        global.note(&format!("the machines are not alike: {list}"));
    }
    for folder in runs.iter().flat_map(|r| &r.folders).filter(|f| f.run.status != RunStatus::Complete) {
        global.note(&format!("{}: this run is not complete", folder.path.display()));
    }
    let mut all: Vec<Matched<'_>> =
        runs.iter().map(|r| matched(&r.points[0], &r.points[1], args.time)).collect();
    if all.iter().all(|m| m.pairs.is_empty()) {
        let what = format!("{} and {}", args.a.display(), args.b.display());
        let reason =
            "they have no point in common: no variant was measured at the same sizes in both".to_string();
        return Err(Error::Records { what, reason }.into());
    }
    // One family of tests: the more points are looked at, the surer each alarm must be.
    judge(all.iter_mut().flat_map(|m| &mut m.pairs), args.threshold / 100.0);
    if args.json {
        print::emit_json(&show::as_json(args, &runs, &all, &differences))?;
    } else {
        print::emit(&show::as_text(&runs, &all))?;
    }
    global.note(&show::summary(&all));
    let few = too_few(all.iter().flat_map(|m| &m.pairs));
    if few > 0 {
        global.note(&format!(
            "{}: too few samples to be told apart among so many, however far apart: take more (min_samples in the \
             experiment), or compare fewer points",
            print::count(few, "point")
        ));
    }
    let broken: Vec<String> = runs.iter().zip(&all).flat_map(|(run, matched)| run.broken(matched)).collect();
    for point in &broken {
        global.note(&format!("measured in A, FAILED in B: {point}"));
    }
    let slower = all.iter().flat_map(|m| &m.pairs).any(|p| p.verdict == Verdict::Slower);
    Ok(if slower || !broken.is_empty() { Exit::Regression } else { Exit::Ok })
}

impl Both {
    /// What was right in the first run and is wrong in the second.
    fn broken(&self, matched: &Matched<'_>) -> Vec<String> {
        let failed = |point: &&&Point| {
            self.folders[1].rows.iter().any(|row| {
                row.status == Status::Failed
                    && (&row.op, &row.variant, row.threads) == (&point.op, &point.variant, point.threads)
                    && row.sizes == point.sizes
            })
        };
        let shown = |point: &&Point| {
            let sizes: Vec<String> = point.sizes.iter().map(|(n, v)| format!("{n}={v}")).collect();
            format!("{} {} {}", point.op, point.variant, sizes.join(" "))
        };
        matched.only_a.iter().filter(failed).map(shown).collect()
    }
}

fn read(a: &Path, b: &Path) -> Result<Vec<Both>, Failure> {
    let (first, mut second) = (latest_runs(a)?, latest_runs(b)?);
    let lone = first.len() == 1 && second.len() == 1;
    let (mut runs, mut trained) = (Vec::new(), false);
    for (experiment, path) in first {
        // Two folders that were named one by one are compared whatever their experiments are called.
        let other = second
            .remove(&experiment)
            .or_else(|| if lone { second.pop_first().map(|(_, p)| p) } else { None });
        let Some(other) = other else { continue };
        if [&path, &other].into_iter().any(|p| TrainingFolder::is(p)) {
            trained = true;
            continue;
        }
        let folders = [Folder::read(&path)?, Folder::read(&other)?];
        let points = folders.each_ref().map(|f| points(&f.rows));
        runs.push(Both { experiment, folders, points });
    }
    if runs.is_empty() {
        let what = format!("{} and {}", a.display(), b.display());
        let reason = if trained {
            "training runs have no samples to compare; `tesela report` puts several beside each other"
        } else {
            "they have no experiment in common"
        };
        return Err(Error::Records { what, reason: reason.to_string() }.into());
    }
    Ok(runs)
}

fn differences(runs: &[Both]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for difference in runs.iter().flat_map(|r| unlike(&r.folders[0].run, &r.folders[1].run)) {
        if !found.contains(&difference) {
            found.push(difference);
        }
    }
    found
}

fn percent(text: &str) -> Result<f64, String> {
    let value: f64 =
        text.trim_end_matches('%').trim().parse().map_err(|_| format!("`{text}` is not a number"))?;
    let sane = value.is_finite() && (0.0..=1000.0).contains(&value);
    if sane { Ok(value) } else { Err("write a percentage from 0 to 1000, as in 5".to_owned()) }
}

fn time(text: &str) -> Result<Time, String> {
    let known = |time: &Time| time.name().replace(' ', "-");
    let found = Time::ALL.into_iter().find(|t| known(t) == text);
    found.ok_or_else(|| format!("known are {}", Time::ALL.iter().map(known).collect::<Vec<_>>().join(", ")))
}
