//! One call on the engine that its variant needs: first and verified, then warm and timed.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::args::Global;
use crate::cli::cpu;
use crate::engine::in_parts::{self, Budget, InParts};
use crate::engine::{Engine, Phases, Prepared, outputs};
use crate::error::{Error, Mismatch, Result};
use crate::gpu::{Choice, Gpu};
use crate::lab::{Case, median};
use crate::ops::{Data, How, Op, Sizes, Variant};

/// Warm calls where nothing else is asked for.
const REPEATS: u32 = 10;
/// How long they may take together before no further one is started.
const TIME: Duration = Duration::from_secs(2);

/// Who computes, and how.
pub(super) struct Chosen {
    /// The engine; it has a GPU where the variant needs one.
    pub(super) engine: Engine,
    /// Candidates, the preferred one first: a family's members, or the defaults.
    variants: Vec<&'static Variant>,
    /// Whether they were asked for by name.
    is_named: bool,
}

/// What came of it.
pub(super) struct Measured {
    /// The variant that ran.
    pub(super) variant: &'static Variant,
    /// The adapter's name, or the CPU's.
    pub(super) adapter: String,
    /// Whether the adapter is a CPU that poses as a GPU.
    pub(super) software: bool,
    /// CPU threads; absent on a GPU.
    threads: Option<usize>,
    /// The first call, preparation and compilation included.
    pub(super) first_call_ns: u64,
    /// Medians of the warm calls, phase by phase.
    pub(super) warm: Phases,
    /// How many warm calls there were.
    pub(super) repeats: usize,
    /// What is wrong with the result, if anything.
    pub(super) fault: Option<Box<Mismatch>>,
    /// The outputs of the first call.
    pub(super) outputs: Vec<Data>,
}

impl Chosen {
    /// The variants that `name` means, else the first of `defaults` that the device can run; and an engine for them.
    /// The adapter is opened only where one of them needs it.
    ///
    /// # Errors
    /// [`Error::UnknownVariant`], and what opening an adapter reports.
    pub(super) fn new(
        op: &'static Op,
        name: Option<&str>,
        defaults: &[&str],
        global: &Global,
    ) -> Result<Self> {
        let on_cpu = global.device == Choice::Cpu;
        let mut variants = match name {
            Some(name) => op.variants_named(name)?,
            None if on_cpu => op.variants_named("rayon")?,
            None => defaults.iter().filter_map(|d| op.variants_named(d).ok()).flatten().collect(),
        };
        // A family may have members on both sides: those of the device that was asked for come first.
        variants.sort_by_key(|v| v.is_cpu() != on_cpu);
        if on_cpu && variants.iter().any(|v| v.is_cpu()) {
            variants.retain(|v| v.is_cpu());
        }
        let engine =
            if variants.iter().all(|v| v.is_cpu()) { global.cpu_engine()? } else { global.engine()? };
        Ok(Self { engine, variants, is_named: name.is_some() })
    }

    /// The call cut into parts, where an operand has more bytes than `device_bytes` or, without that, than the device
    /// allows; `None` where it runs as it is. A variant is taken that suits parts, unless one was asked for.
    ///
    /// # Errors
    /// As [`Engine::in_parts`].
    pub(super) fn in_parts(
        &self,
        op: &'static Op,
        sizes: &Sizes,
        device_bytes: Option<u64>,
    ) -> Result<Option<InParts<'_>>> {
        let Some(gpu) = self.engine.gpu().filter(|_| self.variants.iter().any(|v| !v.is_cpu())) else {
            return Ok(None);
        };
        let budget = device_bytes.map_or(Budget::of(gpu), |bytes| Budget::of(gpu).at_most(bytes));
        if budget.holds_call(op, sizes) {
            return Ok(None);
        }
        let variants = if self.is_named { self.variants.clone() } else { in_parts::preferred(op)? };
        self.engine.in_parts(op, &variants, sizes, budget).map(Some)
    }

    /// Makes the first variant ready that applies, with the time that it took.
    ///
    /// # Errors
    /// What preparing reports; where no variant applies, why the last one does not.
    pub(super) fn prepare(
        &self,
        op: &'static Op,
        sizes: &Sizes,
    ) -> Result<(&'static Variant, Box<dyn Prepared + '_>, u64)> {
        let mut reason = None;
        for variant in &self.variants {
            let start = Instant::now();
            match self.engine.prepare(op, variant, sizes) {
                Ok(prepared) => return Ok((variant, prepared, since(start))),
                Err(e @ Error::NotApplicable { .. }) => reason = Some(e),
                Err(e) => return Err(e),
            }
        }
        let none =
            || Error::NotApplicable { variant: op.name.to_owned(), reason: "it has no variants".into() };
        Err(reason.unwrap_or_else(none))
    }

    /// Runs a prepared call on a case: once into poisoned outputs, judged, then warm.
    ///
    /// # Errors
    /// What the engine reports. A wrong result is no error but a [`Measured::fault`].
    pub(super) fn measure(
        &self,
        (variant, mut prepared, prepare_ns): (&'static Variant, Box<dyn Prepared + '_>, u64),
        case: &Case,
        repeat: Option<u32>,
    ) -> Result<Measured> {
        let mut results = outputs(case.op, &case.sizes);
        prepared.poison()?;
        let start = Instant::now();
        prepared.run(&case.inputs, &mut results)?;
        let first_call_ns = prepare_ns + since(start);
        let mut fault = case.fault(variant.name, &results);
        if let (None, Some(operand)) = (&fault, prepared.broken_guard()?) {
            fault = Some(Box::new(guard_fault(case, variant, operand)));
        }
        let mut scratch = outputs(case.op, &case.sizes);
        let mut runs = Vec::new();
        let begin = Instant::now();
        for number in 0..repeat.unwrap_or(REPEATS) {
            if number > 0 && repeat.is_none() && begin.elapsed() > TIME {
                break;
            }
            runs.push(prepared.run(&case.inputs, &mut scratch)?);
        }
        let gpu = if variant.is_cpu() { None } else { self.engine.gpu().map(Gpu::adapter) };
        Ok(Measured {
            variant,
            adapter: gpu.map_or_else(cpu::name, |a| a.name.clone()),
            software: gpu.is_some_and(|a| a.software),
            threads: match variant.how {
                How::Cpu { parallel, .. } => Some(if parallel { self.engine.threads() } else { 1 }),
                _ => None,
            },
            first_call_ns,
            warm: medians(&runs),
            repeats: runs.len(),
            fault,
            outputs: results,
        })
    }
}

impl Measured {
    /// The keys that every operation's JSON has.
    pub(super) fn json(&self, case: &Case) -> Value {
        json!({
            "op": case.op.name,
            "variant": self.variant.name,
            "adapter": self.adapter,
            "software": self.software,
            "threads": self.threads,
            "sizes": sizes_json(&case.sizes),
            "seed": case.seed,
            "upload_ns": self.warm.upload_ns,
            "encode_ns": self.warm.encode_ns,
            "kernel_ns": self.warm.kernel_ns,
            "resident_ns": self.warm.resident_ns,
            "download_ns": self.warm.download_ns,
            "total_ns": self.warm.total_ns,
            "clock": self.clock(),
            "first_call_ns": self.first_call_ns,
            "repeats": self.repeats,
            "verified": self.fault.is_none(),
            "mismatch": self.fault.as_ref().map(ToString::to_string),
        })
    }

    /// Where `kernel_ns` comes from.
    pub(super) fn clock(&self) -> &'static str {
        if self.warm.timestamps { "timestamp" } else { "wall" }
    }
}

/// Sizes by name, numbers as numbers.
pub(super) fn sizes_json(sizes: &Sizes) -> Value {
    let value = |text: String| text.parse::<u32>().map_or_else(|_| json!(text), |v| json!(v));
    sizes
        .entries()
        .map(|(name, text)| (name.to_owned(), value(text)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn guard_fault(case: &Case, variant: &Variant, operand: &str) -> Mismatch {
    Mismatch {
        op: case.op.name.to_owned(),
        variant: variant.name.to_owned(),
        sizes: case.sizes.to_string(),
        seed: case.seed,
        operand: operand.to_owned(),
        index: case.op.len(&case.sizes, operand),
        got: f64::NAN,
        want: f64::NAN,
        bound: 0.0,
        bad: 1,
        of: 1,
        note: "the guard cells behind the operand were written".to_owned(),
    }
}

fn since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// The median of each phase by itself.
fn medians(runs: &[Phases]) -> Phases {
    let all = |phase: fn(&Phases) -> u64| median(&runs.iter().map(phase).collect::<Vec<_>>()).unwrap_or(0);
    let some = |phase: fn(&Phases) -> Option<u64>| median(&runs.iter().filter_map(phase).collect::<Vec<_>>());
    Phases {
        upload_ns: some(|p| p.upload_ns),
        encode_ns: some(|p| p.encode_ns),
        kernel_ns: all(|p| p.kernel_ns),
        timestamps: runs.iter().all(|p| p.timestamps),
        resident_ns: all(|p| p.resident_ns),
        download_ns: some(|p| p.download_ns),
        total_ns: all(|p| p.total_ns),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_phase_stays_absent() {
        let medians = medians(&[Phases::cpu(5), Phases::cpu(9), Phases::cpu(7)]);
        assert_eq!((medians.upload_ns, medians.total_ns), (None, 7));
    }
}
