//! Every variant of every op against the reference, on the adapter that `WGPU_ADAPTER_NAME` chooses.

mod support;

use std::collections::BTreeMap;

use tesela::engine::Engine;
use tesela::lab::{Case, Verdict, cases, verify};
use tesela::ops::{Fill, OPS, Op, Variant, matmul, maxpool};

/// Runs variants on cases, asserts that none fails, and returns how often each passed.
fn all_pass(
    engine: &Engine,
    cases: impl IntoIterator<Item = Case>,
    variants: &[&'static Variant],
) -> Vec<u32> {
    let mut faults = Vec::new();
    let mut passed = vec![0; variants.len()];
    let mut skipped = BTreeMap::new();
    for case in cases {
        for (variant, passed) in variants.iter().zip(&mut passed) {
            match verify(engine, &case, variant).unwrap() {
                Verdict::Passed(_) => *passed += 1,
                Verdict::Failed(mismatch) => faults.push(mismatch.to_string()),
                Verdict::Skipped(reason) => *skipped.entry((variant.name, reason)).or_insert(0) += 1,
            }
        }
    }
    for ((variant, reason), times) in skipped {
        println!("{variant} skipped {times} times: {reason}");
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    passed
}

fn cases(op: &'static Op) -> Vec<Case> {
    let setups = (0u64..).zip(cases::of(op).unwrap());
    setups.map(|(seed, s)| Case::drawn(op, &s.sizes, s.fill, seed)).collect()
}

fn every_variant_passes_every_case(op: &'static Op) {
    let Some(engine) = support::engine_or_skip() else { return };
    let variants: Vec<_> = op.variants.iter().collect();
    let cases = cases(op);
    let all = cases.len();
    let passed = all_pass(&engine, cases, &variants);
    for (variant, passed) in variants.iter().zip(passed) {
        println!("{}/{} passed {passed} of {all}", op.name, variant.name);
        assert!(passed > 0, "{}/{} was skipped every time", op.name, variant.name);
    }
}

#[test]
fn matmul_passes_every_case() {
    every_variant_passes_every_case(&matmul::OP);
}

#[test]
fn maxpool_passes_every_case() {
    every_variant_passes_every_case(&maxpool::OP);
}

/// Every op of a network but the two that have tests of their own above.
#[test]
fn every_other_op_passes_every_case() {
    for op in OPS.iter().filter(|op| !["matmul", "maxpool"].contains(&op.name)) {
        every_variant_passes_every_case(op);
    }
}

#[test]
fn cpu_variants_need_no_adapter() {
    let engine = Engine::new(None, 2).unwrap();
    for op in OPS {
        let variants: Vec<_> = op.variants.iter().filter(|v| v.is_cpu()).collect();
        assert!(all_pass(&engine, cases(op), &variants).iter().all(|passed| *passed > 0));
    }
}

/// One product of every shape up to 12 x 12 x 12: all the ways in which a small matrix sits in a tile.
fn every_small_product(keep: fn(&Variant) -> bool) {
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
    assert!(all_pass(&engine, cases, &variants).iter().all(|passed| *passed == 12 * 12 * 12));
}

#[test]
fn every_small_product_on_the_cpu() {
    every_small_product(Variant::is_cpu);
}

#[test]
fn every_small_product_by_the_thesis_kernels() {
    every_small_product(|v| {
        !v.is_cpu() && !v.name.starts_with("blocked") && !v.name.starts_with("registers")
    });
}

#[test]
fn every_small_product_by_register_tiles() {
    every_small_product(|v| v.name.starts_with("blocked") || v.name.starts_with("registers"));
}
