//! Amdahl's law: the thesis's calculation redone, then what our measured phases say.

use super::super::axis::{Scale, Unit};
use super::super::chart::{Axis, Chart, Mark, Series};
use super::super::format;
use super::super::page::{Block, heading, text};
use super::super::palette::{background, look};
use super::super::table::Table;
use super::data::Thesis;
use super::ours::{CURES, Ours, PER_WINDOW, median};
use crate::analysis::amdahl::{THESIS_DEVICES, THESIS_P, THESIS_P_EXACT, amdahl, ceiling, cut, fraction};
use crate::analysis::points::{Point, Time};

/// The section.
pub(super) fn blocks(thesis: &Thesis, ours: &Ours<'_>) -> Vec<Block> {
    let mut blocks = vec![
        heading(3, "Amdahl's law"),
        text(
            "A program of which the fraction P can run in parallel gains on N processors the speedup S(N) = 1 / ((1 − P) + \
             P / N), and never more than 1 / (1 − P).",
        ),
        text(format!(
            "The thesis takes P from the 4 x 4 run of `matmul1` on the Tesla T4 (figure 32): product time over total time, \
             0.5267 s / 0.8604 s = {}, rounded to {THESIS_P}. It takes N to be the number of CUDA cores.",
            format::significant(THESIS_P_EXACT, 4)
        )),
        Block::Table(redone()),
    ];
    let shares = shares(ours);
    blocks.push(Block::Figure {
        stem: "thesis-amdahl".into(),
        scene: chart(&shares, ours).scene(),
        caption: "The law for the thesis's P and for ours. Its two points lie on its curve, just below the ceiling: with \
                  P = 0.61 even a million cores give no more than 2.56. A curve is only as good as its P, and P is a \
                  property of the program and the size, not of the device."
            .into(),
    });
    if shares.is_empty() {
        blocks.push(text("Our own phases: not measured."));
        return blocks;
    }
    blocks.push(text(
        "What our phases say. P is the kernels' share of the end-to-end time, at the largest size that each variant \
         reached. The ceiling is what an infinitely fast device would gain over this run, if all else stayed as it is.",
    ));
    blocks.push(Block::Table(share_table(&shares, ours)));
    if let Some(last) = conclusion(thesis, &shares) {
        blocks.push(text(last));
    }
    blocks
}

fn redone() -> Table {
    let head = [
        "device",
        "N",
        "printed",
        "S(N), P = 0.61",
        "cut to four decimals",
        "S(N), P not rounded",
        "ceiling, P = 0.61",
    ];
    let mut table = Table::new("thesis-amdahl", "The thesis's calculation, redone", &head);
    for (device, n, printed) in THESIS_DEVICES {
        let s = amdahl(THESIS_P, n);
        table.push(vec![
            device.to_string(),
            format!("{n:.0}"),
            format!("{printed:.4}"),
            format!("{s:.6}"),
            format!(
                "{:.4}{}",
                cut(s, 4),
                if (cut(s, 4) - printed).abs() < 5e-5 { ", met" } else { ", **not met**" }
            ),
            format!("{:.4}", amdahl(THESIS_P_EXACT, n)),
            format!("{:.4}", ceiling(THESIS_P)),
        ]);
    }
    table
}

/// The kernels' share at the largest size of each GPU variant.
fn shares<'a>(ours: &Ours<'a>) -> Vec<(u32, &'a Point, f64)> {
    PER_WINDOW
        .iter()
        .chain(&CURES)
        .filter_map(|name| {
            let (n, point) = *ours.pool(name).last()?;
            let p = fraction(median(point, Time::Kernel)?, median(point, Time::EndToEnd)?)?;
            (!point.on_cpu()).then_some((n, point, p))
        })
        .collect()
}

fn share_table(shares: &[(u32, &Point, f64)], ours: &Ours<'_>) -> Table {
    let tag = ours.pool.map(super::super::source::Source::tag).unwrap_or_default();
    let head = ["variant", "n", "kernel", "end to end", "P", "ceiling 1 / (1 − P)"];
    let mut table = Table::new("thesis-amdahl-ours", format!("Our kernels' share ({tag})"), &head);
    for (n, point, p) in shares {
        let time = |t: Time| median(point, t).map_or_else(String::new, format::time);
        let row = vec![
            point.variant.clone(),
            n.to_string(),
            time(Time::Kernel),
            time(Time::EndToEnd),
            format::significant(*p, 3),
            format!("{}×", format::number(ceiling(*p))),
        ];
        table.push_from(row, ours.origin([*point]));
    }
    table
}

fn conclusion(thesis: &Thesis, shares: &[(u32, &Point, f64)]) -> Option<String> {
    let loops: Vec<f64> = shares
        .iter()
        .filter(|(_, p, _)| PER_WINDOW.contains(&p.variant.as_str()))
        .map(|(.., p)| *p)
        .collect();
    let (low, high) = (loops.iter().copied().reduce(f64::min)?, loops.iter().copied().reduce(f64::max)?);
    let curve = thesis.figure(32)?;
    let last = curve.lines.last()?;
    let theirs = fraction(last.matmul_s?, last.max_pool_s?)?;
    // The advice follows from a small share only.
    let advice = if high < 0.5 { " More cores are not the cure; fewer launches are." } else { "" };
    Some(format!(
        "The per-window loop spends {} to {} of its time in kernels, so no device can make it more than {}× faster. The \
         thesis's own data say the same at n = {}: {} in products, a ceiling of {}×.{advice}",
        format::percent(low),
        format::percent(high),
        format::number(ceiling(high)),
        last.n,
        format::percent(theirs),
        format::number(ceiling(theirs)),
    ))
}

fn chart(shares: &[(u32, &Point, f64)], ours: &Ours<'_>) -> Chart {
    let counts: Vec<f64> = (0..=48).map(|i| 2_f64.powf(f64::from(i) / 4.0)).collect();
    let curve = |p: f64| counts.iter().map(|n| Mark { x: *n, y: amdahl(p, *n), band: None }).collect();
    let mut series = vec![
        Series {
            label: format!("thesis, P = {THESIS_P}"),
            look: super::super::palette::look("naive"),
            points: curve(THESIS_P),
            light: false,
            marked: false,
        },
        Series {
            label: format!("thesis, P = {}", format::significant(THESIS_P_EXACT, 4)),
            look: background(1),
            points: curve(THESIS_P_EXACT),
            light: true,
            marked: false,
        },
    ];
    for (device, n, printed) in THESIS_DEVICES {
        series.push(Series {
            label: format!("{device}: {printed:.4}"),
            look: look("serial"),
            points: vec![Mark { x: n, y: amdahl(THESIS_P, n), band: None }],
            light: false,
            marked: true,
        });
    }
    let chosen = ["per_window_naive_buffer", "per_window_tiled_constant", "windows_batched", "direct"];
    for (n, point, p) in shares.iter().filter(|(_, point, _)| chosen.contains(&point.variant.as_str())) {
        let name = point.variant.replace("per_window_", "").replace('_', " ");
        series.push(Series {
            label: format!("{name}, n = {n}: P = {}", format::significant(*p, 2)),
            look: look(&point.variant),
            points: curve(*p),
            light: false,
            marked: false,
        });
    }
    let adapter = ours.pool.map(|s| format!(" Ours: {}.", s.adapter())).unwrap_or_default();
    let highest = series.iter().flat_map(|s| &s.points).map(|m| m.y).fold(3.0, f64::max);
    Chart {
        title: "Amdahl's law for the thesis's fraction and for ours".into(),
        subtitle: format!("S(N) = 1 / ((1 − P) + P / N).{adapter}"),
        x: Axis {
            title: "N, the number of processors".into(),
            unit: Unit::Plain,
            scale: Scale::log([1.0, 4096.0], 0.02),
            ticks: [1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0].to_vec(),
        },
        y: Axis {
            title: "speedup S(N)".into(),
            unit: Unit::Factor,
            scale: Scale::log([1.0, highest], 0.06),
            ticks: Vec::new(),
        },
        series,
        levels: vec![(ceiling(THESIS_P), format!("ceiling, P = 0.61: {:.4}×", ceiling(THESIS_P)))],
    }
}
