//! The tables of one panel: medians and speedups, crossovers and growth.

use super::figures::series_name;
use super::format;
use super::page::{Block, text};
use super::source::Source;
use super::table::Table;
use crate::analysis::axis::Panel;
use crate::analysis::crossover::{Crossover, against, with_most_threads};
use crate::analysis::growth::growth;
use crate::analysis::points::{Point, Time};
use crate::analysis::speedup::{BASELINES, baseline, speedup};
use crate::analysis::stats::{Estimate, Interval};
use crate::record::Clock;

/// Where the kernel times of a panel come from, as half a sentence.
pub(super) fn clock_words(panel: &Panel<'_>) -> &'static str {
    let has = |clock: Clock| panel.points.iter().any(|(_, p)| p.clock == Some(clock));
    match (has(Clock::Timestamp), has(Clock::Wall)) {
        (true, false) => ", by the device's own timestamps",
        (false, true) => ", by the host's clock, launch latency included",
        (true, true) => ", by the device's timestamps or, where it gave none, by the host's clock",
        (false, false) => "",
    }
}

/// Appends the tables.
pub(super) fn tables(blocks: &mut Vec<Block>, source: &Source, panel: &Panel<'_>, stem: &str) {
    if let Some(place) = panel.largest_common() {
        let at = |x: f64| x == place;
        let name = format!("{stem}-largest");
        let caption = match panel.axis.join(" = ") {
            axis if axis.is_empty() => "End to end".to_string(),
            axis => format!(
                "End to end at {axis} = {}, the largest size that most variants share",
                format::size(place)
            ),
        };
        blocks.push(Block::Table(time_table(source, panel, Time::EndToEnd, &at, name, &caption)));
    }
    if panel.places().len() > 1 {
        blocks.push(Block::Table(summary(source, panel, stem)));
    }
    let mut inner = vec![text(
        "The median of the warm calls with its 95 % interval, and how many times as fast as each baseline. Kernel and \
         resident speedups leave the copies out; only end to end is what a user of the variant gets. On the HTML page a \
         pointer or a touch on a row says which samples are behind it, on a mark its values.",
    )];
    // On the CPU the three are one.
    let on_device = panel.on_device();
    let times: &[Time] =
        if on_device { &[Time::EndToEnd, Time::Resident, Time::Kernel] } else { &[Time::EndToEnd] };
    for &time in times {
        let name = format!("{stem}-{}", time.name().replace(' ', "-"));
        let caption = match time {
            Time::EndToEnd if on_device => "End to end: with the copies to and from the device",
            Time::EndToEnd => "The whole call",
            Time::Resident => "Resident: from submission to completion, data on the device",
            Time::Kernel => "Kernel: the kernels alone",
        };
        inner.push(Block::Table(time_table(source, panel, time, &|_| true, name, caption)));
    }
    inner.push(text(format!("The same without rounding, for other programs: `tables/{stem}-data.csv`.")));
    inner.push(Block::Data(raw(source, panel, stem)));
    blocks
        .push(Block::Details("All sizes: kernel, resident and end-to-end times with speedups".into(), inner));
}

/// The end-to-end times of all sizes with their speedups, alone.
pub(super) fn speedups(source: &Source, panel: &Panel<'_>, stem: &str) -> Table {
    let caption = "End to end, with the copies to and from the device";
    time_table(source, panel, Time::EndToEnd, &|_| true, stem.to_string(), caption)
}

fn time_table(
    source: &Source,
    panel: &Panel<'_>,
    time: Time,
    at: &dyn Fn(f64) -> bool,
    stem: String,
    caption: &str,
) -> Table {
    let size = if panel.axis.is_empty() { "size".to_string() } else { panel.axis.join(" = ") };
    let present: Vec<&str> =
        BASELINES.into_iter().filter(|b| panel.points.iter().any(|(_, p)| p.variant == *b)).collect();
    let mut head = vec![size, "variant".to_string(), format!("{}, median", time.name())];
    head.extend(present.iter().map(|b| format!("against {b}")));
    if time == Time::EndToEnd {
        head.push("first call".to_string());
    }
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let mut table = Table::new(stem, format!("{caption} ({})", source.tag()), &head);
    for (x, point) in panel.points.iter().filter(|(x, _)| at(*x)) {
        let Some(estimate) = point.time(time) else { continue };
        let mut row = vec![format::size(*x), series_name(panel, point), format::time_estimate(estimate)];
        row.extend(present.iter().map(|name| ratio_cell(&source.points, point, name, time)));
        if time == Time::EndToEnd {
            row.push(point.first.map_or_else(String::new, format::time));
        }
        let sides = present.iter().filter_map(|name| baseline(&source.points, name, point));
        table.push_from(row, source.origin(std::iter::once(*point).chain(sides)));
    }
    table
}

fn ratio_cell(points: &[Point], point: &Point, name: &str, time: Time) -> String {
    let Some(base) = baseline(points, name, point) else { return String::new() };
    if std::ptr::eq(base, point) {
        return "1".to_string();
    }
    speedup(point, base, time).map_or_else(String::new, |s| format::factor_estimate(s.ratio))
}

/// Every number of the panel without a unit or rounding, for other programs: nanoseconds and plain ratios.
pub(super) fn raw(source: &Source, panel: &Panel<'_>, stem: &str) -> Table {
    let names: Vec<&str> = panel
        .points
        .first()
        .map(|(_, p)| p.sizes.iter().map(|(n, _)| n.as_str()).collect())
        .unwrap_or_default();
    let mut head = vec!["op", "variant", "threads", "adapter", "software"];
    head.extend(&names);
    head.extend([
        "time",
        "samples",
        "median_ns",
        "low_ns",
        "high_ns",
        "baseline",
        "speedup",
        "speedup_low",
        "speedup_high",
    ]);
    let mut table = Table::new(format!("{stem}-data"), "All numbers", &head);
    for (_, point) in &panel.points {
        for time in Time::ALL {
            let Some(estimate) = point.time(time) else { continue };
            let mut row = vec![point.op.clone(), point.variant.clone()];
            row.push(point.threads.map_or_else(String::new, |t| t.to_string()));
            row.extend([point.adapter.clone(), point.software.to_string()]);
            let value = |name: &&str| point.sizes.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
            row.extend(names.iter().map(|n| value(n).unwrap_or_default()));
            row.extend([time.name().to_string(), estimate.count.to_string()]);
            row.extend(bare(estimate));
            let mut alone = true;
            for name in BASELINES {
                let base = baseline(&source.points, name, point).filter(|b| !std::ptr::eq(*b, *point));
                let Some(found) = base.and_then(|b| speedup(point, b, time)) else { continue };
                let mut line = row.clone();
                line.push(name.to_string());
                line.extend(bare(found.ratio));
                table.push(line);
                alone = false;
            }
            if alone {
                table.push(row);
            }
        }
    }
    table
}

fn bare(estimate: Estimate) -> [String; 3] {
    let end = |of: fn(Interval) -> f64| estimate.interval.map_or_else(String::new, |i| of(i).to_string());
    [estimate.value.to_string(), end(|i| i.low), end(|i| i.high)]
}

/// From which size each variant wins, and how its time grows.
fn summary(source: &Source, panel: &Panel<'_>, stem: &str) -> Table {
    let axis = panel.axis.join(" = ");
    let present: Vec<&str> =
        BASELINES.into_iter().filter(|b| panel.points.iter().any(|(_, p)| p.variant == *b)).collect();
    let mut head =
        vec!["variant".to_string(), format!("grows as {}^", panel.axis.first().map_or("x", |a| a.as_str()))];
    head.extend(present.iter().map(|b| format!("faster than {b}")));
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let caption = format!(
        "End to end: growth over the larger half of the sizes, and the {axis} from which a variant wins, with the place \
         where the two are as fast"
    );
    let mut table = Table::new(format!("{stem}-summary"), format!("{caption} ({})", source.tag()), &head);
    for variant in panel.variants() {
        let mine = with_most_threads(panel, variant);
        let mine = || mine.iter().copied();
        let points: Vec<(f64, f64)> =
            mine().filter_map(|(x, p)| Some((*x, p.time(Time::EndToEnd)?.value))).collect();
        // Fixed costs flatten the small sizes; the larger half shows what the time grows towards.
        let half = &points[points.len() / 2..];
        let fit = growth(if half.len() >= 3 { half } else { &points });
        let grows = fit.map_or_else(String::new, |g| {
            let bounds = g.interval.map_or_else(String::new, |i| format!(" {}", format::interval(i)));
            format!("{}{bounds}", format::number(g.exponent))
        });
        let mut row = vec![variant.to_string(), grows];
        for name in &present {
            let won = against(panel, &source.points, variant, name, Time::EndToEnd);
            row.push(if *name == variant {
                String::new()
            } else {
                won.map_or_else(String::new, crossover_words)
            });
        }
        let sides = |point| present.iter().filter_map(move |name| baseline(&source.points, name, point));
        let behind = mine().flat_map(|(_, p)| std::iter::once(*p).chain(sides(p)));
        table.push_from(row, source.origin(behind));
    }
    table
}

fn crossover_words(crossover: Crossover) -> String {
    match crossover {
        Crossover::Never { up_to, in_doubt } => {
            let doubt = if in_doubt { " (in doubt)" } else { "" };
            format!("not up to {}{doubt}", format::size(up_to))
        }
        Crossover::From { x, clear, at_start, at, interval } => {
            let from =
                if at_start { "at every size".to_string() } else { format!("from {}", format::size(x)) };
            let place = at.map_or_else(String::new, |at| {
                let ends = interval.map_or_else(String::new, |i| format!(" {}", open_interval(i)));
                format!(": equal at {}{ends}", format::number(at))
            });
            let doubt = if clear { "" } else { " (in doubt: intervals reach 1)" };
            format!("{from}{place}{doubt}")
        }
    }
}

/// An interval whose ends may lie outside the sizes that were measured.
fn open_interval(i: Interval) -> String {
    let low = if i.low > 0.0 { format::number(i.low) } else { "below".to_string() };
    let high = if i.high.is_finite() { format::number(i.high) } else { "beyond".to_string() };
    format!("[{low}, {high}]")
}
