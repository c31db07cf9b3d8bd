//! The two sides of a comparison, experiment by experiment: the runs that a path stands for, read and grouped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::exit::Failure;
use crate::analysis::compare::Matched;
use crate::analysis::points::{Point, points};
use crate::error::Error;
use crate::record::{Folder, Row, Status, TrainingFolder, repeated_runs};

/// One experiment that both sides ran.
pub(super) struct Both {
    pub(super) experiment: String,
    /// The latest run of each side.
    pub(super) latest: [Folder; 2],
    /// The runs that the latest one repeats, the oldest first.
    earlier: [Vec<Folder>; 2],
    /// Folders that hold one of these once more, which says nothing new.
    pub(super) copies: Vec<PathBuf>,
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
        [0, 1].into_iter().flat_map(|side| self.runs(side))
    }

    /// The runs of one side, the latest at the end.
    fn runs(&self, side: usize) -> impl Iterator<Item = &Folder> {
        self.earlier[side].iter().chain([&self.latest[side]])
    }

    /// The folders of one side, the latest at the end.
    pub(super) fn paths(&self, side: usize) -> Vec<&Path> {
        self.runs(side).map(|folder| folder.path.as_path()).collect()
    }

    /// Folders of B that hold a run of A once more: of these nothing can differ.
    pub(super) fn on_both_sides(&self) -> impl Iterator<Item = &Path> {
        let again = |b: &&Folder| self.runs(0).any(|a| same_rows(a, b));
        self.runs(1).filter(again).map(|folder| folder.path.as_path())
    }

    /// What one side found wrong, in any of its runs, and the other measured: of side 1, what was right and is wrong.
    pub(super) fn broken<'m>(&self, matched: &Matched<'m>, side: usize) -> Vec<&'m Point> {
        let failed = |point: &&&Point| {
            self.runs(side).flat_map(|folder| &folder.rows).any(|row| {
                row.status == Status::Failed
                    && (&row.op, &row.variant, row.threads) == (&point.op, &point.variant, point.threads)
                    && row.sizes == point.sizes
            })
        };
        let only_other = if side == 1 { &matched.only_a } else { &matched.only_b };
        only_other.iter().filter(failed).copied().collect()
    }
}

/// Reads the runs that `a` and `b` stand for.
pub(super) fn read(a: &Path, b: &Path) -> Result<Sides, Failure> {
    let (first, mut second) = chosen(a, b)?;
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
        let mut copies = Vec::new();
        let (Some((latest_a, earlier_a)), Some((latest_b, earlier_b))) =
            (distinct(&ours, &mut copies)?, distinct(&theirs, &mut copies)?)
        else {
            continue;
        };
        let (latest, earlier) = ([latest_a, latest_b], [earlier_a, earlier_b]);
        let points = [0, 1].map(|side| {
            let folders = earlier[side].iter().chain([&latest[side]]);
            points(&folders.flat_map(|folder| folder.rows.iter().cloned()).collect::<Vec<Row>>())
        });
        both.push(Both { experiment, latest, earlier, copies, points });
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

/// The last of these runs and those before it, each once; `None` of none. Folders that hold a run again go to `copies`.
fn distinct(paths: &[PathBuf], copies: &mut Vec<PathBuf>) -> Result<Option<(Folder, Vec<Folder>)>, Failure> {
    let mut runs: Vec<Folder> = Vec::new();
    for path in paths {
        let folder = Folder::read(path)?;
        if runs.iter().any(|other| is_copy(&folder, other)) {
            copies.push(folder.path);
        } else {
            runs.push(folder);
        }
    }
    Ok(runs.pop().map(|latest| (latest, runs)))
}

/// Whether two folders hold one run: started in one moment, or with the same rows.
fn is_copy(one: &Folder, other: &Folder) -> bool {
    one.run.started == other.run.started || same_rows(one, other)
}

fn same_rows(one: &Folder, other: &Folder) -> bool {
    !one.rows.is_empty() && one.rows == other.rows
}

/// The runs of one side, by experiment.
type Runs = BTreeMap<String, Vec<PathBuf>>;

/// The runs of both sides. A parent that is held against a run stands for what else is in it, so that a run may be compared
/// with all before it by naming their parent. No run is on both sides.
fn chosen(a: &Path, b: &Path) -> Result<(Runs, Runs), Failure> {
    let is_run = |path: &Path| path.join("run.json").exists();
    let left = |own: &Path, other: &Path| -> Result<Runs, Failure> {
        let whole = repeated_runs(own, &[])?;
        if is_run(own) || !is_run(other) {
            return Ok(whole);
        }
        let rest = repeated_runs(own, &[other.to_path_buf()]).unwrap_or_default();
        match whole.keys().find(|experiment| !rest.contains_key(*experiment)) {
            Some(only) => Err(Failure::usage(format!(
                "{} holds no run of {only} but {} itself, and a run is like itself",
                own.display(),
                other.display()
            ))),
            None => Ok(rest),
        }
    };
    let (first, second) = (left(a, b)?, left(b, a)?);
    let all = |runs: &Runs| runs.values().flatten().filter_map(|p| p.canonicalize().ok()).collect::<Vec<_>>();
    let of_a = all(&first);
    if let Some(shared) = all(&second).into_iter().find(|path| of_a.contains(path)) {
        return Err(Failure::usage(format!(
            "{} would stand on both sides, and a run is like itself: name two runs, a run and a parent of others, or two \
             parents whose latest runs differ",
            shared.display()
        )));
    }
    Ok((first, second))
}
