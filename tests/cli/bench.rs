//! `tesela bench`: the speedup table on standard output, nothing left behind unless asked.

use super::{passes, run_with, stdout};

#[test]
fn a_quick_bench_prints_speedups_with_intervals_and_keeps_its_samples_where_told() {
    let folder = tempfile::tempdir().unwrap();
    let begun = std::time::Instant::now();
    let output = run_with("bench --quick --device cpu --threads 2 --out", folder.path());
    passes(&output);
    assert!(begun.elapsed().as_secs() < 60);
    let table = stdout(&output);
    for (size, variant) in [("64", "serial"), ("256", "library"), ("512", "rayon")] {
        let line = table.lines().find(|l| l.starts_with(&format!("| {size} | {variant} |")));
        let line = line.unwrap_or_else(|| panic!("no {variant} at {size}: {table}"));
        // Its time and one speedup at least, each with an interval.
        assert!(line.matches('[').count() >= 2, "{line}");
    }
    assert!(!table.contains("| 2048 |"), "small sizes only: {table}");
    for experiment in ["bench_matmul", "bench_maxpool"] {
        let run = std::fs::read_dir(folder.path().join(experiment)).unwrap().next().unwrap().unwrap();
        let kept = tesela::record::Folder::read(&run.path()).unwrap();
        assert!(kept.run.experiment_text.contains("shortened by --quick"));
    }
}
