//! Plans: lists of calls over numbered buffers. A network compiled for a batch size is one plan for forward, one for
//! backward and one for the update.

use crate::ops::{Op, Sizes, Variant};

/// Elements of a buffer that a call's operand sees. Parts begin at multiples of [`Part::ALIGNMENT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Part {
    /// The buffer's number, as [`super::Runner::buffer`] gave it.
    pub buffer: usize,
    /// The first element.
    pub at: usize,
    /// How many elements.
    pub len: usize,
}

impl Part {
    /// Elements from one part's beginning to the next possible one: 256 bytes, the most that a device asks of the offset
    /// of a binding (`minStorageBufferOffsetAlignment`).
    pub const ALIGNMENT: usize = 64;

    /// The first `len` elements of a buffer.
    pub fn first(buffer: usize, len: usize) -> Self {
        Self { buffer, at: 0, len }
    }
}

/// One call of a plan: an op with its sizes and its operands.
#[derive(Debug, Clone)]
pub struct Call {
    /// What is computed.
    pub op: &'static Op,
    /// How.
    pub variant: &'static Variant,
    /// Sizes; real numbers and counters among them may be changed later by [`super::Runner::set`].
    pub sizes: Sizes,
    /// Where the operands lie, by the names of the op's table. Those that the sizes do not use are left out.
    pub operands: Vec<(&'static str, Part)>,
}

impl Call {
    /// Where an operand lies; `None` where the sizes do not use it.
    pub fn part(&self, operand: &str) -> Option<Part> {
        self.operands.iter().find(|(name, _)| *name == operand).map(|(_, part)| *part)
    }

    /// Panics with a sentence where an operand is missing or has another length than its sizes say: a plan that does
    /// not fit is a fault of the code that made it.
    pub(super) fn assert_sound(&self) {
        for operand in self.op.operands {
            let len = self.op.len(&self.sizes, operand.name);
            let have = self.part(operand.name).map_or(0, |p| p.len);
            assert!(
                have == len,
                "{} of {}: {have} elements in the plan, {len} by its sizes {}",
                operand.name,
                self.op.name,
                self.sizes
            );
        }
        for (name, part) in &self.operands {
            assert!(part.at.is_multiple_of(Part::ALIGNMENT), "{name} of {} is not aligned", self.op.name);
        }
    }
}
