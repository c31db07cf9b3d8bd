//! What speaks against samples: drift, a coarse clock, a first call unlike the rest; and how many stand apart.

use super::figures::series_name;
use super::format;
use super::page::{Block, text};
use super::source::Source;
use super::table::Table;
use crate::analysis::axis::{Panel, panels};
use crate::analysis::points::{Point, Time};
use crate::analysis::quality::Warning;

/// Behind a line that opens it: every doubt, and the count of outliers. Nothing where no point was measured.
pub(super) fn section(source: &Source) -> Vec<Block> {
    let head = ["op", "sizes", "variant", "time", "doubt"];
    let caption = format!("Doubts about samples ({})", source.tag());
    let mut table = Table::new(format!("{}-doubts", source.slug), caption, &head);
    let (mut apart, mut samples) = (0, 0);
    for panel in panels(&source.points) {
        for (x, point) in &panel.points {
            for time in times(point) {
                let Some(quality) = point.quality(*time) else { continue };
                if *time == Time::EndToEnd {
                    apart += quality.outliers.count();
                    samples += point.resamples(*time).map_or(0, |r| r.samples().len());
                }
                for warning in quality.warnings {
                    let row = vec![
                        panel.op.clone(),
                        place(&panel, *x),
                        series_name(&panel, point),
                        time.name().to_string(),
                        words(warning),
                    ];
                    table.push_from(row, source.origin([*point]));
                }
            }
        }
    }
    if samples == 0 {
        return Vec::new();
    }
    let outliers = format!(
        "{apart} of {samples} end-to-end samples are outliers (modified z-score beyond 3.5). They are kept: medians and \
         their intervals hardly move with them."
    );
    let title = match table.rows.len() {
        0 => "Samples: no drift, no coarse clock, no odd first call".to_string(),
        1 => "Samples: 1 doubt".to_string(),
        n => format!("Samples: {n} doubts"),
    };
    let mut inner = vec![text(outliers)];
    if !table.rows.is_empty() {
        inner.push(Block::Table(table));
    }
    vec![Block::Details(title, inner)]
}

/// The times that are apart: on the CPU the three are one.
fn times(point: &Point) -> &'static [Time] {
    if point.on_cpu() { &[Time::EndToEnd] } else { &[Time::EndToEnd, Time::Kernel] }
}

fn place(panel: &Panel<'_>, x: f64) -> String {
    let axis = (!panel.axis.is_empty()).then(|| format!("{} = {}", panel.axis.join(" = "), format::size(x)));
    let fixed = panel.fixed.iter().map(|(n, v)| format!("{n} = {v}"));
    axis.into_iter().chain(fixed).collect::<Vec<_>>().join(", ")
}

fn words(warning: Warning) -> String {
    match warning {
        Warning::Drift { change, .. } => {
            let way = if change > 0.0 { "slower" } else { "faster" };
            format!("drifts: {way} by {} of the median from first to last", format::percent(change.abs()))
        }
        Warning::TooShort { step, median } => {
            format!("short for its clock: {} in steps of {}", format::time(median), format::time(step))
        }
        Warning::FirstDiffers { ratio } => {
            format!("the first warm call took {}× the median of the rest", format::number(ratio))
        }
    }
}
