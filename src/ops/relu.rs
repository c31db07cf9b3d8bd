//! `relu` and `relu_backward`: max(x, 0) and its gradient.
//!
//! No arithmetic, so results are equal bit for bit. A NaN stays a NaN, -0 becomes +0. The gradient is taken from the
//! output, which the forward pass may have written over its input: it passes where y > 0 and, as in PyTorch, where y is
//! NaN; elsewhere it is +0, whatever `dy` holds.

use rayon::prelude::*;

use super::shader::wgsl;
use super::{CHUNK, Cost, CpuCall, DType, Expected, Field, Op, Operand, Pass, Role, Sizes, Variant};
use super::{element_count, not_empty};
use crate::error::Result;

/// The operation.
pub static OP: Op = Op {
    name: "relu",
    doc: "y = max(x, 0); f32",
    fields: FIELDS,
    operands: &[
        Operand { name: "x", role: Role::Input, dtype: DType::F32 },
        Operand { name: "y", role: Role::Output, dtype: DType::F32 },
    ],
    check: |sizes| check(OP.name, sizes),
    derived: |_| Vec::new(),
    shape,
    cost: |sizes| cost(sizes, 2),
    reference: |_, inputs| vec![Expected::exact("y", inputs[0].f32().iter().map(|&x| relu(x)))],
    draw: Op::floats,
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
        Variant::kernels("direct", "one thread an element", &[Pass::plain(wgsl!("relu/direct"))]),
    ],
};

/// The gradient.
pub static BACKWARD: Op = Op {
    name: "relu_backward",
    doc: "dx = dy where y = relu(x) is above 0, else 0; f32",
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
    reference: |_, inputs| {
        let pairs = inputs[0].f32().iter().zip(inputs[1].f32());
        vec![Expected::exact("dx", pairs.map(|(&y, &dy)| gradient(y, dy)))]
    },
    draw: Op::floats,
    cases: || BACKWARD.setups(CASES),
    variants: &[
        Variant::serial("a plain loop on one thread", |call| {
            let (dy, dx) = (call.inputs[1].f32(), call.outputs[0].f32_mut());
            backward(call.inputs[0].f32(), dy, dx);
        }),
        Variant::rayon("chunks shared out over threads", parallel_backward),
        Variant::kernels("direct", "one thread an element", &[Pass::plain(wgsl!("relu_backward/direct"))]),
    ],
};

const FIELDS: &[Field] = &[Field::required("len", "elements")];
const CASES: &[&str] = &[
    "len=1",
    "len=63",
    "len=64 fill=special",
    "len=65 fill=negative",
    "len=257 fill=ties",
    "len=9001 fill=special",
];

/// Refuses no elements and more than 32-bit indices count.
pub(super) fn check(op: &'static str, sizes: &Sizes) -> Result<()> {
    not_empty(op, sizes, &["len"])?;
    element_count(op, "len", &[sizes.get("len")]).map(|_| ())
}

/// Every operand has `len` elements.
pub(super) fn shape(sizes: &Sizes, _: &str) -> Vec<usize> {
    vec![sizes.get("len") as usize]
}

fn cost(sizes: &Sizes, operands: u64) -> Cost {
    let len = u64::from(sizes.get("len"));
    Cost { flops: len, bytes: 4 * operands * len }
}

/// One element; NaN stays.
pub(super) fn relu(x: f32) -> f32 {
    if x > 0.0 || x.is_nan() { x } else { 0.0 }
}

/// Numbers in place.
pub(super) fn rectify(y: &mut [f32]) {
    y.iter_mut().for_each(|y| *y = relu(*y));
}

fn gradient(y: f32, dy: f32) -> f32 {
    if y > 0.0 || y.is_nan() { dy } else { 0.0 }
}

fn forward(x: &[f32], y: &mut [f32]) {
    y.iter_mut().zip(x).for_each(|(y, &x)| *y = relu(x));
}

fn backward(y: &[f32], dy: &[f32], dx: &mut [f32]) {
    dx.iter_mut().zip(y.iter().zip(dy)).for_each(|(dx, (&y, &dy))| *dx = gradient(y, dy));
}

fn parallel_backward(call: &mut CpuCall<'_, '_>) {
    let [y, dy] = [0, 1].map(|i| call.inputs[i].f32().par_chunks(CHUNK));
    let dx = call.outputs[0].f32_mut().par_chunks_mut(CHUNK);
    dx.zip(y.zip(dy)).for_each(|(dx, (y, dy))| backward(y, dy, dx));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        let y: Vec<f32> = [-1.0, -0.0, 0.0, 2.0, f32::NEG_INFINITY, f32::INFINITY].map(relu).to_vec();
        assert_eq!(y, [0.0, 0.0, 0.0, 2.0, 0.0, f32::INFINITY]);
        assert!(y.iter().all(|v| v.is_sign_positive()) && relu(f32::NAN).is_nan());
        assert_eq!([0.0, 2.0, f32::NAN].map(|y| gradient(y, 5.0)), [0.0, 5.0, 5.0]);
    }

    #[test]
    fn the_gradient_agrees_with_finite_differences() {
        for x in [-1.5f32, -0.01, 0.01, 3.0] {
            let difference = (f64::from(relu(x + 1e-3)) - f64::from(relu(x - 1e-3))) / 2e-3;
            assert!((difference - f64::from(gradient(relu(x), 1.0))).abs() < 1e-3, "{x}");
        }
    }
}
