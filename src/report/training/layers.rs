//! Where the time of a training step goes, and what a faster part of it could give.

use super::super::bars::{self, Bar};
use super::super::format;
use super::super::page::{Block, heading, text};
use super::super::palette::KINDS;
use super::super::table::Table;
use super::Training;
use crate::analysis::training::{Bound, Kind, Share, rates, shares, step_ns};
use crate::record::{Clock, LayerRow, Part};

/// The section; nothing where the layers were not timed.
pub(super) fn blocks(training: &Training) -> Vec<Block> {
    let rows = &training.folder.layers;
    let shares = shares(rows);
    if shares.is_empty() {
        return Vec::new();
    }
    let clock = match (rows.iter().any(by(Clock::Timestamp)), rows.iter().any(by(Clock::Wall))) {
        (true, false) => " Times are the device's own timestamps.",
        (false, true) => " Times are by the host's clock, one call after the other.",
        (true, true) => " Times are the device's timestamps, of the host's parts its own clock.",
        (false, false) => "",
    };
    let whole = step_ns(rows);
    let mut blocks = vec![
        heading(3, "Where the time goes"),
        text(format!(
            "One training step takes {}: the sum of the parts, each the median over the steps measured.{clock}",
            format::time(whole)
        )),
        figure(training, rows),
        Block::Table(by_layer(training, rows)),
        Block::Details(
            "Every operation: rates and bounds".into(),
            vec![Block::Table(details(training, rows))],
        ),
        text(amdahl(&shares)),
        Block::Table(ceilings(training, &shares)),
    ];
    if training.metrics.ceilings.is_none() {
        blocks.push(text(
            "The ceilings of this device were not measured, so the table gives the arithmetic intensity (operations a byte) \
             in place of the bound: what has few operations a byte waits for memory.",
        ));
    }
    blocks
}

/// In place of the section, for a run that differs from another one by its seed only: the same operations take the same
/// time, and the table of the seeds has the time of a step.
pub(super) fn elsewhere(training: &Training, shown: &Training) -> Option<Block> {
    if training.folder.layers.is_empty() || shown.folder.layers.is_empty() {
        return None;
    }
    Some(text(format!(
        "Where the time goes is shown for seed {}. The same of this run: `{}`.",
        shown.seed(),
        training.file("layers.csv")
    )))
}

fn by(clock: Clock) -> impl Fn(&LayerRow) -> bool {
    move |row| row.clock == Some(clock)
}

fn figure(training: &Training, rows: &[LayerRow]) -> Block {
    let parts = |keep: &dyn Fn(&LayerRow) -> bool| -> Vec<f64> {
        let of =
            |kind| rows.iter().filter(|r| keep(r) && Kind::of(r) == kind).map(|r| r.time_ns as f64).sum();
        Kind::ALL.into_iter().map(of).collect()
    };
    let bar = |label: &str, parts: Vec<f64>| Bar { label: label.into(), whole: parts.iter().sum(), parts };
    let mut all = vec![bar("whole step", parts(&|_| true))];
    let each = [Part::Forward, Part::Backward, Part::Update]
        .map(|part| bar(part.word(), parts(&|r: &LayerRow| r.part == part)));
    all.extend(each.into_iter().filter(|b| b.whole > 0.0));
    let names: Vec<_> = Kind::ALL.into_iter().map(Kind::name).zip(KINDS).collect();
    let title = format!("{}: where the time of a training step goes", training.network());
    let foot = "share of the operations; the time of the part stands at the right";
    Block::Figure {
        stem: format!("{}-step", training.slug),
        scene: bars::stacked(&title, &training.device(), &names, &all, foot),
        caption: "Each bar is as long as the others: it shows shares. Element-wise is everything between images and gradients \
                  that is no product, convolution or pooling: bias, activations, dropout, normalisation, the loss."
            .into(),
    }
}

/// One row a layer, in the order of the network.
fn by_layer(training: &Training, rows: &[LayerRow]) -> Table {
    let head = ["layer", "kind", "forward", "backward", "update", "together", "share"];
    let caption = format!("Time of each layer in one step ({})", training.device());
    let mut table = Table::new(format!("{}-layers", training.slug), caption, &head);
    let mut layers: Vec<(&str, &str)> = Vec::new();
    let of_network = |r: &LayerRow| !matches!(r.part, Part::Host | Part::Transfer);
    for row in rows.iter().filter(|r| of_network(r)) {
        if !layers.iter().any(|(layer, _)| *layer == row.layer) {
            layers.push((&row.layer, &row.kind));
        }
    }
    let whole = step_ns(rows);
    let sum = |keep: &dyn Fn(&LayerRow) -> bool| -> f64 {
        rows.iter().filter(|r| keep(r)).map(|r| r.time_ns as f64).sum()
    };
    let cell = |ns: f64| if ns > 0.0 { format::time(ns) } else { String::new() };
    for (layer, kind) in layers {
        let parts = [Part::Forward, Part::Backward, Part::Update]
            .map(|part| sum(&|r: &LayerRow| r.layer == layer && r.part == part));
        let all: f64 = parts.iter().sum();
        let name = if layer.is_empty() { "(all layers)" } else { layer };
        let mut row = vec![name.to_string(), kind.to_string()];
        row.extend(parts.map(cell));
        row.extend([cell(all), format::percent(all / whole)]);
        table.push_from(row, training.layer_rows(|r| r.layer == layer && of_network(r)));
    }
    for part in [Part::Transfer, Part::Host] {
        let all = sum(&|r: &LayerRow| r.part == part);
        if all > 0.0 {
            let mut row = vec![format!("({})", part.word())];
            row.resize(5, String::new());
            row.extend([cell(all), format::percent(all / whole)]);
            table.push_from(row, training.layer_rows(|r| r.part == part));
        }
    }
    table
}

/// One row an operation, the longest first.
fn details(training: &Training, rows: &[LayerRow]) -> Table {
    let known = training.metrics.ceilings;
    let last: &[&str] = if known.is_some() { &["bound by", "of that ceiling"] } else { &["FLOP a byte"] };
    let first = ["layer", "part", "operation", "calls", "time", "share", "GFLOP/s", "GB/s"];
    let head: Vec<&str> = first.iter().chain(last).copied().collect();
    let caption = format!("Operations of one step, the longest first ({})", training.device());
    let mut table = Table::new(format!("{}-operations", training.slug), caption, &head);
    let whole = step_ns(rows);
    let mut order: Vec<&LayerRow> = rows.iter().collect();
    order.sort_by_key(|r| std::cmp::Reverse(r.time_ns));
    for row in order {
        let found = rates(row, known);
        let giga = |rate: Option<f64>| rate.map_or_else(String::new, |r| format::number(r / 1e9));
        let op = if row.op.is_empty() { String::new() } else { format!("`{}/{}`", row.op, row.variant) };
        let mut cells = vec![row.layer.clone(), row.part.word().to_string(), op, row.calls.to_string()];
        cells.extend([format::time(row.time_ns as f64), format::percent(row.time_ns as f64 / whole)]);
        cells.extend([giga(found.flops_per_s), giga(found.bytes_per_s)]);
        if known.is_some() {
            let bound = found.bound.map_or("", |b| match b {
                Bound::Compute => "compute",
                Bound::Bandwidth => "bandwidth",
            });
            cells.extend([bound.to_string(), found.of_ceiling.map_or_else(String::new, format::percent)]);
        } else {
            cells.push(found.intensity.map_or_else(String::new, format::number));
        }
        table.push_from(cells, training.layer_rows(|r| std::ptr::eq(r, row)));
    }
    table
}

/// What the shares mean, in words: for pooling and convolution, and the largest kind where it is neither.
fn amdahl(shares: &[Share]) -> String {
    let mut words = "Amdahl's law: if a part takes the share P of a step, then making that part alone faster, however much, \
                     makes the step at most 1 / (1 − P) times as fast."
        .to_string();
    let largest = shares.iter().max_by(|a, b| a.share.total_cmp(&b.share)).map(|s| s.kind);
    let named = |s: &&Share| [Kind::Pooling, Kind::Convolution].contains(&s.kind) || Some(s.kind) == largest;
    for share in shares.iter().filter(named) {
        words += &format!(
            " {}: P = {:.3}, so at most **{}×**.",
            capital(share.kind.name()),
            share.share,
            format::number(share.at_most)
        );
    }
    words
}

fn ceilings(training: &Training, shares: &[Share]) -> Table {
    let head = ["kind", "time in a step", "share P", "step twice as fast there", "step if it cost nothing"];
    let caption = format!("What a faster kind of operation could give ({})", training.device());
    let mut table = Table::new(format!("{}-amdahl", training.slug), caption, &head);
    for share in shares {
        let twice = crate::analysis::amdahl::amdahl(share.share, 2.0);
        let row = vec![
            share.kind.name().to_string(),
            format::time(share.time_ns),
            format::percent(share.share),
            format!("{}×", format::number(twice)),
            format!("{}×", format::number(share.at_most)),
        ];
        table.push_from(row, training.layer_rows(|r| Kind::of(r) == share.kind));
    }
    table
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
