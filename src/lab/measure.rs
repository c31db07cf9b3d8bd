//! One point: every variant verified, then measured in turns until each is quiet or its time is up.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use super::entrant::Entrant;
use super::verify::{runs_unchecked, verify_checked, verify_prepared};
use super::{Budget, Case, Verdict};
use crate::engine::{Engine, Phases, Prepared, outputs};
use crate::error::{Error, Result};
use crate::gpu::Checks;
use crate::ops::Data;

/// What the measuring of a point tells, call by call.
pub(super) trait Sink {
    /// A timed call of a variant that has been found right. `compile_ns` is there when pipelines were built for it.
    fn call(&mut self, entrant: Entrant, first: bool, compile_ns: Option<u64>, phases: Phases) -> Result<()>;
    /// A variant that is not measured at this point.
    fn skipped(&mut self, entrant: Entrant, reason: String) -> Result<()>;
    /// A variant that was wrong or broke.
    fn failed(&mut self, entrant: Entrant, reason: String) -> Result<()>;
    /// Whether the user wants to stop.
    fn stopped(&self) -> bool;
}

/// An entrant at a point, and what an earlier, interrupted run has measured of it.
pub(super) struct Contestant<'e> {
    pub(super) entrant: Entrant,
    /// Who runs it.
    pub(super) engine: &'e Engine,
    /// Whether the first call of this round is on record.
    pub(super) begun: bool,
    /// Its warm samples of this round: nanoseconds, end to end.
    pub(super) samples: Vec<u64>,
}

struct Running<'e> {
    contestant: Contestant<'e>,
    prepared: Box<dyn Prepared + 'e>,
}

/// Measures one round of `contestants` on one case. Samples of an earlier, interrupted run are counted in. A case without
/// answers is one that an earlier round or run has verified: nothing is compared then.
pub(super) fn point(
    case: &Case,
    contestants: Vec<Contestant<'_>>,
    budget: &Budget,
    sink: &mut dyn Sink,
) -> Result<()> {
    let mut results = Vec::new();
    let mut running = Vec::new();
    for contestant in contestants {
        if sink.stopped() {
            return Err(Error::Interrupted);
        }
        if let Some(ready) = verified(case, contestant, budget, &mut results, sink)? {
            running.push(ready);
        }
    }
    results = outputs(case.op, &case.sizes);
    running = warmed(running, case, budget, &mut results, sink)?;
    let share = budget.of_a_round();
    // Turns are shuffled, so that no variant always follows the same other one; seeded, so that a run can be repeated.
    let mut rng = ChaCha8Rng::seed_from_u64(case.seed.unwrap_or(0));
    while !running.is_empty() {
        running.shuffle(&mut rng);
        let mut still = Vec::with_capacity(running.len());
        for mut ready in running {
            if sink.stopped() {
                return Err(Error::Interrupted);
            }
            let entrant = ready.contestant.entrant;
            match ready.prepared.run(&case.inputs, &mut results) {
                Ok(phases) => {
                    sink.call(entrant, false, None, phases)?;
                    ready.contestant.samples.push(phases.total_ns);
                }
                Err(e) => {
                    broken(entrant, e, sink)?;
                    continue;
                }
            }
            if !share.is_met(&ready.contestant.samples) {
                still.push(ready);
            } else if let Some(fault) = case.fault(entrant.variant.name, &results) {
                // Right at first and wrong at last: a race.
                sink.failed(entrant, format!("the last call was wrong: {fault}"))?;
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
            Err(e) => broken(ready.contestant.entrant, e, sink)?,
        }
    }
    Ok(still)
}

/// A variant that an error stopped is a row. A lost device is no variant's fault, and nothing can be measured after it:
/// the sweep ends, and goes on when the command is given again.
fn broken(entrant: Entrant, error: Error, sink: &mut dyn Sink) -> Result<()> {
    match error {
        Error::DeviceLost { .. } | Error::Interrupted => Err(error),
        other => sink.failed(entrant, other.to_string()),
    }
}

/// Prepares and verifies one variant; `None` where it is done: skipped, failed, or so slow that the verified call is
/// its only sample.
fn verified<'e>(
    case: &Case,
    mut contestant: Contestant<'e>,
    budget: &Budget,
    results: &mut Vec<Data>,
    sink: &mut dyn Sink,
) -> Result<Option<Running<'e>>> {
    let Contestant { entrant, engine, .. } = contestant;
    let variant = entrant.variant;
    if variant.finite_only && !case.is_finite() {
        sink.skipped(entrant, "its product with the identity needs finite inputs".to_owned())?;
        return Ok(None);
    }
    // With checks first; what is timed is verified once more below.
    let constants = engine.tuned().constants(case.op, variant, &case.sizes);
    if runs_unchecked(engine, variant) && !entrant.checked && !case.expected.is_empty() {
        match verify_checked(engine, case, variant, constants, Checks::On) {
            Ok(Verdict::Failed(fault)) => {
                sink.failed(entrant, fault.to_string())?;
                return Ok(None);
            }
            // Those who cannot run here are found again, with their reasons, below.
            Ok(_) => {}
            Err(e @ (Error::DeviceLost { .. } | Error::Interrupted)) => return Err(e),
            Err(_) => {}
        }
    }
    let prepared = if entrant.checked {
        engine.prepare_checked(case.op, variant, &case.sizes, constants, Checks::On)
    } else {
        engine.prepare(case.op, variant, &case.sizes)
    };
    let mut prepared = match prepared {
        Ok(prepared) => prepared,
        Err(e @ (Error::NotApplicable { .. } | Error::TooLarge { .. } | Error::OutOfMemory { .. })) => {
            sink.skipped(entrant, e.to_string())?;
            return Ok(None);
        }
        Err(e) => return broken(entrant, e, sink).map(|()| None),
    };
    match verify_prepared(prepared.as_mut(), case, variant, results) {
        Ok(Verdict::Passed(phases)) => {
            let compile_ns = prepared.compile_ns();
            // A call longer than a point's whole budget is not repeated: the verified call is the sample, unless
            // compilation was part of it.
            let only = phases.total_ns as f64 / 1e9 >= budget.point_seconds && compile_ns.is_none();
            if only {
                sink.call(entrant, false, None, phases)?;
                return Ok(None);
            }
            if !contestant.begun {
                sink.call(entrant, true, compile_ns, phases)?;
            }
        }
        Ok(Verdict::Failed(fault)) => {
            sink.failed(entrant, fault.to_string())?;
            return Ok(None);
        }
        Ok(Verdict::Skipped(reason)) => {
            sink.skipped(entrant, reason)?;
            return Ok(None);
        }
        Err(e) => return broken(entrant, e, sink).map(|()| None),
    }
    contestant.samples.reserve(budget.max_samples as usize);
    Ok(Some(Running { contestant, prepared }))
}
