//! `bce_with_logits`: binary cross entropy of one logit a row, its gradient, and the probability.
//!
//! In the form that cannot overflow, max(x, 0) - x t + log(1 + exp(-|x|)). Targets are probabilities, 0 or 1 as a rule.
//!
//! A weight a row: 1/n for the mean, 1 for the sum, times its class's weight, and 0 for a row that fills a batch up and
//! takes no part: its loss and gradient are 0 whatever it holds. A logit that is NaN or infinite makes the loss, the
//! probabilities and the gradient of its row NaN.

use rayon::prelude::*;

use super::losses::{self, Row};
use super::relu::check;
use super::shader::wgsl;
use super::sigmoid::{bounded, sigmoid};
use super::tolerance::{EPS, TINY, exp_error, log_error};
use super::{
    CHUNK, Cost, CpuCall, DType, Data, Expected, Field, Fill, Op, Operand, Pass, Role, Sizes, Variant,
};

/// The operation.
pub static OP: Op = Op {
    name: "bce_with_logits",
    doc: "p = sigmoid(x); row_loss = -w (t log p + (1 - t) log(1 - p)); loss = their sum; dlogits = w (p - t); f32",
    fields: &[Field::required("len", "rows")],
    operands: &[
        Operand { name: "logits", role: Role::Input, dtype: DType::F32 },
        Operand { name: "targets", role: Role::Input, dtype: DType::F32 },
        Operand { name: "weights", role: Role::Input, dtype: DType::F32 },
        Operand { name: "row_loss", role: Role::Output, dtype: DType::F32 },
        Operand { name: "probabilities", role: Role::Output, dtype: DType::F32 },
        Operand { name: "dlogits", role: Role::Output, dtype: DType::F32 },
        Operand { name: "loss", role: Role::Output, dtype: DType::F32 },
    ],
    check: |sizes| check(OP.name, sizes),
    derived: |_| Vec::new(),
    shape: |sizes, operand| vec![if operand == "loss" { 1 } else { sizes.get("len") as usize }],
    // Exponential, sum, quotient, logarithm, maximum, two products and two sums, difference and product of the gradient.
    cost: |sizes| {
        let len = u64::from(sizes.get("len"));
        Cost { flops: 12 * len, bytes: 4 * (6 * len + 1) }
    },
    reference,
    draw,
    cases: || {
        OP.setups(&[
            "len=1",
            "len=5",
            "len=63",
            "len=64 fill=special",
            "len=65 fill=ties",
            "len=1000 fill=digits",
            "len=257 fill=negative",
        ])
    },
    variants: &[
        Variant::serial("row by row on one thread", serial),
        Variant::rayon("chunks of rows shared out over threads", parallel),
        Variant::kernels(
            "rows",
            "one thread a row, then one workgroup for the sum",
            &[Pass::plain(wgsl!("bce_with_logits/rows")), Pass::plain(wgsl!("bce_with_logits/total"))],
        ),
    ],
};

/// Targets are 0 and 1, one in four lies between.
fn draw(op: &'static Op, sizes: &Sizes, fill: Fill, seed: u64) -> Vec<Data> {
    let len = op.len(sizes, "logits");
    let target = |v: f32| {
        if v < 0.375 {
            0.0
        } else if v > 0.625 {
            1.0
        } else {
            v
        }
    };
    let targets = losses::shares(len, seed, 1).into_iter().map(target).collect();
    vec![losses::logits(len, fill, seed), Data::F32(targets), losses::weights(len, seed)]
}

fn reference(_: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let rows = inputs[0].f32().iter().zip(inputs[1].f32().iter().zip(inputs[2].f32()));
    losses::expected(rows.map(|(&x, (&t, &w))| row(x, f64::from(t), f64::from(w))).collect())
}

/// One row in f64. The logarithm's argument errs by that of exp and one rounding.
fn row(logit: f32, t: f64, w: f64) -> Row {
    let x = f64::from(logit);
    let nan = (f64::NAN, 0.0);
    let finite = logit.is_finite();
    let p = if finite { bounded(logit) } else { nan };
    let e = (-x.abs()).exp();
    let log = (1.0 + e).ln();
    let of_log = e * exp_error(x.abs().min(110.0)) + 2.0 * EPS + log_error(1.0 + e);
    let loss = x.max(0.0) - x * t + log;
    let error = of_log + 6.0 * EPS * (x.abs() * (1.0 + t.abs()) + log);
    let gradient = p.0 - t;
    let of_gradient = p.1 + 4.0 * EPS * (p.0.abs() + t.abs());
    let (loss, gradient) = if w == 0.0 {
        ((0.0, 0.0), (0.0, 0.0))
    } else if finite {
        ((w * loss, w.abs() * error + TINY), (w * gradient, w.abs() * of_gradient + TINY))
    } else {
        (nan, nan)
    };
    Row { loss, probabilities: vec![p], gradient: vec![gradient] }
}

/// Loss, probability and gradient of a row.
fn one_row(x: f32, t: f32, w: f32) -> [f32; 3] {
    if !x.is_finite() {
        let value = if w == 0.0 { 0.0 } else { f32::NAN };
        return [value, f32::NAN, value];
    }
    let p = sigmoid(x);
    if w == 0.0 {
        return [0.0, p, 0.0];
    }
    let loss = x.max(0.0) - x * t + (-x.abs()).exp().ln_1p();
    [w * loss, p, w * (p - t)]
}

/// Some rows: inputs and outputs in the op's order.
fn rows(inputs: [&[f32]; 3], outputs: [&mut [f32]; 3]) {
    let [x, t, w] = inputs;
    let [loss, p, g] = outputs;
    let outputs = loss.iter_mut().zip(p.iter_mut().zip(g));
    for ((loss, (p, g)), (&x, (&t, &w))) in outputs.zip(x.iter().zip(t.iter().zip(w))) {
        [*loss, *p, *g] = one_row(x, t, w);
    }
}

fn serial(call: &mut CpuCall<'_, '_>) {
    let [row_loss, p, g, loss] = call.outputs else { unreachable!("four outputs") };
    let inputs = [0, 1, 2].map(|i| call.inputs[i].f32());
    rows(inputs, [row_loss.f32_mut(), p.f32_mut(), g.f32_mut()]);
    loss.f32_mut()[0] = row_loss.f32_mut().iter().sum();
}

fn parallel(call: &mut CpuCall<'_, '_>) {
    let [row_loss, p, g, loss] = call.outputs else { unreachable!("four outputs") };
    let [x, t, w] = [0, 1, 2].map(|i| call.inputs[i].f32().par_chunks(CHUNK));
    let [a, b, c] = [&mut *row_loss, p, g].map(|d| d.f32_mut().par_chunks_mut(CHUNK));
    a.zip(b.zip(c)).zip(x.zip(t.zip(w))).for_each(|((a, (b, c)), (x, (t, w)))| rows([x, t, w], [a, b, c]));
    // In the order of the rows, whatever the number of threads.
    loss.f32_mut()[0] = row_loss.f32_mut().iter().sum();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        assert!((row(0.0, 1.0, 2.0).loss.0 - 2.0 * 2f64.ln()).abs() < 1e-15);
        assert_eq!(row(-500.0, 1.0, 1.0).loss.0, 500.0);
        assert!(row(f32::INFINITY, 1.0, 1.0).loss.0.is_nan() && one_row(f32::NAN, 0.0, 1.0)[2].is_nan());
        assert_eq!((row(f32::NAN, 1.0, 0.0).loss.0, one_row(f32::NAN, 1.0, 0.0)[0]), (0.0, 0.0));
    }

    #[test]
    fn the_gradient_agrees_with_finite_differences() {
        for (x, t) in [(0.5f32, 1.0), (-3.0, 0.25), (2.0, 0.0)] {
            let loss = |by: f32| row(x + by, t, 0.5).loss.0;
            let difference = (loss(0.0009765625) - loss(-0.0009765625)) / 0.001953125;
            assert!((difference - row(x, t, 0.5).gradient[0].0).abs() < 1e-6, "{x}");
        }
    }
}
