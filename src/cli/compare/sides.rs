//! The two sides of a comparison, experiment by experiment: the runs that a path stands for, read and grouped.

use std::path::{Path, PathBuf};

use super::super::exit::Failure;
use crate::analysis::compare::Matched;
use crate::analysis::points::{Point, points};
use crate::error::Error;
use crate::record::{Folder, Row, Status, TrainingFolder, repeated_runs};

/// One experiment that both sides ran.
pub(super) struct Both {
    pub(super) experiment: String,
    /// The runs of each side, the latest at the end; never none.
    runs: [Vec<Folder>; 2],
    /// The points of each side, over all its runs.
    pub(super) points: [Vec<Point>; 2],
}

/// All that was read.
pub(super) struct Sides {
    pub(super) both: Vec<Both>,
    /// Experiments of one side only.
    pub(super) alone: [Vec<String>; 2],
}

impl Both {
    /// All runs, those of A first.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Folder> {
        self.runs.iter().flatten()
    }

    /// The folders of one side, the latest at the end.
    pub(super) fn paths(&self, side: usize) -> Vec<&Path> {
        self.runs[side].iter().map(|folder| folder.path.as_path()).collect()
    }

    /// The latest run of one side.
    pub(super) fn latest(&self, side: usize) -> &Folder {
        self.runs[side].last().expect("each side has a run")
    }

    /// What was right in the first side and is wrong in the latest run of the second.
    pub(super) fn broken(&self, matched: &Matched<'_>) -> Vec<String> {
        let failed = |point: &&&Point| {
            self.latest(1).rows.iter().any(|row| {
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

/// Reads the runs that `a` and `b` stand for.
pub(super) fn read(a: &Path, b: &Path) -> Result<Sides, Failure> {
    let (first, mut second) = (repeated_runs(a)?, repeated_runs(b)?);
    let lone = first.len() == 1 && second.len() == 1;
    let (mut both, mut trained) = (Vec::new(), false);
    let mut alone = [Vec::new(), Vec::new()];
    for (experiment, ours) in first {
        // Two experiments that were named one by one are compared whatever they are called.
        let other = second
            .remove(&experiment)
            .or_else(|| if lone { second.pop_first().map(|(_, paths)| paths) } else { None });
        let Some(theirs) = other else {
            alone[0].push(experiment);
            continue;
        };
        if ours.iter().chain(&theirs).any(|path| TrainingFolder::is(path)) {
            trained = true;
            continue;
        }
        let paths = [without(&ours, &theirs), without(&theirs, &ours)];
        let mut runs = [Vec::new(), Vec::new()];
        for (side, path) in
            paths.iter().enumerate().flat_map(|(side, paths)| paths.iter().map(move |p| (side, p)))
        {
            runs[side].push(Folder::read(path)?);
        }
        let points = runs.each_ref().map(|folders| {
            let rows: Vec<Row> = folders.iter().flat_map(|folder| folder.rows.iter().cloned()).collect();
            points(&rows)
        });
        both.push(Both { experiment, runs, points });
    }
    alone[1] = second.into_keys().collect::<Vec<String>>();
    if both.is_empty() {
        let what = format!("{} and {}", a.display(), b.display());
        let reason = if trained {
            "training runs have no samples to compare; `tesela report` puts several beside each other"
        } else {
            "they have no experiment in common"
        };
        return Err(Error::Records { what, reason: reason.to_string() }.into());
    }
    Ok(Sides { both, alone })
}

/// The runs of one side that are not on the other side too, so that a run may be compared with all before it by naming
/// their parent. Where nothing would be left, all of them.
fn without(own: &[PathBuf], other: &[PathBuf]) -> Vec<PathBuf> {
    let real = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
    let others: Vec<PathBuf> = other.iter().map(real).collect();
    let left: Vec<PathBuf> = own.iter().filter(|path| !others.contains(&real(path))).cloned().collect();
    if left.is_empty() { own.to_vec() } else { left }
}
