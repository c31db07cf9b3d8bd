//! `sigmoid` and `sigmoid_backward`: 1 / (1 + exp(-x)) and its gradient.
//!
//! Computed from e = exp(-|x|), which is never above 1: y = 1 / (1 + e) for x >= 0 and e / (1 + e) below. A NaN stays a
//! NaN, infinities give 0 and 1.

use rayon::prelude::*;

use super::relu::{check, shape};
use super::shader::wgsl;
use super::tolerance::{EPS, TINY, exp_error};
use super::{
    CHUNK, Cost, CpuCall, DType, Data, Expected, Field, Fill, Op, Operand, Pass, Role, Sizes, Variant,
};

/// The operation.
pub static OP: Op = Op {
    name: "sigmoid",
    doc: "y = 1 / (1 + exp(-x)); f32",
    fields: FIELDS,
    operands: &[
        Operand { name: "x", role: Role::Input, dtype: DType::F32 },
        Operand { name: "y", role: Role::Output, dtype: DType::F32 },
    ],
    check: |sizes| check(OP.name, sizes),
    derived: |_| Vec::new(),
    shape,
    cost: |sizes| cost(sizes, 2),
    reference: |_, inputs| vec![Expected::near("y", inputs[0].f32().iter().map(|&x| bounded(x)))],
    draw: |op, sizes, fill, seed| vec![wide(op.len(sizes, "x"), fill, seed)],
    cases: || OP.setups(CASES),
    variants: &[
        Variant::serial("a plain loop on one thread", |call| {
            let (x, y) = (call.inputs[0].f32(), call.outputs[0].f32_mut());
            forward(x, y);
        }),
        Variant::rayon("chunks shared out over threads", |call| {
            let x = call.inputs[0].f32().par_chunks(CHUNK);
            call.outputs[0].f32_mut().par_chunks_mut(CHUNK).zip(x).for_each(|(y, x)| forward(x, y));
        }),
        Variant::kernels("direct", "one thread an element", &[Pass::plain(wgsl!("sigmoid/direct"))]),
    ],
};

/// The gradient.
pub static BACKWARD: Op = Op {
    name: "sigmoid_backward",
    doc: "dx = dy y (1 - y) where y = sigmoid(x); f32",
    fields: FIELDS,
    operands: &[
        Operand { name: "y", role: Role::Input, dtype: DType::F32 },
        Operand { name: "dy", role: Role::Input, dtype: DType::F32 },
        Operand { name: "dx", role: Role::Output, dtype: DType::F32 },
    ],
    check: |sizes| check(BACKWARD.name, sizes),
    derived: |_| Vec::new(),
    shape,
    cost: |sizes| cost(sizes, 3),
    reference: backward_reference,
    draw: Op::floats,
    cases: || BACKWARD.setups(CASES),
    variants: &[
        Variant::serial("a plain loop on one thread", |call| {
            let (dy, dx) = (call.inputs[1].f32(), call.outputs[0].f32_mut());
            backward(call.inputs[0].f32(), dy, dx);
        }),
        Variant::rayon("chunks shared out over threads", parallel_backward),
        Variant::kernels("direct", "one thread an element", &[Pass::plain(wgsl!("sigmoid_backward/direct"))]),
    ],
};

const FIELDS: &[Field] = &[Field::required("len", "elements")];
const CASES: &[&str] =
    &["len=1", "len=63", "len=64 fill=special", "len=65 fill=negative", "len=9001", "len=500 fill=digits"];

/// Four operations an element (exp, add, divide, negate), or three for the gradient; every operand touched once.
fn cost(sizes: &Sizes, operands: u64) -> Cost {
    let len = u64::from(sizes.get("len"));
    Cost { flops: (6 - operands) * len, bytes: 4 * operands * len }
}

/// Inputs of a kind, 30 times as wide: there the function has left its linear part and its tails are reached.
pub(super) fn wide(len: usize, fill: Fill, seed: u64) -> Data {
    Data::F32(fill.floats(seed, 0, len).f32().iter().map(|v| 30.0 * v).collect())
}

/// The value in f64 and its error on a device: that of exp, passed on, and of a sum and a quotient (2.5 units in the last
/// place).
pub(super) fn bounded(x: f32) -> (f64, f64) {
    let x = f64::from(x);
    let e = (-x.abs()).exp();
    let y = if x >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) };
    let of_exp = if x >= 0.0 { e } else { 1.0 } * exp_error(x.abs().min(110.0));
    if x.is_nan() { (f64::NAN, 0.0) } else { (y, y * (of_exp + 8.0 * EPS) + TINY) }
}

/// One element.
pub(super) fn sigmoid(x: f32) -> f32 {
    let e = (-x.abs()).exp();
    (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
}

fn forward(x: &[f32], y: &mut [f32]) {
    y.iter_mut().zip(x).for_each(|(y, &x)| *y = sigmoid(x));
}

fn backward(y: &[f32], dy: &[f32], dx: &mut [f32]) {
    dx.iter_mut().zip(y.iter().zip(dy)).for_each(|(dx, (&y, &dy))| *dx = dy * (y * (1.0 - y)));
}

fn parallel_backward(call: &mut CpuCall<'_, '_>) {
    let [y, dy] = [0, 1].map(|i| call.inputs[i].f32().par_chunks(CHUNK));
    let dx = call.outputs[0].f32_mut().par_chunks_mut(CHUNK);
    dx.zip(y.zip(dy)).for_each(|(dx, (y, dy))| backward(y, dy, dx));
}

/// Three roundings, the first of 1 - y, which may cancel: its error counts absolutely. A device may also compute
/// y - y y with one rounding less.
fn backward_reference(_: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let pairs = inputs[0].f32().iter().zip(inputs[1].f32());
    let values = pairs.map(|(&y, &dy)| {
        let (y, dy) = (f64::from(y), f64::from(dy));
        let scale = (dy * y).abs() * (1.0 + y.abs());
        (dy * (y * (1.0 - y)), 8.0 * EPS * scale + TINY)
    });
    vec![Expected::near("dx", values)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        assert_eq!([0.0, f32::INFINITY, f32::NEG_INFINITY, -200.0].map(sigmoid), [0.5, 1.0, 0.0, 0.0]);
        assert!(sigmoid(f32::NAN).is_nan() && bounded(f32::NAN).0.is_nan());
        assert_eq!(bounded(f32::NEG_INFINITY).0, 0.0);
    }

    #[test]
    fn the_gradient_agrees_with_finite_differences() {
        for x in [-6.0f32, -0.5, 0.0, 0.25, 4.0] {
            let (up, down) = (x + 0.0078125, x - 0.0078125);
            let difference = (bounded(up).0 - bounded(down).0) / 0.015625;
            let y = Data::F32(vec![sigmoid(x)]);
            let sizes = BACKWARD.sizes([("len", "1")]).unwrap();
            let want = backward_reference(&sizes, &[y, Data::F32(vec![1.0])])[0].want[0];
            assert!((difference - want).abs() < 1e-5, "{x}: {difference} {want}");
        }
    }
}
