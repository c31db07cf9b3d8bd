//! Runs side by side: seeds with their mean, and what swapping a variant did to the step.

use super::super::format;
use super::super::page::{Block, heading, text};
use super::super::table::Table;
use super::Training;
use super::summary::{best_epoch, percent};
use crate::analysis::training::{mean_sd, step_ns, swap};

/// A column: its head, the value of a run, and how it is written.
type Column = (&'static str, fn(&Training) -> Option<f64>, fn(f64) -> String);

const COLUMNS: [Column; 10] = [
    ("epochs", |t| t.epochs().map(f64::from), format::size),
    ("best epoch", |t| best_epoch(t).map(f64::from), format::size),
    ("time", |t| t.metrics.wall_s, |s| format::time(s * 1e9)),
    ("step", |t| Some(step_ns(&t.folder.layers)).filter(|ns| *ns > 0.0), format::time),
    ("images a second", |t| t.metrics.images_per_s, format::number),
    ("test accuracy", |t| t.metrics.test_accuracy, percent),
    ("not blank", |t| t.metrics.test_accuracy_not_blank, percent),
    ("test loss", |t| t.metrics.test_loss, format::number),
    ("valid accuracy", |t| t.metrics.valid_accuracy, percent),
    ("valid loss", |t| t.metrics.valid_loss, format::number),
];

/// One row a seed, then mean and standard deviation (sd) of every column that all runs have.
pub(super) fn table(group: &[&Training]) -> Table {
    let columns: Vec<&Column> =
        COLUMNS.iter().filter(|(_, value, _)| group.iter().any(|t| value(t).is_some())).collect();
    let head: Vec<&str> = std::iter::once("seed").chain(columns.iter().map(|(name, ..)| *name)).collect();
    let first = group.first();
    let stem = first.map_or_else(String::new, |t| format!("{}-seeds", t.slug));
    let device = first.map_or_else(String::new, |t| t.device());
    let mut table = Table::new(stem, format!("Runs that differ by their seeds ({device})"), &head);
    for training in group {
        let cells = columns.iter().map(|(_, value, show)| value(training).map_or_else(String::new, show));
        let files = ["metrics.json", "training.csv", "layers.csv"].join(", ");
        let origin = format!("{}: {files}", training.folder.path.display());
        table.push_from(std::iter::once(training.seed().to_string()).chain(cells).collect(), origin);
    }
    let over = |of: &dyn Fn(&[f64]) -> Option<f64>, show: &dyn Fn(&Column, f64) -> String| {
        let cell = |column: &&Column| {
            let values: Vec<f64> = group.iter().filter_map(|t| (column.1)(t)).collect();
            if values.len() < group.len() { None } else { of(&values).map(|v| show(column, v)) }
        };
        columns.iter().map(|c| cell(c).unwrap_or_default()).collect::<Vec<String>>()
    };
    // A mean of whole numbers is none.
    let mean = |column: &Column, v: f64| if v.fract() == 0.0 { (column.2)(v) } else { spread(column, v) };
    let means = over(&|v| mean_sd(v).map(|(mean, _)| mean), &mean);
    let deviations = over(&|v| mean_sd(v).and_then(|(_, sd)| sd), &spread);
    let above = "the rows above";
    table.push_from(std::iter::once("mean".to_string()).chain(means).collect(), above.into());
    table.push_from(std::iter::once("sd".to_string()).chain(deviations).collect(), above.into());
    table
}

/// A value that need not be whole, in its column's unit.
fn spread(column: &Column, value: f64) -> String {
    if column.0.contains("epoch") { format::number(value) } else { (column.2)(value) }
}

/// What became of the step where two runs of one network and device differ by the variant of one operation.
pub(super) fn swaps(trainings: &[Training]) -> Vec<Block> {
    let head = [
        "network",
        "operation",
        "from",
        "to",
        "share before",
        "operation alone",
        "step predicted",
        "step measured",
    ];
    let mut table =
        Table::new("training-swaps", "A variant swapped: Amdahl's prediction and the measured step", &head);
    for (i, before) in trainings.iter().enumerate() {
        for after in &trainings[i + 1..] {
            if (before.network(), before.device()) != (after.network(), after.device()) {
                continue;
            }
            let Some((op, from, to)) = one_difference(before, after) else { continue };
            let Some(swap) = swap(op, &before.folder.layers, &after.folder.layers) else { continue };
            let factor = |v: f64| format!("{}×", format::number(v));
            let row = vec![
                before.network().to_string(),
                op.to_string(),
                format!("`{from}`"),
                format!("`{to}`"),
                format::percent(swap.share),
                factor(swap.speedup),
                factor(swap.predicted),
                factor(swap.measured),
            ];
            let rows = |t: &Training, variant: &str| t.layer_rows(|r| r.op == op && r.variant == variant);
            table.push_from(row, format!("{}; {}", rows(before, from), rows(after, to)));
        }
    }
    if table.rows.is_empty() {
        return Vec::new();
    }
    vec![
        heading(2, "Training: variants swapped"),
        text(
            "Two runs of one network on one device that differ by one variant. Predicted is 1 / ((1 − P) + P / s) from the \
             operation's share P before and its own speedup s; measured is the ratio of the two steps.",
        ),
        Block::Table(table),
    ]
}

/// The only operation whose variant differs between two measured steps: its name and both variants.
fn one_difference<'a>(before: &'a Training, after: &'a Training) -> Option<(&'a str, &'a str, &'a str)> {
    let mut found = None;
    for row in &before.folder.layers {
        let other = after
            .folder
            .layers
            .iter()
            .find(|r| (&r.layer, r.part, &r.op) == (&row.layer, row.part, &row.op))?;
        if other.variant != row.variant {
            let difference = (row.op.as_str(), row.variant.as_str(), other.variant.as_str());
            if found.is_some_and(|known| known != difference) {
                return None;
            }
            found = Some(difference);
        }
    }
    found
}
