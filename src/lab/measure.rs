//! One point: every variant verified, then measured in turns until each is quiet or its time is up.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use super::verify::verify_prepared;
use super::{Budget, Case, Verdict};
use crate::engine::{Engine, Phases, Prepared, outputs};
use crate::error::{Error, Result};
use crate::ops::{Data, Variant};

/// What the measuring of a point tells, call by call.
pub(super) trait Sink {
    /// A timed call of a variant that has been found right. `compile_ns` is there when pipelines were built for it.
    fn call(
        &mut self,
        variant: &'static Variant,
        first: bool,
        compile_ns: Option<u64>,
        phases: Phases,
    ) -> Result<()>;
    /// A variant that is not measured at this point.
    fn skipped(&mut self, variant: &'static Variant, reason: String) -> Result<()>;
    /// A variant that was wrong or broke.
    fn failed(&mut self, variant: &'static Variant, reason: String) -> Result<()>;
    /// Whether the user wants to stop.
    fn stopped(&self) -> bool;
}

/// A variant at a point, and what an earlier, interrupted run has measured of it.
pub(super) struct Contestant {
    pub(super) variant: &'static Variant,
    /// Whether its first call is on record.
    pub(super) begun: bool,
    /// Its warm samples: nanoseconds, end to end.
    pub(super) samples: Vec<u64>,
}

struct Running<'e> {
    contestant: Contestant,
    prepared: Box<dyn Prepared + 'e>,
}

/// Measures `contestants` on one case. Samples of an earlier, interrupted run are counted in.
pub(super) fn point(
    engine: &Engine,
    case: &Case,
    contestants: Vec<Contestant>,
    budget: &Budget,
    sink: &mut dyn Sink,
) -> Result<()> {
    let mut results = Vec::new();
    let mut running = Vec::new();
    for contestant in contestants {
        if sink.stopped() {
            return Err(Error::Interrupted);
        }
        if let Some(ready) = verified(engine, case, contestant, budget, &mut results, sink)? {
            running.push(ready);
        }
    }
    results = outputs(case.op, &case.sizes);
    running = warmed(running, case, budget, &mut results, sink)?;
    // Turns are shuffled, so that no variant always follows the same other one; seeded, so that a run can be repeated.
    let mut rng = ChaCha8Rng::seed_from_u64(case.seed.unwrap_or(0));
    while !running.is_empty() {
        running.shuffle(&mut rng);
        let mut still = Vec::with_capacity(running.len());
        for mut ready in running {
            if sink.stopped() {
                return Err(Error::Interrupted);
            }
            let variant = ready.contestant.variant;
            match ready.prepared.run(&case.inputs, &mut results) {
                Ok(phases) => {
                    sink.call(variant, false, None, phases)?;
                    ready.contestant.samples.push(phases.total_ns);
                }
                Err(e) => {
                    broken(variant, e, sink)?;
                    continue;
                }
            }
            if !budget.is_met(&ready.contestant.samples) {
                still.push(ready);
            } else if let Some(fault) = case.fault(variant.name, &results) {
                // Right at first and wrong at last: a race.
                sink.failed(variant, format!("the last call was wrong: {fault}"))?;
            }
        }
        running = still;
    }
    Ok(())
}

/// Calls that are thrown away; a variant that breaks in them is out.
fn warmed<'e>(
    running: Vec<Running<'e>>,
    case: &Case,
    budget: &Budget,
    results: &mut [Data],
    sink: &mut dyn Sink,
) -> Result<Vec<Running<'e>>> {
    let mut still = Vec::with_capacity(running.len());
    for mut ready in running {
        let calls =
            (0..budget.warmup).try_for_each(|_| ready.prepared.run(&case.inputs, results).map(|_| ()));
        match calls {
            Ok(()) => still.push(ready),
            Err(e) => broken(ready.contestant.variant, e, sink)?,
        }
    }
    Ok(still)
}

/// A variant that an error stopped is a row. A lost device is no variant's fault, and nothing can be measured after it:
/// the sweep ends, and goes on when the command is given again.
fn broken(variant: &'static Variant, error: Error, sink: &mut dyn Sink) -> Result<()> {
    match error {
        Error::DeviceLost { .. } | Error::Interrupted => Err(error),
        other => sink.failed(variant, other.to_string()),
    }
}

/// Prepares and verifies one variant; `None` where it is done: skipped, failed, or so slow that the verified call is
/// its only sample.
fn verified<'e>(
    engine: &'e Engine,
    case: &Case,
    mut contestant: Contestant,
    budget: &Budget,
    results: &mut Vec<Data>,
    sink: &mut dyn Sink,
) -> Result<Option<Running<'e>>> {
    let variant = contestant.variant;
    if variant.finite_only && !case.is_finite() {
        sink.skipped(variant, "its product with the identity needs finite inputs".to_owned())?;
        return Ok(None);
    }
    let mut prepared = match engine.prepare(case.op, variant, &case.sizes) {
        Ok(prepared) => prepared,
        Err(e @ (Error::NotApplicable { .. } | Error::TooLarge { .. } | Error::OutOfMemory { .. })) => {
            sink.skipped(variant, e.to_string())?;
            return Ok(None);
        }
        Err(e) => return broken(variant, e, sink).map(|()| None),
    };
    match verify_prepared(prepared.as_mut(), case, variant, results) {
        Ok(Verdict::Passed(phases)) => {
            let compile_ns = prepared.compile_ns();
            // A call longer than a point's whole budget is not repeated: the verified call is the sample, unless
            // compilation was part of it.
            let only = phases.total_ns as f64 / 1e9 >= budget.point_seconds && compile_ns.is_none();
            if only {
                sink.call(variant, false, None, phases)?;
                return Ok(None);
            }
            if !contestant.begun {
                sink.call(variant, true, compile_ns, phases)?;
            }
        }
        Ok(Verdict::Failed(fault)) => {
            sink.failed(variant, fault.to_string())?;
            return Ok(None);
        }
        Ok(Verdict::Skipped(reason)) => {
            sink.skipped(variant, reason)?;
            return Ok(None);
        }
        Err(e) => return broken(variant, e, sink).map(|()| None),
    }
    contestant.samples.reserve(budget.max_samples as usize);
    Ok(Some(Running { contestant, prepared }))
}
