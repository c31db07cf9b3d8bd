//! Random shapes, and oracles that need no reference: the product with the identity, doubling, constants. The draws are
//! the same in every run; a failure prints the sizes that it shrank to.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, and says what it saw")]

mod support;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use tesela::engine::{Engine, outputs};
use tesela::lab::{Case, Verdict, verify};
use tesela::ops::{Data, Fill, Op, Sizes, Variant, conv2d, matmul, maxpool};

/// A runner that draws the same cases in every run and leaves no file behind.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn sizes(op: &'static Op, pairs: &[(&str, u32)]) -> tesela::Result<Sizes> {
    let text: Vec<(&str, String)> = pairs.iter().map(|(name, value)| (*name, value.to_string())).collect();
    op.sizes(text.iter().map(|(name, value)| (*name, value.as_str())))
}

fn product(m: u32, n: u32, k: u32) -> Sizes {
    sizes(&matmul::OP, &[("m", m), ("n", n), ("k", k)]).unwrap()
}

/// All variants but the thesis's host loop, which takes a submission a window.
fn quick(op: &'static Op) -> impl Iterator<Item = &'static Variant> {
    op.variants.iter().filter(|v| !v.is_per_window())
}

fn passes(engine: &Engine, case: &Case, variant: &'static Variant) -> Result<(), TestCaseError> {
    match verify(engine, case, variant) {
        Ok(Verdict::Failed(mismatch)) => Err(TestCaseError::fail(mismatch.to_string())),
        Ok(_) => Ok(()),
        Err(error) => Err(TestCaseError::fail(error.to_string())),
    }
}

/// What a variant makes of given inputs; `None` where it does not apply.
fn results(
    engine: &Engine,
    op: &'static Op,
    variant: &'static Variant,
    sizes: &Sizes,
    inputs: &[Data],
) -> Option<Vec<Data>> {
    let mut prepared = engine.prepare(op, variant, sizes).ok()?;
    let mut results = outputs(op, sizes);
    prepared.run(inputs, &mut results).unwrap();
    Some(results)
}

/// A multiple of a tile's side, and up to two more or less.
fn side() -> impl Strategy<Value = u32> {
    let tile = prop::sample::select(vec![4u32, 8, 16, 32, 64, 128]);
    (tile, 0..3u32, 0..5u32)
        .prop_map(|(tile, times, off)| (tile * times + off).saturating_sub(2).clamp(1, 160))
}

#[test]
fn products_of_random_sizes() {
    let Some(engine) = support::engine_or_skip() else { return };
    let strategy = (side(), side(), side(), any::<u64>());
    runner(96)
        .run(&strategy, |(m, n, k, seed)| {
            let case = Case::drawn(&matmul::OP, &product(m, n, k), Fill::Uniform, seed);
            quick(&matmul::OP).try_for_each(|variant| passes(&engine, &case, variant))
        })
        .unwrap();
}

#[test]
fn the_identity_and_doubling_are_exact() {
    let Some(engine) = support::engine_or_skip() else { return };
    let op = &matmul::OP;
    runner(24)
        .run(&(side(), side(), any::<u64>()), |(m, k, seed)| {
            let a = Fill::Digits.floats(seed, 0, (m * k) as usize);
            let identity: Vec<f32> = (0..k * k).map(|e| if e / k == e % k { 1.0 } else { 0.0 }).collect();
            let twice: Vec<f32> = identity.iter().map(|v| 2.0 * v).collect();
            let doubled: Vec<f32> = a.f32().iter().map(|v| 2.0 * v).collect();
            for variant in quick(op) {
                let times = |b: &[f32]| {
                    results(&engine, op, variant, &product(m, k, k), &[a.clone(), Data::F32(b.to_vec())])
                };
                if let Some(c) = times(&identity) {
                    prop_assert_eq!(c[0].f32(), a.f32(), "A I = A by {}", variant.name);
                }
                if let Some(c) = times(&twice) {
                    prop_assert_eq!(c[0].f32(), &doubled[..], "A 2I = 2A by {}", variant.name);
                }
            }
            Ok(())
        })
        .unwrap();
}

/// Scaling by two is exact in binary floating point, whatever the order of the sum.
#[test]
fn twice_the_factor_is_twice_the_product() {
    let Some(engine) = support::engine_or_skip() else { return };
    let op = &matmul::OP;
    runner(24)
        .run(&(side(), side(), side(), any::<u64>()), |(m, n, k, seed)| {
            let a = Fill::Uniform.floats(seed, 0, (m * k) as usize);
            let b = Fill::Uniform.floats(seed, 1, (k * n) as usize);
            let b2 = Data::F32(b.f32().iter().map(|v| 2.0 * v).collect());
            for variant in quick(op) {
                let by = |b: &Data| results(&engine, op, variant, &product(m, n, k), &[a.clone(), b.clone()]);
                if let (Some(once), Some(twice)) = (by(&b), by(&b2)) {
                    let expected: Vec<f32> = once[0].f32().iter().map(|v| 2.0 * v).collect();
                    prop_assert_eq!(twice[0].f32(), &expected[..], "A (2 B) = 2 A B by {}", variant.name);
                }
            }
            Ok(())
        })
        .unwrap();
}

/// Products of transposed operands and of batches, by the variants that know of them.
#[test]
fn products_of_transposed_operands() {
    let Some(engine) = support::engine_or_skip() else { return };
    let strategy = (side(), side(), side(), 1..4u32, 0..2u32, 0..2u32, any::<u64>());
    runner(48)
        .run(&strategy, |(m, n, k, batch, ta, tb, seed)| {
            let pairs = [("m", m), ("n", n), ("k", k), ("batch", batch), ("ta", ta), ("tb", tb)];
            let case = Case::drawn(&matmul::OP, &sizes(&matmul::OP, &pairs).unwrap(), Fill::Uniform, seed);
            quick(&matmul::OP).try_for_each(|variant| passes(&engine, &case, variant))
        })
        .unwrap();
}

/// Sizes of a convolution that all three ops accept, the bias left out.
fn convolution() -> impl Strategy<Value = Vec<(&'static str, u32)>> {
    let image = (1..4u32, 1..4u32, 1..20u32, 1..20u32, 1..5u32);
    let window = (1..4u32, 1..4u32, 1..3u32, 1..3u32);
    let rest = (0..4u32, 0..4u32, 1..4u32, 1..3u32, 1..4u32);
    (image, window, rest).prop_filter_map("sizes that mean nothing", |(image, window, rest)| {
        let (n, cig, h, w, cog) = image;
        let (kh, kw, sh, sw) = window;
        let (ph, pw, dh, dw, groups) = rest;
        let image = [("n", n), ("ci", cig * groups), ("h", h), ("w", w), ("co", cog * groups)];
        let window = [("kh", kh), ("kw", kw), ("sh", sh), ("sw", sw)];
        let rest = [("ph", ph), ("pw", pw), ("dh", dh), ("dw", dw), ("groups", groups)];
        let all: Vec<_> = image.into_iter().chain(window).chain(rest).collect();
        sizes(&conv2d::FORWARD, &all).ok().map(|_| all)
    })
}

#[test]
fn convolutions_of_random_sizes() {
    let Some(engine) = support::engine_or_skip() else { return };
    runner(48)
        .run(&(convolution(), 0..2u32, any::<u64>()), |(mut pairs, bias, seed)| {
            for op in [&conv2d::GRAD_INPUT, &conv2d::GRAD_WEIGHT] {
                let case = Case::drawn(op, &sizes(op, &pairs).unwrap(), Fill::Uniform, seed);
                quick(op).try_for_each(|variant| passes(&engine, &case, variant))?;
            }
            pairs.push(("bias", bias));
            let op = &conv2d::FORWARD;
            let case = Case::drawn(op, &sizes(op, &pairs).unwrap(), Fill::Uniform, seed);
            quick(op).try_for_each(|variant| passes(&engine, &case, variant))
        })
        .unwrap();
}

/// Without the reference: a convolution is linear in its images and in its weights, so that the gradients are its
/// adjoints, `<conv(x, w), dy> = <x, grad_input(dy, w)> = <w, grad_weight(x, dy)>`; whole numbers make that exact.
#[test]
fn gradients_are_adjoint() {
    let Some(engine) = support::engine_or_skip() else { return };
    let inner = |a: &Data, b: &Data| -> f64 { (0..a.len()).map(|i| a.at(i) * b.at(i)).sum() };
    runner(24)
        .run(&(convolution(), any::<u64>()), |(pairs, seed)| {
            let [forward, input, weight] = [&conv2d::FORWARD, &conv2d::GRAD_INPUT, &conv2d::GRAD_WEIGHT];
            let of = |op: &'static Op| sizes(op, &pairs).unwrap();
            let draw = |stream, name| Fill::Digits.floats(seed, stream, forward.len(&of(forward), name));
            let (x, w, dy) = (draw(0, "x"), draw(1, "w"), draw(2, "y"));
            for name in ["serial", "rayon", "library", "direct", "implicit_gemm_64x64"] {
                let run = |op: &'static Op, inputs: &[Data]| {
                    results(&engine, op, op.variants_named(name).unwrap()[0], &of(op), inputs)
                        .unwrap()
                        .remove(0)
                };
                let y = run(forward, &[x.clone(), w.clone(), Data::F32(Vec::new())]);
                let dx = run(input, &[dy.clone(), w.clone()]);
                let dw = run(weight, &[x.clone(), dy.clone()]);
                let by = [inner(&y, &dy), inner(&x, &dx), inner(&w, &dw)];
                prop_assert!(by[0] == by[1] && by[1] == by[2], "{:?} by {}", by, name);
            }
            Ok(())
        })
        .unwrap();
}

/// Sizes of a pooling that `check` accepts; those it refuses are drawn again.
fn pooling() -> impl Strategy<Value = Sizes> {
    let image = (1..3u32, 1..4u32, 1..40u32, 1..40u32);
    let window = (1..8u32, 1..8u32, 1..5u32, 1..5u32);
    let rest = (0..5u32, 0..5u32, 1..4u32, 1..4u32, 0..2u32, 0..2u32, 0..2u32);
    (image, window, rest).prop_filter_map("sizes that mean nothing", |(image, window, rest)| {
        let (n, c, h, w) = image;
        let (kh, kw, sh, sw) = window;
        let (ph, pw, dh, dw, ceil, pad_value, indices) = rest;
        let all = [
            ("n", n),
            ("c", c),
            ("h", h),
            ("w", w),
            ("kh", kh),
            ("kw", kw),
            ("sh", sh),
            ("sw", sw),
            ("ph", ph),
            ("pw", pw),
            ("dh", dh),
            ("dw", dw),
            ("ceil", ceil),
            ("pad_value", pad_value),
            ("indices", indices),
        ];
        sizes(&maxpool::OP, &all).ok()
    })
}

fn fill() -> impl Strategy<Value = Fill> {
    prop::sample::select(vec![Fill::Uniform, Fill::Special, Fill::Negative, Fill::Ties, Fill::Digits])
}

#[test]
fn poolings_of_random_sizes() {
    let Some(engine) = support::engine_or_skip() else { return };
    runner(800)
        .run(&(pooling(), fill(), any::<u64>()), |(sizes, fill, seed)| {
            let case = Case::drawn(&maxpool::OP, &sizes, fill, seed);
            quick(&maxpool::OP).try_for_each(|variant| passes(&engine, &case, variant))
        })
        .unwrap();
}

/// The thesis's host loop on small images.
#[test]
fn products_window_by_window() {
    let Some(engine) = support::engine_or_skip() else { return };
    let strategy = (1..7u32, 1..7u32, 1..7u32, 1..4u32, 0..3u32, 1..3u32, 0..2u32, any::<u64>());
    runner(16)
        .run(&strategy, |(h, w, k, s, p, d, pad_value, seed)| {
            let pairs = [("h", h), ("w", w), ("kh", k), ("sh", s), ("ph", p), ("dh", d)];
            let all: Vec<(&str, u32)> = pairs.into_iter().chain([("pad_value", pad_value)]).collect();
            let Ok(sizes) = sizes(&maxpool::OP, &all) else { return Ok(()) };
            let case = Case::drawn(&maxpool::OP, &sizes, Fill::Uniform, seed);
            let slow = maxpool::OP.variants.iter().filter(|v| v.is_per_window());
            slow.into_iter().try_for_each(|variant| passes(&engine, &case, variant))
        })
        .unwrap();
}

/// Without the reference: a constant image pools to the constant, doubling the image doubles the maxima and moves none,
/// and a window of one element at stride one is the image itself.
#[test]
fn constants_doubling_and_the_smallest_window() {
    let Some(engine) = support::engine_or_skip() else { return };
    let op = &maxpool::OP;
    runner(128)
        .run(&(pooling(), any::<u64>()), |(sizes, seed)| {
            let elements = op.len(&sizes, "x");
            let constant = Data::F32(vec![3.5; elements]);
            let x = Fill::Ties.floats(seed, 0, elements);
            let x2 = Data::F32(x.f32().iter().map(|v| 2.0 * v).collect());
            for variant in quick(op) {
                let pool = |x: &Data| results(&engine, op, variant, &sizes, std::slice::from_ref(x));
                if let Some(y) = pool(&constant) {
                    // A window between whose taps the image fits holds nothing but padding.
                    let padding = if sizes.get("pad_value") == 1 { 0.0 } else { f32::NEG_INFINITY };
                    let fits =
                        |v: &f32| *v == 3.5 || (*v == padding && sizes.get("ph") + sizes.get("pw") > 0);
                    prop_assert!(y[0].f32().iter().all(fits), "a constant by {}", variant.name);
                }
                if let (Some(y), Some(y2)) = (pool(&x), pool(&x2)) {
                    let doubled: Vec<f32> = y[0].f32().iter().map(|v| 2.0 * v).collect();
                    prop_assert_eq!(y2[0].f32(), &doubled[..], "doubling by {}", variant.name);
                    prop_assert_eq!(y.get(1), y2.get(1), "positions by {}", variant.name);
                }
                let (h, w) = (sizes.get("h"), sizes.get("w"));
                let (n, c) = (sizes.get("n"), sizes.get("c"));
                let one = [("n", n), ("c", c), ("h", h), ("w", w), ("kh", 1)];
                let same =
                    results(&engine, op, variant, &self::sizes(op, &one).unwrap(), std::slice::from_ref(&x));
                // Some variants take rows of certain lengths only, and say so.
                if let Some(y) = same {
                    prop_assert_eq!(&y[0], &x, "k1 s1 by {}", variant.name);
                }
            }
            Ok(())
        })
        .unwrap();
}

/// -0 and +0 are equal, so `verify` takes one for the other; the first of equals stays, so its sign is known. Products
/// lose it (0 + -0 is +0).
#[test]
fn the_first_zero_keeps_its_sign() {
    let Some(engine) = support::engine_or_skip() else { return };
    let op = &maxpool::OP;
    let without_zeros = pooling().prop_filter("zeros that are padding", |s| s.get("pad_value") == 0);
    runner(200)
        .run(&(without_zeros, any::<u64>()), |(sizes, seed)| {
            let draws = Fill::Digits.floats(seed, 0, op.len(&sizes, "x"));
            let zeros = draws.f32().iter().map(|d| match d {
                0.0..3.0 => 0.0,
                3.0..6.0 => -0.0,
                d => -d,
            });
            let inputs = [Data::F32(zeros.collect())];
            let want = &(op.reference)(&sizes, &inputs)[0].want;
            for variant in quick(op).filter(|v| !v.finite_only) {
                let Some(y) = results(&engine, op, variant, &sizes, &inputs) else { continue };
                let wrong = y[0].f32().iter().zip(want).position(|(got, want)| {
                    f64::from(*got) != *want || got.is_sign_negative() != want.is_sign_negative()
                });
                prop_assert_eq!(wrong, None, "{} {}", variant.name, sizes);
            }
            Ok(())
        })
        .unwrap();
}
