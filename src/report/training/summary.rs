//! What a run achieved and what it cost, in one table; and what must be said first.

use super::super::format;
use super::super::page::Block;
use super::super::table::Table;
use super::Training;

/// A share with its interval: `87.9 % [80.8 %, 93.9 %]`.
pub(in super::super) fn share(value: Option<f64>, interval: Option<(f64, f64)>) -> String {
    match (value, interval) {
        (None, _) => String::new(),
        (Some(value), None) => percent(value),
        (Some(value), Some((low, high))) => {
            format!("{} [{}, {}]", percent(value), percent(low), percent(high))
        }
    }
}

/// A share with one decimal, so that a column of them lines up.
pub(in super::super) fn percent(value: f64) -> String {
    format!("{:.1} %", value * 100.0)
}

/// Bytes in the unit that suits.
fn bytes(count: u64) -> String {
    let value = count as f64;
    match value {
        v if v < f64::from(1 << 20) => format!("{} KiB", format::number(v / 1024.0)),
        v if v < f64::from(1 << 30) => format!("{} MiB", format::number(v / f64::from(1 << 20))),
        v => format!("{} GiB", format::number(v / f64::from(1 << 30))),
    }
}

/// What nobody may miss: test images that were trained on.
pub(super) fn notes(training: &Training) -> Vec<Block> {
    let metrics = &training.metrics;
    let Some(leaks) = metrics.leaks.filter(|l| l.test_in_train > 0) else { return Vec::new() };
    let of = metrics.counts.map_or_else(String::new, |c| format!(" of {}", c.test));
    let blank = match leaks.test_blank_in_train {
        0 => String::new(),
        blank if blank == leaks.test_in_train => ", all of them blank".to_string(),
        blank => format!(", {blank} of them blank"),
    };
    vec![Block::Note(format!(
        "**{}{of} test images were trained on**{blank}: their pixels are those of a training image, to the bit. The accuracy \
         on them says what the network remembers, not what it has learned; take a protocol that sets the test images \
         apart for a figure that can be compared.",
        leaks.test_in_train
    ))]
}

/// The table of one run.
pub(super) fn table(training: &Training) -> Table {
    let (metrics, run) = (&training.metrics, &training.folder.run);
    let head = ["what", "value"];
    let caption = format!("What {} achieves, and at what cost", training.network());
    let mut table = Table::new(format!("{}-summary", training.slug), caption, &head);
    let origin = format!("{}: metrics.json, run.json, training.csv", training.folder.path.display());
    let mut row = |what: &str, value: String| {
        if !value.is_empty() {
            table.push_from(vec![what.to_string(), value], origin.clone());
        }
    };
    let parameters = metrics.parameters.map(|p| format!(", {} parameters", format::grouped(p)));
    row("network", format!("{}{}", training.network(), parameters.unwrap_or_default()));
    row("device", training.device());
    let variants: Vec<String> = metrics.variants.iter().map(|(op, v)| format!("`{op}={v}`")).collect();
    row("precision", precision(training));
    row("variants", variants.join(", "));
    row("images", run.images.clone().unwrap_or_default());
    row("protocol", metrics.protocol.clone().unwrap_or_default());
    let counts =
        metrics.counts.map(|c| format!("{} to train, {} to validate, {} to test", c.train, c.valid, c.test));
    row("split", counts.unwrap_or_default());
    row("seed", training.seed().to_string());
    row("epochs", epochs(training));
    row("weights kept", best_epoch(training).map_or_else(String::new, |e| format!("those of epoch {e}")));
    row("training time", metrics.wall_s.map_or_else(String::new, |s| format::time(s * 1e9)));
    row("images a second", metrics.images_per_s.map_or_else(String::new, format::number));
    row("accuracy, all test images", share(metrics.test_accuracy, metrics.interval("test_accuracy")));
    let not_blank = share(metrics.test_accuracy_not_blank, metrics.interval("test_accuracy_not_blank"));
    row("accuracy, test images that are not blank", not_blank);
    row("loss, test images", metrics.test_loss.map_or_else(String::new, format::number));
    row("area under the ROC curve", metrics.roc_auc.map_or_else(String::new, format::number));
    row("accuracy, validation images", share(metrics.valid_accuracy, metrics.interval("valid_accuracy")));
    row("loss, validation images", metrics.valid_loss.map_or_else(String::new, format::number));
    row("peak memory", metrics.peak_memory_bytes.map_or_else(String::new, bytes));
    table
}

/// Nothing where it was not recorded.
fn precision(training: &Training) -> String {
    let metrics = &training.metrics;
    let mut text = metrics.precision.clone().unwrap_or_default();
    if let Some(scale) = metrics.loss_scale {
        text += &format!("; loss scale 2^{} after the last step", scale.log2());
    }
    if let Some(skipped) = metrics.skipped_steps {
        let of = training.folder.epochs.last().map_or_else(String::new, |e| format!(" of {}", e.step));
        text += &format!(", {skipped}{of} steps skipped");
    }
    text
}

fn epochs(training: &Training) -> String {
    let Some(done) = training.epochs() else { return String::new() };
    match training.metrics.epochs_planned.filter(|planned| *planned > done) {
        Some(planned) => format!("{done} of at most {planned}"),
        None => done.to_string(),
    }
}

/// The epoch whose weights were kept; where that was not recorded, the one with the least validation loss.
pub(super) fn best_epoch(training: &Training) -> Option<u32> {
    let losses = training.folder.epochs.iter().filter_map(|e| Some((e.epoch, e.valid_loss?)));
    let least = losses.filter(|(_, loss)| !loss.is_nan()).min_by(|a, b| a.1.total_cmp(&b.1));
    training.metrics.best_epoch.or(least.map(|(epoch, _)| epoch))
}
