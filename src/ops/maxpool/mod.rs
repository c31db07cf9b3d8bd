//! `maxpool`: two-dimensional max pooling over NCHW images in single precision, with PyTorch's semantics.

mod cases;
mod cpu;
mod geometry;
mod larger;
pub(super) mod pairs;
mod reference;
mod rows;
mod separable;
mod variants;

pub(crate) use cpu::extract;
pub use geometry::Pool;
pub(super) use geometry::check;
pub use reference::rows as expected_rows;
pub(super) use reference::window;

use super::{Cost, DType, Field, Op, Operand, Role, Sizes};

/// The operation.
pub static OP: Op = Op {
    name: "maxpool",
    doc: "Y[n,c,r,q] = max over the kh x kw window of X[n,c] that starts at (r sh - ph, q sw - pw), taps dh, dw apart; f32",
    fields: FIELDS,
    operands: OPERANDS,
    check: |sizes| check(OP.name, sizes, Pool::of(sizes).pad_zero),
    derived: |sizes| {
        let pool = Pool::of(sizes);
        vec![("oh", pool.oh), ("ow", pool.ow)]
    },
    shape,
    cost,
    reference: reference::reference,
    draw: Op::floats,
    variants: variants::VARIANTS,
    cases: cases::cases,
};

const FIELDS: &[Field] = &[
    Field::or("n", 1, "images"),
    Field::or("c", 1, "channels"),
    Field::required("h", "rows of an image"),
    Field::same("w", "h", "columns of an image"),
    Field::required("kh", "rows of the window"),
    Field::same("kw", "kh", "columns of the window"),
    Field::same("sh", "kh", "rows between windows"),
    Field::same("sw", "sh", "columns between windows"),
    Field::or("ph", 0, "rows of padding above and below"),
    Field::same("pw", "ph", "columns of padding left and right"),
    Field::or("dh", 1, "rows between the taps of a window"),
    Field::same("dw", "dh", "columns between the taps of a window"),
    Field::choice("ceil", &["floor", "ceil"], "how the number of windows is rounded"),
    Field::choice(
        "pad_value",
        &["neg_inf", "zero"],
        "the padding: minus infinity (frameworks) or zero (the thesis)",
    ),
    Field::choice("indices", &["no", "yes"], "whether the positions of the maxima are wanted too"),
];

const OPERANDS: &[Operand] = &[
    Operand { name: "x", role: Role::Input, dtype: DType::F32 },
    Operand { name: "y", role: Role::Output, dtype: DType::F32 },
    Operand { name: "indices", role: Role::Output, dtype: DType::I32 },
];

/// The index of a maximum that no element of the image holds: the padding won, or the window holds no element.
pub const NO_INDEX: i32 = -1;

fn shape(sizes: &Sizes, operand: &str) -> Vec<usize> {
    let p = Pool::of(sizes);
    let image = [p.n, p.c, p.h, p.w].map(|v| v as usize);
    let output = [p.n, p.c, p.oh, p.ow].map(|v| v as usize);
    match operand {
        "x" => image.to_vec(),
        "y" => output.to_vec(),
        "indices" if p.indices => output.to_vec(),
        _ => Vec::new(),
    }
}

/// One comparison a tap; every element of the image read once, every output written once.
fn cost(sizes: &Sizes) -> Cost {
    let p = Pool::of(sizes);
    let product = |factors: [u32; 4]| factors.iter().map(|&f| u64::from(f)).product::<u64>();
    let outputs = product([p.n, p.c, p.oh, p.ow]);
    let written = if p.indices { 2 * outputs } else { outputs };
    Cost {
        flops: outputs * u64::from(p.kh) * u64::from(p.kw),
        bytes: 4 * (product([p.n, p.c, p.h, p.w]) + written),
    }
}
