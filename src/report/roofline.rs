//! The roofline of a panel: the measured ceilings of its machine, every variant below them, and how near each comes.

use super::axis::{Scale, Unit};
use super::chart::{Axis, Chart, Mark, Series};
use super::figures::series_name;
use super::format;
use super::page::{Block, text};
use super::palette::{background, look};
use super::source::Source;
use super::table::Table;
use crate::analysis::axis::Panel;
use crate::analysis::points::{Point, Time};
use crate::analysis::roofline::{Limit, Place, Roof, least_end_to_end, place, rate, roof, side};
use crate::record::{Ceilings, Probe, ProbeKind, Side};

/// The figure and the table of a panel; nothing where the run did not probe its machine.
pub(super) fn blocks(source: &Source, panel: &Panel<'_>, stem: &str) -> Vec<Block> {
    let Some(ceilings) = &source.folder.ceilings else { return Vec::new() };
    let roofs = [Side::Gpu, Side::Cpu].map(|side| roof(ceilings, side, &panel.op));
    let of = |point: &Point| roofs[usize::from(side(point) == Side::Cpu)];
    // Each variant at its largest size: there the ceilings are what counts.
    let mut last: Vec<(f64, &Point)> = Vec::new();
    for (x, point) in &panel.points {
        last.retain(|(_, p)| p.variant != point.variant || p.threads != point.threads);
        last.push((*x, point));
    }
    let placed: Vec<(f64, &Point, Place)> =
        last.into_iter().filter_map(|(x, p)| Some((x, p, place(p, of(p)?)?))).collect();
    if placed.is_empty() {
        return Vec::new();
    }
    let sides = |side_: Side| placed.iter().any(|(_, p, _)| side(p) == side_);
    let shown: Vec<(Side, Roof)> = [Side::Gpu, Side::Cpu]
        .into_iter()
        .zip(roofs)
        .filter_map(|(side, roof)| Some((side, roof.filter(|_| sides(side))?)))
        .collect();
    vec![
        Block::Figure {
            stem: format!("{stem}-roofline"),
            scene: chart(source, panel, ceilings, &shown, &placed).scene(),
            caption: "Higher is faster. Each variant at its largest size, by its kernel time. The slope is the memory's \
                      bandwidth, the level the arithmetic, both measured on this machine by kernels of our own. The \
                      operations are those of the plain definition, the bytes the least that it needs: work that a \
                      variant repeats or saves does not count."
                .into(),
        },
        Block::Table(shares(source, panel, ceilings, &shown, &placed, stem)),
        text(
            "The bound of an end-to-end time is what the kernel at its ceiling, one submission and the copies need at least, \
             the copies being the least bytes at the faster of upload and download.",
        ),
        text(
            "More than 100 % means that the data fit into a cache that the probes' buffers do not fit, or that a variant \
             does fewer operations than the plain definition, as separable pooling does, or others, as products on matrix \
             units. A comparison counts as one operation, a multiply and add as two, so that pooling reaches half of the \
             arithmetic at most. On the CPU the arithmetic is that of multiply-adds in registers, \
             or the library's own product where that went faster or nothing else was measured.",
        ),
    ]
}

fn chart(
    source: &Source,
    panel: &Panel<'_>,
    ceilings: &Ceilings,
    roofs: &[(Side, Roof)],
    placed: &[(f64, &Point, Place)],
) -> Chart {
    let intensities = placed.iter().map(|(_, _, p)| p.intensity);
    let ridges = roofs.iter().map(|(_, r)| r.ridge());
    let scale = Scale::log(intensities.chain(ridges), 0.2);
    let mut series: Vec<Series> = Vec::new();
    for (number, (side, roof)) in roofs.iter().enumerate() {
        let at = |x: f64| Mark { x, y: roof.at(x) / 1e9, band: None };
        series.push(Series {
            label: format!("{} ceiling", side_name(*side, ceilings)),
            look: background(number),
            points: vec![at(scale.low), at(roof.ridge()), at(scale.high)],
            light: true,
            marked: false,
        });
    }
    for (_, point, place) in placed {
        let giga = |v: f64| v / 1e9;
        let band = place
            .flops_per_s
            .interval
            .map(|i| crate::analysis::stats::Interval { low: giga(i.low), high: giga(i.high) });
        series.push(Series {
            label: series_name(panel, point),
            look: look(&point.variant),
            points: vec![Mark { x: place.intensity, y: giga(place.flops_per_s.value), band }],
            light: false,
            marked: true,
        });
    }
    let words = |(side, roof): &(Side, Roof)| {
        format!(
            "{}: {}B/s, {}FLOP/s",
            side_name(*side, ceilings),
            format::scaled(roof.bytes_per_s),
            format::scaled(roof.flops_per_s)
        )
    };
    let measured: Vec<String> = roofs.iter().map(words).collect();
    let values = series.iter().flat_map(|s| &s.points).map(|m| m.y);
    Chart {
        title: format!("{}: how near to what the machine can do", panel.op),
        subtitle: format!("{}. {}", source.tag(), measured.join("; ")),
        x: Axis { title: "operations a byte".into(), unit: Unit::Plain, scale, ticks: Vec::new() },
        y: Axis {
            title: "GFLOP/s".into(),
            unit: Unit::Plain,
            scale: Scale::log(values, 0.05),
            ticks: Vec::new(),
        },
        series,
        levels: Vec::new(),
    }
}

fn side_name(side: Side, ceilings: &Ceilings) -> &'static str {
    match side {
        Side::Gpu if ceilings.software => "software adapter",
        Side::Gpu => "GPU",
        Side::Cpu => "CPU",
    }
}

/// Throughput of each variant, and how much of the ceiling that holds it down.
fn shares(
    source: &Source,
    panel: &Panel<'_>,
    ceilings: &Ceilings,
    roofs: &[(Side, Roof)],
    placed: &[(f64, &Point, Place)],
    stem: &str,
) -> Table {
    let size = if panel.axis.is_empty() { "size".to_string() } else { panel.axis.join(" = ") };
    let head = [
        size.as_str(),
        "variant",
        "throughput",
        "memory traffic",
        "operations a byte",
        "held by",
        "of the ceiling",
        "end to end, of its bound",
    ];
    let caption = format!("Throughput of the kernels beside the ceilings of the machine ({})", source.tag());
    let mut table = Table::new(format!("{stem}-roofline"), caption, &head);
    for (x, point, place) in placed {
        let limit = match place.limit {
            Limit::Memory => "memory",
            Limit::Compute => "arithmetic",
        };
        let share = place.share.interval.map_or_else(
            || format!("{} (n = {})", format::percent(place.share.value), place.share.count),
            |i| {
                let ends = format!("[{}, {}]", format::percent(i.low), format::percent(i.high));
                format!("{} {ends}", format::percent(place.share.value))
            },
        );
        let row = vec![
            format::size(*x),
            series_name(panel, point),
            format!("{}FLOP/s", format::scaled(place.flops_per_s.value)),
            format!("{}B/s", format::scaled(place.bytes_per_s)),
            format::number(place.intensity),
            format!("{}: {limit}", side_name(side(point), ceilings)),
            share,
            whole(ceilings, roofs, point).map_or_else(String::new, format::percent),
        ];
        table.push_from(row, source.origin([*point]));
    }
    table
}

/// The least end-to-end time as a share of the measured one.
fn whole(ceilings: &Ceilings, roofs: &[(Side, Roof)], point: &Point) -> Option<f64> {
    let (_, roof) = roofs.iter().find(|(of, _)| *of == side(point))?;
    let time = point.time(Time::EndToEnd).filter(|t| t.value > 0.0)?;
    Some(least_end_to_end(ceilings, point, *roof)? / time.value)
}

/// What the probes measured; nothing where the run has none.
pub(super) fn ceilings(source: &Source) -> Vec<Block> {
    let Some(found) = &source.folder.ceilings else { return Vec::new() };
    let mut table = Table::new(
        format!("{}-ceilings", source.slug),
        format!("Ceilings of the machine, measured {}", found.measured),
        &["on", "probe", "fastest", "samples", "buffers", "clock"],
    );
    for probe in &found.probes {
        table.push(vec![
            side_name(probe.side, found).to_string(),
            name(probe.kind).to_string(),
            reached(probe),
            probe.samples_ns.len().to_string(),
            probe
                .buffer_bytes
                .map_or_else(String::new, |b| format!("{} MiB", format::size(b as f64 / f64::from(1 << 20)))),
            probe.clock.word().to_string(),
        ]);
    }
    let mut blocks = vec![
        Block::Table(table),
        text(format!(
            "On the adapter by WGSL kernels of our own, on the CPU with {} threads by plain copies, by multiply-adds \
             in registers where the table has them, and by the tuned library's product; each result was verified. The fastest call counts: a ceiling is what was reached once.",
            found.threads
        )),
    ];
    if !found.skipped.is_empty() {
        let missing = found.skipped.iter();
        blocks.push(Block::List(missing.map(|s| format!("No {}: {}.", name(s.kind), s.reason)).collect()));
    }
    blocks
}

fn name(kind: ProbeKind) -> &'static str {
    match kind {
        ProbeKind::Copy => "copy",
        ProbeKind::Read => "read",
        ProbeKind::FmaF32 => "multiply and add, f32",
        ProbeKind::FmaF16 => "multiply and add, f16",
        ProbeKind::Product => "product by the library, f32",
        ProbeKind::Launch => "launch",
        ProbeKind::Submission => "submission of one launch, awaited",
        ProbeKind::Upload => "upload",
        ProbeKind::Download => "download",
    }
}

fn reached(probe: &Probe) -> String {
    let Some(rate) = rate(probe) else { return String::new() };
    match probe.kind {
        ProbeKind::Copy | ProbeKind::Read | ProbeKind::Upload | ProbeKind::Download => {
            format!("{}B/s", format::scaled(rate))
        }
        ProbeKind::FmaF32 | ProbeKind::FmaF16 | ProbeKind::Product => {
            format!("{}FLOP/s", format::scaled(rate))
        }
        ProbeKind::Launch | ProbeKind::Submission => format!("{} each", format::time(1e9 / rate)),
    }
}
