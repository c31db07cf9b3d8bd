//! The thesis's training of AlexNet on the three-class slices, and ours beside it.

use super::super::format;
use super::super::page::{Block, heading, text};
use super::super::table::Table;
use super::super::training::{Training, percent, share};
use super::data::{Thesis, TrainingFact};

/// The network of ours that is the thesis's, layer for layer.
pub(super) const NETWORK: &str = "alexnet32";

/// The tables; nothing where none of the runs trained that network.
pub(super) fn blocks(thesis: &Thesis, trainings: &[Training]) -> Vec<Block> {
    let ours: Vec<&Training> = trainings.iter().filter(|t| t.network() == NETWORK).collect();
    if ours.iter().all(|t| t.epochs().is_none()) {
        return Vec::new();
    }
    vec![
        heading(3, "Its network and ours"),
        text(
            "The thesis trains AlexNet on three classes of 91 slices each and prints 245 training, 28 validation and 99 test \
             images: more than there are, so its test images were trained on. Of the slices as they were rebuilt, 69 are \
             blank and alike in all classes: no network can tell more than 240 of 273 (87.9 %). Ours are given with and \
             without the blank ones, and with the protocol that set the test images apart.",
        ),
        Block::Table(table(thesis, &ours)),
    ]
}

fn table(thesis: &Thesis, ours: &[&Training]) -> Table {
    let head = [
        "epochs",
        "who",
        "protocol",
        "training time",
        "test accuracy",
        "not blank",
        "test loss",
        "train loss",
        "valid loss",
    ];
    let mut table =
        Table::new("thesis-training", "AlexNet on 32 x 32 slices: the thesis's runs and ours", &head);
    let mut epochs: Vec<u32> = thesis.training.iter().map(|f| f.epochs).collect();
    epochs.extend(ours.iter().filter_map(|t| t.epochs()));
    epochs.sort_unstable();
    epochs.dedup();
    for count in epochs {
        for fact in thesis.training.iter().filter(|f| f.epochs == count) {
            table.push_from(printed(fact), super::data::PRINTED.into());
        }
        for training in ours.iter().filter(|t| t.epochs() == Some(count)) {
            table.push_from(run(training, count), training.file("metrics.json"));
        }
    }
    table
}

fn printed(fact: &TrainingFact) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
    vec![
        fact.epochs.to_string(),
        format!("thesis, {}", fact.device),
        "as printed".into(),
        fact.train_s.map_or_else(String::new, |s| format!("{s:.2} s")),
        fact.test_acc.map_or_else(String::new, |a| format!("{:.2} %", a * 100.0)),
        String::new(),
        number(fact.test_loss),
        number(fact.train_loss),
        number(fact.valid_loss),
    ]
}

fn run(training: &Training, epochs: u32) -> Vec<String> {
    let metrics = &training.metrics;
    let number = |value: Option<f64>| value.map_or_else(String::new, format::number);
    let last = training.folder.epochs.last();
    vec![
        epochs.to_string(),
        format!("ours, seed {}, {}", training.seed(), training.device()),
        metrics.protocol.clone().unwrap_or_default(),
        metrics.wall_s.map_or_else(String::new, |s| format!("{s:.2} s")),
        share(metrics.test_accuracy, metrics.interval("test_accuracy")),
        metrics.test_accuracy_not_blank.map_or_else(String::new, percent),
        number(metrics.test_loss),
        number(last.map(|e| e.train_loss)),
        number(metrics.valid_loss.or_else(|| last.and_then(|e| e.valid_loss))),
    ]
}
