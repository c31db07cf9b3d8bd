//! The thesis's tables in its own layout (size, max pool, matmul, windows), ours beside them.

use super::super::format;
use super::super::page::{Block, heading, text};
use super::super::table::Table;
use super::data::{Curve, PRINTED, Thesis};
use super::ours::{Ours, median, variant};
use crate::analysis::points::Time;

/// The tables, one for each of its figures and kernels.
pub(super) fn blocks(thesis: &Thesis, ours: &Ours<'_>) -> Vec<Block> {
    let mut blocks = vec![
        heading(3, "Its tables and ours"),
        text(
            "Each table has the thesis's columns first: the side of the image, the seconds of the whole pass, the seconds of \
             the products on the device, the number of windows. Then ours: the median end-to-end time of a warm pass, and \
             the kernels' share of it on the device. An empty cell was not printed, could not be read, or was not \
             measured; where a variant stops early, the list of skipped points says why.",
        ),
    ];
    if ours.pool.is_some() {
        for (kernel, title) in [
            ("serial", "Serial: figures 28 and 30"),
            ("matmul1", "matmul1, one thread an element: figures 32, 34, 50, 52"),
            ("matmul2", "matmul2, nested loops: figures 36, 38, 50, 52"),
            ("matmul3", "matmul3, tiles in shared memory: figures 40, 42, 47, 50, 52"),
        ] {
            let tables = thesis.curves().into_iter().filter(|c| c.kernel == kernel);
            let inner = tables.map(|c| Block::Table(pool_table(&c, ours))).collect();
            blocks.push(Block::Details(title.to_string(), inner));
        }
    }
    if ours.matmul.is_some() {
        blocks.push(Block::Table(matmul_table(thesis, ours)));
    }
    blocks
}

fn pool_table(curve: &Curve<'_>, ours: &Ours<'_>) -> Table {
    let name = variant(curve.kernel, curve.filter);
    let tag = ours.pool.map(|s| if name == "per_window_serial" { s.folder.run.cpu.clone() } else { s.tag() });
    let stem = format!("thesis-figure-{}-{}-{}", curve.figure, curve.kernel, curve.filter);
    let caption = format!(
        "Figure {}: {} on {}, beside `{name}` ({})",
        curve.figure,
        curve.words(),
        curve.device,
        tag.unwrap_or_default()
    );
    let head = ["size", "max pool (s)", "matmul (s)", "windows", "ours: max pool (s)", "ours: matmul (s)"];
    let mut table = Table::new(stem.trim_end_matches('-'), caption, &head);
    let printed = |s: Option<f64>| s.map_or_else(String::new, |s| format!("{s:.4}"));
    let cell = |ns: Option<f64>| ns.map_or_else(String::new, format::seconds);
    for line in &curve.lines {
        let point = ours.pool_at(&name, line.n);
        let kernel = point.filter(|p| !p.on_cpu()).and_then(|p| median(p, Time::Kernel));
        let row = vec![
            format!("{} x {}", line.n, line.n),
            printed(line.max_pool_s),
            printed(line.matmul_s),
            line.windows.to_string(),
            cell(point.and_then(|p| median(p, Time::EndToEnd))),
            cell(kernel),
        ];
        table.push_from(row, beside(&ours.origin(point)));
    }
    table
}

/// The origin of a row of the thesis's numbers with ours beside them, where we have any.
fn beside(ours: &str) -> String {
    if ours.is_empty() { PRINTED.into() } else { format!("{PRINTED}; ours: {ours}") }
}

fn matmul_table(thesis: &Thesis, ours: &Ours<'_>) -> Table {
    let variants = ours.matmul_variants();
    let device = thesis.matmul.first().map_or("", |m| m.device.as_str());
    let mut head =
        vec!["size".to_string(), format!("{device} (s)"), "ours: naive, first call (s)".to_string()];
    head.extend(variants.iter().map(|v| format!("ours: {v} (s)")));
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let tag = ours.matmul.map(super::super::source::Source::tag).unwrap_or_default();
    let caption = format!(
        "Figure 4: one n x n product, first launch included, beside our first and warm calls ({tag})"
    );
    let mut table = Table::new("thesis-figure-4", caption, &head);
    for line in &thesis.matmul {
        let at = |name: &str| ours.matmul(name).into_iter().find(|(n, _)| *n == line.n).map(|(_, p)| p);
        let cell = |ns: Option<f64>| ns.map_or_else(String::new, format::seconds);
        let mut row = vec![format!("{} x {}", line.n, line.n), format!("{:.4}", line.time_s)];
        row.push(cell(at("naive").and_then(|p| p.first)));
        row.extend(variants.iter().map(|v| cell(at(v).and_then(|p| median(p, Time::EndToEnd)))));
        table.push_from(row, beside(&ours.origin(variants.iter().filter_map(|v| at(v)))));
    }
    table
}
