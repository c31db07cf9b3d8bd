//! The whole of `../shared/oracle` through every variant, on the CPU and on the adapter.

use std::path::PathBuf;

use super::support::adapter;
use super::{check, number};

/// The operations that are implemented, and how many of their cases are outside them, for which reason.
const COVERED: &[(&str, &str, usize)] = &[
    // m, n or k of zero is a typed error.
    ("torch", "matmul", 5),
    ("torch", "conv2d", 0),
    ("torch", "linear", 0),
    ("torch", "maxpool2d", 0),
    ("torch", "maxpool2d_zeropad", 0),
    ("torch", "thesis_maxpool", 0),
    // One without elements.
    ("torch", "relu", 1),
    ("torch", "cross_entropy", 0),
    ("torch", "bce_with_logits", 0),
    ("torch", "adam", 0),
    // Three axes behind N and C.
    ("onnx", "AveragePool", 5),
    ("onnx", "BatchNormalization", 0),
    ("onnx", "Relu", 0),
    ("onnx", "SoftmaxCrossEntropyLoss", 0),
    // Three axes behind N and C.
    ("onnx", "MaxPool", 3),
    ("onnx", "GlobalMaxPool", 0),
    ("onnx", "Conv", 4),
    ("onnx", "MatMul", 0),
    // alpha other than 1, or a matrix C that is added.
    ("onnx", "Gemm", 4),
];

/// Operations of which the oracle has no case of their own.
const WITHOUT: &[&str] = &[
    "matmul_f16",
    "matmul_mixed",
    "conv2d_mixed",
    "conv2d_grad_input_mixed",
    "conv2d_grad_weight_mixed",
    "avgpool_backward",
    "bias",
    "bias_relu",
    "bias_backward",
    "sigmoid",
    "sigmoid_backward",
    "dropout",
    "batchnorm_backward",
    "sgd",
    "global_norm",
    "clip_norm",
    "scale_loss",
    "unscale",
    "conv2d",
    "conv2d_grad_input",
    "conv2d_grad_weight",
];

#[expect(clippy::print_stdout, reason = "the only way to say why a test did nothing")]
fn oracle() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/oracle");
    if !folder.exists() {
        println!("ignored: ../shared/oracle is not there");
        return None;
    }
    Some(folder)
}

/// Cases of an operation by the oracle's own index.
fn indexed(root: &std::path::Path, source: &str, op: &str) -> usize {
    let index = std::fs::read_to_string(root.join(source).join("INDEX.tsv")).unwrap();
    index.lines().skip(1).filter(|line| line.split('\t').next() == Some(op)).count()
}

fn every_case_passes(device: &str) {
    let Some(root) = oracle() else { return };
    let (code, value) = check(&root, device);
    assert_eq!(value["failed"], 0, "{:#}", value["failures"]);
    assert_eq!(code, 0);
    for (source, op, outside) in COVERED {
        let cases = indexed(&root, source, op);
        assert!(cases > *outside, "{source}/{op} has {cases} cases");
        let group = &value["by_group"][format!("{source}/{op}")];
        assert_eq!(number(&group["cases"]), cases, "{source}/{op}");
        assert_eq!(number(&group["passed"]), cases - outside, "{source}/{op}");
        assert_eq!(number(&group["skipped"]), *outside, "{source}/{op}");
    }
    // What is not implemented is skipped, never passed.
    for (name, group) in value["by_group"].as_object().unwrap() {
        let covered = COVERED.iter().any(|(source, op, _)| *name == format!("{source}/{op}"));
        assert!(covered || group["skipped"] == group["cases"], "{name}: {group}");
    }
    // Whole cases are skipped with a reason, and each variant passed something.
    for skip in value["skipped"].as_array().unwrap() {
        assert!(!skip["reason"].as_str().unwrap().is_empty(), "{skip}");
    }
    for variant in value["by_variant"].as_array().unwrap() {
        let ran = number(&variant["passed"]) > 0;
        let reasons = || {
            let of = |skip: &&serde_json::Value| skip["variant"] == variant["variant"];
            value["skipped"].as_array().unwrap().iter().filter(of).map(|s| s["reason"].to_string()).next()
        };
        let uncased = WITHOUT.contains(&variant["op"].as_str().unwrap());
        // A variant that no case runs must say that this device cannot hold it, or lacks what it asks for.
        let beyond = |r: &String| r.contains("exceeds the device") || r.contains("the device has no");
        assert!(ran || uncased || reasons().as_ref().is_some_and(beyond), "{variant}");
    }
}

#[test]
fn on_the_cpu() {
    every_case_passes("cpu");
}

#[test]
fn on_the_adapter() {
    if adapter() {
        every_case_passes("auto");
    }
}
