//! What goes wrong on a device arrives as a typed error, and grids past a dimension's limit are folded.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, and says what it saw")]

mod support;

use std::path::Path;
use std::process::Command;

use tesela::Error;
use tesela::engine::outputs;
use tesela::gpu::Gpu;
use tesela::lab::{Case, Verdict, user_variant, verify};
use tesela::ops::{Fill, Op, Sizes, matmul, maxpool};

fn sizes(op: &'static Op, text: &str) -> Sizes {
    op.sizes(text.split(' ').map(|pair| pair.split_once('=').unwrap())).unwrap()
}

fn shader(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders").join(name)
}

#[test]
fn a_lost_device_is_an_error() {
    let Some(engine) = support::engine_or_skip() else { return };
    let op = &matmul::OP;
    let sizes = sizes(op, "m=32");
    let variant = op.variants_named("naive").unwrap()[0];
    let case = Case::drawn(op, &sizes, Fill::Uniform, 1);
    let mut prepared = engine.prepare(op, variant, &sizes).unwrap();
    let mut results = outputs(op, &sizes);
    prepared.run(&case.inputs, &mut results).unwrap();
    engine.gpu().unwrap().destroy();
    let gone = |e: &Error| matches!(e, Error::DeviceLost { .. } | Error::Validation { .. });
    let error = prepared.run(&case.inputs, &mut results).unwrap_err();
    assert!(gone(&error), "{error:?}");
    // And again, and for what is prepared afterwards: no panic, no hang.
    let error = prepared.run(&case.inputs, &mut results).unwrap_err();
    assert!(gone(&error), "{error:?}");
    let error =
        engine.prepare(op, op.variants_named("tiled_16").unwrap()[0], &sizes).map(|_| ()).unwrap_err();
    assert!(gone(&error), "{error:?}");
}

#[test]
fn a_matrix_past_the_limits_is_refused_before_anything_is_launched() {
    let Some(engine) = support::engine_or_skip() else { return };
    let op = &matmul::OP;
    let limit = engine.gpu().unwrap().caps().max_binding_bytes.min(1 << 33);
    // B alone is too large: one row of it is short, A and C are small.
    let k = (limit / 4 / 64 + 1).to_string();
    let too_large = op.sizes([("m", "1"), ("n", "64"), ("k", k.as_str())]).unwrap();
    for name in ["naive", "tiled_16", "blocked_64x64_4x4"] {
        let variant = op.variants_named(name).unwrap()[0];
        let error = engine.prepare(op, variant, &too_large).map(|_| ()).unwrap_err();
        let Error::TooLarge { needed, limit: allowed, limit_name, .. } = &error else { panic!("{error:?}") };
        assert!(needed > allowed && limit_name.starts_with("max"), "{error}");
        assert!(error.to_string().contains("use smaller sizes"), "{error}");
    }
    // The device is unharmed.
    let case = Case::drawn(op, &sizes(op, "m=8"), Fill::Uniform, 1);
    let verdict = verify(&engine, &case, op.variants_named("naive").unwrap()[0]).unwrap();
    assert!(matches!(verdict, Verdict::Passed(_)), "{verdict:?}");
}

#[test]
fn a_grid_past_a_dimension_is_folded() {
    let Some(engine) = support::engine_or_skip() else { return };
    let one = [("WG".to_owned(), 1)];
    let cases = [("direct.wgsl", "h=300 kh=1"), ("direct_indices.wgsl", "h=271 w=263 kh=2 sh=1 indices=yes")];
    for (file, text) in cases {
        let variant = user_variant(&shader("maxpool").join(file), &one).unwrap();
        let case = Case::drawn(&maxpool::OP, &sizes(&maxpool::OP, text), Fill::Special, 2);
        let outputs = maxpool::OP.len(&case.sizes, "y");
        assert!(outputs > engine.gpu().unwrap().caps().max_workgroups as usize);
        let verdict = verify(&engine, &case, variant).unwrap();
        assert!(matches!(verdict, Verdict::Passed(_)), "{verdict:?}");
    }
    let small = [("BX".to_owned(), 1), ("BY".to_owned(), 1)];
    let variant = user_variant(&shader("matmul/naive.wgsl"), &small).unwrap();
    let case = Case::drawn(&matmul::OP, &sizes(&matmul::OP, "m=257 n=259 k=3"), Fill::Uniform, 3);
    let verdict = verify(&engine, &case, variant).unwrap();
    assert!(matches!(verdict, Verdict::Passed(_)), "{verdict:?}");
}

#[test]
fn other_tiles_give_the_same_answers() {
    let Some(engine) = support::engine_or_skip() else { return };
    let set = |text: &str| -> Vec<(String, u32)> {
        let pairs = text.split(' ').map(|pair| pair.split_once('=').unwrap());
        pairs.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect()
    };
    for (op, file, constants, sizes_text) in [
        (&matmul::OP, "matmul/blocked_4x4.wgsl", "WX=8 WY=8 BK=8", "m=70 n=65 k=37"),
        (&matmul::OP, "matmul/blocked_4x4.wgsl", "WX=4 WY=32 BK=4", "m=140 n=20 k=24"),
        (&matmul::OP, "matmul/blocked_8x8.wgsl", "WX=8 WY=4 BK=8", "m=70 n=68 k=40"),
        (&matmul::OP, "matmul/blocked_8x8.wgsl", "WX=4 WY=4 BK=32", "m=70 n=68 k=40"),
        (&matmul::OP, "matmul/blocked_8x8.wgsl", "WX=8 WY=16 LX=4 LY=2", "m=70 n=68 k=40"),
        (&matmul::OP, "matmul/blocked_8x8.wgsl", "WX=16 WY=8 LX=8 LY=8", "m=70 n=140 k=37"),
        (&matmul::OP, "matmul/blocked_prefetch_8x8.wgsl", "LX=4 LY=8", "m=130 n=100 k=37"),
        (&matmul::OP, "matmul/blocked_prefetch_8x8.wgsl", "LX=16 LY=2", "m=130 n=100 k=37"),
        (&matmul::OP, "matmul/blocked_8x4.wgsl", "WX=8 WY=4 BK=32", "m=70 n=68 k=40"),
        (&matmul::OP, "matmul/blocked_8x4.wgsl", "WX=32 WY=16 BK=8", "m=140 n=135 k=37"),
        (&matmul::OP, "matmul/registers_4x4.wgsl", "WX=16 WY=2", "m=37 n=66 k=20"),
        (&matmul::OP, "matmul/registers_8x8.wgsl", "WX=4 WY=2", "m=37 n=68 k=20"),
        (&matmul::OP, "matmul/loop.wgsl", "GROUPS_X=1 GROUPS_Y=2", "m=37 n=66 k=20"),
        (&maxpool::OP, "maxpool/tiled.wgsl", "TX=8 TY=8 CAPACITY=100", "h=33 w=40 kh=5 sh=2 ph=2"),
        (&maxpool::OP, "maxpool/tiled.wgsl", "TX=16 TY=1 CAPACITY=16", "h=9 w=40 kh=3 kw=5 sh=4 dh=2"),
        (
            &maxpool::OP,
            "maxpool/tiled_indices.wgsl",
            "TX=8 TY=4 CAPACITY=64",
            "h=33 w=40 kh=5 sh=1 ph=2 indices=yes",
        ),
        (&maxpool::OP, "maxpool/vectorized.wgsl", "WG=32", "h=33 w=40 kh=3 sh=2 ph=1"),
    ] {
        let op: &'static Op = op;
        let variant = user_variant(&shader(file), &set(constants)).unwrap();
        for fill in [Fill::Uniform, Fill::Ties] {
            let case = Case::drawn(op, &sizes(op, sizes_text), fill, 4);
            let verdict = verify(&engine, &case, variant).unwrap();
            assert!(matches!(verdict, Verdict::Passed(_)), "{file} {constants}: {verdict:?}");
        }
    }
}

#[test]
fn a_workgroup_past_the_limits_is_a_skip_with_a_reason() {
    let Some(engine) = support::engine_or_skip() else { return };
    let case = Case::drawn(&matmul::OP, &sizes(&matmul::OP, "m=8"), Fill::Uniform, 5);
    let wide = |bx: u32| user_variant(&shader("matmul/naive.wgsl"), &[("BX".to_owned(), bx)]).unwrap();
    match verify(&engine, &case, wide(4096)) {
        Ok(Verdict::Skipped(said)) => assert!(said.contains("maxComputeInvocationsPerWorkgroup"), "{said}"),
        other => panic!("{other:?}"),
    }
    let empty = verify(&engine, &case, wide(0));
    assert!(
        matches!(&empty, Err(Error::ShaderInterface { reason, .. }) if reason.contains("positive")),
        "{empty:?}"
    );
}

/// Run by the test below in a process with little address space.
#[test]
#[ignore = "a part of out_of_memory_is_an_error, which runs it with little memory"]
fn allocate_until_it_fails() {
    let gpu = Gpu::new().unwrap();
    let bytes = gpu.caps().max_binding_bytes.min(gpu.caps().max_buffer_bytes).min(256 << 20) - 1024;
    let mut held = Vec::new();
    let error = loop {
        match gpu.buffer("ballast", bytes) {
            Ok(buffer) => held.push(buffer),
            Err(error) => break error,
        }
        assert!(held.len() < 64, "memory did not run out");
    };
    println!("after {} buffers: {error:?}", held.len());
    assert!(matches!(error, Error::OutOfMemory { .. } | Error::DeviceLost { .. }), "{error:?}");
    assert!(matches!(error, Error::DeviceLost { .. }) || error.to_string().contains("ballast"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn out_of_memory_is_an_error() {
    if support::engine_or_skip().is_none_or(|e| !e.gpu().unwrap().adapter().software) {
        return;
    }
    let test = std::env::current_exe().unwrap();
    let script = "ulimit -v 4000000; exec \"$0\" --ignored --exact allocate_until_it_fails --nocapture";
    let done = Command::new("sh").args(["-c", script]).arg(test).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    assert!(said.contains("after ") && said.contains("1 passed"), "{said}");
}
