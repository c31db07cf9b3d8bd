//! `tesela compare`: verdicts, exit codes, refusals.

use std::path::Path;

use serde_json::json;

use super::{fails, json_of, passes, stderr, stdout, tesela};

const HEAD: &str = "experiment,op,variant,adapter,software,threads,m,n,k,flops,bytes,seed,sample,call,prepare_ns,\
                    compile_ns,upload_ns,encode_ns,kernel_ns,resident_ns,download_ns,total_ns,clock,status,reason";

/// A run folder with two variants at two sizes; `rayon` takes `factor` times as long as it might.
pub(super) fn folder(path: &Path, started: &str, cpu: &str, factor: f64) {
    std::fs::create_dir_all(path).unwrap();
    let run = json!({
        "schema_version": 1, "command": ["tesela", "sweep"], "experiment": "x", "experiment_text": "",
        "status": "complete", "started": started, "resume_key": "", "lock_sha256": "", "rustc": "", "os": "",
        "cpu": cpu, "cores": 2, "memory_bytes": 1, "bounds_checks": true, "seed": 1, "generator": "ChaCha8",
    });
    std::fs::write(path.join("run.json"), run.to_string()).unwrap();
    let mut text = format!("{HEAD}\n");
    for (variant, threads, scale) in [("serial", 1, 1.0), ("rayon", 2, factor)] {
        for side in [64, 128] {
            for sample in 0..12 {
                let ns = (f64::from(side * 10_000) * scale * (1.0 + 0.001 * f64::from(sample))).round();
                text += &format!(
                    "x,matmul,{variant},{cpu},false,{threads},{side},{side},{side},1,1,1,{sample},warm,,,,,,,,{ns},,ok,\n"
                );
            }
        }
    }
    std::fs::write(path.join("samples.csv"), text).unwrap();
}

pub(super) fn compare(a: &Path, b: &Path, more: &[&str]) -> std::process::Output {
    let words = ["compare"].into_iter().map(Path::new).chain([a, b]).chain(more.iter().map(Path::new));
    tesela(words).output().unwrap()
}

/// Makes `rayon` at 128 a failure in a folder that [`folder`] wrote.
fn break_one(folder: &Path) {
    let samples = folder.join("samples.csv");
    let text = std::fs::read_to_string(&samples).unwrap();
    let kept: String =
        text.lines().filter(|l| !l.contains(",rayon,A,false,2,128,")).map(|l| format!("{l}\n")).collect();
    let failed =
        format!("{kept}x,matmul,rayon,A,false,2,128,128,128,1,1,1,0{}failed,wrong\n", ",".repeat(11));
    std::fs::write(&samples, failed).unwrap();
}

#[test]
fn a_variant_that_was_right_and_is_wrong_ends_with_code_five() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    folder(&at("old"), "2024-01-01T00:00:00Z", "A", 1.0);
    for (name, day) in [("new/1", 2), ("new/2", 3)] {
        folder(&at(name), &format!("2024-01-0{day}T00:00:00Z"), "A", 1.0);
        key(&at(name), "same");
    }
    // Wrong in one run of several, and not the latest.
    break_one(&at("new/1"));
    let output = compare(&at("old"), &at("new"), &["--json"]);
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    let note = "measured in A, FAILED in B: matmul rayon m=128 n=128 k=128";
    assert!(stderr(&output).contains(note), "{}", stderr(&output));
    let value = json_of(&output);
    assert_eq!(value["failed_b"][0]["variant"], "rayon", "{value:#}");
    assert_eq!(value["failed_a"], json!([]));

    let mended = compare(&at("new"), &at("old"), &["--json"]);
    passes(&mended);
    assert!(
        stderr(&mended).contains("FAILED in A, measured in B: matmul rayon m=128"),
        "{}",
        stderr(&mended)
    );
    assert_eq!(json_of(&mended)["failed_a"][0]["sizes"]["m"], "128");
}

#[test]
fn a_run_is_not_compared_with_itself() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    folder(&at("x/old"), "2024-01-01T00:00:00Z", "A", 1.0);
    fails(&compare(&at("x/old"), &at("x/old"), &[]), 2, "would stand on both sides");
    fails(&compare(&at("x"), &at("x"), &[]), 2, "would stand on both sides");
    fails(&compare(&at("x"), &at("x/old"), &[]), 2, "holds no run of x but");
    // Of the parent the latest would be the other side's own run, of another program than the one before it.
    folder(&at("x/new"), "2024-01-02T00:00:00Z", "A", 1.3);
    key(&at("x/new"), "changed");
    for [a, b] in [[at("x"), at("x/new")], [at("x/old"), at("x")]] {
        let output = compare(&a, &b, &["--json"]);
        assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
        let value = json_of(&output);
        let end = |side: &str| value["runs"][0][side][0].as_str().unwrap().to_owned();
        assert!(end("a").ends_with("old") && end("b").ends_with("new"), "{value:#}");
    }
}

#[test]
fn a_copied_run_counts_once() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    for (side, factor) in [("a", 1.0), ("b", 1.3)] {
        for number in 1..4 {
            let path = at(&format!("{side}/{number}"));
            // The same moment, or another with the same samples.
            folder(&path, &format!("2024-01-0{}T00:00:00Z", number.min(2)), "A", factor);
            key(&path, side);
        }
    }
    let output = compare(&at("a"), &at("b"), &["--json"]);
    let value = json_of(&output);
    assert_eq!(value["runs"][0]["a"].as_array().unwrap().len(), 1, "{value:#}");
    assert_eq!(value["points"][2]["unit"], "call");
    assert_eq!(stderr(&output).matches("a copy of another run").count(), 4, "{}", stderr(&output));
    assert!(!stderr(&output).contains("a copy of a run of A"), "{}", stderr(&output));

    folder(&at("alone"), "2024-01-01T00:00:00Z", "A", 1.0);
    let output = compare(&at("alone"), &at("a/1"), &[]);
    passes(&output);
    assert!(stderr(&output).contains("a copy of a run of A"), "{}", stderr(&output));
}

#[test]
fn a_report_of_a_parent_takes_the_latest_run() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join("x").join(name);
    folder(&at("first"), "2024-01-01T00:00:00Z", "A", 1.0);
    folder(&at("second"), "2024-01-02T00:00:00Z", "A", 1.0);
    let (x, out) = (root.path().join("x"), root.path().join("out"));
    passes(&tesela([Path::new("report"), &x, Path::new("--out"), &out]).output().unwrap());
    let page = std::fs::read_to_string(out.join("report.md")).unwrap();
    assert!(page.contains("second/samples.csv") && !page.contains("first/samples.csv"), "{page}");
}

#[test]
fn a_regression_beyond_doubt_ends_with_code_five() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    folder(&at("old"), "2024-01-01T00:00:00Z", "A", 1.0);
    folder(&at("new"), "2024-01-02T00:00:00Z", "A", 1.3);

    folder(&at("again"), "2024-01-03T00:00:00Z", "A", 1.0);
    passes(&compare(&at("old"), &at("again"), &[]));
    let slower = compare(&at("old"), &at("new"), &[]);
    assert_eq!(slower.status.code(), Some(5), "{}", stderr(&slower));
    let text = stdout(&slower);
    let lines: Vec<&str> = text.lines().filter(|l| l.contains("rayon")).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines.iter().all(|l| l.contains("1.300") && l.ends_with("slower")), "{text}");
    assert!(text.contains("m=64 n=64 k=64") && text.contains("same"), "{text}");
    assert!(
        stderr(&slower).contains("4 points: 2 slower, 0 unclear, 2 same, 0 faster"),
        "{}",
        stderr(&slower)
    );
    passes(&compare(&at("old"), &at("new"), &["--threshold", "40"]));
    passes(&compare(&at("new"), &at("old"), &[]));

    let value = json_of(&compare(&at("old"), &at("new"), &["--json", "--time", "kernel"]));
    assert_eq!(value["summary"], json!({ "slower": 2, "unclear": 0, "same": 2, "faster": 0 }));
    assert_eq!(value["points"].as_array().unwrap().len(), 4);
    assert_eq!(value["points"][2]["verdict"], "slower");
    assert_eq!(value["points"][2]["sizes"], json!({ "m": "64", "n": "64", "k": "64" }));
    assert!((value["points"][2]["ratio"].as_f64().unwrap() - 1.3).abs() < 0.01);
}

#[test]
fn of_a_parent_the_latest_runs_are_taken() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    folder(&at("before/x/1"), "2024-01-01T00:00:00Z", "A", 9.0);
    folder(&at("before/x/2"), "2024-01-02T00:00:00Z", "A", 1.0);
    folder(&at("after/x/1"), "2024-01-03T00:00:00Z", "A", 0.5);
    let output = compare(&at("before"), &at("after/x"), &["--json"]);
    passes(&output);
    let value = json_of(&output);
    assert_eq!(value["summary"]["faster"], 2, "{value:#}");
    let of_a = value["runs"][0]["a"].as_array().unwrap();
    assert!(
        of_a.len() == 1 && of_a[0].as_str().unwrap().ends_with("2"),
        "other programs' runs are no repeats: {value:#}"
    );
}

/// Marks a run as one that others of the same key repeat.
fn key(folder: &Path, key: &str) {
    let path = folder.join("run.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, text.replace(r#""resume_key":"""#, &format!(r#""resume_key":"{key}""#))).unwrap();
}

#[test]
fn of_a_parent_all_runs_that_the_latest_repeats_are_rounds() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    // Runs of one program that shift by several percent, `rayon` with them; the other program's is not among them.
    for (number, factor) in [0.9, 1.0, 1.08, 0.97, 1.03].into_iter().enumerate() {
        let path = at(&format!("before/x/{number}"));
        folder(&path, &format!("2024-01-0{}T00:00:00Z", number + 1), "A", factor);
        key(&path, if number == 0 { "other" } else { "same" });
    }
    folder(&at("once"), "2024-01-07T00:00:00Z", "A", 1.08);
    let twice = compare(&at("before/x/3"), &at("once"), &["--json"]);
    let value = json_of(&twice);
    assert_eq!(
        (&value["points"][2]["verdict"], &value["points"][2]["unit"]),
        (&json!("slower"), &json!("call"))
    );
    assert!(value["shifts_not_covered"].as_str().unwrap().contains("rounds = 7"), "{value:#}");
    assert!(stderr(&twice).contains("is not covered"), "{}", stderr(&twice));

    for (number, factor) in [1.01, 1.09, 0.99].into_iter().enumerate() {
        let path = at(&format!("after/{number}"));
        folder(&path, &format!("2024-02-0{}T00:00:00Z", number + 1), "A", factor);
        key(&path, "new");
    }
    let output = compare(&at("before"), &at("after"), &["--json"]);
    passes(&output);
    let value = json_of(&output);
    assert_eq!(value["runs"][0]["a"].as_array().unwrap().len(), 4, "{value:#}");
    let rayon = &value["points"][2];
    assert_eq!(
        (&rayon["unit"], &rayon["rounds_a"], &rayon["rounds_b"]),
        (&json!("round"), &json!(4), &json!(3))
    );
    assert_eq!(rayon["verdict"], "unclear");
    assert_eq!(value["shifts_not_covered"], json!(null));
    // A run beside all that went before it: it is not on both sides.
    let value = json_of(&compare(&at("before/x"), &at("before/x/4"), &["--json"]));
    assert_eq!(value["runs"][0]["a"].as_array().unwrap().len(), 3, "{value:#}");
}

#[test]
fn experiments_of_one_side_are_named() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    for side in ["a", "b"] {
        folder(&at(&format!("{side}/x/1")), "2024-01-01T00:00:00Z", "A", 1.0);
        let own = at(&format!("{side}/y/1"));
        folder(&own, "2024-01-01T00:00:00Z", "A", 1.0);
        let path = own.join("run.json");
        let text = std::fs::read_to_string(&path).unwrap();
        let named = text.replace(r#""experiment":"x""#, &format!(r#""experiment":"of_{side}""#));
        std::fs::write(path, named).unwrap();
    }
    let output = compare(&at("a"), &at("b"), &["--json"]);
    passes(&output);
    let note = stderr(&output);
    assert!(
        note.contains("only in A, not compared: of_a") && note.contains("only in B, not compared: of_b"),
        "{note}"
    );
    let value = json_of(&output);
    assert_eq!(value["experiments_only_a"], json!(["of_a"]));
    assert_eq!(value["experiments_only_b"], json!(["of_b"]));
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    folder(&at("old"), "2024-01-01T00:00:00Z", "A", 1.0);
    folder(&at("other"), "2024-01-01T00:00:00Z", "B", 1.0);
    fails(&compare(&at("old"), &at("other"), &[]), 2, "not alike (CPU: A against B); --force");
    let forced = compare(&at("old"), &at("other"), &["--force"]);
    passes(&forced);
    assert!(stderr(&forced).contains("CPU: A against B"));

    fails(&compare(&at("old"), &at("missing"), &[]), 2, "cannot read");
    std::fs::create_dir(at("empty")).unwrap();
    fails(&compare(&at("empty"), &at("old"), &[]), 2, "there is no run folder in it");
    fails(&compare(&at("old"), &at("old"), &["--threshold=-1"]), 2, "percentage");
    fails(
        &compare(&at("old"), &at("old"), &["--time", "total"]),
        2,
        "known are kernel, resident, end-to-end",
    );

    folder(&at("apart"), "2024-01-01T00:00:00Z", "A", 1.0);
    let samples = at("apart").join("samples.csv");
    let text = std::fs::read_to_string(&samples).unwrap();
    std::fs::write(&samples, text.replace(",matmul,", ",maxpool,")).unwrap();
    fails(&compare(&at("old"), &at("apart"), &[]), 2, "no point in common");
    std::fs::write(&samples, &text[..text.len() - 20]).unwrap();
    fails(&compare(&at("old"), &at("apart"), &[]), 2, "samples.csv");
}
