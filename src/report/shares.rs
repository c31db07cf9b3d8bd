//! Amdahl's law on the phases of a call: what a faster kernel could give, copies and launches staying as they are.

use super::figures::series_name;
use super::format;
use super::page::{Block, text};
use super::source::Source;
use super::table::Table;
use crate::analysis::amdahl::{amdahl, ceiling, measured};
use crate::analysis::axis::Panel;
use crate::analysis::stats::{Estimate, Interval};

/// The table of the GPU variants at the largest size that most variants share; nothing where there are none.
pub(super) fn blocks(source: &Source, panel: &Panel<'_>, stem: &str) -> Vec<Block> {
    let Some(place) = panel.largest_common() else { return Vec::new() };
    let at = match panel.axis.join(" = ") {
        axis if axis.is_empty() => String::new(),
        axis => format!(" at {axis} = {}", format::size(place)),
    };
    let caption = format!("What a faster kernel could give{at} ({})", source.tag());
    let head = ["variant", "kernel's share P", "kernel twice as fast", "ceiling 1 / (1 − P)"];
    let mut table = Table::new(format!("{stem}-shares"), caption, &head);
    for (_, point) in panel.points.iter().filter(|(x, _)| *x == place) {
        let Some(p) = measured(point) else { continue };
        let row = vec![
            series_name(panel, point),
            with(p, |p| p),
            format!("{}×", format::number(amdahl(p.value, 2.0))),
            format!("{}×{}", format::number(ceiling(p.value)), bounds(p, ceiling)),
        ];
        table.push_from(row, source.origin([*point]));
    }
    if table.rows.is_empty() {
        return Vec::new();
    }
    vec![
        Block::Table(table),
        text(
            "Amdahl's law with P from the phases: of each warm call the kernel's part of the end-to-end time, the median of \
             the calls. A kernel that takes no time at all makes the call as many times faster as the ceiling says.",
        ),
    ]
}

fn with(estimate: Estimate, of: fn(f64) -> f64) -> String {
    format!("{}{}", format::number(of(estimate.value)), bounds(estimate, of))
}

/// The interval of a quantity that grows with the estimate.
fn bounds(estimate: Estimate, of: fn(f64) -> f64) -> String {
    match estimate.interval {
        Some(i) => format!(" {}", format::interval(Interval { low: of(i.low), high: of(i.high) })),
        None => format!(" (n = {})", estimate.count),
    }
}
