//! Wrong kernels are caught: copies of the shaders with one fault each, every one of which must fail the cases of
//! `check`. A mutant that slips through means that the cases, not the kernel, need work.
//!
//! A missing barrier shows where threads of one workgroup run apart. Software adapters run a workgroup in bundles of a
//! few threads, one bundle up to the next barrier before the other, so the tiles of these kernels (64 threads and more)
//! meet it for certain; a GPU whose subgroup is the whole workgroup would not.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it saw"
)]

mod convolutions;
mod products;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;

use convolutions::{CONV2D, GRAD_INPUT, GRAD_WEIGHT};
use products::MATMUL;
use tesela::engine::Engine;
use tesela::lab::{Case, Verdict, cases, user_variant, verify};
use tesela::ops::{How, Op, Pass, Shader, Variant, conv2d, matmul, maxpool};

/// One fault: in which shader, what stands there, and what is put in its place.
struct Mutant {
    name: &'static str,
    shader: &'static str,
    from: &'static str,
    to: &'static str,
    /// Which of several matches is replaced, and of how many.
    match_of: (usize, usize),
    /// Constants of the kernel, where the file's own would hide the fault.
    set: &'static [(&'static str, u32)],
}

const fn mutant(name: &'static str, shader: &'static str, from: &'static str, to: &'static str) -> Mutant {
    Mutant { name, shader, from, to, match_of: (0, 1), set: &[] }
}

const fn nth(match_of: (usize, usize), mutant: Mutant) -> Mutant {
    Mutant { match_of, ..mutant }
}

const fn with(set: &'static [(&'static str, u32)], mutant: Mutant) -> Mutant {
    Mutant { set, ..mutant }
}

const MAXPOOL: &[Mutant] = &[
    mutant("padding_from_the_edge", "maxpool/van_herk_rows.wgsl", "BY_EDGE || at == place", "true"),
    mutant(
        "nan_swallowed",
        "maxpool/direct.wgsl",
        "if candidate > best_key || candidate == NAN_KEY {",
        "if bitcast<f32>(bits) > bitcast<f32>(best) {",
    ),
    mutant(
        "plain_float_maximum",
        "maxpool/direct.wgsl",
        "                    best_key = candidate;\n                    best = bits;",
        "                    best_key = 1u;\n                    best = bitcast<u32>(max(bitcast<f32>(best), bitcast<f32>(bits)));",
    ),
    mutant(
        "last_of_equals",
        "maxpool/direct_indices.wgsl",
        "candidate > best_key ||",
        "candidate >= best_key ||",
    ),
    mutant(
        "first_of_nans",
        "maxpool/direct_indices.wgsl",
        "candidate > best_key || candidate == NAN_KEY",
        "candidate > best_key",
    ),
    mutant("starts_from_zero", "maxpool/direct.wgsl", "var best_key = 0u;", "var best_key = ZERO_KEY;"),
    mutant(
        "empty_window_is_zero",
        "maxpool/direct.wgsl",
        "const NEG_INF = 0xFF800000u;",
        "const NEG_INF = 0u;",
    ),
    mutant(
        "sentinel_not_infinity",
        "maxpool/tiled.wgsl",
        "const NEG_INF_KEY = -0x7F800001;",
        "const NEG_INF_KEY = -0x7F800000;",
    ),
    mutant(
        "negatives_not_reversed",
        "maxpool/direct.wgsl",
        "select(bits | 0x80000000u, ~bits,",
        "select(bits | 0x80000000u, bits & 0x7FFFFFFFu,",
    ),
    mutant("padding_with_the_wrong_sign", "maxpool/direct.wgsl", "- i32(params.ph)", "+ i32(params.ph)"),
    mutant("rows_padded_as_columns", "maxpool/direct_indices.wgsl", "- i32(params.pw)", "- i32(params.ph)"),
    mutant("one_dilation_for_both", "maxpool/direct.wgsl", "j * params.dw", "j * params.dh"),
    mutant("one_stride_for_both", "maxpool/direct.wgsl", "column * params.sw", "column * params.sh"),
    mutant("a_tap_short", "maxpool/direct.wgsl", "j < params.kw", "j < max(1u, params.kw - 1u)"),
    mutant(
        "last_row_unwritten",
        "maxpool/direct.wgsl",
        "    y[number] = best;",
        "    if row + 1u < params.oh { y[number] = best; }",
    ),
    mutant(
        "one_past_the_end",
        "maxpool/direct.wgsl",
        ">= params.n * params.c * params.oh * params.ow",
        "> params.n * params.c * params.oh * params.ow",
    ),
    mutant(
        "zero_padding_has_a_place",
        "maxpool/direct_indices.wgsl",
        "                best = 0u;\n                best_index = -1;",
        "                best = 0u;\n                best_index = 0;",
    ),
    mutant(
        "index_in_the_batch",
        "maxpool/direct_indices.wgsl",
        "best_index = tap_row",
        "best_index = i32(plane) + tap_row",
    ),
    mutant(
        "minus_zero_below_zero",
        "maxpool/tiled_indices.wgsl",
        "bits == 0x80000000u",
        "bits == 0x80000001u",
    ),
    nth(
        (0, 2),
        mutant("tiled_without_first_barrier", "maxpool/tiled.wgsl", "            workgroupBarrier();\n", ""),
    ),
    nth(
        (1, 2),
        mutant("tiled_without_second_barrier", "maxpool/tiled.wgsl", "            workgroupBarrier();\n", ""),
    ),
    mutant(
        "tiled_pieces_out_of_order",
        "maxpool/tiled_indices.wgsl",
        "for (var j0 = 0u; j0 < params.kw; j0 += piece_columns)",
        "for (var j0 = 0u; j0 < piece_columns; j0 += piece_columns)",
    ),
    mutant(
        "vectorized_edge_not_masked",
        "maxpool/vectorized.wgsl",
        "stride_2(line, left, !inside)",
        "stride_2(line, left, false)",
    ),
    mutant(
        "vectorized_shift",
        "maxpool/vectorized.wgsl",
        "case 3u: { elements = vec4(block.w, next.xyz); }",
        "case 3u: { elements = next; }",
    ),
    mutant(
        "vectorized_tail_overrun",
        "maxpool/vectorized_indices.wgsl",
        "if first + 3u < total {",
        "if first + 2u < total {",
    ),
];

/// The shader's file with the fault in it, in a folder of its own.
fn written(mutant: &Mutant, folder: &std::path::Path) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("shaders").join(mutant.shader);
    let source = std::fs::read_to_string(path).unwrap();
    let (number, of) = mutant.match_of;
    let places: Vec<usize> = source.match_indices(mutant.from).map(|(at, _)| at).collect();
    assert_eq!(places.len(), of, "{}: `{}` in {}", mutant.name, mutant.from, mutant.shader);
    let (before, rest) = source.split_at(places[number]);
    let text = format!("{before}{}{}", mutant.to, &rest[mutant.from.len()..]);
    assert_ne!(text, source);
    let file = folder.join(format!("{}.wgsl", mutant.name));
    std::fs::write(&file, text).unwrap();
    file
}

/// The variant that runs the shader, with the mutant in its place. A shader that is a variant of its own is taken as a
/// user's would be.
fn mutated(op: &'static Op, mutant: &Mutant, folder: &std::path::Path) -> &'static Variant {
    let path = written(mutant, folder);
    for variant in op.variants {
        let How::Wgsl { passes, scratch } = &variant.how else { continue };
        if passes.len() == 1 || scratch.is_empty() || !passes.iter().any(|p| p.shader.name == mutant.shader) {
            continue;
        }
        let pass = |pass: &Pass| {
            let wrong = || Shader::loaded(mutant.name, std::fs::read_to_string(&path).unwrap());
            let shader = if pass.shader.name == mutant.shader { wrong() } else { pass.shader };
            Pass { shader, set: pass.set, when: pass.when }
        };
        let passes = passes.iter().map(pass).collect::<Vec<_>>().leak();
        let how = How::Wgsl { passes, scratch };
        return Box::leak(Box::new(Variant { name: mutant.name, how, ..*variant }));
    }
    let set: Vec<_> = mutant.set.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    user_variant(&path, &set).unwrap()
}

/// Cases that the mutant's shader covers.
fn covered<'c>(mutant: &Mutant, cases: &'c [Case]) -> impl Iterator<Item = &'c Case> {
    let with_indices = mutant.shader.ends_with("_indices.wgsl");
    let shader = mutant.shader;
    let finite_only = move |op: &Op| {
        let uses = |v: &&Variant| v.shaders().iter().any(|s| s.name == shader);
        op.variants.iter().find(uses).is_some_and(|v| v.finite_only)
    };
    let fits = move |c: &Case| c.op.name != "maxpool" || with_indices == (c.sizes.get("indices") == 1);
    cases.iter().filter(move |c| fits(c) && (c.is_finite() || !finite_only(c.op)))
}

/// The cases of `check`, and for products those with an infinity past a line's end.
fn all_cases(op: &'static Op) -> Vec<Case> {
    let setups = (0u64..).zip(cases::of(op).unwrap());
    let mut cases: Vec<Case> = setups.map(|(seed, s)| Case::drawn(op, &s.sizes, s.fill, seed)).collect();
    if op.name == matmul::OP.name {
        cases.extend(support::an_infinity_in_a_line());
    }
    cases
}

fn every_mutant_fails(op: &'static Op, mutants: &[Mutant]) {
    let Some(engine) = support::engine_or_skip() else { return };
    let folder = tempfile::tempdir().unwrap();
    let cases = all_cases(op);
    let survivors: Vec<&str> = mutants
        .iter()
        .filter(|mutant| !fails(&engine, mutated(op, mutant, folder.path()), mutant, &cases))
        .map(|mutant| mutant.name)
        .collect();
    assert!(survivors.is_empty(), "these wrong kernels pass: {}", survivors.join(", "));
}

fn fails(engine: &Engine, variant: &'static Variant, mutant: &Mutant, cases: &[Case]) -> bool {
    let found = covered(mutant, cases).find_map(|case| match verify(engine, case, variant).unwrap() {
        Verdict::Failed(mismatch) => Some(mismatch),
        _ => None,
    });
    match found {
        Some(mismatch) => {
            assert_eq!(mismatch.variant, mutant.name);
            println!("{mismatch}");
            true
        }
        None => false,
    }
}

#[test]
fn wrong_products_fail() {
    every_mutant_fails(&matmul::OP, MATMUL);
}

#[test]
fn wrong_poolings_fail() {
    every_mutant_fails(&maxpool::OP, MAXPOOL);
}

#[test]
fn wrong_convolutions_fail() {
    every_mutant_fails(&conv2d::FORWARD, CONV2D);
}

#[test]
fn wrong_gradients_of_images_fail() {
    every_mutant_fails(&conv2d::GRAD_INPUT, GRAD_INPUT);
}

#[test]
fn wrong_gradients_of_weights_fail() {
    every_mutant_fails(&conv2d::GRAD_WEIGHT, GRAD_WEIGHT);
}

/// The control: unharmed copies of the same files, loaded the same way, pass.
#[test]
fn unharmed_copies_pass() {
    let Some(engine) = support::engine_or_skip() else { return };
    let folder = tempfile::tempdir().unwrap();
    for (op, mutants) in [
        (&matmul::OP, MATMUL),
        (&maxpool::OP, MAXPOOL),
        (&conv2d::FORWARD, CONV2D),
        (&conv2d::GRAD_INPUT, GRAD_INPUT),
        (&conv2d::GRAD_WEIGHT, GRAD_WEIGHT),
    ] {
        let op: &'static Op = op;
        let cases = all_cases(op);
        let mut kernels: Vec<_> = mutants.iter().map(|m| (m.shader, m.set)).collect();
        kernels.dedup();
        for (shader, set) in kernels {
            let copy =
                Mutant { from: "@compute", to: "@compute ", ..with(set, mutant("copy", shader, "", "")) };
            let variant = mutated(op, &copy, folder.path());
            for case in covered(&copy, &cases) {
                let verdict = verify(&engine, case, variant).unwrap();
                assert!(!matches!(verdict, Verdict::Failed(_)), "{shader}: {verdict:?}");
            }
        }
    }
}
