//! Calls in parts on a device: with a small budget, results are those of the whole call.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, and says what it saw")]

mod support;

use std::cell::Cell;

use ndarray::{Array2, Array4, s};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use tesela::engine::in_parts::{Budget, InParts, Source, preferred};
use tesela::engine::{Engine, outputs};
use tesela::lab::Case;
use tesela::ops::{Data, Fill, Op, Sizes, Variant, matmul, maxpool};
use tesela::{Error, Pool2d};

/// A runner that draws the same cases in every run and leaves no file behind.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn sizes(op: &'static Op, pairs: &[(&str, u32)]) -> tesela::Result<Sizes> {
    let text: Vec<(&str, String)> = pairs.iter().map(|(name, value)| (*name, value.to_string())).collect();
    op.sizes(text.iter().map(|(name, value)| (*name, value.as_str())))
}

/// Runs a case in parts by one variant; gives the number of parts, 0 where the variant or the budget refuses.
fn parts(
    engine: &Engine,
    case: &Case,
    variant: &'static Variant,
    bytes: u64,
) -> Result<usize, TestCaseError> {
    let budget = Budget::of(engine.gpu().unwrap()).at_most(bytes);
    let parts = match engine.in_parts(case.op, &[variant], &case.sizes, budget) {
        Ok(parts) => parts,
        Err(Error::NotApplicable { .. } | Error::TooLarge { .. }) => return Ok(0),
        Err(error) => return Err(TestCaseError::fail(error.to_string())),
    };
    let elements: Vec<&[f32]> = case.inputs.iter().map(Data::f32).collect();
    let sources: Vec<&dyn Source> = elements.iter().map(|all| all as &dyn Source).collect();
    let mut results = outputs(case.op, &case.sizes);
    let moved = parts.run(&sources, &mut results).map_err(|e| TestCaseError::fail(e.to_string()))?;
    if let Some(fault) = case.fault(variant.name, &results) {
        return Err(TestCaseError::fail(format!("{} of {bytes} bytes: {fault}", parts.what())));
    }
    let down: usize = results.iter().map(|r| 4 * r.len()).sum();
    prop_assert_eq!(moved.downloaded_bytes, down as u64, "every element once");
    Ok(parts.count())
}

fn kernels(op: &'static Op) -> Vec<&'static Variant> {
    let slow = |v: &&Variant| v.is_cpu() || v.is_per_window();
    op.variants.iter().filter(|v| !slow(v)).collect()
}

/// Bit for bit, positions included, whatever the window, the padding, NaN and the budget.
#[test]
fn poolings_with_small_budgets() {
    let Some(engine) = support::engine_or_skip() else { return };
    let op = &maxpool::OP;
    let image = (1..3u32, 1..4u32, 8..60u32, 1..40u32);
    let window = (1..6u32, 1..6u32, 1..4u32, 1..4u32);
    let rest = (0..5u32, 0..4u32, 1..4u32, 1..3u32, 0..2u32, 0..2u32, 0..2u32);
    let fill = prop::sample::select(vec![Fill::Uniform, Fill::Special, Fill::Negative, Fill::Ties]);
    let variant = prop::sample::select(kernels(op));
    let strategy = (image, window, rest, fill, variant, 600..9000u64, any::<u64>());
    let (ran, most) = (Cell::new(0), Cell::new(0));
    runner(1200)
        .run(&strategy, |(image, window, rest, fill, variant, bytes, seed)| {
            let (n, c, h, w) = image;
            let (kh, kw, sh, sw) = window;
            let (ph, pw, dh, dw, ceil, pad_value, indices) = rest;
            let image = [("n", n), ("c", c), ("h", h), ("w", w)];
            let window = [("kh", kh), ("kw", kw), ("sh", sh), ("sw", sw), ("ph", ph), ("pw", pw)];
            let others =
                [("dh", dh), ("dw", dw), ("ceil", ceil), ("pad_value", pad_value), ("indices", indices)];
            let Ok(sizes) = sizes(op, &[&image[..], &window[..], &others[..]].concat()) else {
                return Ok(());
            };
            if variant.finite_only && fill == Fill::Special {
                return Ok(());
            }
            let case = Case::drawn(op, &sizes, fill, seed);
            let parts = parts(&engine, &case, variant, bytes)?;
            ran.set(ran.get() + u32::from(parts > 1));
            most.set(parts.max(most.get()));
            Ok(())
        })
        .unwrap();
    let (ran, most) = (ran.get(), most.get());
    assert!(ran > 300 && most > 10, "{ran} of the cases ran in parts, in up to {most}");
}

#[test]
fn products_with_small_budgets() {
    let Some(engine) = support::engine_or_skip() else { return };
    let op = &matmul::OP;
    let variant = prop::sample::select(kernels(op));
    let sides = (1..140u32, 1..140u32, 1..70u32, 1..5u32);
    let strategy = (sides, 0..2u32, 0..2u32, variant, 700..30_000u64, any::<u64>());
    let (ran, most) = (Cell::new(0), Cell::new(0));
    runner(400)
        .run(&strategy, |((m, n, k, batch), ta, tb, variant, bytes, seed)| {
            let pairs = [("m", m), ("n", n), ("k", k), ("batch", batch), ("ta", ta), ("tb", tb)];
            let case = Case::drawn(op, &sizes(op, &pairs).unwrap(), Fill::Uniform, seed);
            let parts = parts(&engine, &case, variant, bytes)?;
            ran.set(ran.get() + u32::from(parts > 1));
            most.set(parts.max(most.get()));
            Ok(())
        })
        .unwrap();
    let (ran, most) = (ran.get(), most.get());
    assert!(ran > 80 && most > 10, "{ran} of the cases ran in parts, in up to {most}");
}

/// The panel that stays is uploaded once for each of its parts, the other one as often as there are such parts.
#[test]
fn what_stays_is_not_sent_again() {
    let Some(engine) = support::engine_or_skip() else { return };
    let op = &matmul::OP;
    let case = Case::drawn(op, &sizes(op, &[("m", 96), ("n", 8), ("k", 16)]).unwrap(), Fill::Digits, 3);
    let budget = Budget::of(engine.gpu().unwrap()).at_most(256 + 4 * 16 * 16);
    let parts = engine.in_parts(op, &preferred(op).unwrap(), &case.sizes, budget).unwrap();
    assert_eq!((parts.count(), parts.what().contains("B staying")), (6, true), "{}", parts.what());
    let elements: Vec<&[f32]> = case.inputs.iter().map(Data::f32).collect();
    let sources: Vec<&dyn Source> = elements.iter().map(|all| all as &dyn Source).collect();
    let mut results = outputs(op, &case.sizes);
    // Twice: a run leaves nothing behind that the next one could stumble over.
    for _ in 0..2 {
        let moved = parts.run(&sources, &mut results).unwrap();
        assert_eq!(moved.uploaded_bytes, 4 * (96 * 16 + 16 * 8));
        assert!(case.fault("in parts", &results).is_none());
    }
}

#[test]
fn a_piece_that_cannot_be_smaller_is_an_error_that_says_so() {
    let Some(engine) = support::engine_or_skip() else { return };
    let refused = |op: &'static Op, pairs: &[(&str, u32)]| {
        let budget = Budget::of(engine.gpu().unwrap()).at_most(4096);
        let sizes = sizes(op, pairs).unwrap();
        let variants = preferred(op).unwrap();
        let error = InParts::new(engine.gpu().unwrap(), None, op, &variants, &sizes, budget).unwrap_err();
        assert!(matches!(error, Error::TooLarge { limit: 4096, .. }), "{error:?}");
        error.to_string()
    };
    assert!(refused(&maxpool::OP, &[("h", 4), ("w", 2000), ("kh", 2)]).contains("single row of windows"));
    assert!(refused(&matmul::OP, &[("m", 2), ("n", 2), ("k", 2000)]).contains("cut k yourself"));
}

#[test]
fn a_lost_device_is_an_error_in_parts_too() {
    let Some(engine) = support::engine_or_skip() else { return };
    let op = &maxpool::OP;
    let case = Case::drawn(op, &sizes(op, &[("h", 64), ("kh", 2)]).unwrap(), Fill::Uniform, 1);
    let budget = Budget::of(engine.gpu().unwrap()).at_most(2048);
    let parts = engine.in_parts(op, &preferred(op).unwrap(), &case.sizes, budget).unwrap();
    engine.gpu().unwrap().destroy();
    let mut results = outputs(op, &case.sizes);
    let error = parts.run(&[&case.inputs[0].f32() as &dyn Source], &mut results).unwrap_err();
    assert!(matches!(error, Error::DeviceLost { .. } | Error::Validation { .. }), "{error:?}");
}

/// The front door, on an image that exceeds what the device allows; a software adapter allows so little that it fits here.
#[test]
fn an_image_past_the_limits_is_pooled() {
    let Some(engine) = support::engine_or_skip() else { return };
    let gpu = engine.gpu().unwrap();
    let limit = gpu.caps().max_binding_bytes;
    if limit > 256 << 20 {
        return support::shown(&format!("this device's limit of {limit} bytes takes more memory to exceed"));
    }
    let side = usize::try_from(limit / 4).unwrap().isqrt() + 100;
    let value = |row: usize, column: usize| ((row * 31 + column * 17) % 1009) as f32;
    let image = Array4::from_shape_fn((1, 1, side, side), |(_, _, row, column)| value(row, column));
    let pool = Pool2d::new(3).stride(2).padding(1);
    let (y, indices) = tesela::max_pool2d_with_indices(gpu, &image.view(), &pool).unwrap();
    // A view that lies otherwise in memory is the transposed image, and its pooling the transposed one.
    let turned = image.view().permuted_axes([0, 1, 3, 2]);
    let turned = tesela::max_pool2d(gpu, &turned, &pool).unwrap();
    assert!(turned.permuted_axes([0, 1, 3, 2]) == y);
    let (_, _, oh, ow) = y.dim();
    assert_eq!((oh, ow), (side.div_ceil(2), side.div_ceil(2)));
    for (r, q) in (0..oh).flat_map(|r| (0..ow).map(move |q| (r, q))) {
        let taps = (2 * r).saturating_sub(1)..(2 * r + 2).min(side);
        let columns = (2 * q).saturating_sub(1)..(2 * q + 2).min(side);
        let mut best = (f32::NEG_INFINITY, 0);
        for (row, column) in taps.flat_map(|row| columns.clone().map(move |column| (row, column))) {
            if value(row, column) > best.0 {
                best = (value(row, column), row * side + column);
            }
        }
        assert!(
            (y[[0, 0, r, q]], usize::try_from(indices[[0, 0, r, q]])) == (best.0, Ok(best.1)),
            "{r}, {q}"
        );
    }
}

/// The same for a product: A exceeds the limits, B and C do not. Whole numbers, so that sums are exact.
#[test]
fn a_product_past_the_limits_is_computed() {
    let Some(engine) = support::engine_or_skip() else { return };
    let gpu = engine.gpu().unwrap();
    let limit = gpu.caps().max_binding_bytes;
    if limit > 256 << 20 {
        return support::shown(&format!("this device's limit of {limit} bytes takes more memory to exceed"));
    }
    let (k, n) = (1024, 3);
    let m = usize::try_from(limit / 4).unwrap() / k + 5;
    let a = Array2::from_shape_fn((m, k), |(i, p)| ((i + 3 * p) % 7) as f32);
    let b = Array2::from_shape_fn((k, n), |(p, j)| ((p * 5 + j) % 3) as f32);
    let c = tesela::matmul(gpu, &a.view(), &b.view()).unwrap();
    assert!(c == a.dot(&b));
    let c = tesela::matmul(gpu, &b.t(), &a.t()).unwrap();
    assert!(c.slice(s![.., ..]) == a.dot(&b).t());
}
