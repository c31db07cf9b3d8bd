//! Two-dimensional convolution over NCHW images in single precision, as PyTorch has it: a cross-correlation with zero
//! padding, stride, dilation and groups. Three ops on the same sizes: `conv2d` (forward), `conv2d_grad_input` and
//! `conv2d_grad_weight`.

mod cases;
mod cpu;
mod geometry;
mod im2col;
mod layout;
mod library;
mod mixed;
mod positions;
mod reference;
mod strips;
mod variants;

pub use geometry::Conv;
pub use mixed::{MIXED, MIXED_GRAD_INPUT, MIXED_GRAD_WEIGHT};

use super::{Cost, DType, Field, Op, Operand, Role, Sizes};

/// The forward pass.
pub static FORWARD: Op = Op {
    name: "conv2d",
    doc: "Y[n,o,r,q] = sum over c, i, j of X[n,c,r sh - ph + i dh,q sw - pw + j dw] W[o,c,i,j] + B[o], zeros outside \
          the image, channels in groups, negative sums 0 with relu; f32",
    fields: FIELDS,
    operands: &[
        operand("x", Role::Input),
        operand("w", Role::Input),
        operand("b", Role::Input),
        operand("y", Role::Output),
    ],
    check: |sizes| geometry::check("conv2d", sizes),
    derived: geometry::derived,
    shape,
    cost: |sizes| cost(sizes, &FORWARD),
    reference: reference::forward,
    draw: Op::floats,
    variants: variants::FORWARD,
    cases: || cases::forward(&FORWARD),
};

/// The gradient of the images.
pub static GRAD_INPUT: Op = Op {
    name: "conv2d_grad_input",
    doc: "dX[n,c,y,x] = sum of dY[n,o,r,q] W[o,c,i,j] over all o, r, q, i, j whose tap is (y, x): the gradient of conv2d \
          with respect to X; f32",
    fields: GRADIENT_FIELDS,
    operands: &[operand("dy", Role::Input), operand("w", Role::Input), operand("dx", Role::Output)],
    check: |sizes| geometry::check("conv2d_grad_input", sizes),
    derived: geometry::derived,
    shape,
    cost: |sizes| cost(sizes, &GRAD_INPUT),
    reference: reference::grad_input,
    draw: Op::floats,
    variants: variants::GRAD_INPUT,
    cases: || cases::gradient(&GRAD_INPUT),
};

/// The gradient of the weights.
pub static GRAD_WEIGHT: Op = Op {
    name: "conv2d_grad_weight",
    doc: "dW[o,c,i,j] = sum over n, r, q of dY[n,o,r,q] X[n,c,r sh - ph + i dh,q sw - pw + j dw]: the gradient of conv2d \
          with respect to W; f32",
    fields: GRADIENT_FIELDS,
    operands: &[operand("x", Role::Input), operand("dy", Role::Input), operand("dw", Role::Output)],
    check: |sizes| geometry::check("conv2d_grad_weight", sizes),
    derived: geometry::derived,
    shape,
    cost: |sizes| cost(sizes, &GRAD_WEIGHT),
    reference: reference::grad_weight,
    draw: Op::floats,
    variants: variants::GRAD_WEIGHT,
    cases: || cases::gradient(&GRAD_WEIGHT),
};

const FIELDS: &[Field] = &[
    Field::or("n", 1, "images"),
    Field::or("ci", 1, "channels of the images"),
    Field::required("h", "rows of an image"),
    Field::same("w", "h", "columns of an image"),
    Field::or("co", 1, "channels of the output"),
    Field::required("kh", "rows of the window"),
    Field::same("kw", "kh", "columns of the window"),
    Field::or("sh", 1, "rows between windows"),
    Field::same("sw", "sh", "columns between windows"),
    Field::or("ph", 0, "rows of zeros above and below"),
    Field::same("pw", "ph", "columns of zeros left and right"),
    Field::or("dh", 1, "rows between the taps of a window"),
    Field::same("dw", "dh", "columns between the taps of a window"),
    Field::or("groups", 1, "groups of channels; each output sees the inputs of its group"),
    Field::choice("bias", &["no", "yes"], "whether a number is added to each output channel"),
    Field::choice("relu", &["no", "yes"], "whether sums, the bias added, are rectified as by `relu`")
        .by_name(),
];

/// The sizes of the gradients: a bias changes neither, and what is rectified has a gradient of its own.
const GRADIENT_FIELDS: &[Field] = FIELDS.split_at(14).0;

const fn operand(name: &'static str, role: Role) -> Operand {
    Operand { name, role, dtype: DType::F32 }
}

fn shape(sizes: &Sizes, operand: &str) -> Vec<usize> {
    let p = Conv::of(sizes);
    match operand {
        "x" | "dx" => vec![p.n, p.ci, p.h, p.w],
        "w" | "dw" => vec![p.co, p.cig, p.kh, p.kw],
        "y" | "dy" => vec![p.n, p.co, p.oh, p.ow],
        "b" if p.bias => vec![p.co],
        _ => Vec::new(),
    }
}

/// Two operations for each tap of each window, those in the padding counted too, one for a bias and one for the choice of
/// `relu`; every operand touched once.
fn cost(sizes: &Sizes, op: &Op) -> Cost {
    let p = Conv::of(sizes);
    let products = (p.n * p.co * p.pixels()) as u64 * p.terms() as u64;
    let elements: usize = op.operands.iter().map(|o| op.len(sizes, o.name)).sum();
    let finish = (p.n * p.co * p.pixels()) as u64 * (u64::from(p.bias) + u64::from(p.relu));
    Cost { flops: 2 * products + finish, bytes: 4 * elements as u64 }
}
