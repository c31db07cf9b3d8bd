//! The kernels on cooperative matrices on devices that have none: the text of each, with the operations on fragments
//! replaced by plain code that does the same with the shared memory that the fragments come from. What is left of the
//! text, indices, edges, splitting and barriers, runs as it is. How matrix units round is not seen here.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, and says what it saw")]

mod support;

use half::f16;
use tesela::engine::Engine;
use tesela::lab::{Case, Verdict, cases, verify};
use tesela::ops::{Data, Fill, How, Op, Pass, Shader, Variant, matmul};

/// What takes the place of a fragment and of the operations on it. Each of 32 threads has eight elements side by side in
/// half a row of the fragment.
const PLAIN: &str = "
var<private> own_lane: u32;

fn multiply_add(a_from: vec2<u32>, b_from: vec2<u32>, c: mat2x4<f32>) -> mat2x4<f32> {
    var sum = c;
    for (var t = 0u; t < 16u; t++) {
        let at = b_from.x + t * b_from.y + own_lane % 2u * 8u;
        let first = vec4(f32(b_tile[at]), f32(b_tile[at + 1u]), f32(b_tile[at + 2u]), f32(b_tile[at + 3u]));
        let second = vec4(f32(b_tile[at + 4u]), f32(b_tile[at + 5u]), f32(b_tile[at + 6u]), f32(b_tile[at + 7u]));
        sum = sum + mat2x4(first, second) * f32(a_tile[a_from.x + own_lane / 2u * a_from.y + t]);
    }
    return sum;
}

fn store_fragment(c: mat2x4<f32>, at: u32) {
    for (var e = 0u; e < 8u; e++) {
        sums[at + own_lane * 8u + e] = c[e / 4u][e % 4u];
    }
}
";

/// The replacements; each must be found.
const REPLACED: &[(&str, &str)] = &[
    ("enable wgpu_cooperative_matrix;\n", ""),
    ("coop_mat16x16<f32, C>", "mat2x4<f32>"),
    ("coopLoadT<coop_mat16x16<f16, A>>(&a_tile[", "vec2("),
    ("coopLoadT<coop_mat16x16<f16, B>>(&b_tile[", "vec2("),
    ("], A_STRIDE)", ", A_STRIDE)"),
    ("], B_STRIDE)", ", B_STRIDE)"),
    ("coopMultiplyAdd(", "multiply_add("),
    ("coopStoreT(", "store_fragment("),
    (", &sums[at], 16u)", ", at)"),
    ("    let lane = thread % 32u;\n", "    let lane = thread % 32u;\n    own_lane = lane;\n"),
];

/// The variant with its matrices in plain code, and one more replacement.
fn plain(op: &'static Op, name: &'static str, (from, to): (&str, &str)) -> &'static Variant {
    let original = op.variants_named(name).unwrap()[0];
    let How::Wgsl { passes, scratch } = &original.how else { panic!("{name} has no kernels") };
    let mut places = 0;
    let pass = |pass: &Pass| {
        let mut text = pass.shader.source.replace(from, to);
        places += usize::from(text != pass.shader.source);
        if text.contains("enable wgpu_cooperative_matrix;") {
            for (from, to) in REPLACED {
                assert!(text.contains(from), "`{from}` in {}", pass.shader.name);
                text = text.replace(from, to);
            }
            text += PLAIN;
        }
        Pass { shader: Shader::loaded(name, text), set: pass.set, when: pass.when }
    };
    let passes: Vec<Pass> = passes.iter().map(pass).collect();
    assert_eq!(places, usize::from(from != to), "`{from}` in {name}");
    let how = How::Wgsl { passes: passes.leak(), scratch };
    Box::leak(Box::new(Variant { name, how, requires: Variant::anywhere, ..*original }))
}

/// An engine whose device has halves.
fn engine() -> Option<Engine> {
    support::engine_or_skip().filter(|engine| engine.gpu().is_some_and(|gpu| gpu.caps().f16))
}

/// The op's cases of so many terms.
fn taken(op: &'static Op, terms: std::ops::Range<u32>) -> Vec<Case> {
    let setups = (0u64..).zip(cases::of(op).unwrap());
    let taken = setups.filter(|(_, s)| terms.contains(&s.sizes.get("k")));
    taken.map(|(seed, s)| Case::drawn(op, &s.sizes, s.fill, seed)).collect()
}

/// A product whose rows and columns hold numbers of very different size, and some infinities.
fn wide(text: &str, fill: Fill, octaves: i32) -> Case {
    let op = &matmul::OP;
    let sizes = op.sizes(text.split(' ').map(|pair| pair.split_once('=').unwrap())).unwrap();
    let spread = |data: &Data| {
        let scale =
            |at: usize| 2f32.powi(i32::try_from(at * 37 % 101).unwrap() % (octaves + 1) - octaves / 2);
        Data::F32(data.f32().iter().enumerate().map(|(at, x)| x * scale(at)).collect())
    };
    let mut inputs: Vec<Data> = Case::draw(op, &sizes, fill, 5).iter().map(spread).collect();
    if !fill.is_finite() {
        // Zeros by infinities are no zeros.
        inputs[0].f32_mut()[..sizes.get("k") as usize].fill(0.0);
    }
    Case::given(op, &sizes, inputs, Some(5))
}

fn all_pass(engine: &Engine, cases: &[Case], variant: &'static Variant) {
    for case in cases {
        let verdict = verify(engine, case, variant).unwrap();
        assert!(matches!(verdict, Verdict::Passed(_)), "{}: {verdict:?}", case.sizes);
    }
}

#[test]
fn products_of_halves_are_right_in_plain_code() {
    let Some(engine) = engine() else { return };
    for op in [&matmul::HALF, &matmul::MIXED] {
        all_pass(&engine, &of_halves(op), plain(op, "coopmat_128x128", ("", "")));
    }
}

/// The op's cases of fewer than 200 terms, and one whose next term past the last of a line would be an infinity: zeros by it
/// are no zeros.
fn of_halves(op: &'static Op) -> Vec<Case> {
    let mut cases = taken(op, 1..200);
    assert!(cases.len() > 50);
    let (k, sizes) = (33, [("m", "2"), ("n", "2"), ("k", "33"), ("tb", "yes")]);
    let sizes = op.sizes(sizes).unwrap();
    let mut inputs = Case::draw(op, &sizes, Fill::Uniform, 5);
    match &mut inputs[1] {
        Data::F16(b) => b[k] = f16::INFINITY,
        other => other.f32_mut()[k] = f32::INFINITY,
    }
    cases.push(Case::given(op, &sizes, inputs, Some(5)));
    cases
}

/// Lines within seventeen octaves and beyond, and those of the op with so many terms.
fn of_floats() -> Vec<Case> {
    let shapes = ["m=20 n=17 k=100 tb=yes", "m=33 n=20 k=112 ta=yes batch=2", "m=20 n=33 k=97"];
    let mut cases = vec![wide("m=20 n=20 k=120", Fill::Special, 3), wide(shapes[0], Fill::Uniform, 100)];
    cases.extend(shapes.iter().flat_map(|s| [14, 40].map(|octaves| wide(s, Fill::Uniform, octaves))));
    let own = taken(&matmul::OP, 96..200);
    assert!(own.len() > 5);
    cases.extend(own);
    cases
}

#[test]
fn the_product_in_single_precision_is_right_in_plain_code() {
    let Some(engine) = engine() else { return };
    all_pass(&engine, &of_floats(), plain(&matmul::OP, "coopmat_f32_128x128", ("", "")));
}

#[test]
fn one_fault_and_products_of_halves_are_wrong() {
    let Some(engine) = engine() else { return };
    for op in [&matmul::HALF, &matmul::MIXED] {
        let cases = of_halves(op);
        for fault in OF_HALVES {
            let variant = plain(op, "coopmat_128x128", *fault);
            let is_wrong = |case| matches!(verify(&engine, case, variant).unwrap(), Verdict::Failed(_));
            assert!(cases.iter().any(is_wrong), "{}: {} passes", op.name, fault.1);
        }
    }
    let cases = of_halves(&matmul::MIXED);
    let cut_off = ("bits + 0xFFFu + ((bits >> 13u) & 1u)", "bits");
    let variant = plain(&matmul::MIXED, "coopmat_128x128", cut_off);
    assert!(cases.iter().any(|case| matches!(verify(&engine, case, variant).unwrap(), Verdict::Failed(_))));
}

/// Faults of both kernels.
const OF_HALVES: &[(&str, &str)] = &[
    ("c13 = coopMultiplyAdd(a1, b3, c13);", ""),
    ("(row + 16u) * A_STRIDE + p", "row * A_STRIDE + p"),
    ("column >= params.n || p >= params.k", "column >= params.n"),
    (
        "for (var start = 0u; start < params.k; start += 32u)",
        "for (var start = 0u; start + 32u <= params.k; start += 32u)",
    ),
    ("column * params.k + p, SIZE_TB == 1u", "column * params.k + p, SIZE_TB == 0u"),
];

#[test]
fn one_fault_and_the_product_in_single_precision_is_wrong() {
    let Some(engine) = engine() else { return };
    let cases = of_floats();
    for fault in [
        ("return vec2(f16(high), f16(rounded((x - high) * 2048.0)));", "return vec2(f16(high), 0.0h);"),
        ("coopMultiplyAdd(a1_low, b2, d12)", "d12"),
        ("coopMultiplyAdd(a0, b3_low,", "coopMultiplyAdd(a1, b3_low,"),
        ("is_large || (is_narrow(of_a) && is_narrow(of_b))", "true"),
        ("if max(of_a.x, of_b.x) < INFINITY {", "if true {"),
        ("ranges[128u + column]);\n        b_tile", "ranges[column]);\n        b_tile"),
        ("-(lift(of_a) + lift(of_b))", "-(lift(of_a) + lift(of_a))"),
        ("other < 16u; other++", "other < 2u; other++"),
        ("let along = select(SIZE_TB == 1u, SIZE_TA == 0u, is_a);", "let along = true;"),
        ("a_range[product * lines + line] = range;", "a_range[line] = range;"),
        ("const A_LOW: u32 = 3072u;", "const A_LOW: u32 = 3000u;"),
    ] {
        let variant = plain(&matmul::OP, "coopmat_f32_128x128", fault);
        let is_wrong = |case| matches!(verify(&engine, case, variant).unwrap(), Verdict::Failed(_));
        assert!(cases.iter().any(is_wrong), "{} passes", fault.1);
    }
}
