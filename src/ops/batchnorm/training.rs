//! Normalisation by the batch's own mean and variance.

use rayon::prelude::*;

use super::{C, CASES, EPSILON, L, Layout, N, check, cost, draw, shape};
use crate::ops::shader::wgsl;
use crate::ops::tolerance::{EPS, TINY};
use crate::ops::{CpuCall, DType, Data, Expected, Field, Op, Operand, Pass, Role, Sizes, Variant, within};

/// The operation.
pub static OP: Op = Op {
    name: "batchnorm_training",
    doc: "y = (x - mean) inverse_deviation gamma + beta by the batch's channels; running ones move by momentum; f32",
    fields: &[
        N,
        C,
        L,
        EPSILON,
        Field::real("momentum", 0.1, "share of the batch in the running mean and variance"),
        Field::choice(
            "running",
            &["unbiased", "biased"],
            "which variance of the batch the running one moves to",
        ),
    ],
    operands: &[
        Operand { name: "x", role: Role::Input, dtype: DType::F32 },
        Operand { name: "gamma", role: Role::Input, dtype: DType::F32 },
        Operand { name: "beta", role: Role::Input, dtype: DType::F32 },
        Operand { name: "running_mean", role: Role::InOut, dtype: DType::F32 },
        Operand { name: "running_variance", role: Role::InOut, dtype: DType::F32 },
        Operand { name: "y", role: Role::Output, dtype: DType::F32 },
        Operand { name: "mean", role: Role::Output, dtype: DType::F32 },
        Operand { name: "inverse_deviation", role: Role::Output, dtype: DType::F32 },
    ],
    check: |sizes| {
        check(OP.name, sizes)?;
        within(OP.name, sizes, "momentum", 0.0..=1.0)
    },
    derived: |sizes| vec![("factor_bits", correction(sizes).to_bits())],
    shape,
    cost: |sizes| cost(sizes, 8, 2),
    reference,
    draw,
    cases: || Ok([OP.setups(CASES)?, OP.setups(&["n=4 c=3 l=7 momentum=0.9 running=biased"])?].concat()),
    variants: &[
        Variant::serial("channel by channel on one thread", serial),
        Variant::rayon("channels, then images shared out over threads", parallel),
        Variant::kernels(
            "workgroup",
            "one workgroup a channel: mean, variance, outputs; trees in shared memory",
            &[Pass::plain(wgsl!("batchnorm_training/workgroup"))],
        ),
    ],
};

/// What the running variance moves to, as a multiple of the biased one. One element has no unbiased variance: 1.
fn correction(sizes: &Sizes) -> f32 {
    let terms = f64::from(sizes.get("n")) * f64::from(sizes.get("l"));
    #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is meant")]
    let unbiased = (terms / (terms - 1.0)) as f32;
    if sizes.get("running") == 1 || terms == 1.0 { 1.0 } else { unbiased }
}

/// The mean errs as a sum of N terms; the variance as another, and by the square of the mean's error, for its derivative
/// by the mean is 0 there. Roots and quotients as in `batchnorm`.
fn reference(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let layout = Layout::of(sizes);
    let terms = f64::from(sizes.get("n")) * f64::from(sizes.get("l"));
    let (eps, momentum) = (f64::from(sizes.real("eps")), f64::from(sizes.real("momentum")));
    let x = inputs[0].f32();
    let mut channels = Vec::new();
    let mut results: [Vec<(f64, f64)>; 4] = Default::default();
    for c in 0..layout.c {
        let values = || layout.channel(x, c).map(f64::from);
        let mean = values().sum::<f64>() / terms;
        let of_mean = (terms + 6.0) * EPS * values().map(f64::abs).sum::<f64>() / terms + TINY;
        let variance = values().map(|v| (v - mean) * (v - mean)).sum::<f64>() / terms;
        let of_variance = (terms + 12.0) * EPS * variance + of_mean * of_mean + TINY;
        let inverse = 1.0 / (variance + eps).sqrt();
        let least = (variance - of_variance).max(0.0) + eps;
        let of_inverse = inverse * (0.5 * of_variance / least + 16.0 * EPS);
        let moved = |old: f32, to: f64, error: f64| {
            let old = f64::from(old);
            let next = (1.0 - momentum) * old + momentum * to;
            (next, momentum * error + 8.0 * EPS * (old.abs() + momentum * to.abs()) + TINY)
        };
        let factor = f64::from(correction(sizes));
        results[0].push(moved(inputs[3].f32()[c], mean, of_mean));
        results[1].push(moved(
            inputs[4].f32()[c],
            factor * variance,
            factor * (of_variance + 10.0 * EPS * variance),
        ));
        results[2].push((mean, of_mean));
        results[3].push((inverse, of_inverse));
        channels.push([mean, of_mean, inverse, of_inverse]);
    }
    let y = x.iter().enumerate().map(|(i, &x)| {
        let c = i / layout.l % layout.c;
        let [mean, of_mean, inverse, of_inverse] = channels[c];
        let (gamma, beta) = (f64::from(inputs[1].f32()[c]), f64::from(inputs[2].f32()[c]));
        let far = f64::from(x) - mean;
        let scaled = gamma * far * inverse;
        let error = gamma.abs()
            * ((of_mean + 2.0 * EPS * far.abs()) * (inverse + of_inverse) + far.abs() * of_inverse);
        (scaled + beta, error + 8.0 * EPS * (scaled.abs() + beta.abs()) + TINY)
    });
    let y = Expected::near("y", y.collect::<Vec<_>>());
    let [running_mean, running_variance, mean, inverse] = results;
    vec![
        Expected::near("running_mean", running_mean),
        Expected::near("running_variance", running_variance),
        y,
        Expected::near("mean", mean),
        Expected::near("inverse_deviation", inverse),
    ]
}

/// Mean and biased variance of a channel.
fn moments(layout: Layout, x: &[f32], c: usize, terms: f32) -> (f32, f32) {
    let values = layout.channel(x, c);
    let mean = values.clone().sum::<f32>() / terms;
    (mean, values.map(|v| (v - mean) * (v - mean)).sum::<f32>() / terms)
}

fn serial(call: &mut CpuCall<'_, '_>) {
    let layout = Layout::of(call.sizes);
    let (x, terms) = (call.inputs[0].f32(), terms(call.sizes));
    let moments: Vec<_> = (0..layout.c).map(|c| moments(layout, x, c, terms)).collect();
    let f = finish(call, &moments);
    layout.fill(call.outputs[2].f32_mut(), f);
}

fn parallel(call: &mut CpuCall<'_, '_>) {
    let layout = Layout::of(call.sizes);
    let (x, terms) = (call.inputs[0].f32(), terms(call.sizes));
    let moments: Vec<_> = (0..layout.c).into_par_iter().map(|c| moments(layout, x, c, terms)).collect();
    let f = finish(call, &moments);
    layout.fill_parallel(call.outputs[2].f32_mut(), f);
}

fn terms(sizes: &Sizes) -> f32 {
    sizes.get("n") as f32 * sizes.get("l") as f32
}

/// Writes what there is one of a channel; gives the function for the elements.
fn finish<'a>(
    call: &mut CpuCall<'a, '_>,
    moments: &[(f32, f32)],
) -> impl Fn(usize, usize) -> f32 + Sync + use<'a> {
    let (eps, momentum) = (call.sizes.real("eps"), call.sizes.real("momentum"));
    let factor = correction(call.sizes);
    let mut scales = Vec::with_capacity(moments.len());
    for (c, &(mean, variance)) in moments.iter().enumerate() {
        let inverse = 1.0 / (variance + eps).sqrt();
        scales.push((mean, inverse));
        let to = [(0, mean), (1, factor * variance)];
        for (output, to) in to {
            let running = &mut call.outputs[output].f32_mut()[c];
            *running = (1.0 - momentum) * *running + momentum * to;
        }
        call.outputs[3].f32_mut()[c] = mean;
        call.outputs[4].f32_mut()[c] = inverse;
    }
    let [x, gamma, beta] = [0, 1, 2].map(|i| call.inputs[i].f32());
    move |c, at| (x[at] - scales[c].0) * scales[c].1 * gamma[c] + beta[c]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let sizes = OP.sizes([("n", "4"), ("c", "1"), ("momentum", "0.5")]).unwrap();
        let inputs = [vec![1.0, 3.0, 5.0, 7.0], vec![2.0], vec![1.0], vec![0.0], vec![1.0]].map(Data::F32);
        let results = reference(&sizes, &inputs);
        // Mean 4, variance 5, unbiased 20/3.
        assert_eq!(results[3].want, [4.0]);
        assert_eq!(results[0].want, [2.0]);
        assert!((results[1].want[0] - (0.5 + 10.0 / 3.0)).abs() < 1e-6);
        assert!((results[2].want[0] - (1.0 - 6.0 / 5f64.sqrt())).abs() < 1e-5);
    }
}
