//! The gradient of the normalisation by the batch's own mean and variance.

use rayon::prelude::*;

use super::{C, CASES, L, Layout, N, draw, shape};
use crate::ops::shader::wgsl;
use crate::ops::tolerance::{EPS, TINY};
use crate::ops::{Cost, CpuCall, DType, Data, Expected, Op, Operand, Pass, Role, Sizes, Variant, View};
use crate::ops::{element_count, not_empty};

/// The operation. With h = (x - mean) inverse_deviation and N = n l: dbeta = sum dy, dgamma = sum dy h,
/// dx = gamma inverse_deviation (dy - dbeta / N - h dgamma / N).
pub static OP: Op = Op {
    name: "batchnorm_backward",
    doc: "dx, dgamma, dbeta of batchnorm_training from x, dy and the batch's mean and inverse deviation; f32",
    fields: &[N, C, L],
    operands: &[
        Operand { name: "x", role: Role::Input, dtype: DType::F32 },
        Operand { name: "dy", role: Role::Input, dtype: DType::F32 },
        Operand { name: "gamma", role: Role::Input, dtype: DType::F32 },
        Operand { name: "mean", role: Role::Input, dtype: DType::F32 },
        Operand { name: "inverse_deviation", role: Role::Input, dtype: DType::F32 },
        Operand { name: "dx", role: Role::Output, dtype: DType::F32 },
        Operand { name: "dgamma", role: Role::Output, dtype: DType::F32 },
        Operand { name: "dbeta", role: Role::Output, dtype: DType::F32 },
    ],
    check: |sizes| {
        not_empty(OP.name, sizes, &["n", "c", "l"])?;
        element_count(OP.name, "n x c x l", &["n", "c", "l"].map(|name| sizes.get(name))).map(|_| ())
    },
    derived: |_| Vec::new(),
    shape,
    cost: |sizes| {
        let (elements, c) = (OP.len(sizes, "x") as u64, u64::from(sizes.get("c")));
        Cost { flops: 11 * elements, bytes: 4 * (3 * elements + 5 * c) }
    },
    reference,
    draw,
    cases: || OP.setups(&CASES.iter().map(|text| without_eps(text)).collect::<Vec<_>>()),
    variants: &[
        Variant::serial("channel by channel on one thread", serial),
        Variant::rayon("channels, then images shared out over threads", parallel),
        Variant::kernels(
            "workgroup",
            "one workgroup a channel: two sums by trees in shared memory, then the elements",
            &[Pass::plain(wgsl!("batchnorm_backward/workgroup"))],
        ),
    ],
};

/// The gradient has no epsilon: it is in the inverse deviation.
fn without_eps(text: &'static str) -> &'static str {
    text.split(" eps=").next().unwrap_or(text)
}

/// Sums of N terms, then a handful of operations, each error passed on.
fn reference(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let layout = Layout::of(sizes);
    let terms = f64::from(sizes.get("n")) * f64::from(sizes.get("l"));
    let [x, dy] = [0, 1].map(|i| inputs[i].f32());
    let of_channel = |operand: usize, c: usize| f64::from(inputs[operand].f32()[c]);
    let normal = |x: f32, c: usize| (f64::from(x) - of_channel(3, c)) * of_channel(4, c);
    let (mut dgamma, mut dbeta) = (Vec::new(), Vec::new());
    for c in 0..layout.c {
        let pairs = || layout.channel(x, c).zip(layout.channel(dy, c));
        let sum = |f: &dyn Fn(f32, f32) -> f64| pairs().map(|(x, dy)| f(x, dy)).sum::<f64>();
        let abs = sum(&|_, dy| f64::from(dy.abs()));
        dbeta.push((sum(&|_, dy| f64::from(dy)), (terms + 2.0) * EPS * abs + TINY));
        let abs = sum(&|x, dy| (f64::from(dy) * normal(x, c)).abs());
        dgamma.push((sum(&|x, dy| f64::from(dy) * normal(x, c)), (terms + 8.0) * EPS * abs + TINY));
    }
    let elements = x.iter().zip(dy).enumerate().map(|(i, (&x, &dy))| {
        let c = i / layout.l % layout.c;
        let (h, dy) = (normal(x, c), f64::from(dy));
        let scale = of_channel(2, c) * of_channel(4, c);
        let ((g, of_g), (b, of_b)) = (dgamma[c], dbeta[c]);
        let size = dy.abs() + (b.abs() + h.abs() * g.abs()) / terms;
        let error = (of_b + h.abs() * of_g) / terms + 20.0 * EPS * size;
        (scale * (dy - b / terms - h * g / terms), scale.abs() * error + TINY)
    });
    let dx = Expected::near("dx", elements.collect::<Vec<_>>());
    vec![dx, Expected::near("dgamma", dgamma), Expected::near("dbeta", dbeta)]
}

/// dgamma and dbeta of a channel.
fn sums(layout: Layout, inputs: &[View<'_>], c: usize) -> (f32, f32) {
    let (mean, inverse) = (inputs[3].f32()[c], inputs[4].f32()[c]);
    let pairs = layout.channel(inputs[0].f32(), c).zip(layout.channel(inputs[1].f32(), c));
    pairs.fold((0.0, 0.0), |(g, b), (x, dy)| (g + dy * ((x - mean) * inverse), b + dy))
}

fn serial(call: &mut CpuCall<'_, '_>) {
    let layout = Layout::of(call.sizes);
    let sums: Vec<_> = (0..layout.c).map(|c| sums(layout, call.inputs, c)).collect();
    let f = finish(call, sums);
    layout.fill(call.outputs[0].f32_mut(), f);
}

fn parallel(call: &mut CpuCall<'_, '_>) {
    let layout = Layout::of(call.sizes);
    let inputs = call.inputs;
    let sums: Vec<_> = (0..layout.c).into_par_iter().map(|c| sums(layout, inputs, c)).collect();
    let f = finish(call, sums);
    layout.fill_parallel(call.outputs[0].f32_mut(), f);
}

/// Writes the sums; gives the function for the elements.
fn finish<'a>(
    call: &mut CpuCall<'a, '_>,
    sums: Vec<(f32, f32)>,
) -> impl Fn(usize, usize) -> f32 + Sync + use<'a> {
    for (c, &(g, b)) in sums.iter().enumerate() {
        call.outputs[1].f32_mut()[c] = g;
        call.outputs[2].f32_mut()[c] = b;
    }
    let terms = call.sizes.get("n") as f32 * call.sizes.get("l") as f32;
    let [x, dy, gamma, mean, inverse] = [0, 1, 2, 3, 4].map(|i| call.inputs[i].f32());
    move |c, at| {
        let (g, b) = sums[c];
        let h = (x[at] - mean[c]) * inverse[c];
        gamma[c] * inverse[c] * (dy[at] - b / terms - h * (g / terms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Fill;
    use crate::ops::batchnorm::TRAINING;

    /// The gradient of sum(g * batchnorm_training(x)) by x, gamma and beta, by central differences in f64.
    #[test]
    fn it_agrees_with_finite_differences() {
        let pairs = [("n", "3"), ("c", "2"), ("l", "4")];
        let (forward, back) = (TRAINING.sizes(pairs).unwrap(), OP.sizes(pairs).unwrap());
        let inputs = (TRAINING.draw)(&TRAINING, &forward, Fill::Uniform, 5);
        let g = Fill::Uniform.floats(6, 0, 24);
        let results = (TRAINING.reference)(&forward, &inputs);
        let rounded = |operand: usize| {
            #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is meant")]
            Data::F32(results[operand].want.iter().map(|&v| v as f32).collect())
        };
        let given = [inputs[0].clone(), g.clone(), inputs[1].clone(), rounded(3), rounded(4)];
        let gradients = reference(&back, &given);
        for (operand, gradient) in [(0, &gradients[0]), (1, &gradients[1]), (2, &gradients[2])] {
            for (at, want) in gradient.want.iter().enumerate() {
                let loss = |by: f32| -> f64 {
                    let mut inputs = inputs.clone();
                    inputs[operand].f32_mut()[at] += by;
                    let y = &(TRAINING.reference)(&forward, &inputs)[2].want;
                    y.iter().zip(g.f32()).map(|(y, &g)| y * f64::from(g)).sum()
                };
                let difference = (loss(0.0009765625) - loss(-0.0009765625)) / 0.001953125;
                assert!((difference - want).abs() < 1e-4, "{} {at}: {difference} {want}", gradient.operand);
            }
        }
    }
}
