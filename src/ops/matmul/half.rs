//! `matmul_f16`: the product of matrices in half precision with sums in single precision, as tensor cores compute it. Sizes
//! and memory order are those of `matmul`.

use std::num::FpCategory;

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::reference::{U, product};
use super::{Dims, FIELDS, cases, check, coopmat, cpu, library, shape};
use crate::ops::mixed::halves;
use crate::ops::shader::wgsl;
use crate::ops::{
    Choice, Cost, CpuCall, DType, Data, Expected, Fill, Op, Operand, Pass, Role, Sizes, Variant, View,
};

/// The operation.
pub static HALF: Op = Op {
    name: "matmul_f16",
    doc: "C = A B, `batch` of each; A and B in f16, products and sums in f32, C in f32; shapes as in matmul",
    fields: FIELDS,
    operands: &[
        Operand { name: "a", role: Role::Input, dtype: DType::F16 },
        Operand { name: "b", role: Role::Input, dtype: DType::F16 },
        Operand { name: "c", role: Role::Output, dtype: DType::F32 },
    ],
    check,
    derived: |_| Vec::new(),
    shape,
    cost,
    reference,
    draw,
    variants: VARIANTS,
    cases: || cases::cases(&HALF),
};

static VARIANTS: &[Variant] = &[
    Variant::serial("`serial` of matmul on widened copies", |call| widened(call, cpu::serial)),
    Variant::rayon("`rayon` of matmul on widened copies", |call| widened(call, cpu::rayon)),
    Variant::cpu(
        "library",
        "the `gemm` crate on widened copies",
        |call| widened(call, library::library),
        true,
    ),
    Variant::kernels(
        "naive",
        "one thread an element, a loop over k",
        &[Pass::plain(wgsl!("matmul_f16/naive"))],
    )
    .requiring(halves),
    Variant::kernels(
        "blocked_64x64_4x4",
        "64 x 64 patches, slices of 16 terms in shared memory in half precision, 4 x 4 sums a thread in registers",
        &[Pass::plain(wgsl!("matmul_f16/blocked_4x4"))],
    )
    .requiring(halves)
    .searched(&[
        Choice::new("WX", &[8, 16, 32]),
        Choice::new("WY", &[8, 16]),
        Choice::new("BK", &[8, 16, 32]),
    ]),
    Variant::kernels(
        "coopmat_128x128",
        "cooperative matrices (tensor cores): 128 x 128 patches, eight subgroups of 32 x 64",
        &[Pass::plain(wgsl!("matmul_f16/coopmat"))],
    )
    .requiring(coopmat::cooperative),
];

/// As of matmul, with halves for the inputs.
fn cost(sizes: &Sizes) -> Cost {
    let [a, b, c] = ["a", "b", "c"].map(|name| HALF.len(sizes, name) as u64);
    Cost { flops: super::cost(sizes).flops, bytes: 2 * (a + b) + 4 * c }
}

/// The inputs are taken as they are, so no error stems from their precision: products of two halves are exact in single
/// precision, and the bound is that of `k` single-precision sums. Its unit is 2^-23, since matrix units may cut sums off
/// instead of rounding them (M. Fasi et al., *Numerical behavior of NVIDIA tensor cores*, PeerJ Computer Science 7, 2021).
fn reference(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let [a, b] = [0, 1].map(|i| inputs[i].view().f16().to_f32_vec());
    product(Dims::of(sizes), &a, &b, 2.0 * U)
}

/// As of matmul, rounded to halves. Subnormal ones become zero: a device may do that, and then it would not be the same
/// product.
fn draw(op: &'static Op, sizes: &Sizes, fill: Fill, seed: u64) -> Vec<Data> {
    let halves = |data: &Data| {
        let mut rounded: Vec<f16> = data.f32().iter().copied().map(f16::from_f32).collect();
        rounded.iter_mut().filter(|v| v.classify() == FpCategory::Subnormal).for_each(|v| *v = f16::ZERO);
        Data::F16(rounded)
    };
    Op::floats(op, sizes, fill, seed).iter().map(halves).collect()
}

/// Runs code for single precision on copies.
fn widened(call: &mut CpuCall<'_, '_>, run: fn(&mut CpuCall<'_, '_>)) {
    let [a, b] = [0, 1].map(|i| call.inputs[i].f16().to_f32_vec());
    let inputs = [View::F32(&a), View::F32(&b)];
    run(&mut CpuCall {
        sizes: call.sizes,
        inputs: &inputs,
        outputs: &mut *call.outputs,
        threads: call.threads,
    });
}
