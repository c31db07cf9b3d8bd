//! Wrong arguments: exit code 2 (3 without an adapter), and a message that says what to do.

use super::support::adapter;
use super::{fails, passes, run, run_with, stdout};

#[test]
fn help_names_every_verb_and_exit_code() {
    let output = run("--help");
    passes(&output);
    let text = stdout(&output);
    for word in ["devices", "check", "run", "data", "completions", "--device", "--quiet", "--threads"] {
        assert!(text.contains(word), "{word} is missing in: {text}");
    }
    for code in ["  0 ", "  1 ", "  2 ", "  3 ", "  4 ", "  5 ", "  130 "] {
        assert!(text.contains(&format!("\n{code}")), "exit code {code} is missing in: {text}");
    }
    for verb in ["devices", "check", "run matmul", "run maxpool", "data slice", "data phantom", "completions"]
    {
        passes(&run(&format!("{verb} --help")));
    }
    passes(&run("--version"));
}

#[test]
fn what_the_parser_refuses() {
    fails(&run(""), 2, "Usage");
    fails(&run("chek"), 2, "check");
    fails(&run("run matmul"), 2, "--m");
    fails(&run("run matmul --m 4 --threads 0"), 2, "threads");
    fails(&run("run matmul --m 4 --repeat 0"), 2, "repeat");
    fails(&run("run matmul --m -4"), 2, "-4");
    fails(&run("run matmul --m 4 --fill noise"), 2, "uniform, digits");
    fails(&run("run maxpool --random 4 --kernel 2y2"), 2, "KHxKW");
    fails(&run("run maxpool --random 4 --pad-value 0"), 2, "neg_inf, zero");
    fails(&run("run maxpool --random 4 --input x.csv"), 2, "cannot be used with");
    fails(&run("check matmul --set TILE=2"), 2, "--shader");
    fails(&run("check matmul --shader x.wgsl --set TILE"), 2, "NAME=VALUE");
    fails(&run("data slice v.nii d --format gif"), 2, "png or jpg");
    fails(&run("data slice v.nii d --window 1-2"), 2, "LO..HI");
    fails(&run("completions tcsh"), 2, "bash");
}

#[test]
fn sizes_that_mean_nothing() {
    let pool = |rest: &str| run(&format!("run maxpool --device cpu --random 4 {rest}"));
    fails(&pool("--kernel 5"), 2, "kh = 5 spans 5 elements");
    fails(&pool("--kernel 3 --dilation 2"), 2, "the padded image has 4");
    fails(&pool("--stride 0"), 2, "sh = 0 does not move the window");
    fails(&pool("--stride 1x0"), 2, "sw = 0");
    fails(&pool("--padding 2"), 2, "ph = 2 is above half the window's span");
    fails(&pool("--kernel 0"), 2, "kh = 0");
    passes(&pool("--padding 2 --pad-value zero"));
    fails(&run("run maxpool --device cpu --random 0x3"), 2, "h = 0");
    fails(&run("run maxpool --device cpu --random 65536x65536"), 2, "more elements than a 32-bit index");
    fails(&run("run matmul --device cpu --m 0"), 2, "m = 0");
    fails(&run("run matmul --device cpu --m 65536 --k 1"), 2, "C (m x n) has more elements");
}

#[test]
fn names_that_do_not_exist_come_with_those_that_do() {
    fails(&run("check conv9"), 2, "known are matmul, matmul_f16, matmul_mixed, maxpool");
    fails(&run("check matmul --variant fast"), 2, "known are serial, rayon, library, naive");
    fails(&run("check --variant fast"), 2, "maxpool has serial");
    fails(&run("run matmul --m 4 --variant fast"), 2, "known are serial, rayon, library, naive");
    fails(&run("run maxpool --random 4 --variant naive"), 2, "known are serial, rayon");
    fails(&run("run matmul --m 4 --variant naive --device cpu"), 2, "there is no adapter");
    fails(&run("check matmul --variant naive --device cpu"), 2, "needs an adapter");
    fails(&run("check --shader x.wgsl"), 2, "needs the operation");
}

#[test]
fn files_that_are_missing_or_are_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fails(&run_with("run maxpool --device cpu --input", &at("no.png")), 2, "no.png");
    fails(&run_with("run maxpool --device cpu --input", folder.path()), 2, "cannot read");
    std::fs::write(at("text.png"), "this is no image").unwrap();
    fails(
        &run_with("run maxpool --device cpu --input", &at("text.png")),
        2,
        "not a usable PNG or JPEG image",
    );
    std::fs::write(at("cut.png"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\x01").unwrap();
    fails(&run_with("run maxpool --device cpu --input", &at("cut.png")), 2, "cut.png");
    std::fs::write(at("ragged.csv"), "1,2\n3\n").unwrap();
    fails(&run_with("run maxpool --device cpu --input", &at("ragged.csv")), 2, "line 2");
    std::fs::write(at("five.npy"), tesela::data::npy::to_bytes_f32(&[1; 5], &[1.0]).unwrap()).unwrap();
    fails(&run_with("run maxpool --device cpu --kernel 1 --input", &at("five.npy")), 2, "5 axes");
    fails(&run_with("check matmul --shader", &at("no.wgsl")), 2, "no.wgsl");
    fails(&run_with("check --device cpu --oracle", &at("no")), 2, "cannot read");
    fails(&run_with("check --device cpu --oracle", folder.path()), 2, "no case.json");
    std::fs::write(at("cut.nii"), [0; 100]).unwrap();
    let slice = format!("data slice {} ", at("cut.nii").display());
    fails(&run_with(&slice, &at("slices")), 2, "not a usable NIfTI");
    assert!(!at("slices").exists(), "nothing may be written for a damaged volume");
}

#[test]
fn an_adapter_that_is_not_there() {
    for line in ["devices", "check", "run matmul --m 4", "run maxpool --random 4"] {
        fails(&run(&format!("{line} --device doesnotexist")), 3, "no suitable adapter for `doesnotexist`");
    }
}

#[test]
fn no_adapter_at_all() {
    // The Vulkan loader finds no driver there; on systems with other graphics APIs adapters remain.
    let hidden = |line: &str| {
        let mut command = super::tesela(line.split_whitespace());
        command.env("VK_DRIVER_FILES", "/nonexistent.json").env("WGPU_BACKEND", "vulkan").output().unwrap()
    };
    fails(&hidden("devices"), 3, "--device cpu needs no adapter");
    fails(&hidden("check"), 3, "this machine has none");
    fails(&hidden("run matmul --m 4"), 3, "no suitable adapter");
    passes(&hidden("run matmul --m 4 --variant serial"));
    passes(&hidden("run matmul --m 4 --device cpu"));
    passes(&hidden("check --device cpu"));
}

#[test]
fn a_matrix_past_the_limits() {
    if !adapter() {
        return;
    }
    // A single row exceeds the limit, and rows are not cut.
    let row = "run matmul --m 1 --n 1 --k 1073741824 --variant naive";
    fails(&run(row), 2, "cut k yourself");
    fails(&run(row), 2, "maxStorageBufferBindingSize");
    let row = "run maxpool --random 1x1073741824 --kernel 1x2 --variant direct";
    fails(&run(row), 2, "maxStorageBufferBindingSize");
    // Code that does not run in parts.
    fails(
        &run("run maxpool --random 64 --kernel 2 --device-bytes 4096 --variant per_window_naive_buffer"),
        2,
        "no other code runs in parts",
    );
}
