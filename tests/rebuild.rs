//! The committed report is rebuilt to the byte from the committed samples: without a GPU, in another folder.

#![allow(clippy::unwrap_used, reason = "a test stops at the first fault")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assert_cmd::Command;

/// The report, and the run folders that its first lines name, in their order.
const REPORT: &str = "results/reproduce/2026-11-20";

/// What a run left that is committed; images of slices are not.
const KEPT: [&str; 4] = ["samples.csv", "run.json", "facts.json", "ceilings.json"];

fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_path_buf(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// The run folders, as the report's own command has them.
fn runs(report: &str) -> Vec<String> {
    let line = report.lines().find_map(|l| l.strip_prefix("tesela report ")).expect("the command on top");
    line.split(' ').map(str::to_owned).collect()
}

#[test]
fn the_committed_report_is_rebuilt_to_the_byte() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let committed = root.join(REPORT);
    let runs = runs(&std::fs::read_to_string(committed.join("report.md")).unwrap());
    assert_eq!(runs.len(), 3);
    // In a folder of their own, so that nothing beside the committed files can enter.
    let dir = tempfile::tempdir().unwrap();
    for run in &runs {
        std::fs::create_dir_all(dir.path().join(run)).unwrap();
        for name in KEPT {
            let from = root.join(run).join(name);
            if from.exists() {
                std::fs::copy(from, dir.path().join(run).join(name)).unwrap();
            }
        }
    }
    let mut report = Command::cargo_bin("tesela").unwrap();
    // An adapter that does not exist: whoever asks for one fails.
    report.current_dir(dir.path()).env("WGPU_ADAPTER_NAME", "no such adapter").env("TESELA_DEVICE", "gpu");
    report.arg("report").args(&runs).args(["--out", "rebuilt", "--quiet"]).assert().success();

    let (want, got) = (files(&committed), files(&dir.path().join("rebuilt")));
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&got), names(&want));
    let differ: Vec<_> =
        want.iter().filter(|(name, bytes)| got[*name] != **bytes).map(|(name, _)| name).collect();
    assert!(
        differ.is_empty(),
        "{} of {} files differ; rebuild them with the command on top of {REPORT}/report.md and --out {REPORT}: {differ:?}",
        differ.len(),
        want.len()
    );
}
