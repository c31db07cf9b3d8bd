//! WHAT is computed: sizes, shapes, references, costs, bounds and variants. Pure: no device, no file, no clock.
//!
//! An [`Op`] says what is computed, a [`Variant`] how. Both are values in lists: a new kernel is one `.wgsl` file and
//! one entry in its op's `VARIANTS`; the checks, the sweeps, the benches and the reports read the lists.

pub mod adam;
pub mod avgpool;
mod axis;
pub mod batchnorm;
pub mod bce_with_logits;
pub mod bias;
mod caps;
pub mod conv2d;
mod data;
pub mod dropout;
mod gemm;
pub mod global_norm;
pub mod grid;
mod init;
mod inputs;
pub mod loss_scaling;
mod losses;
pub mod matmul;
pub mod maxpool;
pub mod maxpool_backward;
mod mixed;
mod nontemporal;
mod prefetch;
pub mod probe;
mod regularised;
pub mod relu;
pub mod sgd;
mod shader;
pub mod sigmoid;
mod sizes;
pub mod softmax_cross_entropy;
mod space;
mod spare;
mod tolerance;
mod variant;
mod wide;

pub use caps::{Caps, Coopmat};
pub use data::{DType, Data, POISON, View, ViewMut};
pub use init::{Fans, Init};
pub use inputs::Fill;
pub(crate) use mixed::NO_HALVES;
pub use shader::{Knobs, Shader};
pub use sizes::{Field, Sizes};
pub use space::{Choice, Constants};
pub use tolerance::{Bound, Expected, compare};
pub use variant::{CpuCall, How, Pass, Product, Scratch, Variant};

use crate::error::{Error, Result};

/// Every operation, in the order in which lists and reports show them.
pub static OPS: &[&Op] = &[
    &matmul::OP,
    &matmul::HALF,
    &matmul::MIXED,
    &maxpool::OP,
    &conv2d::FORWARD,
    &conv2d::GRAD_INPUT,
    &conv2d::GRAD_WEIGHT,
    &conv2d::MIXED,
    &conv2d::MIXED_GRAD_INPUT,
    &conv2d::MIXED_GRAD_WEIGHT,
    &maxpool_backward::OP,
    &avgpool::OP,
    &avgpool::BACKWARD,
    &bias::OP,
    &bias::RELU,
    &bias::BACKWARD,
    &relu::OP,
    &relu::BACKWARD,
    &sigmoid::OP,
    &sigmoid::BACKWARD,
    &dropout::OP,
    &batchnorm::OP,
    &batchnorm::TRAINING,
    &batchnorm::BACKWARD,
    &softmax_cross_entropy::OP,
    &bce_with_logits::OP,
    &sgd::OP,
    &adam::OP,
    &global_norm::OP,
    &global_norm::CLIP,
    &loss_scaling::SCALE,
    &loss_scaling::UNSCALE,
];

/// Whether an operand is read, written or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Read by the kernels.
    Input,
    /// Read and updated in place, as parameters and their moments by an optimiser.
    InOut,
    /// Written by the kernels, every element of it.
    Output,
}

/// One operand of an op. Memory order is row-major (C order) everywhere, the last axis fastest.
#[derive(Debug)]
pub struct Operand {
    /// The name: the variable's name in the shaders.
    pub name: &'static str,
    /// Read, written or both.
    pub role: Role,
    /// Element type.
    pub dtype: DType,
}

/// What one call costs at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Floating-point operations; for pooling, comparisons.
    pub flops: u64,
    /// Bytes read and written when every operand is touched once.
    pub bytes: u64,
}

/// An operation: what is computed.
#[derive(Debug)]
pub struct Op {
    /// The name, as in `matmul`.
    pub name: &'static str,
    /// One line: the formula.
    pub doc: &'static str,
    /// The sizes, in the order of TOML rows, CSV columns and parameter blocks.
    pub fields: &'static [Field],
    /// The operands: inputs, then those updated in place, then outputs.
    pub operands: &'static [Operand],
    /// Refuses sizes that mean nothing: zeros, windows larger than the image, products that overflow.
    pub check: fn(&Sizes) -> Result<()>,
    /// Sizes that follow from others, as the output height of pooling. Kernels may name them in their parameters.
    pub derived: fn(&Sizes) -> Vec<(&'static str, u32)>,
    /// The shape of an operand; empty where these sizes do not use it (indices that were not asked for).
    pub shape: fn(&Sizes, &str) -> Vec<usize>,
    /// The least work of one call.
    pub cost: fn(&Sizes) -> Cost,
    /// The obviously right answer: plain loops, f64 accumulation. It gets what [`Op::inputs`] lists and gives one entry
    /// for each of what [`Op::outputs`] lists, in order.
    pub reference: fn(&Sizes, &[Data]) -> Vec<Expected>,
    /// Inputs of one kind from a seed, in the order of [`Op::inputs`]: [`Op::floats`], unless an operand has a meaning
    /// of its own (positions, classes, variances).
    pub draw: fn(&'static Op, &Sizes, Fill, u64) -> Vec<Data>,
    /// How it can be computed.
    pub variants: &'static [Variant],
    /// What `check` runs: awkward sizes, and inputs that are easy to get wrong.
    pub cases: fn() -> Result<Vec<Setup>>,
}

/// Sizes and the kind of input: one case of [`Op::cases`].
#[derive(Debug, Clone)]
pub struct Setup {
    /// The sizes.
    pub sizes: Sizes,
    /// The inputs.
    pub fill: Fill,
}

impl Op {
    /// The op of that name; of the probes, too.
    ///
    /// # Errors
    /// [`Error::UnknownOp`], with the list of those that exist.
    pub fn find(name: &str) -> Result<&'static Op> {
        OPS.iter().chain(probe::PROBES).find(|op| op.name == name).copied().ok_or_else(|| Error::UnknownOp {
            name: name.to_owned(),
            known: OPS.iter().map(|op| op.name).collect::<Vec<_>>().join(", "),
        })
    }

    /// The variants that `name` means: the one of that name, or the family `name_*` (`tiled` means `tiled_16` and
    /// `tiled_32`).
    ///
    /// # Errors
    /// [`Error::UnknownVariant`], with the list of those that exist.
    pub fn variants_named(&self, name: &str) -> Result<Vec<&'static Variant>> {
        if let Some(exact) = self.variants.iter().find(|v| v.name == name) {
            return Ok(vec![exact]);
        }
        let family = |v: &&Variant| v.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('_'));
        let found: Vec<_> = self.variants.iter().filter(family).collect();
        if found.is_empty() || name.is_empty() {
            return Err(Error::UnknownVariant {
                op: self.name,
                name: name.to_owned(),
                known: self.variants.iter().map(|v| v.name).collect::<Vec<_>>().join(", "),
            });
        }
        Ok(found)
    }

    /// Sizes of this op from `(name, value)` pairs, checked.
    ///
    /// # Errors
    /// Unknown, missing or unusable sizes, each by its own error.
    pub fn sizes<'a>(&self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Sizes> {
        let sizes = Sizes::parse(self.name, self.fields, pairs)?;
        (self.check)(&sizes)?;
        Ok(sizes)
    }

    /// The operands that a call is given, in order: inputs, and what is updated in place, as it is before.
    pub fn inputs(&self) -> impl Iterator<Item = &'static Operand> {
        self.operands.iter().filter(|o| o.role != Role::Output)
    }

    /// How many of the inputs are only read. They stand first.
    pub fn read_only(&self) -> usize {
        self.operands.iter().filter(|o| o.role == Role::Input).count()
    }

    /// The operands that a call gives back and these sizes ask for, in order: what is updated in place, as it is
    /// after, and the outputs.
    pub fn outputs(&self, sizes: &Sizes) -> impl Iterator<Item = &'static Operand> {
        self.operands.iter().filter(|o| o.role != Role::Input && !(self.shape)(sizes, o.name).is_empty())
    }

    /// For [`Op::draw`]: every input holds floats of that kind, each from a stream of its own.
    pub fn floats(op: &'static Op, sizes: &Sizes, fill: Fill, seed: u64) -> Vec<Data> {
        let operands = (0u64..).zip(op.inputs());
        operands.map(|(stream, o)| fill.floats(seed, stream, op.len(sizes, o.name))).collect()
    }

    /// For [`Op::cases`]: each text is `name=value` pairs and, where the inputs are not uniform, `fill=KIND`.
    pub(crate) fn setups(&self, cases: &[&str]) -> Result<Vec<Setup>> {
        let setup = |text: &&str| {
            let pairs = || text.split(' ').filter_map(|pair| pair.split_once('='));
            let fill = pairs().find(|p| p.0 == "fill").and_then(|p| Fill::named(p.1));
            let sizes = self.sizes(pairs().filter(|p| p.0 != "fill"))?;
            Ok(Setup { sizes, fill: fill.unwrap_or(Fill::Uniform) })
        };
        cases.iter().map(setup).collect()
    }

    /// How many elements an operand has; 0 where these sizes do not use it.
    pub fn len(&self, sizes: &Sizes, operand: &str) -> usize {
        let shape = (self.shape)(sizes, operand);
        if shape.is_empty() { 0 } else { shape.iter().product() }
    }

    /// The value of a size or of a derived size.
    pub fn named(&self, sizes: &Sizes, name: &str) -> Option<u32> {
        sizes.find(name).or_else(|| (self.derived)(sizes).iter().find(|d| d.0 == name).map(|d| d.1))
    }
}

/// Refuses sizes of zero, by name.
pub(crate) fn not_empty(op: &'static str, sizes: &Sizes, names: &[&str]) -> Result<()> {
    match names.iter().find(|name| sizes.get(name) == 0) {
        None => Ok(()),
        Some(name) => Err(Error::BadSize {
            op,
            name: (*name).to_owned(),
            value: "0".to_owned(),
            reason: "is empty; use 1 or more".to_owned(),
        }),
    }
}

/// Refuses a real number outside `range`.
pub(crate) fn within(
    op: &'static str,
    sizes: &Sizes,
    name: &str,
    range: impl std::ops::RangeBounds<f32> + std::fmt::Debug,
) -> Result<()> {
    let value = sizes.real(name);
    if range.contains(&value) {
        return Ok(());
    }
    let reason = format!("is outside {range:?}");
    Err(Error::BadSize { op, name: name.to_owned(), value: value.to_string(), reason })
}

/// Elements that a task of a CPU variant works on at a time: it should outlast the cost of handing it out by far, and
/// fit the first-level cache with an operand or two beside it.
pub(crate) const CHUNK: usize = 4096;

/// The product of `factors`, refused where a 32-bit index could not count it (WGSL indices are `u32`; the last value
/// is kept free).
pub(crate) fn element_count(op: &'static str, what: &str, factors: &[u32]) -> Result<u64> {
    let product = factors.iter().try_fold(1u64, |p, &f| p.checked_mul(u64::from(f)));
    match product {
        Some(p) if p < u64::from(u32::MAX) => Ok(p),
        other => Err(Error::Overflow {
            op,
            what: what.to_owned(),
            elements: other.map_or_else(|| "over 2^64".to_owned(), |p| p.to_string()),
        }),
    }
}
