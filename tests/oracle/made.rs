//! Small cases in the oracle's format: right, wrong, damaged, and outside what is computed.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use tesela::data::npy;

use super::check;

/// A tensor: its name, shape and values.
type Tensor<'a> = (&'a str, &'a [usize], &'a [f32]);

/// Writes a case of PyTorch's format, or of ONNX's where the op begins with a capital.
fn write(
    root: &Path,
    name: &str,
    op: &str,
    attributes: Value,
    inputs: &[Tensor],
    outputs: &[Tensor],
) -> PathBuf {
    let folder = root.join(op).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let list = |tensors: &[Tensor]| -> Vec<Value> {
        let one = |(name, shape, values): &Tensor| {
            let file = format!("{name}.npy");
            npy::write_f32(&folder.join(&file), shape, values).unwrap();
            json!({ "name": name, "param": name, "file": file, "dtype": "float32", "shape": shape })
        };
        tensors.iter().map(one).collect()
    };
    let source = if op.starts_with(char::is_uppercase) { "node" } else { "torch" };
    let case = json!({
        "format": 1, "name": name, "source": source, "op": op, "attributes": attributes,
        "inputs": list(inputs), "outputs": list(outputs), "rtol": 1e-3, "atol": 1e-7,
    });
    std::fs::write(folder.join("case.json"), case.to_string()).unwrap();
    folder
}

const A: Tensor = ("a", &[2, 2], &[1.0, 2.0, 3.0, 4.0]);
const B: Tensor = ("b", &[2, 2], &[5.0, 6.0, 7.0, 8.0]);
const C: Tensor = ("c", &[2, 2], &[19.0, 22.0, 43.0, 50.0]);
const X: Tensor = ("X", &[1, 1, 2, 2], &[1.0, 2.0, 3.0, 4.0]);

fn product(root: &Path, name: &str, c: Tensor) -> PathBuf {
    write(root, name, "matmul", json!({ "exact": true }), &[A, B], &[c])
}

#[test]
fn a_right_case_passes_and_a_wrong_one_fails_every_variant() {
    let root = TempDir::new().unwrap();
    product(root.path(), "right", C);
    let (code, value) = check(root.path(), "cpu");
    assert_eq!((code, &value["passed"], &value["failed"]), (0, &json!(3), &json!(0)), "{value:#}");
    product(root.path(), "wrong", ("c", &[2, 2], &[19.0, 22.0, 43.0, 51.0]));
    let (code, value) = check(root.path(), "cpu");
    assert_eq!((code, &value["passed"], &value["failed"]), (4, &json!(3), &json!(3)), "{value:#}");
    assert_eq!(value["failures"][0]["case"], "matmul/wrong");
    assert!(value["failures"][0]["message"].as_str().unwrap().contains("c[3] is 50.0, expected 51.0"));
    // A case folder itself may be given, too.
    let (code, value) = check(&root.path().join("matmul/wrong"), "cpu");
    assert_eq!((code, &value["failures"][0]["case"]), (4, &json!("wrong")));
}

#[test]
fn a_damaged_case_is_a_failure_with_its_name() {
    let root = TempDir::new().unwrap();
    let damaged = |name: &str, harm: &dyn Fn(&Path)| {
        let folder = product(root.path(), name, C);
        harm(&folder);
    };
    damaged("cut", &|f| {
        let bytes = std::fs::read(f.join("a.npy")).unwrap();
        std::fs::write(f.join("a.npy"), &bytes[..bytes.len() - 3]).unwrap();
    });
    damaged("missing", &|f| std::fs::remove_file(f.join("b.npy")).unwrap());
    damaged("not_json", &|f| std::fs::write(f.join("case.json"), "{").unwrap());
    damaged("reshaped", &|f| {
        std::fs::remove_file(f.join("c.npy")).unwrap();
        npy::write_f32(&f.join("c.npy"), &[4], C.2).unwrap();
    });
    write(root.path(), "unfit", "matmul", json!({ "exact": true }), &[A, ("b", &[3, 1], &[1.0; 3])], &[C]);
    write(root.path(), "wide", "matmul", json!({ "exact": true }), &[A, B], &[("c", &[4], C.2)]);
    write(
        root.path(),
        "windows",
        "MaxPool",
        json!({ "kernel_shape": [2, 2] }),
        &[X],
        &[("Y", &[1, 1, 2, 2], &[4.0; 4])],
    );
    write(
        root.path(),
        "axes",
        "MaxPool",
        json!({ "kernel_shape": [2] }),
        &[X],
        &[("Y", &[1, 1, 1, 1], &[4.0])],
    );
    let (code, value) = check(root.path(), "cpu");
    assert_eq!((code, &value["passed"], &value["failed"]), (4, &json!(0), &json!(8)), "{value:#}");
    let names: Vec<&str> =
        value["failures"].as_array().unwrap().iter().map(|f| f["case"].as_str().unwrap()).collect();
    for name in ["cut", "missing", "not_json", "reshaped", "unfit", "wide"] {
        assert!(names.contains(&format!("matmul/{name}").as_str()), "{name} in {names:?}");
    }
}

#[test]
fn what_is_not_computed_is_skipped_with_its_reason() {
    let root = TempDir::new().unwrap();
    write(root.path(), "up", "upsample", json!({}), &[], &[]);
    write(root.path(), "volume", "Conv", json!({}), &[("X", &[1; 5], &[1.0]), ("W", &[1; 5], &[1.0])], &[]);
    write(
        root.path(),
        "empty",
        "matmul",
        json!({}),
        &[("a", &[0, 2], &[]), B],
        &[("c", &[0, 2], &[]), ("abs", &[0, 2], &[])],
    );
    write(root.path(), "half", "Gemm", json!({ "alpha": 0.5 }), &[A, B], &[]);
    write(root.path(), "deep", "MaxPool", json!({}), &[("X", &[1, 1, 1, 1, 1], &[1.0])], &[]);
    let (code, value) = check(root.path(), "cpu");
    assert_eq!((code, &value["checked"]), (0, &json!(0)), "{value:#}");
    let skipped = value["skipped"].as_array().unwrap();
    for (case, reason) in [
        ("upsample/up", "upsample"),
        ("Conv/volume", "axes"),
        ("matmul/empty", "zero"),
        ("Gemm/half", "alpha"),
        ("MaxPool/deep", "axes"),
    ] {
        let found = skipped.iter().find(|s| s["case"] == case).unwrap_or_else(|| panic!("{case}: {value:#}"));
        assert!(found["reason"].as_str().unwrap().contains(reason), "{found}");
    }
}

#[test]
fn onnx_pads_that_pytorch_does_not_have() {
    let root = TempDir::new().unwrap();
    let pool = |name: &str, attributes: Value, y: Tensor| {
        write(root.path(), name, "MaxPool", attributes, &[X], &[y])
    };
    let lower = json!({ "kernel_shape": [2, 2], "auto_pad": "SAME_LOWER" });
    pool("same_lower", lower, ("Y", &[1, 1, 2, 2], &[1.0, 2.0, 3.0, 4.0]));
    let upper = json!({ "kernel_shape": [2, 2], "auto_pad": "SAME_UPPER" });
    pool("same_upper", upper, ("Y", &[1, 1, 2, 2], &[4.0; 4]));
    let uneven = json!({ "kernel_shape": [2, 2], "pads": [0, 0, 1, 0], "strides": [1, 1] });
    pool("uneven", uneven, ("Y", &[1, 1, 2, 1], &[4.0, 4.0]));
    let ceil = json!({ "kernel_shape": [1, 1], "strides": [2, 2], "ceil_mode": 1, "pads": [0, 0, 1, 1] });
    pool("ceil", ceil, ("Y", &[1, 1, 1, 1], &[1.0]));
    let (code, value) = check(root.path(), "cpu");
    assert_eq!((code, &value["by_group"]["onnx/MaxPool"]["passed"]), (0, &json!(4)), "{value:#}");
}
