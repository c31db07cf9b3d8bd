//! Line charts: curves with bands, a label at the end of each, axes with units.

use super::axis::{Scale, Unit, tick_label};
use super::font::{width, wrap};
use super::format;
use super::labels::spread;
use super::palette::{Look, for_text};
use super::scene::{Anchor, Colour, FRAME, GRID, INK, QUIET, Scene, Shape};
use crate::analysis::stats::Interval;

/// The width of every figure, chosen so that its text is legible on a phone.
pub(super) const WIDTH: f64 = 600.0;
const PLOT_HEIGHT: f64 = 350.0;
const TITLE: f64 = 17.0;
const SMALL: f64 = 13.5;
const LABEL: f64 = 13.0;
const LABEL_GAP: f64 = 16.5;

/// A point of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mark {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) band: Option<Interval>,
}

/// A curve.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    pub(super) label: String,
    pub(super) look: Look,
    pub(super) points: Vec<Mark>,
    /// For comparison only: thin, without a band, drawn below the others.
    pub(super) light: bool,
    /// Whether the points bear the sign.
    pub(super) marked: bool,
}

/// What stands on an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    pub(super) title: String,
    pub(super) unit: Unit,
    pub(super) scale: Scale,
    /// The ticks; round values where there are none.
    pub(super) ticks: Vec<f64>,
}

/// A chart of curves.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chart {
    pub(super) title: String,
    pub(super) subtitle: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) series: Vec<Series>,
    /// Horizontal lines with their labels.
    pub(super) levels: Vec<(f64, String)>,
}

struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Chart {
    /// Lays the chart out.
    pub(super) fn scene(&self) -> Scene {
        self.scene_with(&[])
    }

    /// Lays the chart out with upright dashed lines at some x, each with its label above the plot, on a line of its own.
    pub(super) fn scene_with(&self, uprights: &[(f64, String)]) -> Scene {
        let y_ticks = if self.y.ticks.is_empty() { self.y.scale.ticks(10) } else { self.y.ticks.clone() };
        let y_labels: Vec<String> = y_ticks.iter().map(|t| tick_label(*t, self.y.unit)).collect();
        let ticks_width = y_labels.iter().map(|t| width(t, SMALL, false)).fold(0.0, f64::max);
        let levels_width = self.levels.iter().map(|(_, l)| width(l, LABEL, false)).fold(0.0, f64::max);
        let labels_width =
            self.series.iter().map(|s| width(&s.label, LABEL, !s.light)).fold(levels_width, f64::max);
        let titles = wrap(&self.title, TITLE, true, WIDTH - 32.0);
        let subtitles = wrap(&self.subtitle, SMALL, false, WIDTH - 32.0);
        let heading_height = 20.0 + 22.0 * titles.len() as f64 + 18.0 * subtitles.len() as f64 + 10.0;
        let top = heading_height + 18.0 * uprights.len() as f64;
        let frame = Frame {
            left: 12.0 + 18.0 + ticks_width + 8.0,
            right: WIDTH - 10.0 - labels_width - 14.0,
            top,
            bottom: top + PLOT_HEIGHT,
        };
        let mut scene = Scene::new(WIDTH, frame.bottom + 62.0, &self.title);
        heading(&mut scene, &titles, &subtitles);
        self.draw_y(&mut scene, &frame, &y_ticks, &y_labels);
        self.draw_x(&mut scene, &frame);
        self.draw_levels(&mut scene, &frame);
        self.draw_uprights(&mut scene, &frame, uprights);
        for light in [true, false] {
            self.series
                .iter()
                .filter(|s| s.light == light)
                .for_each(|s| self.draw_band(&mut scene, &frame, s));
            self.series
                .iter()
                .filter(|s| s.light == light)
                .for_each(|s| self.draw_curve(&mut scene, &frame, s));
        }
        self.draw_labels(&mut scene, &frame);
        scene
    }

    fn at(&self, frame: &Frame, x: f64, y: f64) -> (f64, f64) {
        let across = self.x.scale.place(x);
        let up = self.y.scale.place(y).clamp(0.0, 1.0);
        (frame.left + across * (frame.right - frame.left), frame.bottom - up * (frame.bottom - frame.top))
    }

    fn draw_y(&self, scene: &mut Scene, frame: &Frame, ticks: &[f64], labels: &[String]) {
        for (tick, label) in ticks.iter().zip(labels) {
            let (_, y) = self.at(frame, self.x.scale.low.max(f64::MIN_POSITIVE), *tick);
            scene.line(vec![(frame.left, y), (frame.right, y)], GRID, 1.0);
            scene.text((frame.left - 8.0, y + 4.5), label, SMALL, Anchor::End, QUIET);
        }
        let middle = f64::midpoint(frame.top, frame.bottom);
        scene.shapes.push(Shape::Text(super::scene::Text {
            x: 22.0,
            y: middle,
            text: self.y.title.clone(),
            size: SMALL,
            bold: false,
            anchor: Anchor::Middle,
            colour: INK,
            upward: true,
        }));
    }

    fn draw_x(&self, scene: &mut Scene, frame: &Frame) {
        let ticks = if self.x.ticks.is_empty() { self.x.scale.ticks(8) } else { self.x.ticks.clone() };
        scene.line(vec![(frame.left, frame.bottom), (frame.right, frame.bottom)], FRAME, 1.2);
        // From the right, so that the largest size always has its label.
        let mut free = f64::INFINITY;
        for tick in ticks.iter().rev() {
            let (x, _) = self.at(frame, *tick, self.y.scale.high);
            scene.line(vec![(x, frame.bottom), (x, frame.bottom + 5.0)], FRAME, 1.2);
            let label = tick_label(*tick, self.x.unit);
            let half = width(&label, SMALL, false) / 2.0;
            if x + half + 8.0 <= free {
                scene.text((x, frame.bottom + 20.0), &label, SMALL, Anchor::Middle, QUIET);
                free = x - half;
            }
        }
        let middle = f64::midpoint(frame.left, frame.right);
        scene.text((middle, frame.bottom + 44.0), &self.x.title, SMALL, Anchor::Middle, INK);
    }

    fn draw_levels(&self, scene: &mut Scene, frame: &Frame) {
        for (value, _) in &self.levels {
            let (_, y) = self.at(frame, self.x.scale.high, *value);
            let points = vec![(frame.left, y), (frame.right, y)];
            scene.shapes.push(Shape::Line {
                points,
                colour: QUIET,
                width: 1.3,
                dash: Some((5.0, 4.0)),
                alpha: 1.0,
            });
        }
    }

    fn draw_uprights(&self, scene: &mut Scene, frame: &Frame, uprights: &[(f64, String)]) {
        for (line, (value, label)) in uprights.iter().enumerate() {
            let (x, _) = self.at(frame, *value, self.y.scale.high);
            let baseline = frame.top - 6.0 - 18.0 * (uprights.len() - 1 - line) as f64;
            let points = vec![(x, baseline + 3.0), (x, frame.bottom)];
            let dash = Some((5.0, 4.0));
            scene.shapes.push(Shape::Line { points, colour: QUIET, width: 1.3, dash, alpha: 1.0 });
            let half = width(label, LABEL, false) / 2.0;
            // Of several, the leftmost stands left of its line and the others right of theirs, so that no line crosses
            // another's label.
            let leftmost = uprights.iter().all(|(other, _)| value <= other);
            let wanted = match uprights.len() {
                1 => x,
                _ if leftmost => x - half + 6.0,
                _ => x + half - 6.0,
            };
            let middle = wanted.clamp((12.0 + half).min(WIDTH / 2.0), (WIDTH - 12.0 - half).max(WIDTH / 2.0));
            scene.text((middle, baseline), label, LABEL, Anchor::Middle, for_text(QUIET));
        }
    }

    fn draw_band(&self, scene: &mut Scene, frame: &Frame, series: &Series) {
        let with: Vec<(f64, Interval)> = series
            .points
            .iter()
            .filter_map(|m| m.band.map(|b| (m.x, b)))
            .filter(|(_, b)| b.low > 0.0)
            .collect();
        if with.len() < 2 || series.light {
            return;
        }
        let upper = with.iter().map(|(x, b)| self.at(frame, *x, b.high));
        let lower = with.iter().rev().map(|(x, b)| self.at(frame, *x, b.low));
        let points = upper.chain(lower).collect();
        scene.shapes.push(Shape::Area { points, colour: series.look.colour, alpha: 0.16 });
    }

    fn draw_curve(&self, scene: &mut Scene, frame: &Frame, series: &Series) {
        let points: Vec<(f64, f64)> = series.points.iter().map(|m| self.at(frame, m.x, m.y)).collect();
        let width = if series.light { 1.4 } else { 2.2 };
        let Look { colour, marker, dash } = series.look;
        if points.len() > 1 {
            scene.shapes.push(Shape::Line { points: points.clone(), colour, width, dash, alpha: 1.0 });
        }
        if series.marked || points.len() == 1 {
            let radius = if series.light { 2.6 } else { 3.6 };
            for (at, mark) in points.into_iter().zip(&series.points) {
                if let (Some(band), false) = (mark.band, series.light) {
                    let ends = vec![self.at(frame, mark.x, band.low), self.at(frame, mark.x, band.high)];
                    scene.line(ends, colour, 1.2);
                }
                scene.shapes.push(Shape::Mark { at, marker, radius, colour });
                const REACH: f64 = 7.0;
                let (x, y) = at;
                scene.hint((x - REACH, y - REACH), (x + REACH, y + REACH), self.hint(series, mark));
            }
        }
    }

    /// What stands at a mark: the curve, the place on the axis, the value with its interval.
    fn hint(&self, series: &Series, mark: &Mark) -> String {
        let value = |v: f64| match self.y.unit {
            Unit::Time => format::time(v),
            Unit::Factor => format!("{}×", format::number(v)),
            Unit::Percent => format!("{} %", format::number(100.0 * v)),
            Unit::Plain => format!("{} {}", format::number(v), self.y.title),
        };
        let band = mark.band.map_or_else(String::new, |b| format!(" [{}, {}]", value(b.low), value(b.high)));
        let axis = self.x.title.split(',').next().unwrap_or_default();
        let place = if mark.x.fract() == 0.0 { format::size(mark.x) } else { format::number(mark.x) };
        format!("{}, {axis}: {place}: {}{band}", series.label, value(mark.y))
    }

    /// One label a curve or level at the right edge, with a thin line to its end where that is not beside it.
    fn draw_labels(&self, scene: &mut Scene, frame: &Frame) {
        let mut ends: Vec<(&str, Colour, bool, (f64, f64))> = Vec::new();
        for series in &self.series {
            let Some(last) = series.points.last() else { continue };
            ends.push((&series.label, series.look.colour, !series.light, self.at(frame, last.x, last.y)));
        }
        for (value, label) in &self.levels {
            let (_, y) = self.at(frame, self.x.scale.high, *value);
            ends.push((label, QUIET, false, (frame.right, y)));
        }
        let wanted: Vec<f64> = ends.iter().map(|(.., (_, y))| *y).collect();
        let placed = spread(&wanted, LABEL_GAP, frame.top + 2.0, frame.bottom - 2.0);
        for ((label, colour, bold, (x, y)), label_y) in ends.into_iter().zip(placed) {
            let start = frame.right + 14.0;
            if frame.right - x > 12.0 || (label_y - y).abs() > 2.0 {
                let points = vec![(x + 5.0, y), (frame.right + 4.0, label_y), (start - 3.0, label_y)];
                scene.shapes.push(Shape::Line {
                    points,
                    colour,
                    width: 0.8,
                    dash: Some((1.5, 2.0)),
                    alpha: 0.75,
                });
            }
            scene.words((start, label_y + 4.2), label, LABEL, Anchor::Start, for_text(colour), bold);
        }
    }
}

/// Title and subtitle at the top left.
pub(super) fn heading(scene: &mut Scene, titles: &[String], subtitles: &[String]) {
    let mut y = 14.0;
    for line in titles {
        y += 22.0;
        scene.words((16.0, y), line, TITLE, Anchor::Start, INK, true);
    }
    for line in subtitles {
        y += 18.0;
        scene.text((16.0, y), line, SMALL, Anchor::Start, QUIET);
    }
}

/// The heading's lines of a figure that is no line chart.
pub(super) fn heading_lines(title: &str, subtitle: &str) -> (Vec<String>, Vec<String>) {
    (wrap(title, TITLE, true, WIDTH - 32.0), wrap(subtitle, SMALL, false, WIDTH - 32.0))
}
