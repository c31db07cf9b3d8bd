//! Stacked bars: where the time of a call goes, one bar a variant, each as long as the others.

use super::chart::{WIDTH, heading, heading_lines};
use super::font::width;
use super::format;
use super::palette::PHASES;
use super::scene::{Anchor, Colour, FRAME, GRID, INK, PAPER, QUIET, Scene};

/// A bar: its label, the times of its parts in the order of their names in nanoseconds, and the whole.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) parts: Vec<f64>,
    pub(super) whole: f64,
}

/// The phases of calls, a bar a variant, top to bottom in the order given.
pub(super) fn scene(title: &str, subtitle: &str, bars: &[Bar]) -> Scene {
    let foot = "share of the parts; the end-to-end median stands at the right";
    stacked(title, subtitle, &PHASES, bars, foot)
}

/// Lays bars out whose parts bear names and colours; `foot` says what the axis and the time at the right are.
pub(super) fn stacked(
    title: &str,
    subtitle: &str,
    names: &[(&str, Colour)],
    bars: &[Bar],
    foot: &str,
) -> Scene {
    const STEP: f64 = 30.0;
    const SIZE: f64 = 13.0;
    let (titles, subtitles) = heading_lines(title, subtitle);
    let mut y = 20.0 + 22.0 * titles.len() as f64 + 18.0 * subtitles.len() as f64 + 8.0;
    let left = 16.0 + bars.iter().map(|b| width(&b.label, SIZE, true)).fold(0.0, f64::max) + 10.0;
    let totals: Vec<String> = bars.iter().map(|b| format::time(b.whole)).collect();
    let right = WIDTH - 16.0 - totals.iter().map(|t| width(t, SIZE, false)).fold(0.0, f64::max) - 10.0;
    let mut shapes = Scene::new(WIDTH, 0.0, title);
    heading(&mut shapes, &titles, &subtitles);
    y = legend(&mut shapes, y, names, bars);
    let top = y;
    let bottom = top + STEP * bars.len() as f64;
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let x = left + share * (right - left);
        shapes.line(vec![(x, top), (x, bottom + 5.0)], if share == 0.0 { FRAME } else { GRID }, 1.0);
        let label = format!("{:.0} %", share * 100.0);
        shapes.text((x, bottom + 20.0), &label, SIZE, Anchor::Middle, QUIET);
    }
    for (bar, total) in bars.iter().zip(&totals) {
        let sum: f64 = bar.parts.iter().sum();
        let mut x = left;
        for ((name, colour), part) in names.iter().zip(&bar.parts) {
            let length = if sum > 0.0 { part / sum * (right - left) } else { 0.0 };
            if length > 0.0 {
                shapes.rectangle((x, y + 5.0), (x + length, y + STEP - 5.0), *colour);
                // A white hair between parts tells them apart where two colours look alike.
                shapes.line(vec![(x + length, y + 5.0), (x + length, y + STEP - 5.0)], PAPER, 0.8);
                let share = format::percent(part / sum);
                let words = format!("{}: {name} {}, {share}", bar.label, format::time(*part));
                shapes.hint((x, y + 5.0), (x + length, y + STEP - 5.0), words);
            }
            x += length;
        }
        shapes.words((left - 8.0, y + 19.5), &bar.label, SIZE, Anchor::End, INK, true);
        shapes.text((right + 8.0, y + 19.5), total, SIZE, Anchor::Start, INK);
        y += STEP;
    }
    let middle = f64::midpoint(left, right);
    shapes.text((middle, bottom + 42.0), foot, SIZE, Anchor::Middle, INK);
    shapes.height = bottom + 58.0;
    shapes
}

/// The names of the parts that occur, with their colours; returns where the bars begin.
fn legend(scene: &mut Scene, mut y: f64, names: &[(&str, Colour)], bars: &[Bar]) -> f64 {
    const SIZE: f64 = 13.0;
    let mut x = 16.0;
    y += 6.0;
    for (at, (name, colour)) in names.iter().enumerate() {
        if bars.iter().all(|b| b.parts.get(at).is_none_or(|part| *part <= 0.0)) {
            continue;
        }
        let length = 18.0 + width(name, SIZE, false) + 18.0;
        if x + length > WIDTH - 8.0 {
            x = 16.0;
            y += 20.0;
        }
        scene.rectangle((x, y - 2.0), (x + 12.0, y + 10.0), *colour);
        scene.text((x + 18.0, y + 9.0), name, SIZE, Anchor::Start, INK);
        x += length;
    }
    y + 22.0
}
