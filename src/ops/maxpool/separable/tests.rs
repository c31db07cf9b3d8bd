//! Windows either side of everything that the code is cut by: steps of four taps, van Herk's blocks, tiles, bands. Every
//! bit is compared, the signs of zeros and the payloads of NaN too.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use super::{LARGE, Pool, pooled_planes};
use crate::ops::maxpool::{OP, window};
use crate::ops::{CpuCall, Data, Fill, Sizes};

fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Values of every kind, few of them rare ones, so that some rows have none.
fn image(kind: usize, seed: u64, len: usize) -> Data {
    let draws = Fill::Uniform.floats(seed, 0, len);
    let value = |(at, v): (u32, &f32)| match kind {
        // Zeros of both signs, larger than all else.
        0 if *v > 0.0 => f32::copysign(0.0, v - 0.5),
        // One NaN in a thousand, each with a payload of its own.
        1 if *v > 0.998 => f32::from_bits(0x7FC0_0000 | (at & 0xFFFF) | ((at & 1) << 31)),
        // Few values, so that most are equal.
        2 => (v * 3.0).round(),
        3 if *v > -0.9 => f32::NEG_INFINITY,
        _ => *v,
    };
    Data::F32((0..).zip(draws.f32()).map(value).collect())
}

/// Through the caches and past them.
fn exact(sizes: &Sizes, x: &Data) -> Result<(), TestCaseError> {
    [LARGE, 0].into_iter().try_for_each(|large| exact_from(sizes, x, large))
}

fn exact_from(sizes: &Sizes, x: &Data, large: usize) -> Result<(), TestCaseError> {
    let p = Pool::of(sizes);
    let mut outputs = vec![Data::poisoned(crate::ops::DType::F32, OP.len(sizes, "y"))];
    if p.indices {
        outputs.push(Data::poisoned(crate::ops::DType::I32, OP.len(sizes, "indices")));
    }
    let mut views: Vec<_> = outputs.iter_mut().map(Data::view_mut).collect();
    let call = &mut CpuCall { sizes, inputs: &[x.view()], outputs: &mut views, threads: 2 };
    pooled_planes(call, large);
    let (image, per_plane) = p.planes();
    for (number, plane) in x.f32().chunks_exact(image).enumerate() {
        let all = (0..p.oh).flat_map(|r| (0..p.ow).map(move |q| (r, q)));
        for (at, (r, q)) in all.enumerate() {
            let (value, index) = window(&p, plane, r, q);
            let got = outputs[0].f32()[number * per_plane + at];
            prop_assert_eq!(got.to_bits(), value.to_bits(), "{} at {} {}: {} {}", sizes, r, q, got, value);
            if p.indices {
                prop_assert_eq!(outputs[1].i32()[number * per_plane + at], index, "{} at {} {}", sizes, r, q);
            }
        }
    }
    Ok(())
}

fn sizes(pairs: &[(&str, u32)]) -> Option<Sizes> {
    let text: Vec<(&str, String)> = pairs.iter().map(|(name, value)| (*name, value.to_string())).collect();
    OP.sizes(text.iter().map(|(name, value)| (*name, value.as_str()))).ok()
}

/// Windows that are longer than what is compared one by one, on images around multiples of their blocks.
#[test]
fn maxpool_of_long_windows_is_exact() {
    let window = (prop_oneof![3 => 1..24u32, 1 => 60..80u32], 1..70u32, 1..8u32, 1..5u32, 1..4u32, 1..4u32);
    let rest = (0..3u32, 0..4u32, 0..9u32, 0..2u32, 0..2u32, 0..2u32);
    let drawn = (window, rest).prop_filter_map("sizes that mean nothing", |(window, rest)| {
        let (kh, kw, sh, sw, dh, dw) = window;
        let (blocks, off, half, ceil, pad_value, indices) = rest;
        let h = (kh * dh * (blocks + 1) + off).saturating_sub(2);
        let (ph, pw) = (kh / 2 * half.min(1), (kw * dw / 2).min(half * 3));
        let w = (kw - 1) * dw + 1 + 7 * half + off;
        sizes(&[
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
        ])
    });
    runner(600)
        .run(&(drawn, 0..5usize, any::<u64>()), |(sizes, kind, seed)| {
            exact(&sizes, &image(kind, seed, OP.len(&sizes, "x")))
        })
        .unwrap();
}

/// Images of several tiles and bands, and planes of few elements.
#[test]
fn maxpool_of_many_tiles_is_exact() {
    let drawn = (0..3u32, 0..6u32, 1..6u32, 1..6u32, 1..4u32, 1..4u32, 0..2u32).prop_filter_map(
        "sizes that mean nothing",
        |(shape, off, kh, kw, sh, sw, indices)| {
            let (n, h, w) = [(1, 4, 1022), (1, 1200, 28), (40, 5, 6)][shape as usize];
            let (h, w) = (h + off, w + off);
            sizes(&[
                ("n", n),
                ("h", h),
                ("w", w),
                ("kh", kh),
                ("kw", kw),
                ("sh", sh),
                ("sw", sw),
                ("ph", kh / 2),
                ("pw", kw / 2),
                ("indices", indices),
            ])
        },
    );
    runner(60)
        .run(&(drawn, 0..5usize, any::<u64>()), |(sizes, kind, seed)| {
            exact(&sizes, &image(kind, seed, OP.len(&sizes, "x")))
        })
        .unwrap();
}

/// Two and three taps over short rows have code of their own; rows on either side of a vector, a batch and its limits.
#[test]
fn maxpool_of_small_windows_is_exact() {
    let drawn = (2..4u32, 1..3u32, 2..30u32, 14..70u32, (0..2u32, 0..2u32, 0..2u32, 0..2u32));
    let all = (drawn, 0..5usize, any::<u64>());
    runner(300)
        .run(&all, |((k, s, h, w, (p, ceil, pad_value, indices)), kind, seed)| {
            let pairs = [("n", 3), ("h", h.max(k)), ("w", w), ("kh", k), ("sh", s), ("ph", p)];
            let rest = [("ceil", ceil), ("pad_value", pad_value), ("indices", indices)];
            let Some(sizes) = sizes(&[&pairs[..], &rest].concat()) else {
                return Err(TestCaseError::fail("refused"));
            };
            exact(&sizes, &image(kind, seed, OP.len(&sizes, "x")))
        })
        .unwrap();
}

/// Windows of two by two have code of their own; rows of outputs on either side of a block of sixteen.
#[test]
fn maxpool_of_pairs_is_exact() {
    let drawn = (1..4u32, 2..9u32, 2..100u32, 0..5usize, 0..2u32, any::<u64>());
    runner(200)
        .run(&drawn, |(n, h, w, kind, indices, seed)| {
            let pairs = [("n", n), ("h", h), ("w", w), ("kh", 2), ("indices", indices)];
            let Some(sizes) = sizes(&pairs) else { return Err(TestCaseError::fail("refused")) };
            exact(&sizes, &image(kind, seed, OP.len(&sizes, "x")))
        })
        .unwrap();
}
