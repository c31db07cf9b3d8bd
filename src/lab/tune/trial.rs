//! One candidate on the device: held to the reference, then timed.

use crate::engine::{Engine, Phases, outputs};
use crate::error::{Error, Result};
use crate::lab::verify::verify_prepared;
use crate::lab::{Case, Verdict, cases, verify_with};
use crate::ops::{Data, Fill, Op, Sizes, Variant};
use crate::record::Fate;

/// A variant, the case that it is timed on, and the awkward ones that it must pass before.
pub(super) struct Trial<'a> {
    engine: &'a Engine,
    variant: &'static Variant,
    case: Case,
    awkward: Vec<Case>,
    results: Vec<Data>,
}

/// Why a candidate takes no part.
pub(super) type Out = (Fate, String);

impl<'a> Trial<'a> {
    /// # Errors
    /// As [`cases::of`].
    pub(super) fn new(
        engine: &'a Engine,
        op: &'static Op,
        variant: &'static Variant,
        sizes: &Sizes,
        seed: u64,
    ) -> Result<Self> {
        let setups = cases::of(op)?;
        let awkward = setups.iter().map(|s| Case::drawn(op, &s.sizes, s.fill, seed)).collect();
        let case = Case::drawn(op, sizes, Fill::Uniform, seed);
        let results = outputs(op, sizes);
        Ok(Self { engine, variant, case, awkward, results })
    }

    /// Whether a candidate is right at the tuned sizes and at every awkward one that its variant takes; the phases of
    /// the call at the tuned sizes.
    ///
    /// # Errors
    /// A lost device. Everything else is the candidate's fate.
    pub(super) fn verify(&self, constants: &[(&'static str, u32)]) -> Result<Result<Phases, Out>> {
        let at_sizes = match judged(verify_with(self.engine, &self.case, self.variant, constants))? {
            Ok(Verdict::Passed(phases)) => phases,
            Ok(Verdict::Skipped(reason)) => return Ok(Err((Fate::CompiledNot, reason))),
            Ok(Verdict::Failed(fault)) => return Ok(Err((Fate::Wrong, fault.to_string()))),
            Err(out) => return Ok(Err(out)),
        };
        for case in &self.awkward {
            match judged(verify_with(self.engine, case, self.variant, constants))? {
                Ok(Verdict::Failed(fault)) => return Ok(Err((Fate::Wrong, fault.to_string()))),
                Ok(_) => {}
                Err(out) => return Ok(Err(out)),
            }
        }
        Ok(Ok(at_sizes))
    }

    /// So many timed calls, after one that is not counted; the last one's result is held to the reference once more.
    /// Buffers live for one visit only, so that many candidates do not fill the device's memory.
    ///
    /// # Errors
    /// As [`Trial::verify`].
    pub(super) fn visit(
        &mut self,
        constants: &[(&'static str, u32)],
        calls: usize,
    ) -> Result<Result<Vec<Phases>, Out>> {
        judged(self.timed(constants, calls)).map(Result::flatten)
    }

    fn timed(&mut self, constants: &[(&'static str, u32)], calls: usize) -> Result<Result<Vec<Phases>, Out>> {
        let Self { engine, variant, case, results, .. } = self;
        let mut prepared = engine.prepare_with(case.op, variant, &case.sizes, constants)?;
        match verify_prepared(prepared.as_mut(), case, variant, results)? {
            Verdict::Passed(_) => {}
            Verdict::Failed(fault) => return Ok(Err((Fate::Wrong, fault.to_string()))),
            Verdict::Skipped(reason) => return Ok(Err((Fate::CompiledNot, reason))),
        }
        let run = |_| prepared.run(&case.inputs, results);
        let phases = (0..calls).map(run).collect::<Result<Vec<_>>>()?;
        if let Some(fault) = case.fault(variant.name, results) {
            return Ok(Err((Fate::Wrong, format!("right at first and wrong at last: {fault}"))));
        }
        Ok(Ok(phases))
    }
}

/// An error is the candidate's fate, unless nothing can be measured after it.
fn judged<T>(result: Result<T>) -> Result<Result<T, Out>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(e @ (Error::DeviceLost { .. } | Error::Interrupted)) => Err(e),
        Err(e) => Ok(Err((Fate::CompiledNot, e.to_string()))),
    }
}
