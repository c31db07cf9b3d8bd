//! A run that varies its threads gets a section on scaling, and doubtful samples are named.

use super::report;
use super::synthetic::{folder, rows};
use crate::record::Row;

#[test]
fn threads_are_reported_with_their_laws() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let sizes: Vec<(&str, String)> = ["m", "n", "k"].map(|s| (s, "64".to_string())).to_vec();
    let mut all: Vec<Row> = Vec::new();
    for threads in [1_u32, 2, 3, 4, 6, 8] {
        // Amdahl's law with P = 0.9; the rows add 100 ns each.
        let time = 1e7 * (0.1 + 0.9 / f64::from(threads)) - 100.0;
        all.extend(rows("matmul", "rayon", &sizes, Some(threads), time, 0.0));
    }
    all.extend(rows("matmul", "serial", &sizes, Some(1), 3e7, 0.0));
    let run = folder(dir.path(), "scaling_threads", &["m", "n", "k"], &all)?;
    let out = dir.path().join("report");
    let summary = report(&[run], &out)?;
    let page = std::fs::read_to_string(&summary.markdown)?;
    assert!(page.contains("Scaling over CPU threads") && page.contains("Amdahl"), "{page}");
    let laws = std::fs::read_to_string(out.join("tables/scaling_threads-laws.csv"))?;
    let amdahl = laws.lines().find(|l| l.contains(",Amdahl,")).ok_or("no row for Amdahl's law")?;
    assert!(amdahl.contains("0.100") && amdahl.contains("0.900") && amdahl.ends_with(", best\""), "{amdahl}");
    let steps = std::fs::read_to_string(out.join("tables/scaling_threads-scaling.csv"))?;
    assert_eq!(steps.lines().filter(|l| l.starts_with("matmul rayon,")).count(), 6, "{steps}");
    assert!(!steps.contains("serial,1"), "one thread alone is no series: {steps}");
    assert!(out.join("figures/scaling_threads-scaling-1.svg").exists());
    Ok(())
}

#[test]
fn workgroups_are_reported_by_their_kernel_times() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let mut all: Vec<Row> = Vec::new();
    for workgroups in [1_u32, 2, 4, 8, 16, 32] {
        let sizes = [("len", "1024".to_string()), ("workgroups", workgroups.to_string())];
        // Amdahl's law with P = 0.9 in the kernel; the copies, which would hide it, take ten times as long.
        let time = 1e7 * (0.1 + 0.9 / f64::from(workgroups)) - 100.0;
        all.extend(rows("read", "vec4", &sizes, None, time, 1e8));
    }
    let run = folder(dir.path(), "scaling_workgroups", &["len", "workgroups"], &all)?;
    let out = dir.path().join("report");
    let summary = report(&[run], &out)?;
    let page = std::fs::read_to_string(&summary.markdown)?;
    assert!(page.contains("Scaling over workgroups") && !page.contains("Scaling over CPU threads"), "{page}");
    let laws = std::fs::read_to_string(out.join("tables/scaling_workgroups-workgroups-laws.csv"))?;
    let amdahl = laws.lines().find(|l| l.contains(",Amdahl,")).ok_or("no row for Amdahl's law")?;
    assert!(amdahl.contains("0.100") && amdahl.contains("0.900"), "{amdahl}");
    let steps = std::fs::read_to_string(out.join("tables/scaling_workgroups-workgroups-scaling.csv"))?;
    assert!(
        steps.starts_with("variant,workgroups,median,speedup,Amdahl predicts") && steps.lines().count() == 7,
        "{steps}"
    );
    assert!(out.join("figures/scaling_workgroups-workgroups-scaling-1.svg").exists());
    Ok(())
}

#[test]
fn a_drift_is_named() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let sizes: Vec<(&str, String)> = ["m", "n", "k"].map(|s| (s, "64".to_string())).to_vec();
    let first = rows("matmul", "serial", &sizes, Some(1), 1e6, 0.0);
    let warm = (1..20_u32).map(|i| Row {
        sample: i,
        total_ns: Some(1_000_000 + 20_000 * u64::from(i)),
        ..first[1].clone()
    });
    let all: Vec<Row> = first[..1].iter().cloned().chain(warm).collect();
    let run = folder(dir.path(), "drifting", &["m", "n", "k"], &all)?;
    let summary = report(&[run], &dir.path().join("report"))?;
    let page = std::fs::read_to_string(&summary.markdown)?;
    assert!(
        page.contains("Samples: 1 doubt") && page.contains("drifts: slower by 30.0 % of the median"),
        "{page}"
    );
    Ok(())
}
