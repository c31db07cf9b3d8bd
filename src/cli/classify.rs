//! `tesela classify`: what a trained model says of images.

use std::path::PathBuf;
use std::time::Instant;

use super::args::Global;
use super::exit::{Exit, Outcome};
use super::table::Table;
use super::train::engine_for_training;
use super::{pipelines, print};
use crate::data::picture;
use crate::nn::{Predictor, Variants};

/// What `tesela classify` is told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A model file that `tesela train` wrote
    #[arg(value_name = "MODEL.safetensors")]
    model: PathBuf,
    /// Images: JPEG or PNG
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Prints label, probabilities and time of every image. An image that cannot be read is named, and the exit code says
/// so; the others are classified.
pub(super) fn run(args: &Args, global: &Global) -> Outcome {
    let (engine, target) = engine_for_training(global)?;
    let mut model = Predictor::open(&engine, target, &args.model, Variants::new())?;
    let classes = model.classes().to_vec();
    let mut found = Vec::new();
    let mut failed = 0;
    for path in &args.images {
        let start = Instant::now();
        let picture = match picture::read(path) {
            Ok(picture) => picture,
            Err(e) => {
                print::complain(&format!("error: {e}"));
                failed += 1;
                continue;
            }
        };
        let outputs = model.predict([&picture])?;
        let probabilities = model.class_probabilities(&outputs);
        found.push((path, probabilities, start.elapsed().as_secs_f64()));
    }
    pipelines::keep(&engine, global);
    let best = |p: &[f32]| (0..p.len()).max_by(|&a, &b| p[a].total_cmp(&p[b]).then(b.cmp(&a))).unwrap_or(0);
    if args.json {
        let images: Vec<_> = found
            .iter()
            .map(|(path, p, seconds)| {
                let named: serde_json::Map<_, _> =
                    classes.iter().zip(p).map(|(c, p)| (c.clone(), serde_json::json!(p))).collect();
                serde_json::json!({
                    "image": path.display().to_string(), "label": classes[best(p)], "probabilities": named,
                    "milliseconds": 1e3 * seconds,
                })
            })
            .collect();
        print::emit_json(&serde_json::Value::Array(images))?;
    } else if !found.is_empty() {
        let mut table = Table::new(["image", "label", "probability", "others", "ms"]);
        for (path, p, seconds) in &found {
            let label = best(p);
            let mut order: Vec<usize> = (0..p.len()).filter(|&c| c != label).collect();
            order.sort_by(|&a, &b| p[b].total_cmp(&p[a]));
            let others: Vec<String> =
                order.iter().take(3).map(|&c| format!("{} {:.3}", classes[c], p[c])).collect();
            table.row([
                path.display().to_string(),
                classes[label].clone(),
                format!("{:.3}", p[label]),
                others.join(", "),
                format!("{:.1}", 1e3 * seconds),
            ]);
        }
        print::emit(&table.render(0))?;
    }
    Ok(if failed == 0 { Exit::Ok } else { Exit::Failure })
}
