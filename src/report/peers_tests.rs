//! The section on other libraries: there where a run has some, with winners and losers, absent elsewhere.

use super::synthetic::*;
use super::tests::texts_are_apart;
use super::*;
use crate::record::Row;

fn beside_rows() -> Vec<Row> {
    let mut all = Vec::new();
    // Libraries come in the order of their programs, not of the sizes.
    let who = [("library", 1.0), ("peer_numpy", 2.0), ("peer_onnxruntime", 0.5), ("peer_new_one", 9.0)];
    for (variant, factor) in who {
        for n in [64_u32, 256] {
            let sizes = ["m", "n", "k"].map(|s| (s, n.to_string()));
            all.extend(rows("matmul", variant, &sizes, Some(2), factor * f64::from(n).powi(3), 0.0));
        }
    }
    all
}

#[test]
fn each_library_has_its_ratio_and_its_winner() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = folder(dir.path(), "beside", &["m", "n", "k"], &beside_rows())?;
    let out = dir.path().join("out");
    let summary = report(&[path], &out)?;
    let csv = std::fs::read_to_string(out.join("tables/beside-matmul-peers.csv"))?;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 7, "{csv}");
    let line = |size: &str, name: &str| {
        let at = format!("{size},{name},");
        lines.iter().find(|l| l.starts_with(&at)).copied().ok_or(format!("no {at} in {csv}"))
    };
    let won = line("m = n = k = 256", "NumPy")?;
    assert!(won.contains("2.00× [") && won.ends_with("**ours**"), "{won}");
    let lost = line("m = n = k = 64", "ONNX Runtime")?;
    assert!(lost.contains("0.500× [") && lost.ends_with("**ONNX Runtime**"), "{lost}");
    assert!(line("m = n = k = 64", "new one")?.contains(",library,"));
    assert!(lines[1..4].iter().all(|l| l.contains("= 64,")), "sizes stand together: {csv}");
    let markdown = std::fs::read_to_string(summary.markdown)?;
    assert!(markdown.contains("### Beside other libraries"));
    assert!(out.join("figures/beside-matmul-peers.svg").exists());
    Ok(())
}

#[test]
fn a_run_without_other_libraries_has_no_such_section() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = folder(dir.path(), "alone", &["m", "n", "k"], &matmul_rows())?;
    let summary = report(&[path], &dir.path().join("out"))?;
    assert!(!std::fs::read_to_string(summary.markdown)?.contains("other libraries"));
    Ok(())
}

#[test]
fn no_text_of_the_bars_overlaps_another() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = folder(dir.path(), "beside", &["m", "n", "k"], &beside_rows())?;
    let sources = source::read(&[path])?;
    assert!(texts_are_apart(&peers::section(&sources[0])) == 1);
    Ok(())
}
