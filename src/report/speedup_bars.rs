//! Speedups at one size as bars.

use super::figures::series_name;
use super::format;
use super::ratio_bars::{Bar, draw};
use super::scene::Scene;
use crate::analysis::axis::Panel;
use crate::analysis::points::{Point, Time};
use crate::analysis::speedup::{baseline, speedup};

/// The end-to-end speedups against the baseline `name` at the largest size that most variants share, the fastest first.
/// `None` where nothing was compared.
pub(super) fn scene(panel: &Panel<'_>, points: &[Point], name: &str, subtitle: &str) -> Option<Scene> {
    let place = panel.largest_common()?;
    let bar = |point: &Point| {
        let base = baseline(points, name, point).filter(|b| !std::ptr::eq(*b, point))?;
        let ratio = speedup(point, base, Time::EndToEnd)?.ratio;
        (ratio.value > 0.0).then_some(ratio)
    };
    let at = panel.points.iter().filter(|(x, _)| *x == place).map(|(_, p)| *p);
    let mut bars: Vec<Bar<'_>> = at
        .filter_map(|point| {
            let (label, ratio) = (series_name(panel, point), bar(point)?);
            let hint = format!("{label}: {} as fast as {name}", format::factor_estimate(ratio));
            Some(Bar { group: String::new(), label, variant: &point.variant, ratio, hint })
        })
        .collect();
    if bars.is_empty() {
        return None;
    }
    bars.sort_by(|a, b| b.ratio.value.total_cmp(&a.ratio.value));
    let size = match panel.axis.join(" = ") {
        axis if axis.is_empty() => String::new(),
        axis => format!(" at {axis} = {}", format::size(place)),
    };
    let title = format!("{}: speedup against {name}{size}, end to end", panel.op);
    let foot = format!("times as fast as {name}; the line is the 95 % interval");
    Some(draw(&title, subtitle, &foot, &bars))
}
