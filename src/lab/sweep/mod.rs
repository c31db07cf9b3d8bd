//! An experiment, point by point, into a run folder. What is measured is on the disk before the next call starts, so
//! that a stopped or killed sweep loses nothing and goes on when the same command is given again.

mod rows;

use std::path::{Path, PathBuf};
use std::time::Instant;

use self::rows::Recorder;
use super::entrant::{Entrant, crews, entrants};
use super::measure::{self, Sink};
use super::{Case, Experiment, Point, Provenance, machine_name, provenance, utc_now};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::ops::{Data, Op, Sizes};
use crate::record::{Run, RunFolder, RunStatus, SamplesWriter};

/// Inputs of a call, from its sizes and the seed; `None` leaves them to the experiment's own kind of input.
pub type Source<'a> = &'a dyn Fn(&'static Op, &Sizes, u64) -> Option<Vec<Data>>;

/// Who watches a sweep.
pub trait Observer {
    /// Point `done` of `total` begins.
    fn point(&mut self, _done: usize, _total: usize, _sizes: &str) {}
    /// Something was skipped or failed.
    fn note(&mut self, _text: &str) {}
    /// Whether to stop; asked between calls.
    fn stopped(&self) -> bool {
        false
    }
}

/// Nobody watches.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Observer for Silent {}

/// A sweep to be run.
pub struct Sweep<'a> {
    /// What to measure.
    pub experiment: &'a Experiment,
    /// On what.
    pub engine: &'a Engine,
    /// The results' root; the run gets `<root>/<experiment>/<date>-<machine>/`.
    pub root: &'a Path,
    /// The seed, where the experiment names none.
    pub seed: u64,
    /// Where the inputs come from.
    pub inputs: Option<Source<'a>>,
    /// What else to record.
    pub provenance: Provenance,
}

/// What a sweep left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The run folder.
    pub folder: PathBuf,
    /// Whether an earlier run was continued.
    pub resumed: bool,
    /// Rows that say failed.
    pub failed: usize,
    /// Rows that say skipped.
    pub skipped: usize,
    /// Timed calls, those of the earlier run included.
    pub samples: usize,
}

impl std::fmt::Debug for Sweep<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sweep").field("experiment", &self.experiment.name).finish_non_exhaustive()
    }
}

impl Sweep<'_> {
    /// Runs it, or what an earlier run with the same experiment, program and machine left undone.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`] when the observer stops it, [`Error::Records`] where [`Provenance::verified_in`] is no run of
    /// the same, [`crate::Error::Write`], [`crate::Error::DeviceLost`]. A variant that fails
    /// or cannot run is a row and no error.
    pub fn run(&self, observer: &mut dyn Observer) -> Result<Outcome> {
        let seed = self.experiment.seed.unwrap_or(self.seed);
        let mut run = provenance::run(self.experiment, self.engine, &self.provenance, seed);
        if let Some(before) = &self.provenance.verified_in {
            if before.run.resume_key != run.resume_key {
                let reason =
                    "it is of another experiment, program, machine or seed: nothing here was verified there";
                let what = before.path.display().to_string();
                return Err(Error::Records { what, reason: reason.to_owned() });
            }
            run.notes
                .push(format!("verified in an earlier run of the same program: {}", before.path.display()));
        }
        let date = run.started.get(..10).unwrap_or_default().to_owned();
        let machine = machine_name(self.engine);
        let folder = RunFolder::open(self.root, &self.experiment.name, &date, &machine, &run.resume_key)?;
        let names: Vec<&str> = self.experiment.op.fields.iter().map(|f| f.name).collect();
        // The samples' lock first: a second sweep of the same run must not touch what the first one writes.
        let (writer, rows) = SamplesWriter::open(&folder.samples(), &names)?;
        if folder.resumed() {
            run.started = Run::read(&folder.run())?.started;
        }
        run.write(&folder.run())?;
        let mut recorder = Recorder::new(self, seed, writer, rows, observer);
        let swept = self.points(&mut recorder, seed);
        let outcome = recorder.outcome(&folder);
        run.status = match &swept {
            Ok(()) => RunStatus::Complete,
            Err(_) => RunStatus::Interrupted,
        };
        run.finished = Some(utc_now());
        run.write(&folder.run())?;
        swept.map(|()| outcome)
    }

    fn points(&self, recorder: &mut Recorder<'_>, seed: u64) -> Result<()> {
        let experiment = self.experiment;
        let (points, rounds) = (experiment.points.len(), experiment.budget.rounds);
        let crews = crews(&experiment.threads)?;
        let entrants = entrants(experiment, self.engine);
        for round in 0..rounds {
            for (number, point) in experiment.points.iter().enumerate() {
                let place = (round as usize * points + number, rounds as usize * points);
                recorder.enter(point, round, place);
                self.point(recorder, point, &entrants, &crews, seed)?;
            }
        }
        Ok(())
    }

    /// One point in the recorder's round.
    fn point(
        &self,
        recorder: &mut Recorder<'_>,
        point: &Point,
        entrants: &[Entrant],
        crews: &[Engine],
        seed: u64,
    ) -> Result<()> {
        let experiment = self.experiment;
        let sizes = match &point.sizes {
            Ok(sizes) => sizes,
            Err(reason) => {
                let missing = entrants.iter().filter(|e| !recorder.is_done(**e)).collect::<Vec<_>>();
                return missing.into_iter().try_for_each(|e| recorder.failed(*e, reason.clone()));
            }
        };
        recorder.cost = (experiment.op.cost)(sizes);
        let contestants = recorder.contestants(entrants, crews)?;
        if contestants.is_empty() {
            return Ok(());
        }
        let start = Instant::now();
        let given = self.inputs.and_then(|inputs| inputs(experiment.op, sizes, seed));
        let inputs = given.unwrap_or_else(|| Case::draw(experiment.op, sizes, experiment.fill, seed));
        recorder.prepare_ns = Some(elapsed(start));
        let (op, seed) = (experiment.op, Some(seed));
        // Who is still there in a later round was found right in the first one, on these very inputs.
        let case = if recorder.round > 0 || recorder.verified_before(&contestants) {
            Case { op, sizes: sizes.clone(), inputs, expected: Vec::new(), seed }
        } else {
            Case::given(op, sizes, inputs, seed)
        };
        measure::point(&case, contestants, &experiment.budget, recorder)
    }
}

fn elapsed(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
