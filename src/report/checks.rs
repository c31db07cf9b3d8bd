//! What the checks of bounds and loops cost, where a run has measured kernels with and without them.

use super::format;
use super::page::{Block, heading, text};
use super::peers::or_one;
use super::sizes::told_apart;
use super::source::{Source, slug};
use super::table::Table;
use crate::analysis::checks::{Cost, costs};
use crate::analysis::points::Point;

/// The section; nothing where no kernel was measured both ways.
pub(super) fn section(source: &Source) -> Vec<Block> {
    let all = costs(&source.points);
    if all.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![
        heading(3, "What the checks cost"),
        text(
            "Each kernel without the checks of bounds and loops, and in turns with them: its rows with them are under its name \
             and `+checks`. Both were found right before they were timed. The ratio says how many times as long a call takes \
             with them.",
        ),
    ];
    for op in source.ops() {
        let rows: Vec<&Cost<'_>> = all.iter().filter(|c| c.checked.op == op).collect();
        if !rows.is_empty() {
            blocks.push(Block::Table(table(source, op, &rows)));
        }
    }
    blocks
}

fn table(source: &Source, op: &str, rows: &[&Cost<'_>]) -> Table {
    let head = ["sizes", "variant", "time", "without checks", "with checks", "with over without"];
    let stem = format!("{}-{}-checks", source.slug, slug(op));
    let mut table = Table::new(stem, format!("{op}: what the checks cost ({})", source.tag()), &head);
    let points: Vec<&Point> = rows.iter().map(|c| c.checked).collect();
    for cost in rows {
        let median = |p: &Point| p.time(cost.time).map_or_else(String::new, format::time_estimate);
        let cells = vec![
            or_one(told_apart(cost.checked, &points)),
            cost.unchecked.variant.clone(),
            cost.time.name().to_string(),
            median(cost.unchecked),
            median(cost.checked),
            format::factor_estimate(cost.ratio),
        ];
        table.push_from(cells, source.origin([cost.unchecked, cost.checked]));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::report;
    use super::super::synthetic::*;

    #[test]
    fn kernels_measured_both_ways_have_a_table_of_what_the_checks_cost() -> Outcome {
        let dir = tempfile::tempdir()?;
        let sizes = ["m", "n", "k"].map(|s| (s, "64".to_string()));
        let mut all = rows("matmul", "naive", &sizes, None, 1e6, 0.0);
        all.extend(rows("matmul", "naive+checks", &sizes, None, 3e6, 0.0));
        let path = folder(dir.path(), "both", &["m", "n", "k"], &all)?;
        let out = dir.path().join("out");
        let summary = report(&[path], &out)?;
        let csv = std::fs::read_to_string(out.join("tables/both-matmul-checks.csv"))?;
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines.len(), 2, "{csv}");
        assert!(lines[1].starts_with("one size only,naive,") && lines[1].contains("3.00×"), "{csv}");
        assert!(std::fs::read_to_string(summary.markdown)?.contains("### What the checks cost"));
        Ok(())
    }
}
