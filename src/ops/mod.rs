//! WHAT is computed: sizes, shapes, references, costs, bounds and variants. Pure: no device, no file, no clock.
//!
//! An [`Op`] says what is computed, a [`Variant`] how. Both are values in lists: a new kernel is one `.wgsl` file and
//! one entry in its op's `VARIANTS`; the checks, the sweeps, the benches and the reports read the lists.

mod caps;
pub mod conv2d;
mod data;
mod gemm;
pub mod grid;
mod inputs;
pub mod matmul;
pub mod maxpool;
mod shader;
mod sizes;
mod tolerance;
mod variant;

pub use caps::Caps;
pub use data::{DType, Data, POISON};
pub use inputs::Fill;
pub use shader::{Knobs, Shader};
pub use sizes::{Field, Sizes};
pub use tolerance::{Bound, Expected, compare};
pub use variant::{CpuCall, How, Pass, Product, Scratch, Variant};

use crate::error::{Error, Result};

/// Every operation, in the order in which lists and reports show them.
pub static OPS: &[&Op] =
    &[&matmul::OP, &maxpool::OP, &conv2d::FORWARD, &conv2d::GRAD_INPUT, &conv2d::GRAD_WEIGHT];

/// Whether an operand is read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Read by the kernels.
    Input,
    /// Written by the kernels, every element of it.
    Output,
}

/// One operand of an op. Memory order is row-major (C order) everywhere, the last axis fastest.
#[derive(Debug)]
pub struct Operand {
    /// The name: the variable's name in the shaders.
    pub name: &'static str,
    /// Read or written.
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
    /// The operands, inputs first.
    pub operands: &'static [Operand],
    /// Refuses sizes that mean nothing: zeros, windows larger than the image, products that overflow.
    pub check: fn(&Sizes) -> Result<()>,
    /// Sizes that follow from others, as the output height of pooling. Kernels may name them in their parameters.
    pub derived: fn(&Sizes) -> Vec<(&'static str, u32)>,
    /// The shape of an operand; empty where these sizes do not use it (indices that were not asked for).
    pub shape: fn(&Sizes, &str) -> Vec<usize>,
    /// The least work of one call.
    pub cost: fn(&Sizes) -> Cost,
    /// The obviously right answer: plain loops, f64 accumulation. One entry an output, in the order of `operands`.
    pub reference: fn(&Sizes, &[Data]) -> Vec<Expected>,
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
    /// The op of that name.
    ///
    /// # Errors
    /// [`Error::UnknownOp`], with the list of those that exist.
    pub fn find(name: &str) -> Result<&'static Op> {
        OPS.iter().find(|op| op.name == name).copied().ok_or_else(|| Error::UnknownOp {
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

    /// The inputs, in order.
    pub fn inputs(&self) -> impl Iterator<Item = &'static Operand> {
        self.operands.iter().filter(|o| o.role == Role::Input)
    }

    /// The outputs that these sizes ask for, in order.
    pub fn outputs(&self, sizes: &Sizes) -> impl Iterator<Item = &'static Operand> {
        self.operands.iter().filter(|o| o.role == Role::Output && !(self.shape)(sizes, o.name).is_empty())
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
