//! How convolutions are computed: plain loops, products of columns, and kernels.

use super::{Conv, cpu, library};
use crate::ops::shader::wgsl;
use crate::ops::{Caps, Choice, CpuCall, Pass, Scratch, Sizes, Variant};

/// `library`: padding is multiplied by weights like any other tap.
const fn by_products(doc: &'static str, run: fn(&mut CpuCall<'_, '_>)) -> Variant {
    Variant::cpu("library", doc, run, true).finite()
}

const SERIAL: &str = "plain loops on one thread, a weight at a time along the rows";
const RAYON: &str = "the same loops, planes shared out over threads";

/// Threads of a workgroup where a thread takes one element.
const LINES: &[Choice] = &[Choice::new("WG", &[32, 64, 128, 256])];
/// Threads along the columns and the rows of the product, and terms of a slice (the shaders' loops go four by four).
pub(super) const PATCHES: &[Choice] =
    &[Choice::new("WX", &[8, 16, 32]), Choice::new("WY", &[8, 16]), Choice::new("BK", &[8, 16, 32])];
const PATCHES_8X8: &[Choice] =
    &[Choice::new("WX", &[8, 16]), Choice::new("WY", &[8, 16]), Choice::new("BK", &[8, 16, 32])];
/// Subgroups of a workgroup.
const SUBGROUPS: &[Choice] = &[Choice::new("WY", &[1, 2, 4, 8])];

/// What `depthwise` is written for.
fn groups_of_one(sizes: &Sizes, _: &Caps) -> Option<String> {
    let channels = Conv::of(sizes).cig;
    (channels > 1).then(|| format!("a group has {channels} channels of the images; it takes groups of one"))
}

pub(super) static FORWARD: &[Variant] = &[
    Variant::serial(SERIAL, cpu::serial),
    Variant::rayon(RAYON, cpu::rayon),
    by_products(
        "products of the `gemm` crate: images as columns or, for many small ones, position by position",
        library::forward,
    ),
    Variant::kernels(
        "direct",
        "one thread an output, loops over the taps",
        &[Pass::plain(wgsl!("conv2d/direct"))],
    )
    .searched(LINES),
    Variant::kernels(
        "implicit_gemm_64x64",
        "a product whose columns are gathered from the image as they are needed: 64 channels x 64 outputs a workgroup, \
         4 x 4 a thread in registers",
        &[Pass::plain(wgsl!("conv2d/implicit_gemm"))],
    )
    .finite()
    .searched(PATCHES),
    Variant::kernels(
        "implicit_gemm_32x64",
        "the same, 32 channels x 64 outputs a workgroup: for layers of few channels",
        &[Pass { shader: wgsl!("conv2d/implicit_gemm"), set: &[("WY", 8)], when: Pass::always }],
    )
    .finite()
    .searched(PATCHES),
    Variant::kernels(
        "implicit_gemm_128x128",
        "the same, 128 channels x 128 outputs a workgroup, 8 x 8 a thread: for layers of many channels",
        &[Pass::plain(wgsl!("conv2d/implicit_gemm_8x8"))],
    )
    .finite()
    .searched(PATCHES_8X8),
    Variant::kernels(
        "depthwise",
        "one thread four outputs of a row, window compiled in: where each channel is a group",
        &[Pass::plain(wgsl!("conv2d/depthwise"))],
    )
    .finite()
    .requiring(groups_of_one)
    .searched(LINES),
    Variant::kernels(
        "implicit_gemm_subgroup_8x16",
        "8 channels x 16 outputs a thread in registers; a subgroup of eight shares the taps by broadcasts: no shared \
         memory, no barrier",
        &[Pass::plain(wgsl!("conv2d/implicit_gemm_subgroup"))],
    )
    .finite()
    .requiring(Variant::subgroups_of_eight)
    .searched(SUBGROUPS),
];

pub(super) static GRAD_INPUT: &[Variant] = &[
    Variant::serial(SERIAL, cpu::serial_grad_input),
    Variant::rayon(RAYON, cpu::rayon_grad_input),
    by_products("products of the `gemm` crate, columns added back to the images", library::grad_input),
    Variant::kernels(
        "direct",
        "one thread an element of the image, which looks for the outputs that it takes part in",
        &[Pass::plain(wgsl!("conv2d_grad_input/direct"))],
    )
    .searched(LINES),
    Variant::kernels(
        "implicit_gemm_64x64",
        "a product whose columns are gathered from the outputs' gradients as they are needed: 64 channels x 64 elements \
         a workgroup, 4 x 4 a thread in registers",
        &[Pass::plain(wgsl!("conv2d_grad_input/implicit_gemm"))],
    )
    .finite()
    .searched(PATCHES),
    Variant::kernels(
        "implicit_gemm_32x64",
        "the same, 32 channels x 64 elements a workgroup: for layers of few channels",
        &[Pass { shader: wgsl!("conv2d_grad_input/implicit_gemm"), set: &[("WY", 8)], when: Pass::always }],
    )
    .finite()
    .searched(PATCHES),
    Variant::kernels(
        "implicit_gemm_128x128",
        "the same, 128 channels x 128 elements a workgroup, 8 x 8 a thread: for layers of many channels",
        &[Pass::plain(wgsl!("conv2d_grad_input/implicit_gemm_8x8"))],
    )
    .finite()
    .searched(PATCHES_8X8),
    Variant::kernels(
        "depthwise",
        "one thread four elements of a row, window compiled in: where each channel is a group",
        &[Pass::plain(wgsl!("conv2d_grad_input/depthwise"))],
    )
    .finite()
    .requiring(groups_of_one)
    .searched(LINES),
    Variant::kernels_between(
        "implicit_gemm_subgroup_8x16",
        "weights laid out by channels of the images, then 8 channels x 16 elements a thread in registers; a subgroup of \
         eight shares the gradients by broadcasts: no shared memory, no barrier",
        &[
            Pass::plain(wgsl!("conv2d_grad_input/turn_weights")),
            Pass::plain(wgsl!("conv2d_grad_input/implicit_gemm_subgroup")),
        ],
        &[Scratch { name: "turned", len: weights }],
    )
    .finite()
    .requiring(Variant::subgroups_of_eight)
    .searched(SUBGROUPS),
];

/// Elements of the weights, in whatever order.
fn weights(sizes: &Sizes) -> u64 {
    let p = Conv::of(sizes);
    p.co as u64 * p.terms() as u64
}

/// Partial sums of `implicit_gemm`: splits x co x ci/groups x kh x kw.
pub(super) fn partial_sums(sizes: &Sizes) -> u64 {
    let p = Conv::of(sizes);
    p.split().0 as u64 * p.co as u64 * p.terms() as u64
}

pub(super) static GRAD_WEIGHT: &[Variant] = &[
    Variant::serial(SERIAL, cpu::serial_grad_weight),
    Variant::rayon("the same loops, windows shared out over threads", cpu::rayon_grad_weight),
    by_products("products of the `gemm` crate with the images as columns", library::grad_weight),
    Variant::kernels(
        "direct",
        "one thread a weight, a loop over all outputs",
        &[Pass::plain(wgsl!("conv2d_grad_weight/direct"))],
    )
    .searched(LINES),
    Variant::kernels_between(
        "implicit_gemm_64x64",
        "a product whose columns are gathered from the images as they are needed, 64 channels x 64 weights a \
              workgroup; the sums are divided into parts, which a second kernel adds up in their order",
        &[
            Pass::plain(wgsl!("conv2d_grad_weight/implicit_gemm")),
            Pass::plain(wgsl!("conv2d_grad_weight/sum_splits")),
        ],
        &[Scratch { name: "partial", len: partial_sums }],
    )
    .finite()
    .searched(PATCHES),
    Variant::kernels_between(
        "implicit_gemm_128x128",
        "the same, 128 channels x 128 weights a workgroup, 8 x 8 a thread: for layers of many channels",
        &[
            Pass::plain(wgsl!("conv2d_grad_weight/implicit_gemm_8x8")),
            Pass::plain(wgsl!("conv2d_grad_weight/sum_splits")),
        ],
        &[Scratch { name: "partial", len: partial_sums }],
    )
    .finite()
    .searched(PATCHES_8X8),
    Variant::kernels_between(
        "depthwise",
        "one thread four weights of a row of a window, the sums divided in the same way: where each channel is a group",
        &[
            Pass::plain(wgsl!("conv2d_grad_weight/depthwise")),
            Pass::plain(wgsl!("conv2d_grad_weight/sum_splits")),
        ],
        &[Scratch { name: "partial", len: partial_sums }],
    )
    .finite()
    .requiring(groups_of_one)
    .searched(LINES),
    Variant::kernels_between(
        "implicit_gemm_subgroup_8x16",
        "8 channels x 16 weights a thread in registers, a subgroup of eight shares the taps by broadcasts: no shared \
         memory, no barrier; the sums are divided in the same way",
        &[
            Pass::plain(wgsl!("conv2d_grad_weight/implicit_gemm_subgroup")),
            Pass::plain(wgsl!("conv2d_grad_weight/sum_splits")),
        ],
        &[Scratch { name: "partial", len: partial_sums }],
    )
    .finite()
    .requiring(Variant::subgroups_of_eight)
    .searched(SUBGROUPS),
];
