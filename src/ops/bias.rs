//! `bias`, `bias_relu` and `bias_backward`: a number a channel, added; added and rectified in one pass; and its gradient.
//!
//! The operand is n x c x l: images with l = h w, or rows of a dense layer with l = 1. NaN and infinities follow
//! arithmetic; the rectification is that of `relu`.

use rayon::prelude::*;

use super::relu::relu;
use super::shader::wgsl;
use super::tolerance::{EPS, TINY};
use super::{Cost, CpuCall, DType, Data, Expected, Field, Op, Operand, Pass, Role, Sizes, Variant};
use super::{element_count, not_empty};
use crate::error::Result;

/// The sum.
pub static OP: Op = Op {
    name: "bias",
    doc: "y[n,c,l] = x[n,c,l] + b[c]; f32",
    fields: FIELDS,
    operands: OPERANDS,
    check: |sizes| check(OP.name, sizes),
    derived: |_| Vec::new(),
    shape,
    cost: |sizes| cost(sizes, 1),
    reference: |sizes, inputs| vec![Expected::near("y", sums(sizes, inputs))],
    draw: Op::floats,
    cases: || OP.setups(CASES),
    variants: &[
        Variant::serial("a plain loop on one thread", |call| serial(call, |v| v)),
        Variant::rayon("channels of an image shared out over threads", |call| parallel(call, |v| v)),
        Variant::kernels("direct", "one thread an element", &[Pass::plain(wgsl!("bias/direct"))]),
    ],
};

/// The sum, rectified.
pub static RELU: Op = Op {
    name: "bias_relu",
    doc: "y[n,c,l] = max(x[n,c,l] + b[c], 0); f32",
    fields: FIELDS,
    operands: OPERANDS,
    check: |sizes| check(RELU.name, sizes),
    derived: |_| Vec::new(),
    shape,
    cost: |sizes| cost(sizes, 2),
    reference: |sizes, inputs| {
        // A sum that is not above 0 is 0 after rounding too; a NaN stays.
        let rectified = |(sum, bound): (f64, f64)| if sum <= 0.0 { (0.0, 0.0) } else { (sum, bound) };
        vec![Expected::near("y", sums(sizes, inputs).map(rectified))]
    },
    draw: Op::floats,
    cases: || RELU.setups(CASES),
    variants: &[
        Variant::serial("a plain loop on one thread", |call| serial(call, relu)),
        Variant::rayon("channels of an image shared out over threads", |call| parallel(call, relu)),
        Variant::kernels("direct", "one thread an element", &[Pass::plain(wgsl!("bias_relu/direct"))]),
    ],
};

/// The gradient.
pub static BACKWARD: Op = Op {
    name: "bias_backward",
    doc: "db[c] = sum over n and l of dy[n,c,l]; f32",
    fields: FIELDS,
    operands: &[
        Operand { name: "dy", role: Role::Input, dtype: DType::F32 },
        Operand { name: "db", role: Role::Output, dtype: DType::F32 },
    ],
    check: |sizes| check(BACKWARD.name, sizes),
    derived: |_| Vec::new(),
    shape,
    cost: |sizes| {
        let elements = BACKWARD.len(sizes, "dy") as u64;
        Cost { flops: elements, bytes: 4 * (elements + u64::from(sizes.get("c"))) }
    },
    reference: backward_reference,
    draw: Op::floats,
    cases: || BACKWARD.setups(CASES),
    variants: &[
        Variant::serial("channel by channel on one thread", |call| {
            let sum = Channels::of(call);
            call.outputs[0].f32_mut().iter_mut().enumerate().for_each(|(c, db)| *db = sum.of_channel(c));
        }),
        Variant::rayon("channels shared out over threads", parallel_backward),
        Variant::kernels(
            "workgroup",
            "one workgroup a channel: strided sums, then a tree in shared memory",
            &[Pass::plain(wgsl!("bias_backward/workgroup"))],
        ),
    ],
};

const FIELDS: &[Field] = &[
    Field::required("n", "images, or rows"),
    Field::same("c", "n", "channels, or columns"),
    Field::or("l", 1, "elements of a channel: h w, or 1"),
];

const OPERANDS: &[Operand] = &[
    Operand { name: "x", role: Role::Input, dtype: DType::F32 },
    Operand { name: "b", role: Role::Input, dtype: DType::F32 },
    Operand { name: "y", role: Role::Output, dtype: DType::F32 },
];

const CASES: &[&str] = &[
    "n=1",
    "n=1 c=7",
    "n=64 c=3",
    "n=3 c=64 l=5",
    "n=2 c=65 l=9 fill=special",
    "n=5 c=1 l=333 fill=digits",
    "n=33 c=10 fill=ties",
    "n=2 c=4 l=1021",
    "n=17 c=3 l=64 fill=negative",
];

fn check(op: &'static str, sizes: &Sizes) -> Result<()> {
    not_empty(op, sizes, &["n", "c", "l"])?;
    element_count(op, "n x c x l", &["n", "c", "l"].map(|name| sizes.get(name))).map(|_| ())
}

fn shape(sizes: &Sizes, operand: &str) -> Vec<usize> {
    let [n, c, l] = ["n", "c", "l"].map(|name| sizes.get(name) as usize);
    if matches!(operand, "b" | "db") { vec![c] } else { vec![n, c, l] }
}

fn cost(sizes: &Sizes, flops: u64) -> Cost {
    let elements = OP.len(sizes, "x") as u64;
    Cost { flops: flops * elements, bytes: 4 * (2 * elements + u64::from(sizes.get("c"))) }
}

/// The channel of each run of `l` elements.
fn channels(sizes: &Sizes) -> impl Iterator<Item = usize> {
    (0..sizes.get("c") as usize).cycle()
}

/// Sums and their errors: one rounding, in whichever direction.
fn sums<'a>(sizes: &'a Sizes, inputs: &'a [Data]) -> impl Iterator<Item = (f64, f64)> + 'a {
    let runs = inputs[0].f32().chunks_exact(sizes.get("l") as usize);
    let b = inputs[1].f32();
    runs.zip(channels(sizes)).flat_map(move |(run, c)| {
        run.iter().map(move |&x| {
            let sum = f64::from(x) + f64::from(b[c]);
            (sum, 2.0 * EPS * sum.abs() + TINY)
        })
    })
}

/// A sum of t terms errs by at most t 2^-24 sum |dy|, whatever the order.
fn backward_reference(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let mut sums = vec![(0.0, 0.0); sizes.get("c") as usize];
    let terms = f64::from(sizes.get("n")) * f64::from(sizes.get("l"));
    for (run, c) in inputs[0].f32().chunks_exact(sizes.get("l") as usize).zip(channels(sizes)) {
        for &dy in run {
            sums[c].0 += f64::from(dy);
            sums[c].1 += terms * EPS * f64::from(dy.abs());
        }
    }
    vec![Expected::near("db", sums)]
}

fn serial(call: &mut CpuCall<'_, '_>, finish: impl Fn(f32) -> f32) {
    let l = call.sizes.get("l") as usize;
    let (x, b) = (call.inputs[0].f32().chunks_exact(l), call.inputs[1].f32());
    let y = call.outputs[0].f32_mut().chunks_exact_mut(l);
    for ((y, x), c) in y.zip(x).zip(channels(call.sizes)) {
        y.iter_mut().zip(x).for_each(|(y, &x)| *y = finish(x + b[c]));
    }
}

fn parallel(call: &mut CpuCall<'_, '_>, finish: impl Fn(f32) -> f32 + Sync) {
    let l = call.sizes.get("l") as usize;
    let row = call.sizes.get("c") as usize * l;
    let b = call.inputs[1].f32();
    let x = call.inputs[0].f32().par_chunks_exact(row);
    call.outputs[0].f32_mut().par_chunks_exact_mut(row).zip(x).for_each(|(y, x)| {
        if l == 1 {
            y.iter_mut().zip(x.iter().zip(b)).for_each(|(y, (x, b))| *y = finish(x + b));
            return;
        }
        for ((y, x), &b) in y.chunks_exact_mut(l).zip(x.chunks_exact(l)).zip(b) {
            y.iter_mut().zip(x).for_each(|(y, &x)| *y = finish(x + b));
        }
    });
}

/// An n x c x l operand to sum.
struct Channels<'a> {
    dy: &'a [f32],
    c: usize,
    l: usize,
}

/// Sums that run beside each other, so that an addition need not wait for the one before.
const LANES: usize = 16;
/// Columns of rows that one task sums.
const COLUMNS: usize = 256;

impl<'a> Channels<'a> {
    fn of(call: &CpuCall<'a, '_>) -> Self {
        let [c, l] = ["c", "l"].map(|name| call.sizes.get(name) as usize);
        Self { dy: call.inputs[0].f32(), c, l }
    }

    fn of_channel(&self, c: usize) -> f32 {
        let runs = self.dy.chunks_exact(self.l).skip(c).step_by(self.c);
        runs.map(|run| run.iter().sum::<f32>()).sum()
    }

    /// The same in another order: element e of a run belongs to sum e mod 16.
    fn of_channel_in_lanes(&self, c: usize) -> f32 {
        let mut lanes = [0.0f32; LANES];
        for run in self.dy.chunks_exact(self.l).skip(c).step_by(self.c) {
            let (whole, rest) = run.as_chunks::<LANES>();
            for part in whole {
                lanes.iter_mut().zip(part).for_each(|(sum, v)| *sum += v);
            }
            lanes.iter_mut().zip(rest).for_each(|(sum, v)| *sum += v);
        }
        lanes.iter().sum()
    }

    /// Channels of one element, from `first` on, row by row.
    fn of_columns(&self, first: usize, sums: &mut [f32]) {
        sums.fill(0.0);
        for row in self.dy.chunks_exact(self.c) {
            sums.iter_mut().zip(&row[first..]).for_each(|(sum, v)| *sum += v);
        }
    }
}

fn parallel_backward(call: &mut CpuCall<'_, '_>) {
    let sum = Channels::of(call);
    let db = call.outputs[0].f32_mut();
    if sum.l == 1 {
        let columns = db.par_chunks_mut(COLUMNS).enumerate();
        columns.for_each(|(number, sums)| sum.of_columns(number * COLUMNS, sums));
    } else {
        db.par_iter_mut().enumerate().for_each(|(c, db)| *db = sum.of_channel_in_lanes(c));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let sizes = OP.sizes([("n", "2"), ("l", "2")]).unwrap();
        let x = Data::F32((0..8u8).map(f32::from).collect());
        let b = Data::F32(vec![10.0, -5.0]);
        let inputs = [x.clone(), b];
        assert_eq!((OP.reference)(&sizes, &inputs)[0].want, [10.0, 11.0, -3.0, -2.0, 14.0, 15.0, 1.0, 2.0]);
        assert_eq!((RELU.reference)(&sizes, &inputs)[0].want, [10.0, 11.0, 0.0, 0.0, 14.0, 15.0, 1.0, 2.0]);
        // The gradient of a sum is the sum of the gradients: finite differences would say no more.
        assert_eq!((BACKWARD.reference)(&sizes, &[x])[0].want, [10.0, 18.0]);
    }
}
