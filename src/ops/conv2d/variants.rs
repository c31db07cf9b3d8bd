//! How convolutions are computed: plain loops, products of columns, and kernels.

use super::{Conv, cpu, library};
use crate::ops::shader::wgsl;
use crate::ops::{Choice, CpuCall, How, Pass, Scratch, Sizes, Variant};

const fn on_cpu(
    name: &'static str,
    doc: &'static str,
    run: fn(&mut CpuCall<'_, '_>),
    parallel: bool,
) -> Variant {
    Variant {
        name,
        doc,
        how: How::Cpu { run, parallel },
        finite_only: false,
        requires: Variant::anywhere,
        space: &[],
    }
}

/// `library`: padding is multiplied by weights like any other tap.
const fn by_products(doc: &'static str, run: fn(&mut CpuCall<'_, '_>)) -> Variant {
    Variant { finite_only: true, ..on_cpu("library", doc, run, true) }
}

const fn on_gpu(
    name: &'static str,
    doc: &'static str,
    finite_only: bool,
    passes: &'static [Pass],
) -> Variant {
    Variant {
        name,
        doc,
        how: How::Wgsl { passes, scratch: &[] },
        finite_only,
        requires: Variant::anywhere,
        space: &[],
    }
}

const SERIAL: &str = "plain loops on one thread, a weight at a time along the rows";
const RAYON: &str = "the same loops, planes shared out over threads";

/// Threads of a workgroup where a thread takes one element.
const LINES: &[Choice] = &[Choice::new("WG", &[32, 64, 128, 256])];
/// Threads along the columns and the rows of the product, and terms of a slice (the shaders' loops go four by four).
const PATCHES: &[Choice] =
    &[Choice::new("WX", &[8, 16, 32]), Choice::new("WY", &[8, 16]), Choice::new("BK", &[8, 16, 32])];

pub(super) static FORWARD: &[Variant] = &[
    on_cpu("serial", SERIAL, cpu::serial, false),
    on_cpu("rayon", RAYON, cpu::rayon, true),
    by_products(
        "products of the `gemm` crate: images as columns or, for many small ones, position by position",
        library::forward,
    ),
    on_gpu(
        "direct",
        "one thread an output, loops over the taps",
        false,
        &[Pass { shader: wgsl!("conv2d/direct"), set: &[], when: Pass::always }],
    )
    .searched(LINES),
    on_gpu(
        "implicit_gemm_64x64",
        "a product whose columns are gathered from the image as they are needed: 64 channels x 64 outputs a workgroup, \
         4 x 4 a thread in registers",
        true,
        &[Pass { shader: wgsl!("conv2d/implicit_gemm"), set: &[], when: Pass::always }],
    )
    .searched(PATCHES),
    on_gpu(
        "implicit_gemm_32x64",
        "the same, 32 channels x 64 outputs a workgroup: for layers of few channels",
        true,
        &[Pass { shader: wgsl!("conv2d/implicit_gemm"), set: &[("WY", 8)], when: Pass::always }],
    )
    .searched(PATCHES),
];

pub(super) static GRAD_INPUT: &[Variant] = &[
    on_cpu("serial", SERIAL, cpu::serial_grad_input, false),
    on_cpu("rayon", RAYON, cpu::rayon_grad_input, true),
    by_products("products of the `gemm` crate, columns added back to the images", library::grad_input),
    on_gpu(
        "direct",
        "one thread an element of the image, which looks for the outputs that it takes part in",
        false,
        &[Pass { shader: wgsl!("conv2d_grad_input/direct"), set: &[], when: Pass::always }],
    )
    .searched(LINES),
    on_gpu(
        "implicit_gemm_64x64",
        "a product whose columns are gathered from the outputs' gradients as they are needed: 64 channels x 64 elements \
         a workgroup, 4 x 4 a thread in registers",
        true,
        &[Pass { shader: wgsl!("conv2d_grad_input/implicit_gemm"), set: &[], when: Pass::always }],
    )
    .searched(PATCHES),
    on_gpu(
        "implicit_gemm_32x64",
        "the same, 32 channels x 64 elements a workgroup: for layers of few channels",
        true,
        &[Pass { shader: wgsl!("conv2d_grad_input/implicit_gemm"), set: &[("WY", 8)], when: Pass::always }],
    )
    .searched(PATCHES),
];

/// Partial sums of `implicit_gemm`: splits x co x ci/groups x kh x kw.
fn partial_sums(sizes: &Sizes) -> u64 {
    let p = Conv::of(sizes);
    p.split().0 as u64 * p.co as u64 * p.terms() as u64
}

pub(super) static GRAD_WEIGHT: &[Variant] = &[
    on_cpu("serial", SERIAL, cpu::serial_grad_weight, false),
    on_cpu("rayon", "the same loops, windows shared out over threads", cpu::rayon_grad_weight, true),
    by_products("products of the `gemm` crate with the images as columns", library::grad_weight),
    on_gpu(
        "direct",
        "one thread a weight, a loop over all outputs",
        false,
        &[Pass { shader: wgsl!("conv2d_grad_weight/direct"), set: &[], when: Pass::always }],
    )
    .searched(LINES),
    Variant {
        name: "implicit_gemm_64x64",
        doc: "a product whose columns are gathered from the images as they are needed, 64 channels x 64 weights a \
              workgroup; the sums are divided into parts, which a second kernel adds up in their order",
        how: How::Wgsl {
            passes: &[
                Pass { shader: wgsl!("conv2d_grad_weight/implicit_gemm"), set: &[], when: Pass::always },
                Pass { shader: wgsl!("conv2d_grad_weight/sum_splits"), set: &[], when: Pass::always },
            ],
            scratch: &[Scratch { name: "partial", len: partial_sums }],
        },
        finite_only: true,
        requires: Variant::anywhere,
        space: PATCHES,
    },
];
