//! `sgd`: stochastic gradient descent with momentum, in place, by PyTorch's formula.
//!
//! g' = g + weight_decay p + l1 sign(p); velocity = momentum velocity + g'; p -= lr velocity, or with Nesterov's momentum
//! p -= lr (g' + momentum velocity). A velocity of zeros is the start. NaN and infinities follow arithmetic.

use rayon::prelude::*;

use super::loss_scaling::step_of;
use super::regularised::{self, GUARDED, L1, Penalties, STEP, WEIGHT_DECAY, is_guarded, shape};
use super::shader::wgsl;
use super::tolerance::{EPS, TINY};
use super::within;
use super::{CHUNK, Cost, CpuCall, DType, Data, Expected, Field, Op, Operand, Pass, Role, Sizes, Variant};

/// The operation.
pub static OP: Op = Op {
    name: "sgd",
    doc: "velocity = momentum velocity + g; parameters -= lr velocity; g the gradients with the penalties'; f32, in place",
    fields: &[
        Field::required("len", "parameters"),
        Field::real("lr", 0.01, "learning rate"),
        Field::real("momentum", 0.0, "share of the velocity that is kept, below 1"),
        WEIGHT_DECAY,
        L1,
        Field::choice("nesterov", &["no", "yes"], "whether the velocity is looked at one step ahead"),
        GUARDED,
    ],
    operands: &[
        Operand { name: "gradients", role: Role::Input, dtype: DType::F32 },
        STEP,
        Operand { name: "parameters", role: Role::InOut, dtype: DType::F32 },
        Operand { name: "velocity", role: Role::InOut, dtype: DType::F32 },
    ],
    check: |sizes| {
        regularised::check(OP.name, sizes)?;
        within(OP.name, sizes, "lr", 0.0..)?;
        within(OP.name, sizes, "momentum", 0.0..1.0)
    },
    derived: |_| Vec::new(),
    shape,
    // Four operations for the penalties, two for the velocity, two for the step; two operands read and written, one read.
    cost: |sizes| {
        let len = u64::from(sizes.get("len"));
        Cost { flops: 8 * len, bytes: 20 * len }
    },
    reference,
    draw: regularised::draw,
    cases: || {
        OP.setups(&[
            "len=1",
            "len=63 momentum=0.9",
            "len=64 lr=0.1 momentum=0.9 nesterov=yes",
            "len=65 weight_decay=0.01",
            "len=257 momentum=0.5 weight_decay=0.1 l1=0.01 fill=ties",
            "len=9001 lr=1 momentum=0.99 l1=0.5 nesterov=yes fill=digits",
            "len=63 momentum=0.9 guarded=yes",
            "len=66 lr=0.1 momentum=0.9 nesterov=yes l1=0.01 weight_decay=0.1 guarded=yes",
            "len=9000 guarded=yes fill=digits",
        ])
    },
    variants: &[
        Variant::serial("a plain loop on one thread", |call| {
            let Some(step) = Step::of_call(call) else { return };
            let [p, v] = call.outputs else { unreachable!("two operands in place") };
            step.take(call.inputs[0].f32(), p.f32_mut(), v.f32_mut());
        }),
        Variant::rayon("chunks shared out over threads", parallel),
        Variant::kernels(
            "direct",
            "one thread a parameter",
            &[
                Pass { shader: wgsl!("sgd/direct"), set: &[], when: |sizes| !is_guarded(sizes) },
                Pass { shader: wgsl!("sgd/guarded"), set: &[], when: is_guarded },
            ],
        ),
    ],
};

/// The numbers of a step.
#[derive(Debug, Clone, Copy)]
struct Step {
    penalties: Penalties,
    lr: f32,
    momentum: f32,
    nesterov: bool,
}

impl Step {
    fn of(sizes: &Sizes) -> Self {
        Self {
            penalties: Penalties::of(sizes),
            lr: sizes.real("lr"),
            momentum: sizes.real("momentum"),
            nesterov: sizes.get("nesterov") == 1,
        }
    }

    /// `None` where the step is not to be taken.
    fn of_call(call: &CpuCall<'_, '_>) -> Option<Self> {
        let is_taken = !is_guarded(call.sizes) || step_of(call.inputs) != 0;
        is_taken.then(|| Self::of(call.sizes))
    }

    fn take(&self, gradients: &[f32], parameters: &mut [f32], velocity: &mut [f32]) {
        for ((p, v), &g) in parameters.iter_mut().zip(velocity).zip(gradients) {
            let g = self.penalties.gradient(g, *p);
            *v = self.momentum * *v + g;
            *p -= self.lr * if self.nesterov { g + self.momentum * *v } else { *v };
        }
    }
}

fn parallel(call: &mut CpuCall<'_, '_>) {
    let Some(step) = Step::of_call(call) else { return };
    let [p, v] = call.outputs else { unreachable!("two operands in place") };
    let in_place = p.f32_mut().par_chunks_mut(CHUNK).zip(v.f32_mut().par_chunks_mut(CHUNK));
    in_place.zip(call.inputs[0].f32().par_chunks(CHUNK)).for_each(|((p, v), g)| step.take(g, p, v));
}

/// A rounding of whatever direction is an error of 2^-23; each is counted once and what went before is passed on.
fn reference(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    if is_guarded(sizes) && inputs[1].i32()[0] == 0 {
        return regularised::untouched(&OP, inputs);
    }
    let step = Step::of(sizes);
    let (lr, mu) = (f64::from(step.lr), f64::from(step.momentum));
    let [g, p, v] = [0, 2, 3].map(|i| inputs[i].f32());
    let (mut parameters, mut velocity) = (Vec::new(), Vec::new());
    for ((&g, &p), &v) in g.iter().zip(p).zip(v) {
        let (g, of_g, size) = step.penalties.bounded(g, p);
        let (p, v) = (f64::from(p), f64::from(v));
        let next = mu * v + g;
        let of_v = of_g + 4.0 * EPS * (mu * v.abs() + size) + TINY;
        let (by, of_by, by_size) = if step.nesterov {
            let by_size = size + mu * (mu * v.abs() + size);
            (g + mu * next, of_g + mu * of_v + 4.0 * EPS * by_size, by_size)
        } else {
            (next, of_v, mu * v.abs() + size)
        };
        parameters.push((p - lr * by, lr * of_by + 4.0 * EPS * (p.abs() + lr * by_size) + TINY));
        velocity.push((next, of_v));
    }
    vec![Expected::near("parameters", parameters), Expected::near("velocity", velocity)]
}

#[cfg(test)]
mod tests {
    use super::super::View;
    use super::*;

    /// By hand: two steps of each form on one parameter.
    #[test]
    fn two_steps() {
        for (nesterov, want) in [("no", [0.5, 0.0]), ("yes", [0.25, -0.25])] {
            let pairs = [("len", "1"), ("lr", "0.5"), ("momentum", "0.5"), ("nesterov", nesterov)];
            let sizes = OP.sizes(pairs).unwrap();
            let mut state = [Data::F32(vec![1.0]), Data::F32(vec![0.0])];
            for (gradient, want) in [1.0, 0.5].into_iter().zip(want) {
                let gradient = [gradient];
                let (inputs, mut outputs) = ([View::F32(&gradient)], state.each_mut().map(Data::view_mut));
                parallel(&mut CpuCall { sizes: &sizes, inputs: &inputs, outputs: &mut outputs, threads: 1 });
                assert_eq!(state[0].f32()[0], want, "nesterov={nesterov}");
            }
        }
    }

    #[test]
    fn penalties_pull_to_zero() {
        let pairs = [("len", "3"), ("lr", "1"), ("weight_decay", "0.25"), ("l1", "0.5")];
        let sizes = OP.sizes(pairs).unwrap();
        let zeros = || Data::F32(vec![0.0; 3]);
        let inputs = [zeros(), Data::I32(Vec::new()), Data::F32(vec![4.0, -4.0, 0.0]), zeros()];
        assert_eq!(reference(&sizes, &inputs)[0].want, [2.5, -2.5, 0.0]);
        assert!(OP.sizes([("len", "1"), ("momentum", "1")]).is_err());
        assert!(OP.sizes([("len", "1"), ("l1", "-1")]).is_err());
    }
}
