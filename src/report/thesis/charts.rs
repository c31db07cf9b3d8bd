//! The thesis's figures redrawn: its curves light, ours strong.

use super::super::axis::{Scale, Unit};
use super::super::chart::{Axis, Chart, Mark, Series};
use super::super::figures::{scale_of, size_axis};
use super::super::page::{Block, heading};
use super::super::palette::{background, look};
use super::data::{Curve, Thesis};
use super::ours::{Ours, variant};
use crate::analysis::points::{Point, Time};

/// The figures.
pub(super) fn blocks(thesis: &Thesis, ours: &Ours<'_>) -> Vec<Block> {
    let mut blocks = vec![heading(3, "Its figures and ours")];
    let mut push = |stem: &str, chart: Option<Chart>, caption: &str| {
        if let Some(chart) = chart {
            let stem = format!("thesis-{stem}");
            blocks.push(Block::Figure { stem, scene: chart.scene(), caption: caption.to_string() });
        }
    };
    if ours.pool.is_some() {
        push(
            "serial",
            pool_chart(thesis, ours, "serial", &["per_window_serial", "serial"]),
            "Serial max pooling, figures 28 and 30. Light: the thesis's interpreted loops on two cluster nodes. \
             `per_window_serial` is the same algorithm with the identity product, compiled; `serial` takes the maximum \
             without any product. On such axes n² is a straight line of slope 2, and that is what the thesis's \
             lines become: the time grows with the number of windows, which is (n/2)².",
        );
        for (kernel, name, figures) in [
            ("matmul1", "naive", "32, 34, 50 and 52"),
            ("matmul2", "loop", "36, 38, 50 and 52"),
            ("matmul3", "tiled", "40, 42, 47, 50 and 52"),
        ] {
            let strong: Vec<String> = ["buffer", "constant"].iter().map(|f| variant(kernel, f)).collect();
            let mut names: Vec<&str> = strong.iter().map(String::as_str).collect();
            names.extend(["per_window_serial", "direct"]);
            push(
                kernel,
                pool_chart(thesis, ours, kernel, &names),
                &format!(
                    "Max pooling by `{kernel}`, figures {figures}. Light: the thesis's GPUs; b is filter buffer, c filter \
                     constant. Strong: the same host loop on our `{name}` kernel, with the serial loop and with `direct`, \
                     which pools the whole image in one launch. The flat left end is start-up, the slope on the right \
                     is the cost of one window times their number."
                ),
            );
        }
    }
    if ours.matmul.is_some() {
        push(
            "matmul",
            matmul_chart(thesis, ours),
            "One n x n matrix product, figure 4. Light: the thesis's Tesla T4, the first launch included, which is why \
             its left half is flat. Ours are warm calls, end to end.",
        );
    }
    blocks
}

fn pool_chart(thesis: &Thesis, ours: &Ours<'_>, kernel: &str, variants: &[&str]) -> Option<Chart> {
    let source = ours.pool?;
    let mut series = Vec::new();
    let curves: Vec<Curve<'_>> = thesis.curves().into_iter().filter(|c| c.kernel == kernel).collect();
    for curve in &curves {
        // Figures 50 and 52 repeat earlier figures for the T4 up to n = 1024 and add 2048.
        let newer = |c: &Curve<'_>| {
            let rank = |c: &Curve<'_>| (c.lines.len(), c.figure);
            c.device == curve.device && c.filter == curve.filter && rank(c) > rank(curve)
        };
        if curves.iter().any(newer) {
            continue;
        }
        let points = curve.totals().into_iter().map(|(x, s)| Mark { x, y: s * 1e9, band: None }).collect();
        let filter = curve.filter.chars().next().map_or_else(String::new, |c| format!(" {c}"));
        let device = curve.device.replace("Intel ", "").replace("Tesla ", "");
        series.push(Series {
            label: format!("{device}{filter}, fig. {}", curve.figure),
            look: background(series.len()),
            points,
            light: true,
            marked: true,
        });
    }
    for name in variants {
        series.extend(strong(name, &ours.pool(name)));
    }
    let title = format!("Max pooling, {kernel}: the thesis and this machine");
    let machine = if kernel == "serial" { source.folder.run.cpu.clone() } else { source.adapter() };
    Some(chart(title, machine, "n, the side of the image in pixels", series))
}

fn matmul_chart(thesis: &Thesis, ours: &Ours<'_>) -> Option<Chart> {
    let source = ours.matmul?;
    let line = |m: &super::data::MatmulTime| Mark { x: f64::from(m.n), y: m.time_s * 1e9, band: None };
    let device = thesis.matmul.first().map_or("thesis", |m| m.device.as_str()).replace("Tesla ", "");
    let mut series = vec![Series {
        label: format!("{device}, fig. 4"),
        look: background(0),
        points: thesis.matmul.iter().map(line).collect(),
        light: true,
        marked: true,
    }];
    for name in ours.matmul_variants() {
        series.extend(strong(name, &ours.matmul(name)));
    }
    let title = "Matrix product: the thesis and this machine".to_string();
    Some(chart(title, source.adapter(), "n, the side of the matrices", series))
}

fn strong(name: &str, points: &[(u32, &Point)]) -> Option<Series> {
    let mark = |(n, p): &(u32, &Point)| {
        let time = p.time(Time::EndToEnd)?;
        Some(Mark { x: f64::from(*n), y: time.value, band: time.interval })
    };
    let points: Vec<Mark> = points.iter().filter_map(mark).collect();
    let label = name.to_string();
    (!points.is_empty()).then(|| Series { label, look: look(name), points, light: false, marked: true })
}

fn chart(title: String, adapter: String, axis: &str, series: Vec<Series>) -> Chart {
    let scale: Scale = scale_of(&series, &[]);
    Chart {
        title,
        subtitle: format!("Ours: {adapter}."),
        x: size_axis(axis.to_string(), &series),
        y: Axis { title: "time of the whole pass".into(), unit: Unit::Time, scale, ticks: Vec::new() },
        series,
        levels: Vec::new(),
    }
}
