//! Ratios as bars from "as fast" to the value, on a logarithmic axis: a win goes right, a loss left.

use super::axis::{Scale, Unit, tick_label};
use super::chart::{WIDTH, heading, heading_lines};
use super::font::width;
use super::format;
use super::palette::{for_text, look};
use super::scene::{Anchor, FRAME, GRID, INK, QUIET, Scene};
use crate::analysis::stats::{Estimate, Interval};

const SIZE: f64 = 13.0;
const STEP: f64 = 26.0;

/// One bar.
pub(super) struct Bar<'a> {
    /// What stands above it and those that follow with the same; may be empty.
    pub(super) group: String,
    pub(super) label: String,
    /// Whose colour it has.
    pub(super) variant: &'a str,
    /// Above 0.
    pub(super) ratio: Estimate,
    /// What a pointer is told.
    pub(super) hint: String,
}

impl Bar<'_> {
    fn value(&self) -> String {
        format!("{}×", format::number(self.ratio.value))
    }

    /// The interval, where both ends have a place on the axis.
    fn interval(&self) -> Option<Interval> {
        self.ratio.interval.filter(|i| i.low > 0.0 && i.high.is_finite())
    }
}

/// The figure, with `foot` below the axis.
pub(super) fn draw(title: &str, subtitle: &str, foot: &str, bars: &[Bar<'_>]) -> Scene {
    let (titles, subtitles) = heading_lines(title, subtitle);
    let top = 20.0 + 22.0 * titles.len() as f64 + 18.0 * subtitles.len() as f64 + 14.0;
    let widest = |of: &dyn Fn(&Bar<'_>) -> f64| bars.iter().map(of).fold(0.0, f64::max);
    let left = 16.0 + widest(&|b| width(&b.label, SIZE, true)) + 14.0;
    let right = WIDTH - 16.0 - widest(&|b| width(&b.value(), SIZE, false)) - 14.0;
    let groups: Vec<&[Bar<'_>]> = bars.chunk_by(|a, b| a.group == b.group).collect();
    let heads = groups.iter().filter(|g| !g[0].group.is_empty()).count();
    let bottom = top + STEP * (bars.len() + heads) as f64;
    let ends = bars.iter().flat_map(|b| {
        let i = b.interval().unwrap_or(Interval { low: b.ratio.value, high: b.ratio.value });
        [b.ratio.value, i.low, i.high]
    });
    let scale = Scale::log(ends.chain([1.0]), 0.03);
    let x = |v: f64| left + scale.place(v).clamp(0.0, 1.0) * (right - left);
    let ticks: Vec<f64> =
        std::iter::once(1.0).chain(scale.ticks(6).into_iter().filter(|t| *t != 1.0)).collect();
    let mut scene = Scene::new(WIDTH, bottom + 62.0, title);
    heading(&mut scene, &titles, &subtitles);
    let mut y = top;
    for group in groups {
        if !group[0].group.is_empty() {
            scene.words((16.0, y + 18.0), &group[0].group, SIZE, Anchor::Start, INK, true);
            y += STEP;
        }
        // Not through the words above.
        for tick in &ticks {
            let colour = if *tick == 1.0 { FRAME } else { GRID };
            scene.line(vec![(x(*tick), y), (x(*tick), y + STEP * group.len() as f64)], colour, 1.0);
        }
        for bar in group {
            one(&mut scene, bar, y, [left, right], &x);
            y += STEP;
        }
    }
    // The label of 1, where winning begins, takes its room first.
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for tick in ticks {
        let (at, label) = (x(tick), tick_label(tick, Unit::Factor));
        let half = width(&label, SIZE, false) / 2.0 + 4.0;
        if taken.iter().all(|(from, to)| at + half <= *from || at - half >= *to) {
            scene.text((at, bottom + 20.0), &label, SIZE, Anchor::Middle, QUIET);
            taken.push((at - half, at + half));
        }
    }
    scene.text((WIDTH / 2.0, bottom + 44.0), foot, SIZE, Anchor::Middle, INK);
    scene
}

fn one(scene: &mut Scene, bar: &Bar<'_>, y: f64, [left, right]: [f64; 2], x: &dyn Fn(f64) -> f64) {
    let (colour, middle) = (look(bar.variant).colour, y + STEP / 2.0);
    let (from, to) = (x(1.0).min(x(bar.ratio.value)), x(1.0).max(x(bar.ratio.value)));
    scene.rectangle((from, y + 5.0), (to, y + STEP - 5.0), colour);
    if let Some(i) = bar.interval() {
        let (low, high) = (x(i.low), x(i.high));
        scene.line(vec![(low, middle), (high, middle)], INK, 1.4);
        for end in [low, high] {
            scene.line(vec![(end, middle - 4.0), (end, middle + 4.0)], INK, 1.4);
        }
    }
    scene.hint((left, y), (right, y + STEP), bar.hint.clone());
    scene.words((left - 10.0, middle + 4.5), &bar.label, SIZE, Anchor::End, for_text(colour), true);
    scene.text((right + 10.0, middle + 4.5), &bar.value(), SIZE, Anchor::Start, INK);
}
