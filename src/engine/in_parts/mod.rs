//! Calls whose operands exceed what a binding or a buffer of the device may hold: cut into calls of the same op with
//! smaller sizes, which go through the device one after the other.
//!
//! Pooling is cut into groups of planes or, where a plane is too large, into bands of rows; products into groups of a
//! batch or into blocks of C. The terms of a product (k) are never cut, nor is a row of windows: results are those of the
//! whole call, element by element. While the device works on one piece, the host fills the next one's memory and empties
//! that of the last.

mod budget;
mod pool;
mod product;
mod source;
mod stream;

#[cfg(test)]
mod tests;

pub use budget::Budget;
pub use source::Source;
pub use stream::Streamed;

use super::gpu::pipelines;
use super::{Engine, Tuned};
use crate::error::{Error, Result};
use crate::gpu::{Adapter, Gpu};
use crate::ops::{How, Op, Sizes, Variant, matmul, maxpool};

/// Elements of an operand on the host that lie without gaps in one on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    /// The first element on the host.
    host: usize,
    /// How many runs of neighbours.
    runs: usize,
    /// Elements of a run.
    len: usize,
    /// Elements from the beginning of one run to that of the next, on the host.
    apart: usize,
    /// The first element on the device.
    device: usize,
}

impl Block {
    /// Neighbours on the host too.
    fn run(host: usize, len: usize) -> Self {
        Self { host, runs: 1, len, apart: len, device: 0 }
    }

    fn elements(&self) -> usize {
        self.runs * self.len
    }
}

/// One call of smaller sizes.
#[derive(Debug)]
struct Piece {
    sizes: Sizes,
    /// Where its inputs come from, in the op's order: whole operands of the piece.
    given: Vec<Block>,
    /// Where its outputs belong, in the op's order. What it computes beside them is dropped.
    taken: Vec<Block>,
    /// What its positions lack to be positions in the whole plane.
    offset: i32,
}

/// A call, cut.
#[derive(Debug)]
struct Cut {
    pieces: Vec<Piece>,
    /// The input that several pieces in a row share; the others change with each.
    resident: Option<usize>,
    /// What the pieces are, as "bands of up to 256 rows".
    what: String,
}

/// A call in parts, ready to run.
#[derive(Debug)]
pub struct InParts<'g> {
    gpu: &'g Gpu,
    tuned: Option<&'g Tuned>,
    op: &'static Op,
    variant: &'static Variant,
    budget: Budget,
    cut: Cut,
}

/// Variants by preference for calls in parts.
///
/// # Errors
/// [`Error::NotApplicable`] for an op that is not computed in parts.
pub fn preferred(op: &'static Op) -> Result<Vec<&'static Variant>> {
    let names: &[&str] = if std::ptr::eq(op, &maxpool::OP) {
        &["strips_vec4", "strips", "van_herk", "direct"]
    } else if std::ptr::eq(op, &matmul::OP) {
        &["blocked_128x128_8x8", "blocked_64x64_4x4", "registers_8x8", "registers_4x4", "naive"]
    } else {
        return Err(never(op));
    };
    names.iter().map(|name| Ok(op.variants_named(name)?[0])).collect()
}

fn never(op: &Op) -> Error {
    Error::NotApplicable {
        variant: op.name.to_owned(),
        reason: "only maxpool and matmul are computed in parts; use smaller sizes".to_owned(),
    }
}

impl<'g> InParts<'g> {
    /// Cuts a call so that no operand of a piece exceeds the budget, for the first of `variants` that can run all pieces
    /// on this device, with constants of `tuned` where it has some for a piece's sizes.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where even the smallest piece exceeds the budget, [`Error::NotApplicable`] where no variant
    /// applies, and what the device reports.
    pub fn new(
        gpu: &'g Gpu,
        tuned: Option<&'g Tuned>,
        op: &'static Op,
        variants: &[&'static Variant],
        sizes: &Sizes,
        budget: Budget,
    ) -> Result<Self> {
        let mut refused = None;
        for variant in variants {
            let tried = cut(op, variant, sizes, budget).and_then(|cut| {
                let parts = Self { gpu, tuned, op, variant, budget, cut };
                parts.applies()?;
                Ok(parts)
            });
            match tried {
                Err(e @ Error::NotApplicable { .. }) => refused = Some(e),
                done => return done,
            }
        }
        Err(refused.unwrap_or_else(|| never(op)))
    }

    /// Whether the variant can run the pieces here: their kernels are compiled to find out.
    fn applies(&self) -> Result<()> {
        let Self { gpu, op, variant, budget, .. } = self;
        let not = |reason: String| Error::NotApplicable { variant: variant.name.to_owned(), reason };
        let mut seen: Vec<&Sizes> = Vec::new();
        for Piece { sizes, .. } in &self.cut.pieces {
            if seen.contains(&sizes) {
                continue;
            }
            seen.push(sizes);
            if let Some(reason) = (variant.requires)(sizes, gpu.caps()) {
                return Err(not(reason));
            }
            if !budget.holds(between_bytes(variant, sizes)) {
                return Err(not("what it keeps between its kernels exceeds the budget".to_owned()));
            }
            let (pipelines, _) = pipelines(gpu, op, variant, sizes, self.constants(sizes), gpu.checks())?;
            for pipeline in pipelines {
                pipeline.grid(op, sizes, gpu.caps())?;
            }
        }
        Ok(())
    }

    fn constants(&self, sizes: &Sizes) -> &[(&'static str, u32)] {
        self.tuned.map_or(&[], |tuned| tuned.constants(self.op, self.variant, sizes))
    }

    /// The variant that runs.
    pub fn variant(&self) -> &'static Variant {
        self.variant
    }

    /// The adapter that it runs on.
    pub fn adapter(&self) -> &'g Adapter {
        self.gpu.adapter()
    }

    /// The most bytes of one buffer.
    pub fn budget(&self) -> Budget {
        self.budget
    }

    /// How many parts there are.
    pub fn count(&self) -> usize {
        self.cut.pieces.len()
    }

    /// What the parts are, as "bands of up to 256 rows".
    pub fn what(&self) -> &str {
        &self.cut.what
    }
}

impl Engine {
    /// As [`InParts::new`], on this engine's GPU and with its tuned constants.
    ///
    /// # Errors
    /// As [`InParts::new`]; [`Error::NotApplicable`] without a GPU.
    pub fn in_parts(
        &self,
        op: &'static Op,
        variants: &[&'static Variant],
        sizes: &Sizes,
        budget: Budget,
    ) -> Result<InParts<'_>> {
        let gpu = self.gpu().ok_or_else(|| Error::NotApplicable {
            variant: format!("{} in parts", op.name),
            reason: "there is no adapter".to_owned(),
        })?;
        InParts::new(gpu, Some(self.tuned()), op, variants, sizes, budget)
    }
}

/// Cuts a call for a variant: into pieces of a size that streams well, else into the largest that the device takes.
fn cut(op: &'static Op, variant: &Variant, sizes: &Sizes, budget: Budget) -> Result<Cut> {
    if !matches!(variant.how, How::Wgsl { .. }) {
        let reason = "it is no list of kernels, and no other code runs in parts".to_owned();
        return Err(Error::NotApplicable { variant: variant.name.to_owned(), reason });
    }
    if std::ptr::eq(op, &maxpool::OP) {
        let fits = |budget: Budget| {
            move |sizes: &Sizes| budget.holds(op_bytes(op, sizes).max(between_bytes(variant, sizes)))
        };
        let found = pool::cut(sizes, &fits(budget.bands())).or_else(|| pool::cut(sizes, &fits(budget)));
        return found.ok_or_else(|| {
            let least = pool::least(sizes);
            let bytes = op_bytes(op, &least).max(between_bytes(variant, &least));
            budget.exceeded("a band with a single row of windows, which is not cut further", bytes)
        });
    }
    if std::ptr::eq(op, &matmul::OP) {
        return product::cut(sizes, budget);
    }
    Err(never(op))
}

/// Bytes of the largest operand.
fn op_bytes(op: &Op, sizes: &Sizes) -> u64 {
    let bytes = |o: &crate::ops::Operand| (o.dtype.bytes() * op.len(sizes, o.name)) as u64;
    op.operands.iter().map(bytes).max().unwrap_or(0)
}

/// Bytes of the largest buffer between a variant's kernels.
fn between_bytes(variant: &Variant, sizes: &Sizes) -> u64 {
    let How::Wgsl { scratch, .. } = &variant.how else { return 0 };
    scratch.iter().map(|s| 4 * (s.len)(sizes)).max().unwrap_or(0)
}

/// The sizes with some of them changed; what results must be what the op's check accepts.
fn with<const N: usize>(sizes: &Sizes, changed: [(&str, usize); N]) -> Sizes {
    let mut sizes = sizes.clone();
    for (name, value) in changed {
        sizes.set(name, u32::try_from(value).unwrap_or(u32::MAX));
    }
    sizes
}

/// The largest number up to `most` that `fits`, if 1 does; whatever fits, less fits too.
fn largest(most: usize, fits: impl Fn(usize) -> bool) -> Option<usize> {
    let (mut low, mut high) = (0, most);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if fits(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    (low > 0).then_some(low)
}
