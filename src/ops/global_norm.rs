//! `global_norm` and `clip_norm`: the Euclidean norm of all gradients, and gradients scaled down to a largest norm.
//!
//! A network keeps its gradients in one buffer, so that one call gives the norm of all. The sum of squares is made in two
//! stages of fixed order: the same bits in every run. A NaN or an infinity among the gradients, or an overflow of the
//! squares, shows in the norm; clipping leaves gradients whose norm is not finite as they are, for the caller to stop at.

use rayon::prelude::*;

use super::relu::check;
use super::shader::wgsl;
use super::tolerance::{EPS, TINY};
use super::within;
use super::{
    CHUNK, Cost, CpuCall, DType, Data, Expected, Field, Op, Operand, Pass, Role, Scratch, Sizes, Variant,
};

/// The norm.
pub static OP: Op = Op {
    name: "global_norm",
    doc: "norm = sqrt(sum of x[i]^2); f32",
    fields: &[Field::required("len", "elements")],
    operands: &[
        Operand { name: "x", role: Role::Input, dtype: DType::F32 },
        Operand { name: "norm", role: Role::Output, dtype: DType::F32 },
    ],
    check: |sizes| check(OP.name, sizes),
    derived: |sizes| vec![("groups", groups(sizes))],
    shape,
    cost: |sizes| {
        let len = u64::from(sizes.get("len"));
        Cost { flops: 2 * len, bytes: 4 * (len + 1) }
    },
    reference,
    draw: Op::floats,
    cases: || {
        OP.setups(&[
            "len=1",
            "len=127",
            "len=4096 fill=digits",
            "len=4097 fill=negative",
            "len=100003",
            "len=1200000 fill=ties",
            "len=5000 fill=special",
        ])
    },
    variants: &[
        Variant::serial("a sum in f64 on one thread", |call| {
            let sum = squares(call.inputs[0].f32());
            call.outputs[0].f32_mut()[0] = root(sum);
        }),
        Variant::rayon("chunks shared out over threads, their sums added in order", parallel),
        Variant::kernels_between(
            "two_stage",
            "strided sums by up to 256 workgroups, then one workgroup for theirs",
            &[Pass::plain(wgsl!("global_norm/partial_sums")), Pass::plain(wgsl!("global_norm/root_of_sum"))],
            &[Scratch { name: "sums", len: |sizes| u64::from(groups(sizes)) }],
        ),
    ],
};

/// The scaling.
pub static CLIP: Op = Op {
    name: "clip_norm",
    doc: "x *= min(1, max_norm / (norm + 1e-6)); f32, in place",
    fields: &[
        Field::required("len", "elements"),
        Field::real("max_norm", 1.0, "the largest norm that is left as it is"),
    ],
    operands: &[
        Operand { name: "norm", role: Role::Input, dtype: DType::F32 },
        Operand { name: "x", role: Role::InOut, dtype: DType::F32 },
    ],
    check: |sizes| {
        check(CLIP.name, sizes)?;
        within(CLIP.name, sizes, "max_norm", 0.0..)
    },
    derived: |_| Vec::new(),
    shape,
    cost: |sizes| {
        let len = u64::from(sizes.get("len"));
        Cost { flops: len, bytes: 4 * (2 * len + 1) }
    },
    reference: clip_reference,
    draw: |op, sizes, fill, seed| {
        // The norm of what is drawn but for NaN: an infinite one would show where it is not looked for.
        let x = fill.floats(seed, 1, op.len(sizes, "x"));
        let numbers: Vec<f32> = x.f32().iter().copied().filter(|v| !v.is_nan()).collect();
        vec![Data::F32(vec![root(squares(&numbers))]), x]
    },
    cases: || {
        CLIP.setups(&[
            "len=1 max_norm=0.001",
            "len=63",
            "len=64 max_norm=100",
            "len=65 max_norm=0.5 fill=digits",
            "len=257 fill=special",
            "len=9001 max_norm=0 fill=negative",
        ])
    },
    variants: &[
        Variant::serial("a plain loop on one thread", |call| {
            let scale = scale(call);
            call.outputs[0].f32_mut().iter_mut().for_each(|x| *x *= scale);
        }),
        Variant::rayon("chunks shared out over threads", |call| {
            let scale = scale(call);
            let chunks = call.outputs[0].f32_mut().par_chunks_mut(CHUNK);
            chunks.for_each(|x| x.iter_mut().for_each(|x| *x *= scale));
        }),
        Variant::kernels("direct", "one thread an element", &[Pass::plain(wgsl!("clip_norm/direct"))]),
    ],
};

fn shape(sizes: &Sizes, operand: &str) -> Vec<usize> {
    vec![if operand == "norm" { 1 } else { sizes.get("len") as usize }]
}

/// Workgroups of the first stage: one for 4096 elements, 256 at most.
pub(super) fn groups(sizes: &Sizes) -> u32 {
    sizes.get("len").div_ceil(4096).min(256)
}

fn squares(x: &[f32]) -> f64 {
    x.iter().map(|&x| f64::from(x) * f64::from(x)).sum()
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is meant")]
fn root(sum: f64) -> f32 {
    sum.sqrt() as f32
}

fn parallel(call: &mut CpuCall<'_, '_>) {
    let sums: Vec<f64> = call.inputs[0].f32().par_chunks(CHUNK).map(squares).collect();
    call.outputs[0].f32_mut()[0] = root(sums.iter().sum());
}

/// Squares are not negative, so the sum's relative error is at most 2^-24 for each of the additions on the longest way
/// from an element to the sum: its thread's terms, twice seven for the trees, two for the last stage's threads. The root
/// halves it and adds 4.5 units in the last place.
fn reference(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let norm = squares(inputs[0].f32()).sqrt();
    let depth = sizes.get("len").div_ceil(groups(sizes) * 128) + 2 * 7 + 3;
    let bound = if norm.is_finite() { (f64::from(depth) + 10.0) * EPS * norm + TINY.sqrt() } else { 0.0 };
    vec![Expected::near("norm", [(norm, bound)])]
}

fn scale(call: &CpuCall<'_, '_>) -> f32 {
    let norm = call.inputs[0].f32()[0];
    if norm.is_finite() { (call.sizes.real("max_norm") / (norm + 1e-6)).min(1.0) } else { 1.0 }
}

/// A sum, a quotient (2.5 units in the last place) and a product.
fn clip_reference(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let norm = f64::from(inputs[0].f32()[0]);
    let limit = f64::from(sizes.real("max_norm")) / (norm + f64::from(1e-6f32));
    let scale = if norm.is_finite() { limit.min(1.0) } else { 1.0 };
    let relative = if norm.is_finite() { 10.0 * EPS } else { 0.0 };
    let scaled = |&x: &f32| {
        let x = f64::from(x) * scale;
        (x, if x.is_finite() { relative * x.abs() + TINY } else { 0.0 })
    };
    vec![Expected::near("x", inputs[1].f32().iter().map(scaled))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let norm = |x: &[f32]| {
            let sizes = OP.sizes([("len", x.len().to_string().as_str())]).unwrap();
            reference(&sizes, &[Data::F32(x.to_vec())])[0].want[0]
        };
        assert_eq!(norm(&[3.0, -4.0]), 5.0);
        assert!(norm(&[1.0, f32::NAN]).is_nan() && norm(&[f32::NEG_INFINITY]) == f64::INFINITY);
        let clipped = |max_norm: &str, norm: f32| {
            let sizes = CLIP.sizes([("len", "2"), ("max_norm", max_norm)]).unwrap();
            clip_reference(&sizes, &[Data::F32(vec![norm]), Data::F32(vec![3.0, -4.0])])[0].want.clone()
        };
        assert_eq!(clipped("5.5", 5.0), [3.0, -4.0]);
        assert!((clipped("2.5", 5.0)[1] + 2.0).abs() < 1e-6);
        assert_eq!(clipped("2.5", f32::NAN), [3.0, -4.0]);
    }
}
