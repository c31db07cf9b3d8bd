//! Every committed report is rebuilt to the byte from the committed samples: without a GPU, in another folder.

#![allow(clippy::unwrap_used, reason = "a test stops at the first fault")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assert_cmd::Command;

/// What a run left that is committed; images of slices are not.
const KEPT: [&str; 7] =
    ["samples.csv", "run.json", "facts.json", "ceilings.json", "training.csv", "layers.csv", "metrics.json"];

/// The folders below results/ that hold a report.
fn reports(folder: &Path, found: &mut Vec<PathBuf>) {
    if folder.join("report.md").exists() {
        found.push(folder.strip_prefix(root()).unwrap().to_path_buf());
    }
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            reports(&path, found);
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

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
fn every_committed_report_is_rebuilt_to_the_byte() {
    let mut all = Vec::new();
    reports(&root().join("results"), &mut all);
    assert!(all.len() >= 2, "{all:?}");
    all.iter().for_each(|report| is_rebuilt(report));
}

fn is_rebuilt(name: &Path) {
    let committed = root().join(name);
    let runs = runs(&std::fs::read_to_string(committed.join("report.md")).unwrap());
    // In a folder of their own, so that nothing beside the committed files can enter.
    let dir = tempfile::tempdir().unwrap();
    for run in &runs {
        std::fs::create_dir_all(dir.path().join(run)).unwrap();
        for name in KEPT {
            let from = root().join(run).join(name);
            if from.exists() {
                std::fs::copy(from, dir.path().join(run).join(name)).unwrap();
            }
        }
    }
    let mut report = Command::cargo_bin("tesela").unwrap();
    // An adapter that does not exist: whoever asks for one fails.
    report.current_dir(dir.path()).env("WGPU_ADAPTER_NAME", "no such adapter").env("TESELA_DEVICE", "gpu");
    report.arg("report").args(&runs).args(["--out", "rebuilt", "--quiet"]).assert().success();

    // A report in the folder of its run stands beside the run's own files.
    let mut want = files(&committed);
    want.retain(|name, _| name.parent() != Some(Path::new("")) || !KEPT.contains(&name.to_str().unwrap()));
    let got = files(&dir.path().join("rebuilt"));
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&got), names(&want), "{}", name.display());
    let differ: Vec<_> =
        want.iter().filter(|(name, bytes)| got[*name] != **bytes).map(|(name, _)| name).collect();
    assert!(
        differ.is_empty(),
        "{} of {} files differ; rebuild them with the command on top of {name}/report.md and --out {name}: {differ:?}",
        differ.len(),
        want.len(),
        name = name.display()
    );
}
