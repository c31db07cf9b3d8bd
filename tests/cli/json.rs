//! What scripts read.

use serde_json::{Value, json};

use super::support::adapter;
use super::{json_of, passes, run};

fn has_keys(value: &Value, keys: &[&str]) {
    for key in keys {
        assert!(value.get(key).is_some(), "`{key}` is missing in {value:#}");
    }
}

#[test]
fn devices() {
    let output = run("devices --json --device cpu");
    passes(&output);
    let value = json_of(&output);
    has_keys(&value, &["choice", "chosen", "devices", "cpu"]);
    assert_eq!(value["choice"], "cpu");
    if !adapter() {
        return;
    }
    let value = json_of(&run("devices --json"));
    let device = &value["devices"][usize::try_from(value["chosen"].as_u64().unwrap()).unwrap()];
    has_keys(device, &["name", "kind", "backend", "driver", "software", "limits", "features"]);
    assert_eq!(device["chosen"], true);
    assert!(device["limits"]["maxBufferSize"].as_u64().unwrap() > 0);
}

#[test]
fn check_on_the_cpu() {
    let output = run("check matmul --device cpu --json");
    passes(&output);
    let value = json_of(&output);
    let cases = tesela::lab::cases::of(&tesela::ops::matmul::OP).unwrap().len();
    let variants = tesela::ops::matmul::OP.variants.iter().filter(|v| v.is_cpu()).count();
    assert_eq!(value["checked"], cases * variants);
    assert_eq!(value["passed"], cases * variants);
    assert_eq!(value["failed"], 0);
    assert_eq!(value["failures"], json!([]));
    assert_eq!(value["skipped"], json!([]));
    assert_eq!(value["adapter"], Value::Null);
}

#[test]
fn skips_have_a_case_a_variant_and_a_reason() {
    let output = run("check maxpool --variant per_window_serial --device cpu --json");
    passes(&output);
    let value = json_of(&output);
    let skipped = value["skipped"].as_array().unwrap();
    assert!(!skipped.is_empty());
    for skip in skipped {
        assert_eq!(skip["variant"], "per_window_serial");
        assert!(skip["case"].as_str().unwrap().starts_with("maxpool n="), "{skip}");
        assert!(!skip["reason"].as_str().unwrap().is_empty());
    }
    assert_eq!(value["checked"], value["passed"]);
}

const RUN: &[&str] = &[
    "op",
    "variant",
    "adapter",
    "software",
    "sizes",
    "upload_ns",
    "encode_ns",
    "kernel_ns",
    "resident_ns",
    "download_ns",
    "total_ns",
    "clock",
    "first_call_ns",
    "verified",
];

#[test]
fn a_run_on_the_cpu() {
    let output =
        run("run maxpool --random 6x8 --kernel 3x2 --ceil --device cpu --threads 1 --json --repeat 3");
    passes(&output);
    let value = json_of(&output);
    has_keys(&value, RUN);
    assert_eq!((&value["op"], &value["variant"]), (&json!("maxpool"), &json!("rayon")));
    assert_eq!(value["verified"], true);
    assert_eq!(value["software"], false);
    assert_eq!(value["repeats"], 3);
    assert_eq!(value["threads"], 1);
    assert_eq!(value["upload_ns"], Value::Null, "an absent time is null, never 0");
    assert_eq!((&value["sizes"]["kh"], &value["sizes"]["ceil"]), (&json!(3), &json!("ceil")));
    assert_eq!((&value["windows"], &value["input_bytes"]), (&json!(8), &json!(192)));
}

#[test]
fn a_run_on_the_device() {
    if !adapter() {
        return;
    }
    let output = run("run matmul --m 5 --n 6 --k 7 --json");
    passes(&output);
    let value = json_of(&output);
    has_keys(&value, RUN);
    assert_eq!(value["sizes"], json!({ "m": 5, "n": 6, "k": 7, "batch": 1, "ta": "no", "tb": "no" }));
    assert_eq!(value["verified"], true);
    for phase in ["upload_ns", "resident_ns", "download_ns", "total_ns", "first_call_ns"] {
        assert!(value[phase].as_u64().unwrap() > 0, "{phase}");
    }
    assert!(["timestamp", "wall"].contains(&value["clock"].as_str().unwrap()));
}
