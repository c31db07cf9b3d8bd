//! Speedups at one size as bars from "as fast" to the value, on a logarithmic axis: a win goes right, a loss left.

use super::axis::{Scale, Unit, tick_label};
use super::chart::{WIDTH, heading, heading_lines};
use super::figures::series_name;
use super::font::width;
use super::format;
use super::palette::{for_text, look};
use super::scene::{Anchor, FRAME, GRID, INK, QUIET, Scene};
use crate::analysis::axis::Panel;
use crate::analysis::points::{Point, Time};
use crate::analysis::speedup::{baseline, speedup};
use crate::analysis::stats::Estimate;

const SIZE: f64 = 13.0;
const STEP: f64 = 26.0;

/// A variant with its speedup.
struct Bar<'a> {
    label: String,
    variant: &'a str,
    ratio: Estimate,
}

/// The end-to-end speedups against the baseline `name` at the largest size that most variants share, the fastest first.
/// `None` where nothing was compared.
pub(super) fn scene(panel: &Panel<'_>, points: &[Point], name: &str, subtitle: &str) -> Option<Scene> {
    let place = panel.largest_common()?;
    let bar = |point: &&Point| {
        let base = baseline(points, name, point).filter(|b| !std::ptr::eq(*b, *point))?;
        let ratio = speedup(point, base, Time::EndToEnd)?.ratio;
        (ratio.value > 0.0).then_some(ratio)
    };
    let at = panel.points.iter().filter(|(x, _)| *x == place).map(|(_, p)| p);
    let mut bars: Vec<Bar<'_>> = at
        .filter_map(|p| Some(Bar { label: series_name(panel, p), variant: &p.variant, ratio: bar(p)? }))
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
    Some(draw(&title, subtitle, name, &bars))
}

fn draw(title: &str, subtitle: &str, name: &str, bars: &[Bar<'_>]) -> Scene {
    let (titles, subtitles) = heading_lines(title, subtitle);
    let top = 20.0 + 22.0 * titles.len() as f64 + 18.0 * subtitles.len() as f64 + 14.0;
    let widest = |words: &dyn Fn(&Bar<'_>) -> f64| bars.iter().map(words).fold(0.0, f64::max);
    let value = |bar: &Bar<'_>| format!("{}×", format::number(bar.ratio.value));
    let left = 16.0 + widest(&|b| width(&b.label, SIZE, true)) + 14.0;
    let right = WIDTH - 16.0 - widest(&|b| width(&value(b), SIZE, false)) - 14.0;
    let bottom = top + STEP * bars.len() as f64;
    let ends = bars.iter().flat_map(|b| {
        let i = b.ratio.interval.filter(|i| i.low > 0.0 && i.high.is_finite());
        [b.ratio.value, i.map_or(b.ratio.value, |i| i.low), i.map_or(b.ratio.value, |i| i.high)]
    });
    let scale = Scale::log(ends.chain([1.0]), 0.03);
    let x = |v: f64| left + scale.place(v).clamp(0.0, 1.0) * (right - left);
    let mut scene = Scene::new(WIDTH, bottom + 62.0, title);
    heading(&mut scene, &titles, &subtitles);
    // Room for the label of 1, which says where winning begins, is kept first.
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for tick in std::iter::once(1.0).chain(scale.ticks(6).into_iter().filter(|t| *t != 1.0)) {
        let (at, label) = (x(tick), tick_label(tick, Unit::Factor));
        scene.line(vec![(at, top), (at, bottom + 5.0)], if tick == 1.0 { FRAME } else { GRID }, 1.0);
        let half = width(&label, SIZE, false) / 2.0 + 4.0;
        if taken.iter().all(|(from, to)| at + half <= *from || at - half >= *to) {
            scene.text((at, bottom + 20.0), &label, SIZE, Anchor::Middle, QUIET);
            taken.push((at - half, at + half));
        }
    }
    for (bar, number) in bars.iter().zip(0_u32..) {
        let y = top + STEP * f64::from(number);
        let (colour, middle) = (look(bar.variant).colour, y + STEP / 2.0);
        let (from, to) = (x(1.0).min(x(bar.ratio.value)), x(1.0).max(x(bar.ratio.value)));
        scene.rectangle((from, y + 5.0), (to, y + STEP - 5.0), colour);
        if let Some(i) = bar.ratio.interval {
            let (low, high) = (x(i.low), x(i.high));
            scene.line(vec![(low, middle), (high, middle)], INK, 1.4);
            for end in [low, high] {
                scene.line(vec![(end, middle - 4.0), (end, middle + 4.0)], INK, 1.4);
            }
        }
        let words = format!("{}: {} as fast as {name}", bar.label, format::factor_estimate(bar.ratio));
        scene.hint((left, y), (right, y + STEP), words);
        scene.words((left - 10.0, middle + 4.5), &bar.label, SIZE, Anchor::End, for_text(colour), true);
        scene.text((right + 10.0, middle + 4.5), &value(bar), SIZE, Anchor::Start, INK);
    }
    let foot = format!("times as fast as {name}; the line is the 95 % interval");
    scene.text((WIDTH / 2.0, bottom + 44.0), &foot, SIZE, Anchor::Middle, INK);
    scene
}
