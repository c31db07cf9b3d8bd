//! `adam`: Adam (Kingma and Ba, ICLR 2015) in place, by PyTorch's formula; with `decoupled` decay AdamW (Loshchilov and
//! Hutter, ICLR 2019).
//!
//! m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
//! p -= lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps). The numbers that depend on the betas and on t alone are
//! made on the host in f64 from the betas' decimals: 1 - 0.999 in f32 would be off by 4.7e-5. NaN and infinities follow
//! arithmetic.

use rayon::prelude::*;

use super::loss_scaling::step_of;
use super::regularised::{self, GUARDED, L1, Penalties, STEP, WEIGHT_DECAY, is_guarded, shape};
use super::shader::wgsl;
use super::tolerance::{EPS, TINY};
use super::{
    CHUNK, Cost, CpuCall, DType, Data, Expected, Field, Op, Operand, Pass, Role, Sizes, Variant, ViewMut,
};
use super::{not_empty, within};

/// The operation.
pub static OP: Op = Op {
    name: "adam",
    doc: "m, v = moving means of g and g^2; parameters -= lr m' / (sqrt(v') + eps), m', v' unbiased; f32, in place",
    fields: &[
        Field::required("len", "parameters"),
        Field::or("t", 1, "step, from 1"),
        Field::real("lr", 0.001, "learning rate"),
        Field::real("beta1", 0.9, "share of m that is kept, below 1"),
        Field::real("beta2", 0.999, "share of v that is kept, below 1"),
        Field::real("eps", 1e-8, "added to the root of v'"),
        WEIGHT_DECAY,
        L1,
        Field::choice(
            "decoupled",
            &["no", "yes"],
            "whether weight_decay shrinks the parameter instead (AdamW)",
        ),
        GUARDED,
    ],
    operands: &[
        Operand { name: "gradients", role: Role::Input, dtype: DType::F32 },
        STEP,
        Operand { name: "parameters", role: Role::InOut, dtype: DType::F32 },
        Operand { name: "m", role: Role::InOut, dtype: DType::F32 },
        Operand { name: "v", role: Role::InOut, dtype: DType::F32 },
    ],
    check: |sizes| {
        regularised::check(OP.name, sizes)?;
        not_empty(OP.name, sizes, &["t"])?;
        within(OP.name, sizes, "lr", 0.0..)?;
        within(OP.name, sizes, "eps", 0.0..)?;
        within(OP.name, sizes, "beta1", 0.0..1.0)?;
        within(OP.name, sizes, "beta2", 0.0..1.0)
    },
    derived: |sizes| {
        let step = Step::of(sizes, sizes.get("t"));
        vec![
            ("take1_bits", step.take1.to_bits()),
            ("take2_bits", step.take2.to_bits()),
            ("rate_bits", step.rate.to_bits()),
            ("correction_bits", step.correction.to_bits()),
        ]
    },
    shape,
    // Penalties 4, moments 3 and 4, root, two quotients, sum, product, difference; three operands read and written, one
    // read.
    cost: |sizes| {
        let len = u64::from(sizes.get("len"));
        Cost { flops: 17 * len, bytes: 28 * len }
    },
    reference,
    draw: regularised::draw,
    cases: || {
        OP.setups(&[
            "len=1",
            "len=63 t=2",
            "len=64 t=1000 lr=0.1",
            "len=65 weight_decay=0.01 t=3",
            "len=257 weight_decay=0.1 decoupled=yes l1=0.01 lr=0.01 fill=ties",
            "len=1000 beta1=0.5 beta2=0.9 eps=0.001 t=7 fill=digits",
            "len=9001 t=4294967295",
            "len=130 beta1=0 beta2=0 fill=negative",
            "len=63 guarded=yes",
            "len=64 guarded=yes",
            "len=258 t=3 weight_decay=0.1 decoupled=yes l1=0.01 lr=0.01 guarded=yes fill=ties",
            "len=1000 t=1000 weight_decay=0.01 lr=0.1 guarded=yes",
            "len=9000 t=16777216 guarded=yes fill=digits",
        ])
    },
    variants: &[
        Variant::serial("a plain loop on one thread", |call| {
            let Some(step) = Step::of_call(call) else { return };
            let [p, m, v] = call.outputs else { unreachable!("three operands in place") };
            step.take(call.inputs[0].f32(), [p, m, v].map(ViewMut::f32_mut));
        }),
        Variant::rayon("chunks shared out over threads", parallel),
        Variant::kernels(
            "direct",
            "one thread a parameter",
            &[
                Pass { shader: wgsl!("adam/direct"), set: &[], when: |sizes| !is_guarded(sizes) },
                Pass { shader: wgsl!("adam/guarded"), set: &[], when: is_guarded },
            ],
        ),
    ],
};

/// The numbers of a step.
#[derive(Debug, Clone, Copy)]
struct Step {
    penalties: Penalties,
    beta1: f32,
    beta2: f32,
    eps: f32,
    /// 1 - beta1, 1 - beta2.
    take1: f32,
    take2: f32,
    /// lr / (1 - beta1^t).
    rate: f32,
    /// sqrt(1 - beta2^t).
    correction: f32,
    /// What of the parameter is kept before the step: 1 - lr weight_decay where the decay is decoupled.
    kept: f32,
}

impl Step {
    /// `None` where the step is not to be taken.
    fn of_call(call: &CpuCall<'_, '_>) -> Option<Self> {
        let sizes = call.sizes;
        let t = if is_guarded(sizes) { step_of(call.inputs).cast_unsigned() } else { sizes.get("t") };
        (t > 0).then(|| Self::of(sizes, t))
    }

    #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is meant")]
    fn of(sizes: &Sizes, t: u32) -> Self {
        let (beta1, beta2, lr) = (sizes.decimal("beta1"), sizes.decimal("beta2"), sizes.decimal("lr"));
        let t = f64::from(t);
        let decoupled = sizes.get("decoupled") == 1;
        let decay = sizes.decimal("weight_decay");
        let penalties = if decoupled { Penalties::of(sizes).without_decay() } else { Penalties::of(sizes) };
        Self {
            penalties,
            beta1: sizes.real("beta1"),
            beta2: sizes.real("beta2"),
            eps: sizes.real("eps"),
            take1: (1.0 - beta1) as f32,
            take2: (1.0 - beta2) as f32,
            rate: (lr / (1.0 - beta1.powf(t))) as f32,
            correction: (1.0 - beta2.powf(t)).sqrt() as f32,
            kept: if decoupled { (1.0 - lr * decay) as f32 } else { 1.0 },
        }
    }

    /// `state`: parameters, m, v.
    fn take(&self, gradients: &[f32], state: [&mut [f32]; 3]) {
        let [parameters, m, v] = state;
        for (((p, m), v), &g) in parameters.iter_mut().zip(m).zip(v).zip(gradients) {
            let g = self.penalties.gradient(g, *p);
            *m = self.beta1 * *m + self.take1 * g;
            *v = self.beta2 * *v + self.take2 * (g * g);
            *p = self.kept * *p - self.rate * *m / (v.sqrt() / self.correction + self.eps);
        }
    }
}

fn parallel(call: &mut CpuCall<'_, '_>) {
    let Some(step) = Step::of_call(call) else { return };
    let [p, m, v] = call.outputs else { unreachable!("three operands in place") };
    let [p, m, v] = [p, m, v].map(|d| d.f32_mut().par_chunks_mut(CHUNK));
    let chunks = p.zip(m).zip(v).zip(call.inputs[0].f32().par_chunks(CHUNK));
    chunks.for_each(|(((p, m), v), g)| step.take(g, [p, m, v]));
}

/// A rounding of whatever direction is an error of 2^-23; WGSL's root errs by 4.5, its quotient by 2.5 units in the last
/// place; what went before is passed on. The root's own error is that of its argument's ends.
///
/// Where the device makes 1 - beta^t itself, each bit of t adds six roundings at most to its relative error, none of which
/// grows later on (the derivatives of c (2 - c) and of c + a (1 - c) are less than the quotients); a root and a quotient
/// follow.
fn reference(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let (t, made) = if is_guarded(sizes) {
        let t = inputs[1].i32()[0].cast_unsigned();
        (t, (12.0 * f64::from(u32::BITS - t.leading_zeros()) + 20.0) * EPS)
    } else {
        (sizes.get("t"), 0.0)
    };
    if t == 0 {
        return regularised::untouched(&OP, inputs);
    }
    let step = Step::of(sizes, t);
    let [b1, b2, t1, t2] = [step.beta1, step.beta2, step.take1, step.take2].map(f64::from);
    let [rate, correction, eps, kept] = [step.rate, step.correction, step.eps, step.kept].map(f64::from);
    let [gradients, parameters, m, v] = [0, 2, 3, 4].map(|i| inputs[i].f32());
    let mut results = [Vec::new(), Vec::new(), Vec::new()];
    for (((&g, &p), &m), &v) in gradients.iter().zip(parameters).zip(m).zip(v) {
        let (g, of_g, size) = step.penalties.bounded(g, p);
        let (p, m, v) = (f64::from(p), f64::from(m), f64::from(v));
        let m_next = b1 * m + t1 * g;
        let of_m = t1 * of_g + 6.0 * EPS * (b1 * m.abs() + t1 * size) + TINY;
        let v_next = b2 * v + t2 * g * g;
        let of_v = 2.0 * t2 * size * of_g + 8.0 * EPS * (b2 * v + t2 * size * size) + 2.0 * TINY;
        let root = v_next.sqrt();
        let of_root = ((v_next + of_v).sqrt() - (v_next - of_v).max(0.0).sqrt()) + 10.0 * EPS * root;
        let below = root / correction + eps;
        let of_below = of_root / correction + (8.0 * EPS + made) * below;
        let by = rate * m_next / below;
        let least = (below - of_below).max(0.0);
        let of_by = rate * (of_m + m_next.abs() * of_below / below) / least + (8.0 * EPS + made) * by.abs();
        results[0].push((kept * p - by, of_by + 4.0 * EPS * (p.abs() + by.abs()) + TINY));
        results[1].push((m_next, of_m));
        results[2].push((v_next, of_v));
    }
    let named = ["parameters", "m", "v"].into_iter().zip(results);
    named.map(|(name, values)| Expected::near(name, values)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_the_learning_rate_whatever_the_gradient() {
        let sizes = OP.sizes([("len", "3"), ("lr", "0.25"), ("eps", "0")]).unwrap();
        let zeros = || Data::F32(vec![0.0; 3]);
        let inputs = [Data::F32(vec![1e-3, -7.0, 100.0]), Data::I32(Vec::new()), zeros(), zeros(), zeros()];
        for (p, want) in reference(&sizes, &inputs)[0].want.iter().zip([-0.25, 0.25, -0.25]) {
            assert!((p - want).abs() < 1e-7, "{p} {want}");
        }
    }

    #[test]
    fn the_betas_mean_their_decimals() {
        let step = Step::of(&OP.sizes([("len", "1")]).unwrap(), 2);
        assert_eq!((step.take1, step.take2), (0.1, 0.001));
        assert_eq!(step.rate, 0.001f32 / 0.19);
    }

    #[test]
    fn decoupled_decay_leaves_the_moments_alone() {
        let pairs = [("len", "1"), ("lr", "0.5"), ("weight_decay", "0.5"), ("decoupled", "yes")];
        let sizes = OP.sizes(pairs).unwrap();
        let [gradient, p, m, v] = [vec![0.0], vec![8.0], vec![0.0], vec![0.0]].map(Data::F32);
        let inputs = [gradient, Data::I32(Vec::new()), p, m, v];
        let results = reference(&sizes, &inputs);
        assert_eq!((results[0].want[0], results[1].want[0]), (6.0, 0.0));
    }
}
