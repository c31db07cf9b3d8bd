//! The convolution and its gradients in mixed precision: what is multiplied is rounded to halves as it is read, products,
//! sums, bias and relu are in single precision. Sizes and memory order are those of `conv2d`.

use super::variants::{PATCHES, partial_sums};
use super::{FIELDS, FORWARD, GRAD_INPUT, GRAD_WEIGHT, GRADIENT_FIELDS};
use super::{cases, cost, cpu, geometry, library, reference, shape};
use crate::ops::mixed::{self, halves, on_rounded};
use crate::ops::shader::wgsl;
use crate::ops::{Op, Pass, Scratch, Variant};

/// The forward pass.
pub static MIXED: Op = Op {
    name: "conv2d_mixed",
    doc: "Y as of conv2d, elements of X and W rounded to f16, products and sums, bias and relu in f32",
    fields: FIELDS,
    operands: FORWARD.operands,
    check: |sizes| geometry::check("conv2d_mixed", sizes),
    derived: geometry::derived,
    shape,
    cost: |sizes| cost(sizes, &MIXED),
    reference: |sizes, inputs| {
        let mut plain = sizes.clone();
        ["bias", "relu"].into_iter().for_each(|name| plain.set(name, 0));
        mixed::reference(reference::forward, sizes, &plain, inputs)
    },
    draw: mixed::draw,
    variants: FORWARD_VARIANTS,
    cases: || cases::forward(&MIXED),
};

/// The gradient of the images.
pub static MIXED_GRAD_INPUT: Op = Op {
    name: "conv2d_grad_input_mixed",
    doc: "dX as of conv2d_grad_input, elements of dY and W rounded to f16, products and sums in f32",
    fields: GRADIENT_FIELDS,
    operands: GRAD_INPUT.operands,
    check: |sizes| geometry::check("conv2d_grad_input_mixed", sizes),
    derived: geometry::derived,
    shape,
    cost: |sizes| cost(sizes, &MIXED_GRAD_INPUT),
    reference: |sizes, inputs| mixed::reference(reference::grad_input, sizes, sizes, inputs),
    draw: mixed::draw,
    variants: GRAD_INPUT_VARIANTS,
    cases: || cases::gradient(&MIXED_GRAD_INPUT),
};

/// The gradient of the weights.
pub static MIXED_GRAD_WEIGHT: Op = Op {
    name: "conv2d_grad_weight_mixed",
    doc: "dW as of conv2d_grad_weight, elements of X and dY rounded to f16, products and sums in f32",
    fields: GRADIENT_FIELDS,
    operands: GRAD_WEIGHT.operands,
    check: |sizes| geometry::check("conv2d_grad_weight_mixed", sizes),
    derived: geometry::derived,
    shape,
    cost: |sizes| cost(sizes, &MIXED_GRAD_WEIGHT),
    reference: |sizes, inputs| mixed::reference(reference::grad_weight, sizes, sizes, inputs),
    draw: mixed::draw,
    variants: GRAD_WEIGHT_VARIANTS,
    cases: || cases::gradient(&MIXED_GRAD_WEIGHT),
};

const SERIAL: &str = "`serial` of the op in single precision on rounded copies";
const RAYON: &str = "`rayon` of the op in single precision on rounded copies";
const LIBRARY: &str = "`library` of the op in single precision on rounded copies";

static FORWARD_VARIANTS: &[Variant] = &[
    Variant::serial(SERIAL, |call| on_rounded(call, cpu::serial)),
    Variant::rayon(RAYON, |call| on_rounded(call, cpu::rayon)),
    Variant::cpu("library", LIBRARY, |call| on_rounded(call, library::forward), true).finite(),
    Variant::kernels(
        "implicit_gemm_64x64",
        "as of conv2d, slices in shared memory rounded to half precision on their way there",
        &[Pass::plain(wgsl!("conv2d_mixed/implicit_gemm"))],
    )
    .finite()
    .requiring(halves)
    .searched(PATCHES),
];

static GRAD_INPUT_VARIANTS: &[Variant] = &[
    Variant::serial(SERIAL, |call| on_rounded(call, cpu::serial_grad_input)),
    Variant::rayon(RAYON, |call| on_rounded(call, cpu::rayon_grad_input)),
    Variant::cpu("library", LIBRARY, |call| on_rounded(call, library::grad_input), true).finite(),
    Variant::kernels(
        "implicit_gemm_64x64",
        "as of conv2d_grad_input, slices in shared memory rounded to half precision on their way there",
        &[Pass::plain(wgsl!("conv2d_grad_input_mixed/implicit_gemm"))],
    )
    .finite()
    .requiring(halves)
    .searched(PATCHES),
];

static GRAD_WEIGHT_VARIANTS: &[Variant] = &[
    Variant::serial(SERIAL, |call| on_rounded(call, cpu::serial_grad_weight)),
    Variant::rayon(RAYON, |call| on_rounded(call, cpu::rayon_grad_weight)),
    Variant::cpu("library", LIBRARY, |call| on_rounded(call, library::grad_weight), true).finite(),
    Variant::kernels_between(
        "implicit_gemm_64x64",
        "as of conv2d_grad_weight, slices in shared memory rounded to half precision on their way there",
        &[
            Pass::plain(wgsl!("conv2d_grad_weight_mixed/implicit_gemm")),
            Pass::plain(wgsl!("conv2d_grad_weight/sum_splits")),
        ],
        &[Scratch { name: "partial", len: partial_sums }],
    )
    .finite()
    .requiring(halves)
    .searched(PATCHES),
];
