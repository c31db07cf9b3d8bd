//! How pooling is computed: the thesis's way, its cure in two steps, and the kernels proper.

use super::cpu;
use crate::ops::shader::wgsl;
use crate::ops::{Caps, CpuCall, How, Pass, Sizes, Variant};

const fn on_cpu(name: &'static str, doc: &'static str, run: fn(&mut CpuCall<'_>), parallel: bool) -> Variant {
    Variant { name, doc, how: How::Cpu { run, parallel }, finite_only: false, requires: Variant::anywhere }
}

const fn on_gpu(name: &'static str, doc: &'static str, passes: &'static [Pass]) -> Variant {
    Variant {
        name,
        doc,
        how: How::Wgsl { passes, scratch: &[] },
        finite_only: false,
        requires: Variant::anywhere,
    }
}

fn values(sizes: &Sizes) -> bool {
    sizes.get("indices") == 0
}

fn indices(sizes: &Sizes) -> bool {
    !values(sizes)
}

/// A product with the identity needs a square window, and knows no positions.
fn product(sizes: &Sizes, _: &Caps) -> Option<String> {
    if sizes.get("kh") != sizes.get("kw") {
        return Some("the identity needs a square window".to_owned());
    }
    indices(sizes).then(|| "the product loses the positions of the maxima".to_owned())
}

pub(super) static VARIANTS: &[Variant] = &[
    on_cpu("serial", "plain loops on one thread", cpu::serial, false),
    on_cpu("rayon", "output rows shared out over threads, whole rows at a time", cpu::rayon, true),
    Variant {
        name: "per_window_serial",
        doc: "the thesis's serial program: extract, multiply by the identity, take the maximum, window by window",
        how: How::Cpu { run: cpu::per_window_serial, parallel: false },
        finite_only: true,
        requires: product,
    },
    on_gpu(
        "direct",
        "one thread an output, a loop over the window",
        &[
            Pass { shader: wgsl!("maxpool/direct"), set: &[], when: values },
            Pass { shader: wgsl!("maxpool/direct_indices"), set: &[], when: indices },
        ],
    ),
];
