//! `tesela compare`: two runs, point by point. Needs no GPU.

mod json;
mod show;
mod sides;

use std::path::PathBuf;

use self::sides::Both;
use super::args::Global;
use super::exit::{Exit, Failure, Outcome};
use super::print;
use crate::analysis::compare::{Matched, Verdict, judge, matched, too_few, unlike};
use crate::analysis::points::{Point, Time};
use crate::error::Error;
use crate::record::RunStatus;

/// What `tesela compare` is told.
///
/// A side is a run folder or a parent of such. A parent stands for the latest run of each experiment together with every
/// complete run there that it repeats (the same experiment, program, machine and seed). Where both sides have two rounds or
/// more at a point, from `rounds` in the experiment or from several runs, rounds are what is compared: shifts of a shared
/// machine from one to the next then count as noise. A run is on one side only: a parent beside a run stands for what else
/// is in it. A run that was copied counts once.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to compare with: a run folder, or a parent, which stands for the latest run of each experiment and all that it repeats
    #[arg(value_name = "A")]
    a: PathBuf,
    /// The run in question, or a parent
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
    /// Print JSON: `points` (a list with the verdicts), `summary`, `only_a`, `only_b`, `experiments_only_a`, `experiments_only_b`, `unlike`, `shifts_not_covered`, `failed_a`, `failed_b`
    #[arg(long)]
    json: bool,
}

/// Compares, prints, and ends with code 5 where a point is slower beyond doubt, or was right and is wrong.
pub(super) fn run(args: &Args, global: &Global) -> Outcome {
    let read = sides::read(&args.a, &args.b)?;
    let runs = &read.both;
    let differences = differences(runs);
    if !differences.is_empty() {
        let list = differences.join("; ");
        if !args.force {
            return Err(Failure::usage(format!(
                "the machines are not alike ({list}); --force compares them all the same"
            )));
        }
        global.note(&format!("the machines are not alike: {list}"));
    }
    for folder in runs.iter().flat_map(Both::folders).filter(|f| f.run.status != RunStatus::Complete) {
        global.note(&format!("{}: this run is not complete", folder.path.display()));
    }
    for copy in runs.iter().flat_map(|r| &r.copies) {
        global.note(&format!("{}: a copy of another run of that side, not counted again", copy.display()));
    }
    for copy in runs.iter().flat_map(Both::on_both_sides) {
        global.note(&format!("{}: a copy of a run of A, which is like itself", copy.display()));
    }
    for (side, alone) in ["A", "B"].into_iter().zip(&read.alone).filter(|(_, alone)| !alone.is_empty()) {
        global.note(&format!("only in {side}, not compared: {}", alone.join(", ")));
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
    let broken = [0, 1].map(|side| -> Vec<(&Both, &Point)> {
        let of = |(run, matched)| Both::broken(run, matched, side).into_iter().map(move |point| (run, point));
        runs.iter().zip(&all).flat_map(of).collect()
    });
    if args.json {
        print::emit_json(&json::value(args, &read, &all, &differences, &broken))?;
    } else {
        print::emit(&show::as_text(runs, &all))?;
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
    if let Some(warning) = show::not_covered(&all) {
        global.note(&warning);
    }
    for (what, failed) in ["FAILED in A, measured in B", "measured in A, FAILED in B"].iter().zip(&broken) {
        for (_, point) in failed {
            global.note(&format!("{what}: {}", show::point(point)));
        }
    }
    let slower = all.iter().flat_map(|m| &m.pairs).any(|p| p.verdict == Verdict::Slower);
    Ok(if slower || !broken[1].is_empty() { Exit::Regression } else { Exit::Ok })
}

fn differences(runs: &[Both]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for difference in runs.iter().flat_map(|r| unlike(&r.latest[0].run, &r.latest[1].run)) {
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
