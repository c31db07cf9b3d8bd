//! What a sweep does, as rows: what was measured, by this run and by the one that it goes on with, and what was spent.

use std::time::Instant;

use super::super::budget::Spent;
use super::super::entrant::{Entrant, engine_of, entrants};
use super::super::measure::{Contestant, Sink};
use super::super::{Point, provenance};
use super::{Observer, Outcome, Sweep};
use crate::engine::{Engine, Phases};
use crate::error::Result;
use crate::ops::Cost;
use crate::record::{CallKind, Clock, Row, RunFolder, SamplesWriter, Status};

/// A call that takes less is short, whatever a point's budget.
const SHORT_SECONDS: f64 = 1.5;

/// Turns calls into rows, keeps count of what was spent, and knows what an earlier run has done.
pub(super) struct Recorder<'a> {
    sweep: &'a Sweep<'a>,
    observer: &'a mut dyn Observer,
    seed: u64,
    writer: SamplesWriter,
    rows: Vec<Row>,
    spent: Vec<(Entrant, Spent)>,
    start: Instant,
    /// The round in hand, from 0.
    pub(super) round: u32,
    /// The size columns of the point in hand.
    sizes: Vec<(String, String)>,
    pub(super) cost: Cost,
    pub(super) prepare_ns: Option<u64>,
    cpu: String,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(
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
            round: 0,
            sizes: Vec::new(),
            cost: Cost { flops: 0, bytes: 0 },
            prepare_ns: None,
            cpu,
        }
    }

    /// Begins a point in a round: so many points are done of so many.
    pub(super) fn enter(&mut self, point: &Point, round: u32, (done, total): (usize, usize)) {
        self.round = round;
        let owned = |(name, text): (&str, String)| (name.to_owned(), text);
        self.sizes = match &point.sizes {
            Ok(sizes) => sizes.entries().map(owned).collect(),
            Err(_) => point.values.iter().cloned().map(owned).collect(),
        };
        self.cost = Cost { flops: 0, bytes: 0 };
        self.prepare_ns = None;
        let shown: Vec<String> = point.values.iter().map(|(name, text)| format!("{name}={text}")).collect();
        self.observer.point(done, total, &shown.join(" "));
    }

    /// Whether the run that the provenance names found each of these right on these very inputs.
    pub(super) fn verified_before(&self, contestants: &[Contestant<'_>]) -> bool {
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

    /// How many rounds are begun, and the warm samples of the one in hand.
    fn progress(&self, entrant: Entrant) -> (u32, Vec<u64>) {
        let (mut begun, mut samples) = (0, Vec::new());
        for row in self.rows_of(entrant) {
            begun += u32::from(row.call == Some(CallKind::First));
            // A call that is longer than a point's budget stands alone, with no first call before it.
            if row.call == Some(CallKind::Warm) && (begun == 0 || begun == self.round + 1) {
                samples.extend(row.total_ns);
            }
        }
        (begun, samples)
    }

    /// Whether this round, or an earlier run, has finished this entrant at this point.
    pub(super) fn is_done(&self, entrant: Entrant) -> bool {
        let (begun, samples) = self.progress(entrant);
        self.rows_of(entrant).any(|r| r.status != Status::Ok)
            || begun > self.round + 1
            || (begun == 0 && !samples.is_empty())
            || self.sweep.experiment.budget.of_a_round().is_met(&samples)
    }

    /// The entrants still to be measured here. Those whose time is up get a row that says where they stopped.
    pub(super) fn contestants<'e>(
        &mut self,
        entrants: &[Entrant],
        crews: &'e [Engine],
    ) -> Result<Vec<Contestant<'e>>>
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
            if let Some(mut reason) = self.too_long(&spent, planned) {
                if self.round > 0 {
                    reason += &format!(
                        "; measured in {} of {} rounds",
                        self.round, self.sweep.experiment.budget.rounds
                    );
                }
                self.skipped(entrant, reason)?;
                continue;
            }
            planned += self.sweep.experiment.budget.of_a_round().point_cost(spent.expected(self.cost.flops));
            let (begun, samples) = self.progress(entrant);
            let engine = engine_of(entrant, crews, self.sweep.engine);
            found.push(Contestant { entrant, engine, begun: begun > self.round, samples });
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

    pub(super) fn outcome(&self, folder: &RunFolder) -> Outcome {
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
