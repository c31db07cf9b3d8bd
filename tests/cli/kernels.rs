//! Kernels of the user's: a right one passes, wrong ones are caught, unusable ones are explained.

use std::path::{Path, PathBuf};

use super::support::adapter;
use super::{fails, json_of, passes, run_with, stdout};

/// A shader of the program's, changed in one place.
fn mutant(folder: &Path, shader: &str, from: &str, to: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders").join(shader);
    let source = std::fs::read_to_string(path).unwrap();
    assert_eq!(source.matches(from).count(), 1, "`{from}` must stand once in {shader}");
    let copy = folder.join("mutant.wgsl");
    std::fs::write(&copy, source.replace(from, to)).unwrap();
    copy
}

#[test]
fn a_right_kernel_passes_with_its_constants_set() {
    if !adapter() {
        return;
    }
    let naive = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders/matmul/naive.wgsl");
    let output = run_with("check matmul --set BX=8 --set BY=4 --json --shader", &naive);
    passes(&output);
    let value = json_of(&output);
    assert_eq!(value["passed"], tesela::lab::cases::of(&tesela::ops::matmul::OP).unwrap().len());
    assert_eq!(value["by_variant"][0]["variant"], "naive");
}

#[test]
fn wrong_kernels_are_caught() {
    if !adapter() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (op, shader, from, to) in [
        ("matmul", "matmul/naive.wgsl", "p < params.k;", "p + 1u < params.k;"),
        ("matmul", "matmul/naive.wgsl", "row >= params.m", "row + 1u >= params.m"),
        ("maxpool", "maxpool/direct.wgsl", "j < params.kw;", "j + 1u < params.kw;"),
        ("maxpool", "maxpool/direct.wgsl", "|| candidate == NAN_KEY", ""),
        ("maxpool", "maxpool/direct.wgsl", "return NAN_KEY;", "return 1u;"),
    ] {
        let path = mutant(folder.path(), shader, from, to);
        let output = run_with(&format!("check {op} --shader"), &path);
        let text = stdout(&output);
        assert_eq!(output.status.code(), Some(4), "{from} -> {to}: {text}");
        assert!(text.contains(&format!("FAILED {op}/mutant, case {op} ")), "{text}");
        let value = json_of(&run_with(&format!("check {op} --json --shader"), &path));
        let failed = usize::try_from(value["failed"].as_u64().unwrap()).unwrap();
        assert!(failed > 0 && failed == value["failures"].as_array().unwrap().len(), "{value:#}");
        assert_eq!(value["failures"][0]["variant"], "mutant");
    }
}

#[test]
fn a_kernel_that_does_not_parse_is_shown_where() {
    if !adapter() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = mutant(folder.path(), "matmul/naive.wgsl", "var sum = 0.0;", "var sum == 0.0;");
    let line =
        std::fs::read_to_string(&path).unwrap().lines().position(|l| l.contains("sum ==")).unwrap() + 1;
    let output = run_with("check matmul --shader", &path);
    fails(&output, 1, "is not valid WGSL");
    fails(&output, 1, &format!("mutant.wgsl:{line}:"));
}

#[test]
fn a_kernel_that_does_not_fit_is_explained() {
    if !adapter() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = mutant(folder.path(), "matmul/naive.wgsl", "    k: u32,\n", "    depth: u32,\n");
    let text = std::fs::read_to_string(&path).unwrap().replace("params.k", "params.depth");
    std::fs::write(&path, text).unwrap();
    fails(&run_with("check matmul --shader", &path), 1, "`depth` is no size of the op");
    let naive = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders/matmul/naive.wgsl");
    fails(&run_with("check maxpool --shader", &naive), 1, "does not fit `maxpool`");
    fails(&run_with("check matmul --set QQ=1 --shader", &naive), 1, "QQ");
    fails(&run_with("check matmul --set BX=4096 --shader", &naive), 1, "ran on no case");
}
