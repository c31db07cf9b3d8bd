//! One call held to its op's reference: poisoned outputs, guard cells, derived bounds.

use std::path::Path;

use crate::engine::{Engine, Phases, Prepared, outputs};
use crate::error::{Error, Mismatch, Result};
use crate::gpu::Checks;
use crate::ops::{Data, Expected, Fill, How, Op, Pass, Shader, Sizes, Variant, compare};

/// Inputs and the right answer.
#[derive(Debug)]
pub struct Case {
    /// The operation.
    pub op: &'static Op,
    /// The sizes.
    pub sizes: Sizes,
    /// The inputs, in the op's order.
    pub inputs: Vec<Data>,
    /// The outputs to hold results to; those that are not listed are not compared.
    pub expected: Vec<Expected>,
    /// The seed of the inputs, where they were drawn.
    pub seed: Option<u64>,
}

/// What became of a variant on a case.
#[derive(Debug)]
pub enum Verdict {
    /// Right; the phases of the verified run.
    Passed(Phases),
    /// Wrong.
    Failed(Box<Mismatch>),
    /// Not run, with the reason.
    Skipped(String),
}

impl Case {
    /// Inputs drawn from a seed, and the reference's answer.
    pub fn drawn(op: &'static Op, sizes: &Sizes, fill: Fill, seed: u64) -> Self {
        Self::given(op, sizes, Self::draw(op, sizes, fill, seed), Some(seed))
    }

    /// Inputs drawn from a seed, in the op's order.
    pub fn draw(op: &'static Op, sizes: &Sizes, fill: Fill, seed: u64) -> Vec<Data> {
        (op.draw)(op, sizes, fill, seed)
    }

    /// Given inputs, and the reference's answer.
    pub fn given(op: &'static Op, sizes: &Sizes, inputs: Vec<Data>, seed: Option<u64>) -> Self {
        let expected = (op.reference)(sizes, &inputs);
        Self { op, sizes: sizes.clone(), inputs, expected, seed }
    }

    /// Whether every input is finite.
    pub fn is_finite(&self) -> bool {
        self.inputs
            .iter()
            .all(|d| d.dtype() != crate::ops::DType::F32 || d.f32().iter().all(|v| v.is_finite()))
    }

    /// The first fault of `got`, if any, described in full.
    pub fn fault(&self, variant: &str, got: &[Data]) -> Option<Box<Mismatch>> {
        let named = self.op.outputs(&self.sizes).zip(got);
        let judged = named.filter_map(|(operand, data)| {
            let expected = self.expected.iter().find(|e| e.operand == operand.name)?;
            compare(data, expected)
        });
        judged.map(|m| Box::new(self.described(variant, m))).next()
    }

    fn described(&self, variant: &str, mismatch: Mismatch) -> Mismatch {
        Mismatch {
            op: self.op.name.to_owned(),
            variant: variant.to_owned(),
            sizes: self.sizes.to_string(),
            seed: self.seed,
            ..mismatch
        }
    }
}

/// Runs a variant on a case and judges what comes out.
///
/// # Errors
/// What the engine reports, except [`Error::NotApplicable`] and [`Error::TooLarge`], which are a skip.
pub fn verify(engine: &Engine, case: &Case, variant: &'static Variant) -> Result<Verdict> {
    verify_with(engine, case, variant, engine.tuned().constants(case.op, variant, &case.sizes))
}

/// As [`verify`], with these constants in the kernels and no others, whatever the engine's table says. Where the engine
/// runs kernels without checks, the variant is judged with checks first, then without.
///
/// # Errors
/// As [`verify`].
pub fn verify_with(
    engine: &Engine,
    case: &Case,
    variant: &'static Variant,
    constants: &[(&'static str, u32)],
) -> Result<Verdict> {
    if variant.finite_only && !case.is_finite() {
        let reason = "its products with zeros turn infinities into NaN (0 x inf)";
        return Ok(Verdict::Skipped(reason.to_owned()));
    }
    let runs: &[Checks] =
        if runs_unchecked(engine, variant) { &[Checks::On, Checks::Off] } else { &[Checks::On] };
    let mut verdict = Verdict::Skipped(String::new());
    for &checks in runs {
        verdict = verify_checked(engine, case, variant, constants, checks)?;
        if !matches!(verdict, Verdict::Passed(_)) {
            break;
        }
    }
    Ok(verdict)
}

/// Whether a variant's kernels run without checks on this engine.
pub(super) fn runs_unchecked(engine: &Engine, variant: &Variant) -> bool {
    let kernels = variant.shaders();
    engine.is_unchecked() && kernels.iter().any(|shader| shader.embedded)
}

/// As [`verify_with`], with these checks in the kernels.
pub(super) fn verify_checked(
    engine: &Engine,
    case: &Case,
    variant: &'static Variant,
    constants: &[(&'static str, u32)],
    checks: Checks,
) -> Result<Verdict> {
    let mut prepared = match engine.prepare_checked(case.op, variant, &case.sizes, constants, checks) {
        Ok(prepared) => prepared,
        Err(e @ (Error::NotApplicable { .. } | Error::TooLarge { .. })) => {
            return Ok(Verdict::Skipped(e.to_string()));
        }
        Err(e) => return Err(e),
    };
    let mut results = outputs(case.op, &case.sizes);
    verify_prepared(prepared.as_mut(), case, variant, &mut results)
}

/// As [`verify`], with a call that is prepared already; `results` hold its outputs afterwards.
pub(super) fn verify_prepared(
    prepared: &mut dyn Prepared,
    case: &Case,
    variant: &'static Variant,
    results: &mut Vec<Data>,
) -> Result<Verdict> {
    *results = outputs(case.op, &case.sizes);
    prepared.poison()?;
    let phases = prepared.run(&case.inputs, results)?;
    if let Some(fault) = case.fault(variant.name, results) {
        return Ok(Verdict::Failed(fault));
    }
    if let Some(operand) = prepared.broken_guard()? {
        let unharmed = Mismatch {
            op: String::new(),
            variant: String::new(),
            sizes: String::new(),
            seed: None,
            operand: operand.to_owned(),
            index: case.expected.first().map_or(0, |e| e.want.len()),
            got: f64::NAN,
            want: f64::NAN,
            bound: 0.0,
            bad: 1,
            of: 1,
            note: "the guard cells behind the operand were written".to_owned(),
        };
        return Ok(Verdict::Failed(Box::new(case.described(variant.name, unharmed))));
    }
    Ok(Verdict::Passed(phases))
}

/// A variant from a WGSL file of the user's: one kernel, with constants set. Named after the file.
///
/// # Errors
/// [`Error::Read`], [`Error::Format`] for a file that is no text.
pub fn user_variant(path: &Path, set: &[(String, u32)]) -> Result<&'static Variant> {
    let bytes = super::experiment::read_text(path, "shader")?;
    let source =
        String::from_utf8(bytes).map_err(|_| Error::format(path, "WGSL shader", "it is not UTF-8 text"))?;
    let stem = path.file_stem().map_or_else(|| "shader".into(), |s| s.to_string_lossy().into_owned());
    // Kept until the program ends, like the variants that are part of it.
    let set: Vec<(&'static str, u32)> = set.iter().map(|(n, v)| (&*n.clone().leak(), *v)).collect();
    let pass = Pass {
        shader: Shader::loaded(&path.display().to_string(), source),
        set: set.leak(),
        when: Pass::always,
    };
    Ok(Box::leak(Box::new(Variant {
        name: stem.leak(),
        doc: "a kernel of the user's",
        how: How::Wgsl { passes: vec![pass].leak(), scratch: &[] },
        finite_only: false,
        requires: Variant::anywhere,
        space: &[],
    })))
}
