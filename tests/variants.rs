//! Every variant of every op against the reference, on the adapter that `WGPU_ADAPTER_NAME` chooses.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it saw"
)]

mod support;

use std::collections::BTreeMap;

use tesela::engine::{Engine, outputs};
use tesela::gpu::Checks;
use tesela::lab::{Case, Verdict, cases, verify, verify_with};
use tesela::ops::probe::{FMA_F16, PROBES};
use tesela::ops::{Fill, OPS, Op, Variant, conv2d, matmul, maxpool};

/// How often a variant passed, and how often the device lacked what it needs.
#[derive(Clone, Copy, Default)]
struct Tally {
    passed: u32,
    too_big: u32,
}

/// Runs variants on cases, asserts that none fails, and returns how each fared.
fn all_pass(
    engine: &Engine,
    cases: impl IntoIterator<Item = Case>,
    variants: &[&'static Variant],
) -> Vec<Tally> {
    let mut faults = Vec::new();
    let mut tallies = vec![Tally::default(); variants.len()];
    let mut skipped = BTreeMap::new();
    for case in cases {
        for (variant, tally) in variants.iter().zip(&mut tallies) {
            match verify(engine, &case, variant).unwrap() {
                Verdict::Passed(_) => tally.passed += 1,
                Verdict::Failed(mismatch) => faults.push(mismatch.to_string()),
                Verdict::Skipped(reason) => {
                    let lacks = reason.contains("maxCompute") || reason.contains("the device has no");
                    tally.too_big += u32::from(lacks);
                    *skipped.entry((variant.name, reason)).or_insert(0) += 1;
                }
            }
        }
    }
    for ((variant, reason), times) in skipped {
        println!("{variant} skipped {times} times: {reason}");
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    tallies
}

fn cases(op: &'static Op) -> Vec<Case> {
    let setups = (0u64..).zip(cases::of(op).unwrap());
    setups.map(|(seed, s)| Case::drawn(op, &s.sizes, s.fill, seed)).collect()
}

/// With checks in the kernels, then without.
fn every_variant_passes_every_case(op: &'static Op) {
    let Some(engine) = support::engine_or_skip() else { return };
    let engine = engine.with_checks(Checks::Off);
    let variants: Vec<_> = op.variants.iter().collect();
    let cases = cases(op);
    let all = cases.len();
    for (variant, tally) in variants.iter().zip(all_pass(&engine, cases, &variants)) {
        println!("{}/{} passed {} of {all}", op.name, variant.name, tally.passed);
        assert!(tally.passed + tally.too_big > 0, "{}/{} was skipped every time", op.name, variant.name);
    }
}

#[test]
fn matmul_passes_every_case() {
    every_variant_passes_every_case(&matmul::OP);
}

/// What lies past the last term of a line is no part of it, not even times zero.
#[test]
fn an_infinity_past_the_end_of_a_line_stays_out_of_it() {
    let Some(engine) = support::engine_or_skip() else { return };
    let variants: Vec<_> = matmul::OP.variants.iter().filter(|v| !v.is_cpu() && !v.finite_only).collect();
    for (variant, tally) in
        variants.iter().zip(all_pass(&engine, support::an_infinity_in_a_line(), &variants))
    {
        // Products on cooperative matrices take more terms.
        assert!(tally.passed > 0 || variant.name.starts_with("coopmat"), "{}", variant.name);
    }
}

/// Every fifth of the combinations that `tesela tune` may try, and the last, which has the largest tiles; with and without
/// checks.
#[test]
fn constants_that_the_tuner_may_set_leave_the_product_right() {
    let Some(engine) = support::engine_or_skip() else { return };
    let engine = engine.with_checks(Checks::Off);
    let op = &matmul::OP;
    let pairs = [("m", "70"), ("n", "68"), ("k", "44"), ("batch", "2"), ("tb", "yes")];
    let case = Case::drawn(op, &op.sizes(pairs).unwrap(), Fill::Uniform, 7);
    for variant in op.variants {
        let all = variant.combinations();
        for constants in all.iter().step_by(5).chain(all.last()) {
            let what = format!("{} with {constants:?}", variant.name);
            match verify_with(&engine, &case, variant, constants).unwrap() {
                Verdict::Passed(_) => {}
                Verdict::Failed(mismatch) => panic!("{what}: {mismatch}"),
                Verdict::Skipped(reason) => println!("{what} skipped: {reason}"),
            }
        }
    }
}

#[test]
fn maxpool_passes_every_case() {
    every_variant_passes_every_case(&maxpool::OP);
}

/// Every op but those that have tests of their own here.
#[test]
fn every_other_op_passes_every_case() {
    let own = |op: &Op| op.name == "matmul" || op.name == "maxpool" || op.name.starts_with("conv2d");
    for op in OPS.iter().filter(|op| !own(op)) {
        every_variant_passes_every_case(op);
    }
}

#[test]
fn probes_pass_every_case() {
    let Some(engine) = support::engine_or_skip() else { return };
    let f16 = engine.gpu().is_some_and(|gpu| gpu.caps().f16);
    for op in PROBES.iter().filter(|op| f16 || op.name != FMA_F16.name) {
        every_variant_passes_every_case(op);
    }
    let case = &cases(&FMA_F16)[0];
    let skipped = matches!(verify(&engine, case, &FMA_F16.variants[0]).unwrap(), Verdict::Skipped(_));
    assert_eq!(skipped, !f16);
}

#[test]
fn convolution_passes_every_case() {
    every_variant_passes_every_case(&conv2d::FORWARD);
}

#[test]
fn the_gradient_of_images_passes_every_case() {
    every_variant_passes_every_case(&conv2d::GRAD_INPUT);
}

#[test]
fn the_gradient_of_weights_passes_every_case() {
    every_variant_passes_every_case(&conv2d::GRAD_WEIGHT);
}

#[test]
fn cpu_variants_need_no_adapter() {
    let engine = Engine::new(None, 2).unwrap();
    for op in OPS {
        let variants: Vec<_> = op.variants.iter().filter(|v| v.is_cpu()).collect();
        assert!(all_pass(&engine, cases(op), &variants).iter().all(|tally| tally.passed > 0));
    }
}

/// One product of every shape up to 12 x 12 x 12: all the ways in which a small matrix sits in a tile.
fn every_small_product(keep: impl Fn(&Variant) -> bool) {
    let Some(engine) = support::engine_or_skip() else { return };
    let op = &matmul::OP;
    let variants: Vec<_> = op.variants.iter().filter(|v| keep(v)).collect();
    let side = || 1..=12u32;
    let shapes = side().flat_map(|m| side().flat_map(move |n| side().map(move |k| [m, n, k])));
    let cases = shapes.map(|[m, n, k]| {
        let text = [m, n, k].map(|v| v.to_string());
        let sizes = op.sizes(["m", "n", "k"].into_iter().zip(text.iter().map(String::as_str))).unwrap();
        Case::drawn(op, &sizes, Fill::Uniform, u64::from(m * 144 + n * 12 + k))
    });
    let tallies = all_pass(&engine, cases, &variants);
    assert!(tallies.iter().all(|tally| tally.passed + tally.too_big == 12 * 12 * 12));
    assert!(tallies.iter().any(|tally| tally.too_big == 0));
}

#[test]
fn every_small_product_on_the_cpu() {
    every_small_product(Variant::is_cpu);
}

#[test]
fn every_small_product_by_the_thesis_kernels() {
    // Those on cooperative matrices take no product so small.
    let others = ["blocked", "registers", "coopmat"];
    every_small_product(|v| !v.is_cpu() && others.iter().all(|other| !v.name.starts_with(other)));
}

#[test]
fn every_small_product_by_register_tiles() {
    every_small_product(|v| v.name.starts_with("blocked") || v.name.starts_with("registers"));
}

/// The outputs of a variant, with these checks in its kernels; `None` where it does not run.
fn bits(engine: &Engine, case: &Case, variant: &'static Variant, checks: Checks) -> Option<Vec<Vec<u8>>> {
    let mut prepared = engine.prepare_checked(case.op, variant, &case.sizes, &[], checks).ok()?;
    let mut results = outputs(case.op, &case.sizes);
    prepared.poison().unwrap();
    prepared.run(&case.inputs, &mut results).unwrap();
    Some(results.iter().map(|data| data.bytes().to_vec()).collect())
}

/// A plan that runs a convolution and its relu as one call gives the bits that it gave with two.
#[test]
fn a_rectified_convolution_is_the_plain_one_rectified() {
    let Some(engine) = support::engine_or_skip() else { return };
    let op = &conv2d::FORWARD;
    let mut zeros = 0;
    for case in cases(op).into_iter().filter(|case| case.sizes.get("relu") == 1) {
        let mut sizes = case.sizes.clone();
        sizes.set("relu", 0);
        let plain = Case::given(op, &sizes, case.inputs.clone(), None);
        for variant in op.variants.iter().filter(|v| !v.finite_only || case.is_finite()) {
            let of = |case: &Case| {
                let bytes = bits(&engine, case, variant, Checks::On)?.swap_remove(0);
                let words = bytes.chunks_exact(4).map(|cell| u32::from_ne_bytes(cell.try_into().unwrap()));
                Some(words.map(f32::from_bits).collect::<Vec<f32>>())
            };
            let (Some(plain), Some(rectified)) = (of(&plain), of(&case)) else { continue };
            for (sum, y) in plain.iter().zip(&rectified) {
                let want = if *sum > 0.0 { *sum } else { 0.0 };
                let same = if sum.is_nan() { y.is_nan() } else { y.to_bits() == want.to_bits() };
                assert!(same, "{} at {}: {sum} became {y}", variant.name, case.sizes);
                zeros += usize::from(*sum < 0.0);
            }
        }
    }
    assert!(zeros > 1000, "{zeros}");
}

/// Twice on one adapter, and without checks, which leave the arithmetic as it is.
#[test]
fn every_kernel_gives_the_same_bits_twice() {
    let Some(engine) = support::engine_or_skip() else { return };
    for op in OPS {
        for case in cases(op).into_iter().rev().step_by(7).take(4) {
            for variant in op.variants.iter().filter(|v| !v.is_cpu()) {
                if variant.finite_only && !case.is_finite() {
                    continue;
                }
                let run = |checks| bits(&engine, &case, variant, checks);
                let [once, twice, unchecked] = [Checks::On, Checks::On, Checks::Off].map(run);
                let name = format!("{}/{} at {}", op.name, variant.name, case.sizes);
                assert!(once == twice, "{name}: other bits the second time");
                assert!(once == unchecked, "{name}: other bits without checks");
            }
        }
    }
}
