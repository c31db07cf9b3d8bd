//! The cutting without a device: pieces are computed by the reference, and together they must be what the reference says
//! of the whole.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::stream::scatter;
use super::*;
use crate::engine::outputs;
use crate::ops::{Data, Fill, compare};

fn sizes(op: &'static Op, pairs: &[(&str, u32)]) -> Result<Sizes> {
    let text: Vec<(&str, String)> = pairs.iter().map(|(name, value)| (*name, value.to_string())).collect();
    op.sizes(text.iter().map(|(name, value)| (*name, value.as_str())))
}

/// Draws the same cases in every run.
fn runner(cases: u32) -> TestRunner {
    let config =
        Config { cases, failure_persistence: None, max_global_rejects: 1 << 20, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn gathered(block: &Block, data: &Data) -> Data {
    let run = |run: usize| &data.f32()[block.host + run * block.apart..][..block.len];
    Data::F32((0..block.runs).flat_map(run).copied().collect())
}

/// What a device that computes as the reference does would give back.
fn in_pieces(op: &'static Op, sizes: &Sizes, cut: &Cut, inputs: &[Data]) -> Vec<Data> {
    let mut results = outputs(op, sizes);
    for piece in &cut.pieces {
        (op.check)(&piece.sizes).unwrap();
        let given: Vec<Data> = piece.given.iter().zip(inputs).map(|(b, data)| gathered(b, data)).collect();
        for (operand, data) in op.inputs().zip(&given) {
            assert_eq!(op.len(&piece.sizes, operand.name), data.len(), "{} of {}", operand.name, piece.sizes);
        }
        let expected = (op.reference)(&piece.sizes, &given);
        assert_eq!(expected.len(), piece.taken.len());
        for ((expected, block), result) in expected.iter().zip(&piece.taken).zip(&mut results) {
            let wanted = expected.want[block.device..block.device + block.elements()].iter();
            #[expect(clippy::cast_possible_truncation, reason = "they were f32 and i32 before")]
            let bytes: Vec<u8> = match result {
                Data::I32(_) => wanted.flat_map(|v| (*v as i32).to_ne_bytes()).collect(),
                _ => wanted.flat_map(|v| (*v as f32).to_ne_bytes()).collect(),
            };
            scatter(&bytes, block, result, piece.offset);
        }
    }
    results
}

fn pooling() -> impl Strategy<Value = Sizes> {
    let image = (1..4u32, 1..3u32, 1..50u32, 1..14u32);
    let window = (1..6u32, 1..5u32, 1..5u32, 1..4u32);
    let rest = (0..9u32, 0..5u32, 1..5u32, 1..4u32, 0..2u32, 0..2u32, 0..2u32);
    (image, window, rest).prop_filter_map("sizes that the op accepts", |(image, window, rest)| {
        let (n, c, h, w) = image;
        let (kh, kw, sh, sw) = window;
        let (ph, pw, dh, dw, ceil, pad_value, indices) = rest;
        let window = [("kh", kh), ("kw", kw), ("sh", sh), ("sw", sw), ("ph", ph), ("pw", pw)];
        let others = [("dh", dh), ("dw", dw), ("ceil", ceil), ("pad_value", pad_value), ("indices", indices)];
        let image = [("n", n), ("c", c), ("h", h), ("w", w)];
        sizes(&maxpool::OP, &[&image[..], &window[..], &others[..]].concat()).ok()
    })
}

/// Whatever the window, the padding and the budget: values and positions are those of the image as a whole.
#[test]
fn pooled_pieces_are_the_pooled_image() {
    let op = &maxpool::OP;
    let fill = prop::sample::select(vec![Fill::Uniform, Fill::Special, Fill::Negative, Fill::Ties]);
    let direct = op.variants_named("direct").unwrap()[0];
    let (banded, refused) = (Cell::new(0), Cell::new(0));
    runner(12_000)
        .run(&(pooling(), fill, 280..1200u64, any::<u64>()), |(sizes, fill, bytes, seed)| {
            let budget = Budget::test(bytes);
            let inputs = (op.draw)(op, &sizes, fill, seed);
            let cut = match cut(op, direct, &sizes, budget) {
                Ok(cut) => cut,
                Err(Error::TooLarge { needed, limit, .. }) => {
                    refused.set(refused.get() + 1);
                    prop_assert!(needed > limit && !budget.holds(op_bytes(op, &pool::least(&sizes))));
                    return Ok(());
                }
                Err(other) => panic!("{other}"),
            };
            banded.set(banded.get() + u32::from(cut.what.starts_with("bands")));
            for piece in &cut.pieces {
                prop_assert!(budget.holds_call(op, &piece.sizes), "{} for {bytes} bytes", piece.sizes);
            }
            let results = in_pieces(op, &sizes, &cut, &inputs);
            for (expected, result) in (op.reference)(&sizes, &inputs).iter().zip(&results) {
                prop_assert_eq!(compare(result, expected), None, "{} {}", sizes, bytes);
            }
            Ok(())
        })
        .unwrap();
    let (banded, refused) = (banded.get(), refused.get());
    assert!(banded > 2000 && refused > 40 && refused < 6000, "{banded} in bands, {refused} refused");
}

/// Elements are summed as in the whole product, whichever operand stays and however the operands lie.
#[test]
fn products_of_pieces_are_the_product() {
    let op = &matmul::OP;
    let naive = op.variants_named("naive").unwrap()[0];
    let strategy = (1..40u32, 1..40u32, 1..40u32, 1..5u32, 0..2u32, 0..2u32, 256..3000u64, any::<u64>());
    let (blocks, refused) = ([Cell::new(0), Cell::new(0)], Cell::new(0));
    runner(1000)
        .run(&strategy, |(m, n, k, batch, ta, tb, bytes, seed)| {
            let pairs = [("m", m), ("n", n), ("k", k), ("batch", batch), ("ta", ta), ("tb", tb)];
            let sizes = sizes(op, &pairs).unwrap();
            let budget = Budget::test(bytes);
            let inputs = (op.draw)(op, &sizes, Fill::Uniform, seed);
            let cut = match cut(op, naive, &sizes, budget) {
                Ok(cut) => cut,
                Err(error) => {
                    refused.set(refused.get() + 1);
                    let is_row = matches!(error, Error::TooLarge { .. }) && !budget.holds(4 * u64::from(k));
                    prop_assert!(is_row, "{error}");
                    return Ok(());
                }
            };
            if let Some(stays) = cut.resident {
                blocks[stays].set(blocks[stays].get() + 1);
            }
            for piece in &cut.pieces {
                prop_assert!(budget.holds_call(op, &piece.sizes), "{} for {bytes} bytes", piece.sizes);
            }
            let results = in_pieces(op, &sizes, &cut, &inputs);
            #[expect(clippy::cast_possible_truncation, reason = "as the pieces' were rounded")]
            let want: Vec<f32> = (op.reference)(&sizes, &inputs)[0].want.iter().map(|v| *v as f32).collect();
            prop_assert_eq!(results[0].f32(), &want[..], "{} {}", sizes, bytes);
            Ok(())
        })
        .unwrap();
    let (blocks, refused) = (blocks.map(|cell| cell.get()), refused.get());
    assert!(blocks[0] > 100 && blocks[1] > 100 && refused > 0, "{blocks:?} {refused}");
}

#[test]
fn other_ops_and_other_code_are_refused() {
    let budget = Budget::test(4096);
    let sizes = sizes(&crate::ops::conv2d::FORWARD, &[("h", 8), ("kh", 3)]);
    let refused = |op: &'static Op, name: &str, sizes: &Sizes| {
        cut(op, op.variants_named(name).unwrap()[0], sizes, budget).unwrap_err().to_string()
    };
    let op = &crate::ops::conv2d::FORWARD;
    assert!(refused(op, "direct", &sizes.unwrap()).contains("only maxpool and matmul"));
    let sizes = self::sizes(&maxpool::OP, &[("h", 64), ("kh", 2)]).unwrap();
    assert!(refused(&maxpool::OP, "rayon", &sizes).contains("no list of kernels"));
    assert!(refused(&maxpool::OP, "per_window_naive_buffer", &sizes).contains("no list of kernels"));
}
