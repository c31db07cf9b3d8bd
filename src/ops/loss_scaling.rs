//! `scale_loss` and `unscale`: dynamic loss scaling, by P. Micikevicius and others, *Mixed Precision Training*, ICLR 2018.
//!
//! Small gradients vanish where they are rounded to halves. So the gradient of the loss is multiplied by a scale S, and with
//! it all that follow from it; before they move a parameter they are divided by it. Where one of them is no finite number S
//! was too large: the step is not taken and S is halved. After a number of good steps S is doubled. S is a power of two, so
//! nothing is rounded by it. All of it happens on the device, and optimisers read there whether the step is taken.
//!
//! What is remembered are four numbers, `scaling`: S, good steps since it last changed, steps skipped, steps taken. Counts
//! are exact to 2^24 = 16.7 million, where those of a float stay.

use rayon::prelude::*;

use super::global_norm::groups;
use super::relu::check;
use super::shader::wgsl;
use super::tolerance::TINY;
use super::{
    CHUNK, Cost, CpuCall, DType, Data, Expected, Field, Fill, Op, Operand, Pass, Role, Scratch, Sizes,
    Variant,
};
use super::{View, not_empty};
use crate::error::{Error, Result};

/// How many numbers `scaling` holds.
pub const STATE: usize = 4;

/// To this each count is exact; there that of a float stays, so no longer interval is ever reached.
pub const COUNTED: u32 = 1 << 24;

/// S stays where it and its inverse are normal numbers.
pub const LEAST: f32 = f32::MIN_POSITIVE;
const LARGEST: f32 = 1.0 / f32::MIN_POSITIVE;

/// The gradient of the loss, times the scale.
pub static SCALE: Op = Op {
    name: "scale_loss",
    doc: "x *= scaling[0], a power of two; f32, in place",
    fields: &[Field::required("len", "elements")],
    operands: &[
        Operand { name: "scaling", role: Role::Input, dtype: DType::F32 },
        Operand { name: "x", role: Role::InOut, dtype: DType::F32 },
    ],
    check: |sizes| check(SCALE.name, sizes),
    derived: |_| Vec::new(),
    shape,
    cost: |sizes| {
        let len = u64::from(sizes.get("len"));
        Cost { flops: len, bytes: 8 * len + 4 * STATE as u64 }
    },
    reference: |_, inputs| vec![scaled(inputs[1].f32(), inputs[0].at(0))],
    draw: |op, sizes, fill, seed| {
        vec![Data::F32(vec![65_536.0, 0.0, 0.0, 0.0]), fill.floats(seed, 1, op.len(sizes, "x"))]
    },
    cases: || SCALE.setups(&["len=1", "len=63 fill=digits", "len=65", "len=257 fill=special", "len=9001"]),
    variants: &[
        Variant::serial("a plain loop on one thread", |call| {
            let scale = call.inputs[0].f32()[0];
            call.outputs[0].f32_mut().iter_mut().for_each(|x| *x *= scale);
        }),
        Variant::rayon("chunks shared out over threads", |call| {
            let scale = call.inputs[0].f32()[0];
            multiply(call.outputs[0].f32_mut(), scale);
        }),
        Variant::kernels("direct", "one thread an element", &[Pass::plain(wgsl!("scale_loss/direct"))]),
    ],
};

/// Gradients without the scale, whether the step is taken, and the next scale.
pub static UNSCALE: Op = Op {
    name: "unscale",
    doc: "x /= scaling[0]; step = the number of steps taken with this one, 0 where an x is no finite number; then the scale \
          is halved, or doubled after `interval` good steps; f32, in place",
    fields: &[
        Field::required("len", "elements"),
        Field::or("interval", 2000, "good steps after which the scale is doubled"),
    ],
    operands: &[
        Operand { name: "x", role: Role::InOut, dtype: DType::F32 },
        Operand { name: "scaling", role: Role::InOut, dtype: DType::F32 },
        Operand { name: "step", role: Role::Output, dtype: DType::I32 },
    ],
    check: |sizes| {
        check(UNSCALE.name, sizes)?;
        not_empty(UNSCALE.name, sizes, &["interval"])?;
        reached(sizes)
    },
    derived: |sizes| vec![("groups", groups(sizes))],
    shape,
    cost: |sizes| {
        let len = u64::from(sizes.get("len"));
        // Every element is looked at, and multiplied.
        Cost { flops: len, bytes: 8 * len + 4 * (2 * STATE as u64 + 1) }
    },
    reference,
    draw,
    cases: || {
        UNSCALE.setups(&[
            "len=1",
            "len=2 interval=1",
            "len=127",
            "len=4096 fill=digits",
            "len=4097 fill=negative",
            "len=5000 fill=special",
            "len=5001 fill=special",
            "len=100003",
            // The infinity is in the share of the 159th workgroup, found by its last thread.
            "len=1200000 interval=7 fill=ties",
        ])
    },
    variants: &[
        Variant::serial("plain loops on one thread", |call| {
            let finite = are_finite(call.outputs[0].f32_mut());
            let factor = decide(call, finite);
            call.outputs[0].f32_mut().iter_mut().for_each(|x| *x *= factor);
        }),
        Variant::rayon("chunks shared out over threads", |call| {
            let finite = call.outputs[0].f32_mut().par_chunks(CHUNK).all(are_finite);
            let factor = decide(call, finite);
            multiply(call.outputs[0].f32_mut(), factor);
        }),
        Variant::kernels_between(
            "three_stage",
            "what up to 256 workgroups find, one workgroup to decide, then one thread an element",
            &[
                Pass::plain(wgsl!("unscale/find")),
                Pass::plain(wgsl!("unscale/decide")),
                Pass::plain(wgsl!("unscale/multiply")),
            ],
            &[
                Scratch { name: "found", len: |sizes| u64::from(groups(sizes)) },
                Scratch { name: "factor", len: |_| 1 },
            ],
        ),
    ],
};

/// Refuses an interval beyond what is counted.
fn reached(sizes: &Sizes) -> Result<()> {
    let interval = sizes.get("interval");
    if interval <= COUNTED {
        return Ok(());
    }
    let reason = format!("is never reached; use {COUNTED} at most");
    Err(Error::BadSize { op: UNSCALE.name, name: "interval".to_owned(), value: interval.to_string(), reason })
}

fn shape(sizes: &Sizes, operand: &str) -> Vec<usize> {
    vec![match operand {
        "scaling" => STATE,
        "step" => 1,
        _ => sizes.get("len") as usize,
    }]
}

/// Far from the largest scale and from the least one, or at them; about to be doubled, or not; with one infinity, at the end,
/// among numbers of which many are equal.
fn draw(op: &'static Op, sizes: &Sizes, fill: Fill, seed: u64) -> Vec<Data> {
    let len = op.len(sizes, "x");
    let is_even = len.is_multiple_of(2);
    let scale = match fill {
        Fill::Digits => LARGEST,
        Fill::Special if !is_even => LEAST,
        _ => 1024.0,
    };
    let good = if is_even { sizes.get("interval") - 1 } else { 0 };
    let mut x = fill.floats(seed, 0, len);
    if fill == Fill::Ties {
        x.f32_mut()[len - 1] = f32::INFINITY;
    }
    vec![x, Data::F32(vec![scale, good as f32, 3.0, 41.0])]
}

fn are_finite(x: &[f32]) -> bool {
    x.iter().all(|x| x.is_finite())
}

fn multiply(x: &mut [f32], factor: f32) {
    x.par_chunks_mut(CHUNK).for_each(|x| x.iter_mut().for_each(|x| *x *= factor));
}

/// Writes `scaling` and `step`; gives the factor that takes the scale off.
#[expect(clippy::cast_possible_truncation, reason = "a count of steps up to 2^24")]
fn decide(call: &mut CpuCall<'_, '_>, finite: bool) -> f32 {
    let interval = call.sizes.get("interval") as f32;
    let [_, scaling, step] = call.outputs else { unreachable!("three operands are written") };
    let [scale, good, skipped, taken] = scaling.f32_mut() else { unreachable!("four numbers") };
    let factor = 1.0 / *scale;
    if finite {
        (*good, *taken) = (*good + 1.0, *taken + 1.0);
        if *good >= interval {
            (*scale, *good) = ((2.0 * *scale).min(LARGEST), 0.0);
        }
        step.i32_mut()[0] = *taken as i32;
    } else {
        (*scale, *good) = ((0.5 * *scale).max(LEAST), 0.0);
        *skipped += 1.0;
        step.i32_mut()[0] = 0;
    }
    factor
}

/// x times a power of two: rounded only where that is subnormal, which may be flushed to zero as well.
fn scaled(x: &[f32], factor: f64) -> Expected {
    #[expect(clippy::cast_possible_truncation, reason = "what overflows becomes infinite")]
    let times = |&x: &f32| f64::from((f64::from(x) * factor) as f32);
    Expected::near("x", x.iter().map(|x| (times(x), TINY)))
}

fn reference(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let (x, state) = (inputs[0].f32(), &inputs[1]);
    let [scale, good, skipped, taken] = [0, 1, 2, 3].map(|i| state.at(i));
    let finite = x.iter().all(|x| x.is_finite());
    let grows = good + 1.0 >= f64::from(sizes.get("interval"));
    let after = match (finite, grows) {
        (false, _) => [(scale / 2.0).max(f64::from(LEAST)), 0.0, skipped + 1.0, taken],
        (true, true) => [(scale * 2.0).min(f64::from(LARGEST)), 0.0, skipped, taken + 1.0],
        (true, false) => [scale, good + 1.0, skipped, taken + 1.0],
    };
    let step = if finite { taken + 1.0 } else { 0.0 };
    let exact = |operand, values: &[f64]| Expected::near(operand, values.iter().map(|v| (*v, 0.0)));
    vec![scaled(x, 1.0 / scale), exact("scaling", &after), exact("step", &[step])]
}

/// The step's number where the device counts the steps: an optimiser's operand `step`. 0 means not to take it.
pub(super) fn step_of(inputs: &[View<'_>]) -> i32 {
    inputs[1].i32()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(x: &[f32], scaling: [f32; 4], interval: &str) -> (Vec<f64>, Vec<f64>, f64) {
        let len = x.len().to_string();
        let sizes = UNSCALE.sizes([("len", len.as_str()), ("interval", interval)]).unwrap();
        let inputs = [Data::F32(x.to_vec()), Data::F32(scaling.to_vec())];
        let [x, scaling, step] = reference(&sizes, &inputs).try_into().unwrap();
        (x.want, scaling.want, step.want[0])
    }

    #[test]
    fn by_hand() {
        let good = after(&[8.0, -2.0], [4.0, 0.0, 7.0, 9.0], "3");
        assert_eq!(good, (vec![2.0, -0.5], vec![4.0, 1.0, 7.0, 10.0], 10.0));
        // The third good one in a row.
        let grown = after(&[8.0], [4.0, 2.0, 7.0, 9.0], "3");
        assert_eq!(grown, (vec![2.0], vec![8.0, 0.0, 7.0, 10.0], 10.0));
        let skipped = after(&[8.0, f32::INFINITY], [4.0, 2.0, 7.0, 9.0], "3");
        assert_eq!(skipped, (vec![2.0, f64::INFINITY], vec![2.0, 0.0, 8.0, 9.0], 0.0));
        for (interval, fits) in [("0", false), ("16777216", true), ("16777217", false)] {
            assert_eq!(UNSCALE.sizes([("len", "1"), ("interval", interval)]).is_ok(), fits, "{interval}");
        }
    }

    #[test]
    fn the_scale_and_its_inverse_stay_normal() {
        assert_eq!(after(&[f32::NAN], [LEAST, 0.0, 0.0, 0.0], "1").1[0], f64::from(LEAST));
        assert_eq!(after(&[1.0], [LARGEST, 0.0, 0.0, 0.0], "1").1[0], f64::from(LARGEST));
        assert_eq!(1.0 / LARGEST, LEAST);
    }
}
