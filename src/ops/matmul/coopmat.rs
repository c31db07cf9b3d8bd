//! What products on cooperative matrices ask for, and the buffers between their kernels.

use super::Dims;
use crate::ops::{Caps, Coopmat, Scratch, Sizes};

/// Terms from which on the bound of single precision has room for numbers made of two halves: the header of
/// `matmul/coopmat_f32.wgsl` derives it.
const TERMS: u32 = 96;

/// Where a first product on them was right.
pub(super) fn cooperative(_: &Sizes, caps: &Caps) -> Option<String> {
    match caps.coopmat {
        Coopmat::Works => None,
        Coopmat::Missing => {
            Some("the device has no cooperative matrices of 16 x 16 x 16 halves with sums in f32".to_owned())
        }
        Coopmat::Faulty => Some("its cooperative matrices gave a wrong product at the start".to_owned()),
    }
}

/// The same for products in single precision.
pub(super) fn compensated(sizes: &Sizes, caps: &Caps) -> Option<String> {
    let k = sizes.get("k");
    let few = || format!("the bound of so few terms (k = {k}) is narrower than two halves; it needs {TERMS}");
    cooperative(sizes, caps).or_else(|| (k < TERMS).then(few))
}

/// The largest and the smallest magnitude of each row of A and of each column of B.
pub(super) const RANGES: &[Scratch] = &[
    Scratch { name: "a_range", len: |sizes| ranges(sizes, |dims| dims.m) },
    Scratch { name: "b_range", len: |sizes| ranges(sizes, |dims| dims.n) },
];

fn ranges(sizes: &Sizes, lines: fn(&Dims) -> usize) -> u64 {
    let dims = Dims::of(sizes);
    2 * (dims.batch * lines(&dims)) as u64
}
