//! `batchnorm`, `batchnorm_training` and `batchnorm_backward`: normalisation of each channel (Ioffe and Szegedy, ICML
//! 2015), with PyTorch's conventions.
//!
//! The operand is n x c x l: images with l = h w, or rows of a dense layer with l = 1. Training normalises by the mean
//! and the biased variance of the batch and moves the running ones towards them; inference normalises by the running
//! ones. Variances are made in a second pass over differences from the mean: a large mean does not cancel them away. NaN
//! and infinities follow arithmetic: one in a channel of a batch makes the whole channel NaN.

mod backward;
mod training;

pub use backward::OP as BACKWARD;
pub use training::OP as TRAINING;

use rayon::prelude::*;

use super::shader::wgsl;
use super::tolerance::{EPS, TINY};
use super::{Cost, CpuCall, DType, Data, Expected, Field, Fill, Op, Operand, Pass, Role, Sizes, Variant};
use super::{element_count, not_empty, within};
use crate::error::Result;

/// Inference.
pub static OP: Op = Op {
    name: "batchnorm",
    doc: "y[n,c,l] = (x[n,c,l] - mean[c]) / sqrt(variance[c] + eps) gamma[c] + beta[c]; f32",
    fields: &[N, C, L, EPSILON],
    operands: &[
        Operand { name: "x", role: Role::Input, dtype: DType::F32 },
        Operand { name: "gamma", role: Role::Input, dtype: DType::F32 },
        Operand { name: "beta", role: Role::Input, dtype: DType::F32 },
        Operand { name: "mean", role: Role::Input, dtype: DType::F32 },
        Operand { name: "variance", role: Role::Input, dtype: DType::F32 },
        Operand { name: "y", role: Role::Output, dtype: DType::F32 },
    ],
    check: |sizes| check(OP.name, sizes),
    derived: |_| Vec::new(),
    shape,
    cost: |sizes| cost(sizes, 4, 2),
    reference,
    draw,
    cases: || OP.setups(CASES),
    variants: &[
        Variant::serial("channel by channel on one thread", serial),
        Variant::rayon("images shared out over threads", parallel),
        Variant::kernels("direct", "one thread an element", &[Pass::plain(wgsl!("batchnorm/direct"))]),
    ],
};

const N: Field = Field::required("n", "images, or rows");
const C: Field = Field::same("c", "n", "channels, or columns");
const L: Field = Field::or("l", 1, "elements of a channel: h w, or 1");
const EPSILON: Field = Field::real("eps", 1e-5, "added to the variance");

const CASES: &[&str] = &[
    "n=2",
    "n=1 c=7 l=4",
    "n=64 c=3",
    "n=3 c=64 l=5 eps=0.001",
    "n=2 c=5 l=300 fill=digits",
    "n=33 c=10 fill=negative",
    "n=5 c=2 l=129 fill=ties",
];

fn check(op: &'static str, sizes: &Sizes) -> Result<()> {
    not_empty(op, sizes, &["n", "c", "l"])?;
    within(op, sizes, "eps", 1e-30..)?;
    element_count(op, "n x c x l", &["n", "c", "l"].map(|name| sizes.get(name))).map(|_| ())
}

fn shape(sizes: &Sizes, operand: &str) -> Vec<usize> {
    let [n, c, l] = ["n", "c", "l"].map(|name| sizes.get(name) as usize);
    if matches!(operand, "x" | "y" | "dx" | "dy") { vec![n, c, l] } else { vec![c] }
}

/// So many operations an element; so many operands of the image's size touched once.
fn cost(sizes: &Sizes, flops: u64, images: u64) -> Cost {
    let elements = OP.len(sizes, "x") as u64;
    Cost { flops: flops * elements, bytes: 4 * (images * elements + 4 * u64::from(sizes.get("c"))) }
}

/// All of a kind, but variances, which are squares and a quarter.
fn draw(op: &'static Op, sizes: &Sizes, fill: Fill, seed: u64) -> Vec<Data> {
    let mut drawn = Op::floats(op, sizes, fill, seed);
    for (operand, data) in op.inputs().zip(&mut drawn) {
        if matches!(operand.name, "variance" | "running_variance" | "inverse_deviation") {
            data.f32_mut().iter_mut().for_each(|v| *v = *v * *v + 0.25);
        }
    }
    drawn
}

/// An n x c x l operand, by channels.
#[derive(Debug, Clone, Copy)]
struct Layout {
    c: usize,
    l: usize,
}

impl Layout {
    fn of(sizes: &Sizes) -> Self {
        Self { c: sizes.get("c") as usize, l: sizes.get("l") as usize }
    }

    /// The elements of a channel, image by image.
    fn channel<'a>(self, x: &'a [f32], c: usize) -> impl Iterator<Item = f32> + Clone + 'a {
        x.chunks_exact(self.l).skip(c).step_by(self.c).flatten().copied()
    }

    /// Replaces each element by what `f` makes of its channel and position.
    fn fill(self, y: &mut [f32], f: impl Fn(usize, usize) -> f32 + Sync) {
        let row = self.c * self.l;
        y.chunks_exact_mut(row).enumerate().for_each(|(image, y)| self.fill_image(image, y, &f));
    }

    /// The same, images shared out over threads.
    fn fill_parallel(self, y: &mut [f32], f: impl Fn(usize, usize) -> f32 + Sync) {
        let row = self.c * self.l;
        y.par_chunks_exact_mut(row).enumerate().for_each(|(image, y)| self.fill_image(image, y, &f));
    }

    fn fill_image(self, image: usize, y: &mut [f32], f: &impl Fn(usize, usize) -> f32) {
        for (c, run) in y.chunks_exact_mut(self.l).enumerate() {
            let first = (image * self.c + c) * self.l;
            run.iter_mut().enumerate().for_each(|(at, y)| *y = f(c, first + at));
        }
    }
}

/// The root errs by 4.5, the quotient by 2.5 units in the last place, every other operation by one.
fn reference(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let layout = Layout::of(sizes);
    let eps = f64::from(sizes.real("eps"));
    let at = |operand: usize, c: usize| f64::from(inputs[operand].f32()[c]);
    let values = inputs[0].f32().iter().enumerate().map(|(i, &x)| {
        let c = i / layout.l % layout.c;
        let (x, gamma, beta, mean) = (f64::from(x), at(1, c), at(2, c), at(3, c));
        let scaled = (x - mean) / (at(4, c) + eps).sqrt() * gamma;
        (scaled + beta, 24.0 * EPS * (scaled.abs() + beta.abs()) + TINY)
    });
    vec![Expected::near("y", values)]
}

fn element<'a>(call: &CpuCall<'a, '_>) -> impl Fn(usize, usize) -> f32 + Sync + use<'a> {
    let eps = call.sizes.real("eps");
    let [x, gamma, beta, mean, variance] = [0, 1, 2, 3, 4].map(|i| call.inputs[i].f32());
    move |c, at| (x[at] - mean[c]) / (variance[c] + eps).sqrt() * gamma[c] + beta[c]
}

fn serial(call: &mut CpuCall<'_, '_>) {
    let f = element(call);
    Layout::of(call.sizes).fill(call.outputs[0].f32_mut(), f);
}

fn parallel(call: &mut CpuCall<'_, '_>) {
    let f = element(call);
    Layout::of(call.sizes).fill_parallel(call.outputs[0].f32_mut(), f);
}
