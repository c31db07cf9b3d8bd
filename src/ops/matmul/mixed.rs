//! `matmul_mixed`: the product of matrices in single precision whose elements are rounded to halves as they are read, with
//! sums in single precision. Sizes and memory order are those of `matmul`.

use super::reference::{U, product};
use super::variants::PATCHES_4X4;
use super::{Dims, FIELDS, OPERANDS, cases, check, coopmat, cost, cpu, library, shape};
use crate::error::Result;
use crate::ops::mixed::{self, halves, on_rounded};
use crate::ops::shader::wgsl;
use crate::ops::{Data, Expected, Op, Pass, Setup, Sizes, Variant};

/// The operation.
pub static MIXED: Op = Op {
    name: "matmul_mixed",
    doc: "C = A B, `batch` of each; A, B and C in f32, elements of A and B rounded to f16, products and sums in f32; shapes \
          as in matmul",
    fields: FIELDS,
    operands: OPERANDS,
    check,
    derived: |_| Vec::new(),
    shape,
    cost,
    reference: |sizes, inputs| mixed::reference(of_halves, sizes, sizes, inputs),
    draw: mixed::draw,
    variants: VARIANTS,
    cases: all_cases,
};

static VARIANTS: &[Variant] = &[
    Variant::serial("`serial` of matmul on rounded copies", |call| on_rounded(call, cpu::serial)),
    Variant::rayon("`rayon` of matmul on rounded copies", |call| on_rounded(call, cpu::rayon)),
    Variant::cpu(
        "library",
        "the `gemm` crate on rounded copies",
        |call| on_rounded(call, library::library),
        true,
    ),
    Variant::kernels(
        "blocked_64x64_4x4",
        "64 x 64 patches, slices of 16 terms in shared memory, rounded to half precision on their way there, 4 x 4 sums a \
         thread in registers",
        &[Pass::plain(wgsl!("matmul_mixed/blocked_4x4"))],
    )
    .requiring(halves)
    .searched(PATCHES_4X4),
    Variant::kernels(
        "coopmat_128x128",
        "cooperative matrices (tensor cores): 128 x 128 patches, eight subgroups of 32 x 64",
        &[Pass::plain(wgsl!("matmul_mixed/coopmat"))],
    )
    .requiring(coopmat::cooperative),
];

/// The unit of the bound is 2^-23, as for `matmul_f16`: matrix units may cut sums off.
fn of_halves(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    product(Dims::of(sizes), inputs[0].f32(), inputs[1].f32(), 2.0 * U)
}

/// Those of matmul, and infinities, NaN and numbers that overflow in halves.
fn all_cases() -> Result<Vec<Setup>> {
    let special = MIXED.setups(&[
        "m=3 n=5 k=2 fill=special",
        "m=66 n=3 k=1 fill=special",
        "m=7 n=70 k=4 ta=yes fill=special",
        "m=20 n=17 k=3 tb=yes batch=2 fill=special",
    ])?;
    Ok([cases::cases(&MIXED)?, special].concat())
}
