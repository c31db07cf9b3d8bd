//! The figures of one panel: time, throughput and speedup against size, and where the time goes.

use super::axis::{Scale, Unit};
use super::bars::{self, Bar};
use super::chart::{Axis, Chart, Mark, Series};
use super::palette::with_threads;
use super::scene::Scene;
use crate::analysis::axis::Panel;
use crate::analysis::points::{Point, Time};
use crate::analysis::speedup::{baseline, speedup};
use crate::analysis::stats::{Estimate, Interval};

/// What the axis of a panel is called.
pub(super) fn axis_title(panel: &Panel<'_>) -> String {
    match (panel.op.as_str(), panel.axis.join(" = ").as_str()) {
        (_, "") => "one size only".to_string(),
        ("matmul", "m = n = k") => "m = n = k, the side of the matrices".to_string(),
        ("maxpool", "h = w") => "h = w, the side of the image in pixels".to_string(),
        (_, names) => names.to_string(),
    }
}

/// The name of a point's curve: its variant, and its threads where the panel has several counts of them.
pub(super) fn series_name(panel: &Panel<'_>, point: &Point) -> String {
    let others = panel.points.iter().any(|(_, p)| p.variant == point.variant && p.threads != point.threads);
    match point.threads {
        Some(1) if others => format!("{} (1 thread)", point.variant),
        Some(threads) if others => format!("{} ({threads} threads)", point.variant),
        _ => point.variant.clone(),
    }
}

/// How many smaller counts of threads the panel has of the point's variant.
fn place_of_threads(panel: &Panel<'_>, point: &Point) -> usize {
    let like = panel.points.iter().map(|(_, p)| p).filter(|p| p.variant == point.variant);
    let smaller: std::collections::BTreeSet<_> =
        like.map(|p| p.threads).filter(|threads| *threads < point.threads).collect();
    smaller.len()
}

/// One curve for each variant (and thread count), through `value` at each size.
pub(super) fn curves(panel: &Panel<'_>, value: impl Fn(&Point) -> Option<Estimate>) -> Vec<Series> {
    let mut curves: Vec<Series> = Vec::new();
    for (x, point) in &panel.points {
        let Some(estimate) = value(point) else { continue };
        if estimate.value <= 0.0 {
            continue;
        }
        let mark = Mark { x: *x, y: estimate.value, band: estimate.interval };
        let label = series_name(panel, point);
        match curves.iter_mut().find(|s| s.label == label) {
            Some(series) => series.points.push(mark),
            None => {
                let look = with_threads(&point.variant, place_of_threads(panel, point));
                curves.push(Series { label, look, points: vec![mark], light: false, marked: true });
            }
        }
    }
    curves
}

/// The scale that holds all points of all curves, bands included.
pub(super) fn scale_of(series: &[Series], more: &[f64]) -> Scale {
    let values = series.iter().flat_map(|s| &s.points).flat_map(|m| {
        let band = m.band.filter(|b| b.low > m.y / 30.0 && b.high < m.y * 30.0);
        [m.y, band.map_or(m.y, |b| b.low), band.map_or(m.y, |b| b.high)]
    });
    Scale::log(values.chain(more.iter().copied()), 0.04)
}

/// The horizontal axis: the sizes that were measured.
pub(super) fn size_axis(title: String, series: &[Series]) -> Axis {
    let mut ticks: Vec<f64> = series.iter().flat_map(|s| &s.points).map(|m| m.x).collect();
    ticks.sort_by(f64::total_cmp);
    ticks.dedup();
    let scale = Scale::log(ticks.iter().copied(), 0.025);
    Axis { title, unit: Unit::Plain, scale, ticks }
}

/// Time against size.
pub(super) fn time_chart(panel: &Panel<'_>, time: Time, subtitle: &str) -> Option<Chart> {
    let series = curves(panel, |p| p.time(time));
    if series.is_empty() || panel.places().len() < 2 {
        return None;
    }
    let title = match time {
        Time::EndToEnd => format!("{}: time of a call, end to end", panel.op),
        other => format!("{}: {} time of a call", panel.op, other.name()),
    };
    Some(Chart {
        title,
        subtitle: subtitle.to_string(),
        x: size_axis(axis_title(panel), &series),
        y: Axis {
            title: "median time".into(),
            unit: Unit::Time,
            scale: scale_of(&series, &[]),
            ticks: Vec::new(),
        },
        series,
        levels: Vec::new(),
    })
}

/// Throughput of the kernels against size: operations where a byte meets many of them, bytes elsewhere. With it the
/// name of the unit.
pub(super) fn throughput_chart(panel: &Panel<'_>, subtitle: &str) -> Option<(Chart, &'static str)> {
    let (_, last) = panel.points.last()?;
    let operations = last.flops as f64 >= 4.0 * last.bytes as f64;
    let work = |p: &Point| if operations { p.flops } else { p.bytes } as f64;
    let rate = |p: &Point| {
        let time = p.time(Time::Kernel)?;
        if time.value <= 0.0 {
            return None;
        }
        let inverse =
            |i: Interval| (i.low > 0.0).then(|| Interval { low: work(p) / i.high, high: work(p) / i.low });
        Some(Estimate { value: work(p) / time.value, interval: time.interval.and_then(inverse), ..time })
    };
    let series = curves(panel, rate);
    if series.is_empty() || panel.places().len() < 2 {
        return None;
    }
    let unit = if operations { "GFLOP/s" } else { "GB/s" };
    let chart = Chart {
        title: format!("{}: throughput of the kernel", panel.op),
        subtitle: subtitle.to_string(),
        x: size_axis(axis_title(panel), &series),
        y: Axis { title: unit.into(), unit: Unit::Plain, scale: scale_of(&series, &[]), ticks: Vec::new() },
        series,
        levels: Vec::new(),
    };
    Some((chart, unit))
}

/// End-to-end speedup against a baseline.
pub(super) fn speedup_chart(
    panel: &Panel<'_>,
    points: &[Point],
    name: &str,
    subtitle: &str,
) -> Option<Chart> {
    let ratio = |p: &Point| {
        if p.variant == name {
            return None;
        }
        speedup(p, baseline(points, name, p)?, Time::EndToEnd).map(|s| s.ratio)
    };
    let series = curves(panel, ratio);
    if series.is_empty() || panel.places().len() < 2 {
        return None;
    }
    Some(Chart {
        title: format!("{}: speedup against {name}, end to end", panel.op),
        subtitle: subtitle.to_string(),
        x: size_axis(axis_title(panel), &series),
        y: Axis {
            title: format!("times as fast as {name}"),
            unit: Unit::Factor,
            scale: scale_of(&series, &[1.0]),
            ticks: Vec::new(),
        },
        series,
        levels: vec![(1.0, format!("as fast as {name}"))],
    })
}

/// Where the time of a call goes, for each GPU variant at the largest size that most variants share.
pub(super) fn phases(panel: &Panel<'_>, subtitle: &str) -> Option<(Scene, f64)> {
    let place = panel.largest_common()?;
    let bars: Vec<Bar> =
        panel.points.iter().filter(|(x, _)| *x == place).filter_map(|(_, p)| bar(p)).collect();
    if bars.is_empty() {
        return None;
    }
    let at = if panel.axis.is_empty() {
        String::new()
    } else {
        format!(" at {} = {}", panel.axis.join(" = "), super::format::size(place))
    };
    let title = format!("{}: where the time of a call goes{at}", panel.op);
    Some((bars::scene(&title, subtitle, &bars), place))
}

fn bar(point: &Point) -> Option<Bar> {
    if point.on_cpu() {
        return None;
    }
    let whole = point.time(Time::EndToEnd)?.value;
    let phases = point.phases;
    let parts = [phases.upload, phases.encode, phases.launch, phases.kernel, phases.download];
    let [upload, encode, launch, kernel, download] = parts.map(Option::unwrap_or_default);
    let rest = (whole - upload - encode - launch - kernel - download).max(0.0);
    Some(Bar {
        label: point.variant.clone(),
        parts: vec![upload, encode, launch, kernel, download, rest],
        whole,
    })
}
