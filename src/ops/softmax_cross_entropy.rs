//! `softmax_cross_entropy`: the loss of a classifier with one right class a row, its gradient, and the probabilities.
//!
//! The largest logit is subtracted first, so nothing overflows.
//!
//! A weight a row: 1/n for the mean, 1 for the sum, times its class's weight, and 0 for a row that fills a batch up and
//! takes no part: its loss and gradient are 0 whatever it holds. A logit that is NaN or infinite makes the loss, the
//! probabilities and the gradient of its row NaN; a target outside the classes does so to loss and gradient.

use rayon::prelude::*;

use super::losses::{self, Row};
use super::shader::wgsl;
use super::tolerance::{EPS, TINY, exp_error, log_error};
use super::{Cost, CpuCall, DType, Data, Expected, Field, Fill, Op, Operand, Pass, Role, Sizes, Variant};
use super::{element_count, not_empty};

/// The operation.
pub static OP: Op = Op {
    name: "softmax_cross_entropy",
    doc: "p = softmax(logits) by rows; row_loss = -w log p[target]; loss = their sum; dlogits = w (p - onehot(target)); f32",
    fields: &[Field::required("n", "rows"), Field::or("c", 3, "classes")],
    operands: &[
        Operand { name: "logits", role: Role::Input, dtype: DType::F32 },
        Operand { name: "targets", role: Role::Input, dtype: DType::I32 },
        Operand { name: "weights", role: Role::Input, dtype: DType::F32 },
        Operand { name: "row_loss", role: Role::Output, dtype: DType::F32 },
        Operand { name: "probabilities", role: Role::Output, dtype: DType::F32 },
        Operand { name: "dlogits", role: Role::Output, dtype: DType::F32 },
        Operand { name: "loss", role: Role::Output, dtype: DType::F32 },
    ],
    check: |sizes| {
        not_empty(OP.name, sizes, &["n", "c"])?;
        element_count(OP.name, "logits (n x c)", &[sizes.get("n"), sizes.get("c")]).map(|_| ())
    },
    derived: |_| Vec::new(),
    shape: |sizes, operand| {
        let [n, c] = ["n", "c"].map(|name| sizes.get(name) as usize);
        match operand {
            "logits" | "probabilities" | "dlogits" => vec![n, c],
            "loss" => vec![1],
            _ => vec![n],
        }
    },
    // A comparison, a difference, an exponential, a sum, a quotient, a difference and a product an element.
    cost: |sizes| {
        let [n, c] = ["n", "c"].map(|name| u64::from(sizes.get(name)));
        Cost { flops: 7 * n * c, bytes: 4 * (3 * n * c + 3 * n + 1) }
    },
    reference,
    draw,
    cases: || {
        OP.setups(&[
            "n=1 c=1",
            "n=1 c=2",
            "n=4",
            "n=63 c=10",
            "n=64 fill=special",
            "n=65 c=4 fill=ties",
            "n=256 fill=digits",
            "n=3 c=1000",
            "n=700 c=2 fill=negative",
        ])
    },
    variants: &[
        Variant::serial("row by row on one thread", serial),
        Variant::rayon("rows shared out over threads", parallel),
        Variant::kernels(
            "rows",
            "one thread a row, then one workgroup for the sum",
            &[
                Pass::plain(wgsl!("softmax_cross_entropy/rows")),
                Pass::plain(wgsl!("softmax_cross_entropy/total")),
            ],
        ),
    ],
};

fn draw(op: &'static Op, sizes: &Sizes, fill: Fill, seed: u64) -> Vec<Data> {
    let (n, c) = (sizes.get("n") as usize, sizes.get("c"));
    #[expect(clippy::cast_possible_truncation, reason = "a whole number from 0 to the number of classes")]
    let class = |v: f32| (f64::from(v) * f64::from(c)).floor() as i32;
    let targets = losses::shares(n, seed, 1).into_iter().map(class).collect();
    vec![losses::logits(op.len(sizes, "logits"), fill, seed), Data::I32(targets), losses::weights(n, seed)]
}

fn reference(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let rows = inputs[0].f32().chunks_exact(sizes.get("c") as usize);
    let given = rows.zip(inputs[1].i32().iter().zip(inputs[2].f32()));
    losses::expected(given.map(|(x, (&target, &weight))| row(x, target, f64::from(weight))).collect())
}

/// One row in f64. The errors follow the formula: of d = x - max one rounding, of exp(d) what WGSL grants, of their sum
/// one rounding a term, of the quotient 2.5 and of the logarithm 3 units in the last place or 2^-21.
fn row(x: &[f32], target: i32, weight: f64) -> Row {
    let nan = (f64::NAN, 0.0);
    let finite = x.iter().all(|v| v.is_finite());
    let target = usize::try_from(target).ok().filter(|t| *t < x.len());
    let max = x.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let d: Vec<f64> = x.iter().map(|&v| f64::from(v) - f64::from(max)).collect();
    let relative = |d: f64| exp_error(d.abs().min(110.0)) + EPS * d.abs().min(110.0);
    let sum: f64 = d.iter().map(|d| d.exp()).sum();
    let terms = x.len() as f64;
    let of_sum = d.iter().map(|&d| d.exp() * relative(d) + TINY).sum::<f64>() / sum + terms * EPS;
    let probability = |&d: &f64| {
        let p = d.exp() / sum;
        (p, 1.01 * p * (relative(d) + of_sum + 8.0 * EPS) + 2.0 * TINY)
    };
    let probabilities: Vec<(f64, f64)> =
        if finite { d.iter().map(probability).collect() } else { vec![nan; x.len()] };
    let (loss, gradient) = match target.filter(|_| finite) {
        _ if weight == 0.0 => ((0.0, 0.0), vec![(0.0, 0.0); x.len()]),
        None => (nan, vec![nan; x.len()]),
        Some(target) => {
            let loss = sum.ln() - d[target];
            let error = 1.01 * of_sum + log_error(sum) + 2.0 * EPS * (sum.ln() + 2.0 * d[target].abs());
            let one = |j: usize| if j == target { 1.0 } else { 0.0 };
            let gradient = probabilities.iter().enumerate().map(|(j, &(p, error))| {
                let g = p - one(j);
                (weight * g, weight.abs() * (error + 4.0 * EPS * g.abs()) + TINY)
            });
            ((weight * loss, weight.abs() * (error + 2.0 * EPS * loss) + TINY), gradient.collect())
        }
    };
    Row { loss, probabilities, gradient }
}

/// One row of the outputs: its loss, which is returned, and its probabilities and gradient.
fn one_row(x: &[f32], target: i32, weight: f32, probabilities: &mut [f32], gradient: &mut [f32]) -> f32 {
    if !x.iter().all(|v| v.is_finite()) {
        probabilities.fill(f32::NAN);
        let value = if weight == 0.0 { 0.0 } else { f32::NAN };
        gradient.fill(value);
        return value;
    }
    let max = x.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let mut sum = 0.0;
    for (p, &x) in probabilities.iter_mut().zip(x) {
        *p = (x - max).exp();
        sum += *p;
    }
    for (p, g) in probabilities.iter_mut().zip(gradient.iter_mut()) {
        *p /= sum;
        *g = weight * *p;
    }
    let target = usize::try_from(target).ok().filter(|t| *t < x.len());
    match target {
        _ if weight == 0.0 => 0.0,
        None => {
            gradient.fill(f32::NAN);
            f32::NAN
        }
        Some(target) => {
            gradient[target] = weight * (probabilities[target] - 1.0);
            weight * (sum.ln() - (x[target] - max))
        }
    }
}

fn serial(call: &mut CpuCall<'_, '_>) {
    let c = call.sizes.get("c") as usize;
    let [row_loss, probabilities, gradient, loss] = call.outputs else { unreachable!("four outputs") };
    let rows =
        call.inputs[0].f32().chunks_exact(c).zip(call.inputs[1].i32().iter().zip(call.inputs[2].f32()));
    let matrices = probabilities.f32_mut().chunks_exact_mut(c).zip(gradient.f32_mut().chunks_exact_mut(c));
    for ((l, (p, g)), (x, (&target, &weight))) in row_loss.f32_mut().iter_mut().zip(matrices).zip(rows) {
        *l = one_row(x, target, weight, p, g);
    }
    loss.f32_mut()[0] = row_loss.f32_mut().iter().sum();
}

fn parallel(call: &mut CpuCall<'_, '_>) {
    let c = call.sizes.get("c") as usize;
    let [row_loss, probabilities, gradient, loss] = call.outputs else { unreachable!("four outputs") };
    let rows = call.inputs[0].f32().par_chunks_exact(c);
    let rows = rows.zip(call.inputs[1].i32().par_iter().zip(call.inputs[2].f32().par_iter()));
    let matrices =
        probabilities.f32_mut().par_chunks_exact_mut(c).zip(gradient.f32_mut().par_chunks_exact_mut(c));
    let results = row_loss.f32_mut().par_iter_mut().zip(matrices).zip(rows).with_min_len((4096 / c).max(1));
    results.for_each(|((l, (p, g)), (x, (&target, &weight)))| *l = one_row(x, target, weight, p, g));
    // In the order of the rows, whatever the number of threads.
    loss.f32_mut()[0] = row_loss.f32_mut().iter().sum();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_logits_share_the_probability() {
        let row = row(&[1e4; 4], 2, 0.5);
        assert!((row.loss.0 - 0.5 * 4f64.ln()).abs() < 1e-15);
        assert!(row.probabilities.iter().all(|p| p.0 == 0.25));
        assert_eq!(row.gradient.iter().map(|g| g.0).collect::<Vec<_>>(), [0.125, 0.125, -0.375, 0.125]);
    }

    #[test]
    fn what_is_not_finite_or_no_class_shows() {
        assert!(row(&[1.0, f32::INFINITY], 0, 1.0).loss.0.is_nan());
        assert!(row(&[1.0, 2.0], 2, 1.0).loss.0.is_nan() && row(&[1.0, 2.0], -1, 1.0).gradient[1].0.is_nan());
        let padding = row(&[f32::NAN, 2.0], 7, 0.0);
        assert_eq!((padding.loss.0, padding.gradient[0].0), (0.0, 0.0));
    }

    #[test]
    fn the_gradient_agrees_with_finite_differences() {
        let x = [0.5f32, -1.25, 2.0, 0.0];
        let gradient = row(&x, 1, 0.75).gradient;
        for (j, (want, _)) in gradient.iter().enumerate() {
            let moved = |by: f32| {
                let mut x = x;
                x[j] += by;
                row(&x, 1, 0.75).loss.0
            };
            let difference = (moved(0.0009765625) - moved(-0.0009765625)) / 0.001953125;
            assert!((difference - want).abs() < 1e-6, "{j}: {difference} {want}");
        }
    }
}
