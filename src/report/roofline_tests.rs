//! The ceilings of a machine reach its report, and a run without them has none.

use super::report;
use super::synthetic::{folder, rows};
use crate::record::{CEILINGS_VERSION, Ceilings, Clock, Probe, ProbeKind, Row, Side, SkippedProbe};

/// Ceilings with round numbers: 10 GB/s and 100 GFLOP/s on the adapter, 20 GB/s and 50 GFLOP/s on the CPU.
pub(super) fn ceilings() -> Ceilings {
    let probe = |kind, side, work: u64| Probe {
        kind,
        side,
        work,
        buffer_bytes: matches!(kind, ProbeKind::Copy).then_some(64 << 20),
        clock: Clock::Wall,
        samples_ns: vec![1_200, 1_000, 1_100],
    };
    Ceilings {
        schema_version: CEILINGS_VERSION,
        measured: "2024-05-01T10:02:00Z".into(),
        adapter: Some("llvmpipe".into()),
        software: true,
        cpu: "Example CPU 9000".into(),
        threads: 2,
        probes: vec![
            probe(ProbeKind::Copy, Side::Gpu, 10_000),
            probe(ProbeKind::FmaF32, Side::Gpu, 100_000),
            probe(ProbeKind::Launch, Side::Gpu, 500),
            probe(ProbeKind::Copy, Side::Cpu, 20_000),
            probe(ProbeKind::Product, Side::Cpu, 50_000),
        ],
        skipped: vec![SkippedProbe {
            kind: ProbeKind::FmaF16,
            side: Side::Gpu,
            reason: "the adapter has no half precision".into(),
        }],
    }
}

#[test]
fn every_variant_has_its_share_of_the_ceiling_that_holds_it() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let mut all: Vec<Row> = Vec::new();
    for n in [8_u32, 64] {
        let sizes: Vec<(&str, String)> = ["m", "n", "k"].map(|s| (s, n.to_string())).to_vec();
        // 2 * 64^3 operations in 52428.8 ns are 10 GFLOP/s, in 10485.76 ns 50; rows add 100 ns.
        all.extend(rows("matmul", "naive", &sizes, None, 48_444.0, 0.0));
        all.extend(rows("matmul", "serial", &sizes, Some(1), 48_444.0, 0.0));
    }
    let run = folder(dir.path(), "one", &["m", "n", "k"], &all)?;
    let out = dir.path().join("without");
    report(std::slice::from_ref(&run), &out)?;
    assert!(!out.join("tables/one-matmul-roofline.csv").exists());
    ceilings().write(&run.join(Ceilings::FILE))?;
    let out = dir.path().join("with");
    let summary = report(&[run], &out)?;
    let table = std::fs::read_to_string(out.join("tables/one-matmul-roofline.csv"))?;
    let line = |name: &str| table.lines().find(|l| l.starts_with(&format!("64,{name},"))).unwrap_or_default();
    // Median of six warm calls: 1.06 or 1.08 of the time asked for.
    assert!(
        line("naive").contains("software adapter: arithmetic") && line("naive").contains("GFLOP/s"),
        "{table}"
    );
    assert!(line("serial").contains("CPU: arithmetic"), "{table}");
    let share = |name: &str| -> f64 {
        let cell = line(name).split("arithmetic,").nth(1).unwrap_or_default().trim_matches('"');
        cell.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or_default()
    };
    assert!((share("naive") - 10.0).abs() < 0.5 && (share("serial") - 20.0).abs() < 1.0, "{table}");
    assert_eq!(table.lines().count(), 3, "each variant once, at its largest size: {table}");
    let page = std::fs::read_to_string(&summary.markdown)?;
    for needed in [
        "No multiply and add, f16: the adapter has no half precision.",
        "| software adapter | copy | 10.0 GB/s | 3 | 64 MiB | wall |",
        "| software adapter | launch | 2.00 ns each |",
        "figures/one-matmul-roofline.svg",
    ] {
        assert!(page.contains(needed), "no `{needed}` in {page}");
    }
    Ok(())
}

#[test]
fn damaged_ceilings_are_an_error_and_no_silence() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let sizes: Vec<(&str, String)> = ["m", "n", "k"].map(|s| (s, "64".to_string())).to_vec();
    let run =
        folder(dir.path(), "one", &["m", "n", "k"], &rows("matmul", "serial", &sizes, Some(1), 1e6, 0.0))?;
    std::fs::write(run.join(Ceilings::FILE), "{\"schema_version\": 1")?;
    let out = dir.path().join("out");
    assert!(matches!(report(&[run], &out), Err(crate::Error::Format { .. })));
    assert!(!out.exists(), "nothing is written");
    Ok(())
}
