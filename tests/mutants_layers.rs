//! Wrong kernels of a network's layers, and of products of halves and in mixed precision, are caught: every kernel with one fault at a time, each of which must fail the
//! cases of `check`. The fault is put into the variant, so that the other kernels of it run as they are.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use tesela::engine::Engine;
use tesela::lab::{Case, Verdict, cases, verify};
use tesela::ops::{How, OPS, Op, Pass, Scratch, Shader, Variant};

/// A shader, what stands there once, and what is put in its place.
type Mutant = (&'static str, &'static str, &'static str);

const MUTANTS: &[Mutant] = &[
    ("matmul_f16/naive", "return row * params.k + p;", "return row * params.n + p;"),
    ("matmul_f16/naive", "sum += f32(", "sum = f32("),
    ("matmul_f16/blocked_4x4", "add_term(&sums, p + 3u, local.xy);", ""),
    ("matmul_f16/blocked_4x4", "start < params.k;", "start + BK <= params.k;"),
    (
        "matmul_f16/blocked_4x4",
        "p = 4u * (v % (BK / 4u));\n                block",
        "p = 4u * (v % (BK / 8u));\n                block",
    ),
    ("matmul_mixed/blocked_4x4", "start < params.k;", "start + BK <= params.k;"),
    ("matmul_mixed/blocked_4x4", "bits + 0xFFFu + ((bits >> vec4(13u)) & vec4(1u))", "bits"),
    ("matmul_mixed/blocked_4x4", "((bits >> vec4(13u)) & vec4(1u))", "vec4(1u)"),
    (
        "matmul_mixed/blocked_4x4",
        "vec4(0x80000000u)) | vec4(0x7F800000u)",
        "vec4(0x80000000u)) | vec4(0x477FE000u)",
    ),
    ("matmul_mixed/blocked_4x4", "| (size > vec4(0x7F800000u))", ""),
    ("conv2d_mixed/implicit_gemm", "bits + 0xFFFu + ((bits >> vec4(13u)) & vec4(1u))", "bits"),
    ("conv2d_mixed/implicit_gemm", "add_term(&sums, p + 3u, local.xy);", ""),
    ("conv2d_mixed/implicit_gemm", "finished(sums + bias)", "finished(sums)"),
    ("conv2d_grad_input_mixed/implicit_gemm", "((bits >> vec4(13u)) & vec4(1u))", "vec4(1u)"),
    ("conv2d_grad_input_mixed/implicit_gemm", "(r * SIZE_SH == down) & ", ""),
    ("conv2d_grad_weight_mixed/implicit_gemm", "bits + 0xFFFu + ((bits >> vec4(13u)) & vec4(1u))", "bits"),
    ("conv2d_grad_weight_mixed/implicit_gemm", "start < end;", "start + BK <= end;"),
    ("conv2d/depthwise", "params.relu == 0u", "params.relu == 1u"),
    ("conv2d/depthwise", "if SIZE_DW == SIZE_SW {", "if SIZE_DW <= SIZE_SW {"),
    ("conv2d/depthwise", "plane / params.cog * params.h", "plane * params.h"),
    ("conv2d/depthwise", "if column + 3u < params.ow {", "if column + 2u < params.ow {"),
    ("conv2d/depthwise", "column < i32(params.w)", "column <= i32(params.w)"),
    ("conv2d_grad_input/depthwise", "m < params.cog", "m < 1u"),
    ("conv2d_grad_input/depthwise", "if SIZE_DW == 1u {", "if SIZE_DW <= 2u {"),
    ("conv2d_grad_input/depthwise", "q * SIZE_SW == u32(from_left) && ", ""),
    ("conv2d_grad_weight/depthwise", "if j + 3u < SIZE_KW", "if j + 2u < SIZE_KW"),
    ("conv2d_grad_weight/depthwise", "if SIZE_SW == SIZE_DW {", "if SIZE_SW >= SIZE_DW {"),
    (
        "conv2d_grad_weight/depthwise",
        "(split + 1u) * params.split_len",
        "(split + 1u) * params.split_len + 1u",
    ),
    ("conv2d_grad_weight/depthwise", "plane / params.cog * params.h", "plane * params.h"),
    ("maxpool_backward/gather", "indices[at] == element", "indices[at] <= element"),
    ("maxpool_backward/gather", "row / params.sh + 1u, params.oh", "row / params.sh, params.oh"),
    ("maxpool_backward/gather", "params.dw * (params.kw - 1u)", "(params.kw - 1u)"),
    ("maxpool_backward/gather", "sum += dy[at]", "sum = dy[at]"),
    ("maxpool_backward/gather", "    dx[number] = sum;", "    if number > 0u { dx[number] = sum; }"),
    ("maxpool_backward/gather_specialized", "found[source] == element", "found[source] <= element"),
    ("maxpool_backward/gather_specialized", "sum += select", "sum = select"),
    ("maxpool_backward/gather_specialized", "SIZE_DW * (SIZE_KW - 1u)", "(SIZE_KW - 1u)"),
    ("avgpool/direct", "select(taps, counted, params.count_include_pad == 0u)", "counted"),
    ("avgpool/direct", "tap_row < i32(params.h + params.ph)", "tap_row < i32(params.h)"),
    ("avgpool/direct", "tap_column < i32(params.w + params.pw)", "true"),
    ("avgpool/direct", "i32(j * params.dw)", "i32(j * params.dh)"),
    ("avgpool_backward/gather", "% params.dw == 0u", "% params.dh == 0u"),
    ("avgpool_backward/gather", "let lowest = select(pad, 0u, with_pad);", "let lowest = 0u;"),
    ("avgpool_backward/gather", "f32(rows) * f32(columns)", "f32(params.kh) * f32(params.kw)"),
    ("bias/direct", "(number / params.l) % params.c", "(number / params.c) % params.l"),
    ("bias/direct", ">= params.n * params.c * params.l", ">= (params.n * params.c - 1u) * params.l"),
    ("bias_relu/direct", "|| is_nan", ""),
    ("bias_relu/direct", "x[number] + b[", "x[number] - b["),
    ("bias_relu/direct", "bits < 0x80000000u", "bits < 0xFFFFFFFFu"),
    ("bias_backward/workgroup", "workgroupBarrier();", ""),
    ("bias_backward/workgroup", "half /= 2u", "half /= 4u"),
    ("bias_backward/workgroup", "at % params.l]", "at % params.c]"),
    ("relu/direct", "|| is_nan", ""),
    ("relu/direct", ">= params.len", ">= params.len - 1u"),
    ("relu_backward/direct", "bits != 0u && ", ""),
    ("relu_backward/direct", "|| is_nan", ""),
    ("sigmoid/direct", "bits >= 0x80000000u", "bits < 0x80000000u"),
    ("sigmoid/direct", "bits, size > 0x7F800000u", "bits, size > 0x7FFFFFFFu"),
    ("sigmoid/direct", "0x43480000u", "0x41480000u"),
    ("sigmoid_backward/direct", "1.0 - value", "1.0 + value"),
    ("sigmoid_backward/direct", ">= params.len", "> params.len"),
    ("dropout/direct", "words[i] >= params.threshold", "words[i] > params.threshold * 2u"),
    ("dropout/direct", "round < 10u", "round < 9u"),
    ("dropout/direct", "(middle >> 16u) + (other >> 16u)", "(middle >> 16u)"),
    ("dropout/direct", "vec2(params.mask_seed, params.layer)", "vec2(params.mask_seed, 0u)"),
    ("dropout/direct", "if at < params.len {", "if at < 4u * WG + params.len {"),
    ("batchnorm/direct", "+ params.eps", ""),
    ("batchnorm/direct", "(number / params.l) % params.c", "number % params.c"),
    ("batchnorm_training/workgroup", "workgroupBarrier();", ""),
    ("batchnorm_training/workgroup", "far * far", "far"),
    ("batchnorm_training/workgroup", "bitcast<f32>(params.factor_bits) * variance", "variance"),
    ("batchnorm_training/workgroup", "kept * running_mean[channel]", "kept * average"),
    ("batchnorm_backward/workgroup", "- shares.y", ""),
    ("batchnorm_backward/workgroup", "- h * shares.x", "- shares.x"),
    ("batchnorm_backward/workgroup", "dbeta[channel] = gradients.y;", ""),
    ("softmax_cross_entropy/rows", "select(0.0, 1.0, i32(j) == right)", "0.0"),
    ("softmax_cross_entropy/rows", "select(0u, loss, takes_part)", "loss"),
    ("softmax_cross_entropy/rows", "select(NAN, bitcast<u32>(p), is_finite)", "bitcast<u32>(p)"),
    ("softmax_cross_entropy/rows", "largest = max(largest, bitcast<f32>(bits));", "largest = 0.0;"),
    ("softmax_cross_entropy/rows", "log(sum)", "sum"),
    ("softmax_cross_entropy/total", "workgroupBarrier();", ""),
    ("softmax_cross_entropy/total", "at += WG", "at += WG + 1u"),
    ("bce_with_logits/rows", "log(1.0 + e)", "log(e + e)"),
    ("bce_with_logits/rows", "p - t", "t - p"),
    ("bce_with_logits/rows", "x * t", "abs(x) * t"),
    ("bce_with_logits/total", "half > 0u", "half > 1u"),
    ("bce_with_logits/total", "var at = local;", "var at = local + 1u;"),
    ("sgd/direct", "params.l1 * sign(p)", "params.l1"),
    ("sgd/direct", "velocity[number] = v;", ""),
    ("sgd/direct", "params.nesterov == 1u", "false"),
    ("sgd/direct", "p - params.lr", "p + params.lr"),
    ("adam/direct", "(g * g)", "g"),
    ("adam/direct", "+ params.eps", ""),
    ("adam/direct", "bitcast<f32>(params.correction_bits)", "1.0"),
    ("adam/direct", "select(params.weight_decay, 0.0, decoupled)", "params.weight_decay"),
    ("adam/direct", "m[number] = first;", ""),
    ("adam/guarded", "|| t == 0u", ""),
    ("adam/guarded", "c * (2.0 - c)", "2.0 * c"),
    ("adam/guarded", "(t >> (bit - 1u)) % 2u == 1u", "true"),
    ("adam/guarded", "taken(take1, t)", "taken(take2, t)"),
    ("adam/guarded", "select(params.weight_decay, 0.0, decoupled)", "params.weight_decay"),
    ("sgd/guarded", "|| step[0] == 0", ""),
    ("sgd/guarded", "velocity[number] = v;", ""),
    ("scale_loss/direct", "number < params.len", "number + 1u < params.len"),
    ("scale_loss/direct", "*= scaling[0];", "*= scaling[1];"),
    ("unscale/find", ">= 0x7F800000u", "> 0x7F800000u"),
    ("unscale/find", "workgroupBarrier();", ""),
    ("unscale/find", "/ stride + 1u", "/ stride"),
    ("unscale/decide", "at += WG", "at += 2u * WG"),
    ("unscale/decide", "step[0] = 0;", "step[0] = i32(scaling[3]);"),
    ("unscale/decide", "good >= f32", "good > f32"),
    ("unscale/decide", "max(0.5 * scale, LEAST)", "0.5 * scale"),
    ("unscale/decide", "min(2.0 * scale, LARGEST)", "2.0 * scale"),
    ("unscale/multiply", "number < params.len", "number + 1u < params.len"),
    ("unscale/multiply", "*= factor[0]", "/= factor[0]"),
    ("global_norm/partial_sums", "value * value", "value"),
    ("global_norm/partial_sums", "workgroupBarrier();", ""),
    ("global_norm/partial_sums", "/ stride + 1u", "/ stride"),
    ("global_norm/root_of_sum", "sqrt(shared_sums[0])", "shared_sums[0]"),
    ("global_norm/root_of_sum", "at += WG", "at += 2u * WG"),
    ("clip_norm/direct", "|| !is_finite", ""),
    ("clip_norm/direct", "min(1.0, ", "(1.0 * "),
];

/// The op and the variant that use a shader.
fn user(shader: &str) -> (&'static Op, &'static Variant) {
    let file = format!("{shader}.wgsl");
    let pairs = || OPS.iter().flat_map(|op| op.variants.iter().map(move |variant| (*op, variant)));
    pairs().find(|(_, variant)| variant.shaders().iter().any(|s| s.name == file)).unwrap()
}

/// The variant with the fault in it.
fn faulty(variant: &'static Variant, (shader, from, to): Mutant) -> &'static Variant {
    let How::Wgsl { passes, scratch } = &variant.how else { unreachable!("a variant of kernels") };
    let pass = |pass: &Pass| {
        let mut source = pass.shader.source.to_owned();
        if pass.shader.name == format!("{shader}.wgsl") {
            assert_eq!(source.matches(from).count(), 1, "`{from}` in {shader}");
            source = source.replace(from, to);
        }
        Pass { shader: Shader::loaded(pass.shader.name, source), set: pass.set, when: pass.when }
    };
    let passes: Vec<Pass> = passes.iter().map(pass).collect();
    let scratch: Vec<Scratch> = scratch.iter().map(|s| Scratch { name: s.name, len: s.len }).collect();
    let how = How::Wgsl { passes: passes.leak(), scratch: scratch.leak() };
    Box::leak(Box::new(Variant { how, ..*variant }))
}

fn fails(engine: &Engine, mutant: Mutant) -> bool {
    let (op, variant) = user(mutant.0);
    let variant = faulty(variant, mutant);
    (0u64..).zip(cases::of(op).unwrap()).any(|(seed, setup)| {
        let case = Case::drawn(op, &setup.sizes, setup.fill, seed);
        matches!(verify(engine, &case, variant).unwrap(), Verdict::Failed(_))
    })
}

#[test]
fn wrong_layers_fail() {
    let Some(engine) = support::engine_or_skip() else { return };
    let survivors: Vec<&Mutant> = MUTANTS.iter().filter(|mutant| !fails(&engine, **mutant)).collect();
    assert!(survivors.is_empty(), "these wrong kernels pass: {survivors:#?}");
}

/// Every kernel of these ops stands above, at least twice.
#[test]
fn every_kernel_has_two_faults() {
    let elsewhere = ["matmul/", "maxpool/", "conv2d"];
    // Their faults are in tests/coopmat.rs, where they run in plain code.
    let in_plain_code = ["matmul_f16/coopmat.wgsl", "matmul_mixed/coopmat.wgsl"];
    for shader in OPS.iter().flat_map(|op| op.variants).flat_map(Variant::shaders) {
        if in_plain_code.contains(&shader.name) || elsewhere.iter().any(|op| shader.name.starts_with(op)) {
            continue;
        }
        let count = MUTANTS.iter().filter(|m| format!("{}.wgsl", m.0) == shader.name).count();
        assert!(count >= 2, "{} has {count} mutants", shader.name);
    }
}
