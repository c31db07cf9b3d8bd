//! `avgpool` and `avgpool_backward`: two-dimensional average pooling over NCHW images. A window of the image's size is
//! global average pooling.
//!
//! The divisor is the number of taps that lie in the image, or with `count_include_pad` in the padded image: what a
//! window of `ceil` reaches beyond the padding never counts, as in PyTorch and ONNX. A window that holds no element of
//! the image gives 0. NaN and infinities follow arithmetic.

mod backward;
mod cpu;
mod reference;

pub use backward::OP as BACKWARD;

use super::maxpool::{self, Pool};
use super::shader::wgsl;
use super::{Cost, DType, Field, Op, Operand, Pass, Role, Sizes, Variant};

/// The operation.
pub static OP: Op = Op {
    name: "avgpool",
    doc: "Y[n,c,r,q] = mean over the kh x kw window of X[n,c] that starts at (r sh - ph, q sw - pw), taps dh, dw apart; f32",
    fields: FIELDS,
    operands: &[
        Operand { name: "x", role: Role::Input, dtype: DType::F32 },
        Operand { name: "y", role: Role::Output, dtype: DType::F32 },
    ],
    check: |sizes| maxpool::check(OP.name, sizes, true),
    derived,
    shape: |sizes, operand| match operand {
        "x" => Pool::of(sizes).image(),
        "y" => Pool::of(sizes).output(),
        _ => Vec::new(),
    },
    cost,
    reference: reference::reference,
    draw: Op::floats,
    cases: || OP.setups(CASES),
    variants: VARIANTS,
};

const FIELDS: &[Field] = &[
    Field::or("n", 1, "images"),
    Field::or("c", 1, "channels"),
    Field::required("h", "rows of an image"),
    Field::same("w", "h", "columns of an image"),
    Field::required("kh", "rows of the window"),
    Field::same("kw", "kh", "columns of the window"),
    Field::same("sh", "kh", "rows from one window to the next"),
    Field::same("sw", "sh", "columns from one window to the next"),
    Field::or("ph", 0, "rows of padding above and below"),
    Field::same("pw", "ph", "columns of padding left and right"),
    Field::or("dh", 1, "rows between the taps of a window"),
    Field::same("dw", "dh", "columns between the taps of a window"),
    Field::choice("ceil", &["floor", "ceil"], "how the number of windows is rounded"),
    Field::choice("count_include_pad", &["yes", "no"], "whether padding counts in the divisor"),
];

static VARIANTS: &[Variant] = &[
    Variant::serial("plain loops on one thread", cpu::serial),
    Variant::rayon("planes shared out over threads", cpu::rayon),
    Variant::kernels(
        "direct",
        "one thread an output, a loop over the window",
        &[Pass::plain(wgsl!("avgpool/direct"))],
    ),
];

const CASES: &[&str] = &[
    "h=1 kh=1",
    "h=4 kh=2",
    "n=2 c=3 h=32 kh=2",
    "n=2 c=5 h=7 w=6 kh=7 kw=6",
    "c=2 h=17 w=19 kh=3 sh=2 ph=1",
    "c=2 h=17 w=19 kh=3 sh=2 ph=1 count_include_pad=no",
    "c=2 h=17 w=18 kh=3 sh=2 ph=1 ceil=ceil",
    "c=2 h=16 w=18 kh=3 sh=2 ph=1 ceil=ceil count_include_pad=no",
    "h=40 w=37 kh=15 sh=1 ph=7 count_include_pad=no fill=digits",
    "n=2 c=2 h=16 w=21 kh=1 kw=5 sh=2 sw=4 ph=0 pw=2 dh=3 dw=1",
    "h=15 w=14 kh=3 kw=2 sh=2 sw=1 ph=1 dh=2 dw=3 ceil=ceil",
    "c=300 h=3 kh=3 sh=1 ph=1",
    "c=2 h=10 kh=2 sh=4 fill=special",
    "h=12 kh=3 sh=1 ph=1 fill=special",
    "h=65 w=63 kh=2 ph=1 fill=negative",
    "c=2 h=3 w=2 kh=2 sh=1 ph=2 dh=4 count_include_pad=no",
];

fn derived(sizes: &Sizes) -> Vec<(&'static str, u32)> {
    let pool = Pool::of(sizes);
    vec![("oh", pool.oh), ("ow", pool.ow)]
}

/// One addition a tap, one division an output; every element read once, every output written once.
fn cost(sizes: &Sizes) -> Cost {
    let p = Pool::of(sizes);
    let [x, y] = ["x", "y"].map(|name| OP.len(sizes, name) as u64);
    Cost { flops: y * (u64::from(p.kh) * u64::from(p.kw) + 1), bytes: 4 * (x + y) }
}

/// The divisor along one axis for the window that starts at `start` (padding subtracted): taps below the end of the
/// padded image, or inside the image.
fn taps_counted(start: i64, [k, p, d, n]: [u32; 4], include_pad: bool) -> u32 {
    let pad = if include_pad { i64::from(p) } else { 0 };
    let inside = |i: &u32| {
        let at = start + i64::from(i * d);
        at >= -pad && at < i64::from(n) + pad
    };
    u32::try_from((0..k).filter(inside).count()).unwrap_or(0)
}

/// The divisors of the rows and of the columns of windows: the divisor of window r, q is their product.
fn divisors(sizes: &Sizes) -> (Vec<u32>, Vec<u32>) {
    let p = Pool::of(sizes);
    let include = sizes.get("count_include_pad") == 0;
    let start = |number: u32, stride: u32, pad: u32| i64::from(number * stride) - i64::from(pad);
    let rows = (0..p.oh).map(|r| taps_counted(start(r, p.sh, p.ph), [p.kh, p.ph, p.dh, p.h], include));
    let columns = (0..p.ow).map(|q| taps_counted(start(q, p.sw, p.pw), [p.kw, p.pw, p.dw, p.w], include));
    (rows.collect(), columns.collect())
}
