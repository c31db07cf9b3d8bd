//! An experiment, point by point, into a run folder. What is measured is on the disk before the next call starts, so
//! that a stopped or killed sweep loses nothing and goes on when the same command is given again.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::budget::Spent;
use super::entrant::{Entrant, crews, engine_of, entrants};
use super::measure::{self, Contestant, Sink};
use super::{Case, Experiment, Point, Provenance, machine_name, provenance, utc_now};
use crate::engine::{Engine, Phases};
use crate::error::{Error, Result};
use crate::ops::{Cost, Data, Op, Sizes};
use crate::record::{CallKind, Clock, Row, Run, RunFolder, RunStatus, SamplesWriter, Status};

/// A call that takes less is short, whatever a point's budget.
const SHORT_SECONDS: f64 = 1.5;

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
        let total = experiment.points.len();
        let crews = crews(&experiment.threads)?;
        let entrants = entrants(experiment, self.engine);
        for (number, point) in experiment.points.iter().enumerate() {
            recorder.enter(point, number, total);
            let sizes = match &point.sizes {
                Ok(sizes) => sizes,
                Err(reason) => {
                    for entrant in &entrants {
                        if !recorder.is_done(*entrant) {
                            recorder.failed(*entrant, reason.clone())?;
                        }
                    }
                    continue;
                }
            };
            recorder.cost = (experiment.op.cost)(sizes);
            let contestants = recorder.contestants(&entrants, &crews)?;
            if contestants.is_empty() {
                continue;
            }
            let start = Instant::now();
            let given = self.inputs.and_then(|inputs| inputs(experiment.op, sizes, seed));
            let inputs = given.unwrap_or_else(|| Case::draw(experiment.op, sizes, experiment.fill, seed));
            recorder.prepare_ns = Some(elapsed(start));
            let case = if recorder.verified_before(&contestants) {
                Case {
                    op: experiment.op,
                    sizes: sizes.clone(),
                    inputs,
                    expected: Vec::new(),
                    seed: Some(seed),
                }
            } else {
                Case::given(experiment.op, sizes, inputs, Some(seed))
            };
            measure::point(&case, contestants, &experiment.budget, recorder)?;
        }
        Ok(())
    }
}

/// Turns calls into rows, keeps count of what was spent, and knows what an earlier run has done.
struct Recorder<'a> {
    sweep: &'a Sweep<'a>,
    observer: &'a mut dyn Observer,
    seed: u64,
    writer: SamplesWriter,
    rows: Vec<Row>,
    spent: Vec<(Entrant, Spent)>,
    start: Instant,
    /// The size columns of the point in hand.
    sizes: Vec<(String, String)>,
    cost: Cost,
    prepare_ns: Option<u64>,
    cpu: String,
}

impl<'a> Recorder<'a> {
    fn new(
        sweep: &'a Sweep<'a>,
        seed: u64,
        writer: SamplesWriter,
        rows: Vec<Row>,
        observer: &'a mut dyn Observer,
    ) -> Self {
        let entrants = entrants(sweep.experiment, sweep.engine).into_iter();
        let mut spent: Vec<(Entrant, Spent)> = entrants.map(|e| (e, Spent::default())).collect();
        for row in &rows {
            let entered = spent.iter_mut().find(|(e, _)| is_of(row, *e));
            if let (Some(total), Some((_, s))) = (row.total_ns, entered) {
                s.add(total, row.flops);
            }
        }
        let cpu = provenance::cpu();
        Self {
            sweep,
            observer,
            seed,
            writer,
            rows,
            spent,
            start: Instant::now(),
            sizes: Vec::new(),
            cost: Cost { flops: 0, bytes: 0 },
            prepare_ns: None,
            cpu,
        }
    }

    /// Begins a point.
    fn enter(&mut self, point: &Point, number: usize, total: usize) {
        let owned = |(name, text): (&str, String)| (name.to_owned(), text);
        self.sizes = match &point.sizes {
            Ok(sizes) => sizes.entries().map(owned).collect(),
            Err(_) => point.values.iter().cloned().map(owned).collect(),
        };
        self.cost = Cost { flops: 0, bytes: 0 };
        self.prepare_ns = None;
        let shown: Vec<String> = point.values.iter().map(|(name, text)| format!("{name}={text}")).collect();
        self.observer.point(number, total, &shown.join(" "));
    }

    /// Whether the run that the provenance names found each of these right on these very inputs.
    fn verified_before(&self, contestants: &[Contestant<'_>]) -> bool {
        let Some(before) = &self.sweep.provenance.verified_in else { return false };
        let is_right = |entrant: Entrant| {
            let mut own =
                before.rows.iter().filter(|r| is_of(r, entrant) && r.sizes == self.sizes).peekable();
            own.peek().is_some() && own.all(|r| r.status == Status::Ok)
        };
        contestants.iter().all(|c| is_right(c.entrant))
    }

    fn rows_of(&self, entrant: Entrant) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |r| is_of(r, entrant) && r.sizes == self.sizes)
    }

    fn warm(&self, entrant: Entrant) -> Vec<u64> {
        self.rows_of(entrant).filter(|r| r.call == Some(CallKind::Warm)).filter_map(|r| r.total_ns).collect()
    }

    /// Whether an earlier run finished this entrant at this point.
    fn is_done(&self, entrant: Entrant) -> bool {
        self.rows_of(entrant).any(|r| r.status != Status::Ok)
            || self.sweep.experiment.budget.is_met(&self.warm(entrant))
    }

    /// The entrants still to be measured here. Those whose time is up get a row that says where they stopped.
    fn contestants<'e>(&mut self, entrants: &[Entrant], crews: &'e [Engine]) -> Result<Vec<Contestant<'e>>>
    where
        'a: 'e,
    {
        let mut found = Vec::new();
        let mut planned = 0.0;
        for &entrant in entrants {
            if self.is_done(entrant) {
                continue;
            }
            let spent = self.spent.iter().find(|s| s.0 == entrant).map(|s| s.1).unwrap_or_default();
            if let Some(reason) = self.too_long(&spent, planned) {
                self.skipped(entrant, reason)?;
                continue;
            }
            planned += self.sweep.experiment.budget.point_cost(spent.expected(self.cost.flops));
            let begun = self.rows_of(entrant).next().is_some();
            let engine = engine_of(entrant, crews, self.sweep.engine);
            found.push(Contestant { entrant, engine, begun, samples: self.warm(entrant) });
        }
        Ok(found)
    }

    /// Why a variant is not run at this point, when `planned` seconds are promised to others already.
    fn too_long(&self, spent: &Spent, planned: f64) -> Option<String> {
        let budget = &self.sweep.experiment.budget;
        let expected = spent.expected(self.cost.flops);
        if spent.seconds + expected > budget.variant_seconds {
            return Some(format!(
                "stopped by its time budget: a call would take about {expected:.1} s, and {:.1} of {} s are used",
                spent.seconds, budget.variant_seconds
            ));
        }
        let elapsed = self.start.elapsed().as_secs_f64() + planned;
        // Short calls always find their place: leaving them out would save little and cost a curve its end.
        let long = expected > budget.point_seconds.max(SHORT_SECONDS);
        (long && budget.total_seconds > 0.0 && elapsed + expected > budget.total_seconds).then(|| {
            format!(
                "stopped by the sweep's time budget: a call would take about {expected:.1} s, and {elapsed:.0} of {} s \
                 are used or promised",
                budget.total_seconds
            )
        })
    }

    fn row(&self, entrant: Entrant) -> Row {
        let gpu = if entrant.variant.is_cpu() { None } else { self.sweep.engine.gpu() };
        Row {
            experiment: self.sweep.experiment.name.clone(),
            op: self.sweep.experiment.op.name.to_owned(),
            variant: entrant.name(),
            adapter: gpu.map_or_else(|| self.cpu.clone(), |g| g.adapter().name.clone()),
            software: gpu.is_some_and(|g| g.adapter().software),
            threads: entrant.threads,
            sizes: self.sizes.clone(),
            flops: self.cost.flops,
            bytes: self.cost.bytes,
            seed: self.seed,
            sample: 0,
            call: None,
            prepare_ns: None,
            compile_ns: None,
            upload_ns: None,
            encode_ns: None,
            kernel_ns: None,
            resident_ns: None,
            download_ns: None,
            total_ns: None,
            clock: None,
            status: Status::Ok,
            reason: String::new(),
        }
    }

    fn label(&self, entrant: Entrant) -> String {
        entrant.label(!self.sweep.experiment.threads.is_empty())
    }

    fn keep(&mut self, row: Row) -> Result<()> {
        self.writer.write(&row)?;
        self.rows.push(row);
        Ok(())
    }

    fn outcome(&self, folder: &RunFolder) -> Outcome {
        let count = |status: Status| self.rows.iter().filter(|r| r.status == status).count();
        Outcome {
            folder: folder.path().to_owned(),
            resumed: folder.resumed(),
            failed: count(Status::Failed),
            skipped: count(Status::Skipped),
            samples: count(Status::Ok),
        }
    }
}

impl Sink for Recorder<'_> {
    fn call(&mut self, entrant: Entrant, first: bool, compile_ns: Option<u64>, phases: Phases) -> Result<()> {
        let flops = self.cost.flops;
        if let Some((_, spent)) = self.spent.iter_mut().find(|s| s.0 == entrant) {
            spent.add(phases.total_ns, flops);
        }
        let kind = if first { CallKind::First } else { CallKind::Warm };
        let sample = self.rows_of(entrant).filter(|r| r.call == Some(kind)).count();
        let row = Row {
            sample: u32::try_from(sample).unwrap_or(u32::MAX),
            call: Some(kind),
            prepare_ns: if first { self.prepare_ns } else { None },
            compile_ns,
            upload_ns: phases.upload_ns,
            encode_ns: phases.encode_ns,
            kernel_ns: Some(phases.kernel_ns),
            resident_ns: Some(phases.resident_ns),
            download_ns: phases.download_ns,
            total_ns: Some(phases.total_ns),
            clock: Some(if phases.timestamps { Clock::Timestamp } else { Clock::Wall }),
            ..self.row(entrant)
        };
        self.keep(row)
    }

    fn skipped(&mut self, entrant: Entrant, reason: String) -> Result<()> {
        self.observer.note(&format!("{} skipped: {reason}", self.label(entrant)));
        let row = Row { status: Status::Skipped, reason, ..self.row(entrant) };
        self.keep(row)
    }

    fn failed(&mut self, entrant: Entrant, reason: String) -> Result<()> {
        self.observer.note(&format!("{} FAILED: {reason}", self.label(entrant)));
        let row = Row { status: Status::Failed, reason, ..self.row(entrant) };
        self.keep(row)
    }

    fn stopped(&self) -> bool {
        self.observer.stopped()
    }
}

/// Whether a row is of this entrant.
fn is_of(row: &Row, entrant: Entrant) -> bool {
    entrant.is_named(&row.variant) && row.threads == entrant.threads
}

fn elapsed(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
