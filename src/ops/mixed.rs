//! Mixed precision: products whose operands lie in single precision and are rounded to halves as they are read, with
//! products and sums in single precision. So automatic casting does it, after P. Micikevicius and others, *Mixed Precision
//! Training*, ICLR 2018; `loss_scaling` holds the other half of that article.
//!
//! Rounding is to the nearest half, ties to even; from 65520 on it gives an infinity. Every op of this kind multiplies its
//! first two inputs, and what else it reads (a bias) is not rounded.

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::{Bound, Caps, CpuCall, Data, Expected, Fill, Op, Sizes, View};

/// The smallest normal half, 2^-14, and the smallest half, 2^-24.
const LEAST_NORMAL: f32 = 1.0 / 16_384.0;
const LEAST: f32 = 1.0 / 16_777_216.0;

/// How many of the inputs are rounded. They stand first.
const FACTORS: usize = 2;

/// Why a device cannot run kernels with halves in their text.
pub(crate) const NO_HALVES: &str = "the device has no half precision in shaders (shader-f16)";

/// For [`super::Variant::requires`] of such kernels.
pub(super) fn halves(_: &Sizes, caps: &Caps) -> Option<String> {
    (!caps.f16).then(|| NO_HALVES.to_owned())
}

/// The nearest halves, as floats.
fn rounded(values: &[f32]) -> Vec<f32> {
    let mut halves = vec![f16::ZERO; values.len()];
    halves.convert_from_f32_slice(values);
    halves.to_f32_vec()
}

/// Runs code for single precision on rounded copies of the factors.
pub(super) fn on_rounded(call: &mut CpuCall<'_, '_>, run: fn(&mut CpuCall<'_, '_>)) {
    let factors = [0, 1].map(|i| rounded(call.inputs[i].f32()));
    let rounded = factors.iter().map(|f| View::F32(f));
    let inputs: Vec<View<'_>> = rounded.chain(call.inputs[FACTORS..].iter().copied()).collect();
    run(&mut CpuCall {
        sizes: call.sizes,
        inputs: &inputs,
        outputs: &mut *call.outputs,
        threads: call.threads,
    });
}

/// What `exact`, the reference of the op in single precision, gives for rounded factors. Products of two halves are exact in
/// single precision, so its bound is that of the sums, and holds on.
///
/// Below 2^-14 halves are subnormal: a device may flush them to zero, or, since WGSL leaves the direction of a conversion
/// open, round to either neighbour. A factor `a` of that size is off by at most |a| + 2^-24, and a product by that times the
/// other factor, which may be off itself: for halves a and b with errors e and f by |e| (|b| + |f|) + |f| |a|. The same
/// reference on these numbers, which `plain` gives without a bias and not rectified, is added to the bound.
pub(super) fn reference(
    exact: fn(&Sizes, &[Data]) -> Vec<Expected>,
    sizes: &Sizes,
    plain: &Sizes,
    inputs: &[Data],
) -> Vec<Expected> {
    let factors = [0, 1].map(|i| Data::F32(rounded(inputs[i].f32())));
    let all: Vec<Data> = factors.iter().chain(&inputs[FACTORS..]).cloned().collect();
    let mut expected = exact(sizes, &all);
    let off = [0, 1].map(|i| inputs[i].f32().iter().map(|x| uncertain(*x)).collect::<Vec<f32>>());
    let sizes_of = |i: usize| factors[i].f32().iter().map(|x| x.abs());
    let largest: Vec<f32> = sizes_of(1).zip(&off[1]).map(|(half, off)| half + off).collect();
    for (one, other, times) in [(0, 1, largest), (1, 0, sizes_of(0).collect())] {
        if off[one].iter().all(|x| *x == 0.0) {
            continue;
        }
        let mut parts = all.clone();
        (parts[one], parts[other]) = (Data::F32(off[one].clone()), Data::F32(times));
        for (expected, more) in expected.iter_mut().zip(exact(plain, &parts)) {
            let Bound::Absolute(bounds) = &mut expected.bound else { continue };
            bounds.iter_mut().zip(more.want).for_each(|(bound, more)| *bound += more);
        }
    }
    expected
}

/// By how much a rounded number may differ from the nearest half.
fn uncertain(x: f32) -> f32 {
    if x != 0.0 && x.abs() < LEAST_NORMAL { x.abs() + LEAST } else { 0.0 }
}

/// Inputs as of the op in single precision, made harder to round: among uniform factors, numbers half way between two halves
/// and such that become subnormal ones; among special factors numbers about 65520, below which the largest half is the
/// nearest. Special ones lose what would become subnormal: an infinity times it may be either infinity or NaN.
pub(super) fn draw(op: &'static Op, sizes: &Sizes, fill: Fill, seed: u64) -> Vec<Data> {
    let mut drawn = Op::floats(op, sizes, fill, seed);
    for factor in drawn.iter_mut().take(FACTORS) {
        let numbered = factor.f32_mut().iter_mut().enumerate();
        numbered.for_each(|(number, x)| *x = hard(*x, number % 8, fill));
    }
    drawn
}

fn hard(x: f32, place: usize, fill: Fill) -> f32 {
    match (fill, place) {
        (Fill::Uniform, 1) => f32::from_bits(x.to_bits() & !0x1FFF | 0x1000),
        (Fill::Uniform, 3) => x * LEAST_NORMAL,
        (Fill::Special, 5) if x.is_finite() && x != 0.0 => {
            (65_488.0 + 16.0 * (4.0 * x.abs()).round()).copysign(x)
        }
        (Fill::Special, _) if x.abs() < LEAST_NORMAL => 0.0,
        _ => x,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_even_and_large_numbers_to_infinity() {
        let step = 1.0 / 1024.0;
        let values = [1.0 + 0.5 * step, 1.0 + 1.5 * step, 65_504.0, 65_519.996, -65_520.0, f32::NAN];
        let got = rounded(&values);
        assert_eq!(got[..5], [1.0, 1.0 + 2.0 * step, 65_504.0, 65_504.0, f32::NEG_INFINITY]);
        assert!(got[5].is_nan());
        // Subnormal halves are halves.
        assert_eq!(rounded(&[LEAST, 0.5 * LEAST, 1.5 * LEAST]), [LEAST, 0.0, 2.0 * LEAST]);
    }

    /// What the nearest halves are is 0, and a device may take the least half for each factor.
    #[test]
    fn the_bound_holds_where_both_factors_may_be_off() {
        let op = Op::find("matmul_mixed").unwrap();
        let sizes = op.sizes([("m", "1"), ("n", "1"), ("k", "1")]).unwrap();
        let tiny = Data::F32(vec![0.25 * LEAST]);
        let expected = (op.reference)(&sizes, &[tiny.clone(), tiny]);
        assert_eq!(expected[0].want, [0.0]);
        let Bound::Absolute(bounds) = &expected[0].bound else { panic!("no absolute bound") };
        assert!(bounds[0] >= f64::from(LEAST * LEAST), "{}", bounds[0]);
    }

    #[test]
    fn drawn_numbers_are_hard_to_round() {
        let drawn = |fill: Fill| {
            let x = fill.floats(7, 0, 4096);
            let hard = x.f32().iter().enumerate().map(|(i, x)| hard(*x, i % 8, fill));
            hard.collect::<Vec<f32>>()
        };
        let uniform = drawn(Fill::Uniform);
        assert!(uniform.iter().filter(|x| x.to_bits() & 0x1FFF == 0x1000).count() >= 512);
        assert!(uniform.iter().filter(|x| uncertain(**x) > 0.0).count() >= 512);
        let special = drawn(Fill::Special);
        let infinite = special.iter().filter(|x| x.is_finite() && rounded(&[**x])[0].is_infinite()).count();
        let finite = special.iter().filter(|x| x.abs() > 60_000.0 && rounded(&[**x])[0].is_finite()).count();
        assert!(infinite > 50 && finite > 50, "{infinite} {finite}");
        assert!(special.iter().all(|x| uncertain(*x) == 0.0));
    }
}
