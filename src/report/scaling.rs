//! The section about threads and workgroups: measured speedups, what the laws of scaling make of them, and where they end.

use super::axis::{Scale, Unit};
use super::chart::{Axis, Chart, Mark, Series};
use super::figures::scale_of;
use super::format;
use super::page::{Block, heading, text};
use super::palette::{background, look};
use super::sizes::told_apart;
use super::source::Source;
use super::table::Table;
use crate::analysis::amdahl::ceiling;
use crate::analysis::scaling::gustafson;
use crate::analysis::stats::Interval;
use crate::analysis::threads::{ThreadSeries, thread_series, workgroup_series};
use crate::analysis::usl::{Fit, FitIntervals, Law};

/// At most so many series get a figure; the tables hold all.
const MAX_FIGURES: usize = 6;

/// What shares the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    Threads,
    Workgroups,
}

impl Over {
    fn name(self) -> &'static str {
        match self {
            Self::Threads => "threads",
            Self::Workgroups => "workgroups",
        }
    }

    fn one(self) -> &'static str {
        match self {
            Self::Threads => "one thread",
            Self::Workgroups => "one workgroup",
        }
    }

    /// What a file's name ends with.
    fn stem(self, name: &str) -> String {
        match self {
            Self::Threads => name.to_string(),
            Self::Workgroups => format!("workgroups-{name}"),
        }
    }

    fn machine(self, source: &Source) -> String {
        match self {
            Self::Threads => source.folder.run.cpu.clone(),
            Self::Workgroups => source.tag(),
        }
    }
}

/// The section; nothing where a run varied neither its threads nor its workgroups.
pub(super) fn section(source: &Source) -> Vec<Block> {
    let threads = part(
        source,
        Over::Threads,
        &thread_series(&source.points),
        "Scaling over CPU threads",
        format!(
            "Speedup against the same variant on one thread, on {} logical cores. Where there are more threads than \
             cores they take turns, and no law promises a gain.",
            source.folder.run.cores
        ),
    );
    let workgroups = part(
        source,
        Over::Workgroups,
        &workgroup_series(&source.points),
        "Scaling over workgroups",
        "Speedup of the kernel against the same kernel with one workgroup, which then does all the work. The gain ends \
         where every compute unit has work, or where they wait for the memory that they share."
            .into(),
    );
    threads.into_iter().chain(workgroups).collect()
}

fn part(source: &Source, over: Over, all: &[ThreadSeries<'_>], title: &str, words: String) -> Vec<Block> {
    if all.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![heading(3, title), text(words)];
    for (number, series) in all.iter().enumerate().take(MAX_FIGURES) {
        blocks.push(Block::Figure {
            stem: format!("{}-{}", source.slug, over.stem(&format!("scaling-{}", number + 1))),
            scene: chart(source, over, series, all).scene(),
            caption: "Marks are measured: medians of interleaved calls with the 95 % interval of the ratio. The grey \
                      curves are the laws fitted to them, of which γ, their value at 1, is fitted too; a mark above the ceiling of \
                      Amdahl's curve says that his law does not fit; linear is what as many processors would give that never \
                      wait."
                .into(),
        });
    }
    blocks.push(Block::Table(steps(source, over, all)));
    blocks.push(text(
        format!(
            "The serial fraction of Karp and Flatt is what Amdahl's law would need to explain the speedup. Where it grows \
             with the {over}, not serial code but the cost of sharing (memory bandwidth, waiting) is the limit. The scaled \
             speedup is Gustafson's, computed and not measured: the gain on a problem whose parallel part has grown with the \
             {over} while its serial part has not, so that the latter takes that fraction of the time on all of them.",
            over = over.name()
        ),
    ));
    blocks.push(Block::Table(laws(source, over, all)));
    blocks.push(text(
        "X(N) = γN / (1 + α(N − 1) + βN(N − 1)): Amdahl's law is β = 0, and γ / α its ceiling; the Universal Scalability Law \
         has a peak at √((1 − α) / β). Intervals come from fits to resampled medians. The law with the least AICc explains \
         the points best; it needs five counts, six for the last law.",
    ));
    blocks
}

/// The variant, and the size where several were measured.
fn name(series: &ThreadSeries<'_>, all: &[ThreadSeries<'_>]) -> String {
    let Some((_, point)) = series.points.first() else { return String::new() };
    let of_op = all.iter().filter_map(|s| s.points.first().map(|(_, p)| *p)).filter(|p| p.op == point.op);
    let sizes = told_apart(point, &of_op.collect::<Vec<_>>());
    let name = format!("{} {}", point.op, point.variant);
    if sizes.is_empty() { name } else { format!("{name}, {sizes}") }
}

fn chart(source: &Source, over: Over, series: &ThreadSeries<'_>, all: &[ThreadSeries<'_>]) -> Chart {
    let steps = series.steps();
    let variant = series.points.first().map_or("", |(_, p)| p.variant.as_str());
    let most = steps.last().map_or(2.0, |s| s.threads);
    let counts: Vec<f64> = (0..=40).map(|i| most.powf(f64::from(i) / 40.0)).collect();
    let curve = |number: usize, label: String, law: &dyn Fn(f64) -> f64| Series {
        label,
        look: background(number),
        points: counts.iter().map(|n| Mark { x: *n, y: law(*n), band: None }).collect(),
        light: true,
        marked: false,
    };
    let mut curves = vec![curve(0, "linear".into(), &|n| n)];
    for (number, law) in [(1, Law::Amdahl), (2, Law::Usl)] {
        if let Some(fit) = series.fit(law) {
            curves.push(curve(number, law.name().to_string(), &|n| fit.throughput(n)));
        }
    }
    // A ceiling far above all marks would flatten them; the table has it.
    let top = steps.iter().map(|s| s.speedup.value).fold(most, f64::max);
    let limit = series.fit(Law::Amdahl).map(|fit| limit(&fit)).filter(|c| *c <= 3.0 * top);
    let mark = |s: &crate::analysis::threads::Step| Mark {
        x: s.threads,
        y: s.speedup.value,
        band: s.speedup.interval,
    };
    curves.push(Series {
        label: variant.to_string(),
        look: look(variant),
        points: steps.iter().map(mark).collect(),
        light: false,
        marked: true,
    });
    let scale = scale_of(&curves, limit.as_slice());
    Chart {
        title: format!("{}: speedup over {}", name(series, all), over.name()),
        subtitle: over.machine(source),
        x: Axis {
            title: if over == Over::Threads { "CPU threads" } else { over.name() }.into(),
            unit: Unit::Plain,
            scale: Scale::log(counts.iter().copied(), 0.025),
            ticks: steps.iter().map(|s| s.threads).collect(),
        },
        y: Axis {
            title: format!("times as fast as {}", over.one()),
            unit: Unit::Factor,
            scale,
            ticks: Vec::new(),
        },
        series: curves,
        levels: limit.map(|c| (c, format!("ceiling, Amdahl: {}×", format::number(c)))).into_iter().collect(),
    }
}

fn steps(source: &Source, over: Over, all: &[ThreadSeries<'_>]) -> Table {
    let head = [
        "variant",
        over.name(),
        "median",
        "speedup",
        "Amdahl predicts",
        "efficiency",
        "serial fraction",
        "scaled speedup",
    ];
    let caption = format!("Speedup over {} ({})", over.name(), over.machine(source));
    let mut table = Table::new(format!("{}-{}", source.slug, over.stem("scaling")), caption, &head);
    for series in all {
        let amdahl = series.fit(Law::Amdahl);
        for (step, (_, point)) in series.steps().iter().zip(&series.points) {
            let scaled = |e: f64| format!("{}×", format::number(gustafson(e, step.threads)));
            let row = vec![
                name(series, all),
                format::size(step.threads),
                point.time(series.time).map_or_else(String::new, format::time_estimate),
                if step.threads == 1.0 { "1".into() } else { format::factor_estimate(step.speedup) },
                amdahl
                    .map_or_else(String::new, |f| format!("{}×", format::number(f.throughput(step.threads)))),
                format::percent(step.efficiency),
                step.serial.map_or_else(String::new, format::number),
                step.serial.filter(|e| (0.0..=1.0).contains(e)).map_or_else(String::new, scaled),
            ];
            table.push_from(row, source.origin([*point]));
        }
    }
    table
}

fn laws(source: &Source, over: Over, all: &[ThreadSeries<'_>]) -> Table {
    let head = ["variant", "law", "α", "β", "P", "ceiling", "peak at", "AICc"];
    let caption = format!("Laws of scaling fitted to the speedups ({})", over.machine(source));
    let mut table = Table::new(format!("{}-{}", source.slug, over.stem("laws")), caption, &head);
    for series in all {
        let best = series.best().map(|f| f.law);
        for law in Law::ALL {
            let Some(fit) = series.fit(law) else { continue };
            let intervals = if law == Law::Linear { None } else { series.intervals(law) };
            let mut row = vec![name(series, all), law.name().to_string()];
            row.extend(parameters(&fit, intervals));
            let mark = if best == Some(law) { ", best" } else { "" };
            row.push(fit.aicc.map_or_else(String::new, |a| format!("{}{mark}", format::number(a))));
            table.push_from(row, source.origin(series.points.iter().map(|(_, p)| *p)));
        }
    }
    table
}

/// The ceiling of the curve that is drawn, which begins at γ instead of 1.
fn limit(fit: &Fit) -> f64 {
    fit.gamma * ceiling(fit.parallel())
}

fn parameters(fit: &Fit, intervals: Option<FitIntervals>) -> [String; 5] {
    let with = |value: f64, interval: Option<Interval>| {
        let bounds = interval.map_or_else(String::new, |i| format!(" {}", format::interval(i)));
        format!("{}{bounds}", format::number(value))
    };
    let over = |i: Interval| Interval { low: 1.0 - i.high, high: 1.0 - i.low };
    let alpha = intervals.map(|i| i.alpha);
    let of = |from: Law, cell: String| if fit.law >= from { cell } else { String::new() };
    let amdahl = |cell: String| if fit.law == Law::Amdahl { cell } else { String::new() };
    let none = "none";
    [
        of(Law::Amdahl, with(fit.alpha, alpha)),
        of(Law::Usl, with(fit.beta, intervals.map(|i| i.beta))),
        amdahl(with(fit.parallel(), alpha.map(over))),
        amdahl(format!("{}×", format::number(limit(fit)))),
        of(Law::Usl, fit.peak().map_or_else(|| none.into(), |n| with(n, intervals.and_then(|i| i.peak)))),
    ]
}
