//! The gradient of average pooling.

use super::{CASES, FIELDS, cpu, derived, reference};
use crate::ops::maxpool::{self, Pool};
use crate::ops::shader::wgsl;
use crate::ops::{Cost, DType, Op, Operand, Pass, Role, Sizes, Variant};

/// The operation.
pub static OP: Op = Op {
    name: "avgpool_backward",
    doc: "dX[n,c,i,j] = sum of dY[n,c,r,q] / divisor over the windows r, q that hold the element i, j; f32",
    fields: FIELDS,
    operands: &[
        Operand { name: "dy", role: Role::Input, dtype: DType::F32 },
        Operand { name: "dx", role: Role::Output, dtype: DType::F32 },
    ],
    check: |sizes| maxpool::check(OP.name, sizes, true),
    derived,
    shape: |sizes, operand| match operand {
        "dy" => Pool::of(sizes).output(),
        "dx" => Pool::of(sizes).image(),
        _ => Vec::new(),
    },
    cost,
    reference: reference::backward,
    draw: Op::floats,
    cases: || OP.setups(CASES),
    variants: VARIANTS,
};

static VARIANTS: &[Variant] = &[
    Variant::serial("a scatter, plane by plane, on one thread", cpu::serial_backward),
    Variant::rayon("planes shared out over threads", cpu::rayon_backward),
    Variant::kernels(
        "gather",
        "one thread an element of the image, a loop over the windows that may hold it",
        &[Pass::plain(wgsl!("avgpool_backward/gather"))],
    ),
];

/// One addition a tap, one division an output.
fn cost(sizes: &Sizes) -> Cost {
    let p = Pool::of(sizes);
    let [dy, dx] = ["dy", "dx"].map(|name| OP.len(sizes, name) as u64);
    Cost { flops: dy * (u64::from(p.kh) * u64::from(p.kw) + 1), bytes: 4 * (dy + dx) }
}
