//! Loss and accuracy over the epochs, and loss against learning rate.

use super::super::axis::{Scale, Unit};
use super::super::chart::{Axis, Chart, Mark, Series};
use super::super::format;
use super::super::page::{Block, heading};
use super::super::palette::{Look, TRAIN, VALID, background, look};
use super::Training;
use super::summary::best_epoch;
use crate::record::{RangeRow, Suggestion, TrainingRow};

/// Beyond so many epochs the curves bear no marks: they would be a band.
const MAX_MARKS: usize = 30;

/// The two figures of the epochs.
pub(super) fn blocks(training: &Training) -> Vec<Block> {
    let epochs = &training.folder.epochs;
    let best = best_epoch(training).filter(|e| epochs.iter().any(|row| row.epoch == *e));
    let uprights: Vec<(f64, String)> =
        best.map(|e| (f64::from(e), format!("weights kept: epoch {e}"))).into_iter().collect();
    let mut blocks = Vec::new();
    let mut push = |name: &str, chart: Option<Chart>, caption: &str| {
        if let Some(chart) = chart {
            let stem = format!("{}-{name}", training.slug);
            blocks.push(Block::Figure { stem, scene: chart.scene_with(&uprights), caption: caption.into() });
        }
    };
    let losses = vec![
        curve("train", TRAIN, epochs, |e| Some(e.train_loss)),
        curve("valid", VALID, epochs, |e| e.valid_loss),
    ];
    push(
        "loss",
        chart(training, "loss", losses),
        "Lower is better. The training loss is the mean over the epoch's steps, with augmentation and dropout, while the \
         weights change; the validation loss is of the weights at the epoch's end, without either.",
    );
    let accuracies = vec![
        curve("train", TRAIN, epochs, |e| e.train_accuracy),
        curve("valid", VALID, epochs, |e| e.valid_accuracy),
    ];
    push(
        "accuracy",
        chart(training, "accuracy", accuracies),
        "Higher is better: the share of images that were called by their class.",
    );
    blocks
}

fn curve(
    label: &str,
    look: Look,
    epochs: &[TrainingRow],
    value: impl Fn(&TrainingRow) -> Option<f64>,
) -> Series {
    let finite = epochs.iter().filter_map(|e| Some((e.epoch, value(e).filter(|v| v.is_finite())?)));
    let points = finite.map(|(epoch, y)| Mark { x: f64::from(epoch), y, band: None }).collect();
    Series { label: label.into(), look, points, light: false, marked: epochs.len() <= MAX_MARKS }
}

fn chart(training: &Training, name: &str, mut series: Vec<Series>) -> Option<Chart> {
    series.retain(|s| !s.points.is_empty());
    if series.is_empty() {
        return None;
    }
    let xs = || series.iter().flat_map(|s| &s.points).map(|m| m.x);
    let ys = || series.iter().flat_map(|s| &s.points).map(|m| m.y);
    let scale = Scale::linear(xs(), 0.025);
    let ticks: Vec<f64> = scale.ticks(10).into_iter().filter(|t| t.fract() == 0.0 && *t >= 1.0).collect();
    let x = Axis { title: "epoch".into(), unit: Unit::Plain, scale, ticks };
    let (low, high) = (ys().fold(f64::INFINITY, f64::min), ys().fold(f64::NEG_INFINITY, f64::max));
    let y = if name == "accuracy" {
        // From 0 unless the lowest is so high that nothing could be told apart.
        let from = if low > 0.6 { low } else { 0.0 };
        let scale = Scale::linear([from, 1.0], 0.02);
        Axis { title: "accuracy".into(), unit: Unit::Percent, scale, ticks: Vec::new() }
    } else {
        // A loss that fell through decades, or exploded, shows on a logarithmic axis only.
        let wide = low > 0.0 && high / low > 30.0;
        let scale = if wide { Scale::log(ys(), 0.04) } else { Scale::linear(ys().chain([0.0]), 0.03) };
        Axis { title: "loss (nats an image)".into(), unit: Unit::Plain, scale, ticks: Vec::new() }
    };
    Some(Chart {
        title: format!("{}: {name} over the epochs", training.network()),
        subtitle: format!("Seed {}. {}", training.seed(), training.device()),
        x,
        y,
        series,
        levels: Vec::new(),
    })
}

/// The range test's figure.
pub(super) fn range(training: &Training) -> Vec<Block> {
    let rows = &training.folder.range;
    let curve = |label: &str, look: Look, light: bool, value: fn(&RangeRow) -> Option<f64>| Series {
        label: label.into(),
        look,
        points: rows
            .iter()
            .filter_map(|r| Some(Mark { x: r.learning_rate, y: value(r)?, band: None }))
            .filter(|m| m.x > 0.0 && m.x.is_finite() && m.y.is_finite())
            .collect(),
        light,
        marked: false,
    };
    let mut smoothed = curve("smoothed", look("tiled"), false, |r| r.smoothed);
    let mut losses = curve("batch", background(0), true, |r| Some(r.loss));
    if smoothed.points.len() < 3 {
        return Vec::new();
    }
    let least =
        smoothed.points.iter().enumerate().min_by(|a, b| a.1.y.total_cmp(&b.1.y)).map_or(0, |(i, _)| i);
    // The explosion at the end would press flat what is looked for: the curve is cut at its first point above that.
    let top = smoothed.points[..=least].iter().map(|m| m.y).fold(0.0, f64::max) * 1.25;
    let explosion = smoothed.points.iter().skip(least).position(|m| m.y > top);
    if let Some(end) = explosion {
        smoothed.points.truncate(least + end + 1);
        smoothed.points[least + end].y = top;
    }
    losses.points.retain(|m| m.y <= top);
    let series = vec![losses, smoothed];
    let all = || series.iter().flat_map(|s| &s.points);
    let chart = Chart {
        title: format!("{}: loss against learning rate", training.network()),
        subtitle: format!("Range test of {} steps. {}", rows.len(), training.device()),
        x: Axis {
            title: "learning rate".into(),
            unit: Unit::Plain,
            scale: Scale::log(rows.iter().map(|r| r.learning_rate), 0.02),
            ticks: Vec::new(),
        },
        y: Axis {
            title: "loss (nats an image)".into(),
            unit: Unit::Plain,
            scale: Scale::linear(all().map(|m| m.y), 0.04),
            ticks: Vec::new(),
        },
        series,
        levels: Vec::new(),
    };
    let suggestion = Suggestion::of(rows);
    let uprights: Vec<(f64, String)> = suggestion.into_iter().flat_map(uprights).collect();
    let found = match suggestion {
        Some(s) => format!(
            "The smoothed loss falls most steeply at {}: a rate to train with. One tenth of the rate of the least loss, \
             another common choice, is {}.",
            format::number(s.steepest),
            format::number(s.tenth_of_minimum)
        ),
        None => "The loss never falls, so the test suggests no rate.".to_string(),
    };
    let cut = if explosion.is_some() { "The curve is cut where it explodes. " } else { "" };
    vec![
        heading(3, "Range test of the learning rate"),
        Block::Figure {
            stem: format!("{}-learning-rate", training.slug),
            scene: chart.scene_with(&uprights),
            caption: format!(
                "The rate grows with every step; the loss is the batch's before the step. {cut}{found}"
            ),
        },
    ]
}

fn uprights(suggestion: Suggestion) -> [(f64, String); 2] {
    let mut lines = [
        (suggestion.steepest, format!("steepest descent: {}", format::number(suggestion.steepest))),
        (
            suggestion.tenth_of_minimum,
            format!("a tenth of the minimum's: {}", format::number(suggestion.tenth_of_minimum)),
        ),
    ];
    lines.sort_by(|a, b| a.0.total_cmp(&b.0));
    lines
}
