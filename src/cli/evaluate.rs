//! `tesela evaluate`: a trained model on images whose classes are known.

use std::path::PathBuf;

use super::args::Global;
use super::exit::{Exit, Failure, Outcome};
use super::table::Table;
use super::train::{device, engine_for_training};
use super::{pipelines, print};
use crate::data::{Dataset, LoadOptions};
use crate::nn::metrics::{self, Predictions};
use crate::nn::{Predictor, Variants};
use crate::record::Metrics;

/// What `tesela evaluate` is told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A model file that `tesela train` wrote
    #[arg(value_name = "MODEL.safetensors")]
    model: PathBuf,
    /// The images: a folder with one sub-folder a class, a folder of NIfTI volumes, or a CSV of file and label
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
    /// Seed of the bootstrap
    #[arg(long, default_value_t = super::args::SEED)]
    seed: u64,
    /// JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// Prints accuracy, precision, recall, F1 and the confusion matrix.
pub(super) fn run(args: &Args, global: &Global) -> Outcome {
    let (engine, target) = engine_for_training(global)?;
    let mut model = Predictor::open(&engine, target, &args.model, Variants::new())?;
    let dataset = Dataset::load(Some(&args.data), &LoadOptions::default())?;
    for bad in &dataset.unreadable {
        global.note(&format!("left out: {}", bad.error));
    }
    if dataset.examples.is_empty() {
        return Err(Failure::usage(format!("{} holds no image that can be read", args.data.display())));
    }
    let classes = model.classes().to_vec();
    let place = |class: &String| {
        classes.iter().position(|c| c == class).and_then(|at| u32::try_from(at).ok()).ok_or_else(|| {
            Failure::usage(format!(
                "the model does not know the class `{class}`; it was trained on {}",
                classes.join(", ")
            ))
        })
    };
    let places = dataset.classes.iter().map(place).collect::<Result<Vec<u32>, _>>()?;
    let probabilities = model.predict(dataset.examples.iter().map(|e| e.picture.as_ref()))?;
    pipelines::keep(&engine, global);
    let targets: Vec<u32> = dataset.examples.iter().map(|e| places[e.class]).collect();
    let blank: Vec<bool> = dataset.examples.iter().map(|e| e.blank).collect();
    let predictions =
        Predictions { probabilities: &probabilities, targets: &targets, blank: &blank, classes: &classes };
    let evaluation = metrics::evaluate(&predictions, args.seed)?;
    let mut found = Metrics {
        network: Some(model.network().name.clone()),
        device: Some(device(&engine, target)),
        ..Metrics::default()
    };
    evaluation.put_into(&mut found, &classes);
    if args.json {
        let value = serde_json::to_value(&found).map_err(|e| Failure::fault(e.to_string()))?;
        print::emit_json(&value)?;
    } else {
        print::emit(&text(&found, evaluation.images))?;
    }
    Ok(Exit::Ok)
}

/// The tables.
fn text(m: &Metrics, images: usize) -> String {
    let share = |v: Option<f64>| v.map_or_else(|| "-".to_owned(), |v| format!("{:.1} %", 100.0 * v));
    let interval = |name: &str| {
        m.interval(name).map_or_else(String::new, |(low, high)| {
            format!(" (95 % interval {:.1} to {:.1} %)", 100.0 * low, 100.0 * high)
        })
    };
    let mut out = format!(
        "{images} images\naccuracy              {}{}\nwithout blank images  {}{}\n",
        share(m.test_accuracy),
        interval("test_accuracy"),
        share(m.test_accuracy_not_blank),
        interval("test_accuracy_not_blank"),
    );
    if let Some(loss) = m.test_loss {
        out += &format!("loss                  {loss:.4}\n");
    }
    if let Some(auc) = m.roc_auc {
        out += &format!("ROC AUC               {auc:.4}\n");
    }
    let mut table = Table::new(["class", "images", "precision", "recall", "F1"]);
    for c in &m.per_class {
        let f1 = c.f1.map_or_else(|| "-".to_owned(), |v| format!("{v:.3}"));
        table.row([c.class.clone(), c.support.to_string(), share(c.precision), share(c.recall), f1]);
    }
    out += "\n";
    out += &table.render(0);
    out += "\nconfusion: rows are the truth, columns the prediction\n";
    out + &matrix(&m.classes, &m.confusion)
}

/// A square of counts with names on two sides; long names are cut at the top.
fn matrix(classes: &[String], counts: &[Vec<u64>]) -> String {
    const WIDEST: usize = 14;
    let side = classes.iter().map(|c| c.chars().count()).max().unwrap_or(0);
    let widest = counts.iter().flatten().map(|n| n.to_string().len()).max().unwrap_or(0);
    let width = side.min(WIDEST).max(widest);
    let head = |c: &String| format!("  {:>width$}", c.chars().take(width).collect::<String>());
    let mut text = format!("{:side$}{}\n", "", classes.iter().map(head).collect::<String>());
    for (class, row) in classes.iter().zip(counts) {
        let cells: String = row.iter().map(|n| format!("  {n:>width$}")).collect();
        text += &format!("{class:<side$}{cells}\n");
    }
    text
}
