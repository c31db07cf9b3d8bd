//! What comes out of a run: the test, and the numbers of `metrics.json`.

use super::Job;
use crate::analysis::roofline;
use crate::cli::print;
use crate::data::split::Leak;
use crate::engine::Target;
use crate::error::Result;
use crate::nn::metrics::{self, Predictions};
use crate::nn::train::{Trained, Trainer};
use crate::record::{Counts, Leaks, Metrics, Side, StepCeilings};

/// Tests the kept weights and collects the numbers.
pub(super) fn metrics(trainer: &mut Trainer<'_>, trained: &Trained, job: &Job<'_>) -> Result<Metrics> {
    let setup = trainer.setup().clone();
    let (config, split, dataset) = (&setup.config, &setup.split, &setup.dataset);
    let count = |indices: &[usize]| indices.len() as u64;
    let state = &trained.state;
    let epochs = state.epoch.saturating_sub(1);
    let software = job.engine.gpu().is_some_and(|gpu| gpu.adapter().software);
    let n = u32::try_from(config.batch.min(split.train.len())).unwrap_or(u32::MAX);
    let variants = trainer.model().variants(n)?;
    let scale = trainer.model().loss_scale()?;
    let network = trainer.model().network();
    let mut metrics = Metrics {
        network: Some(network.name.clone()),
        parameters: Some(network.parameter_count() as u64),
        protocol: Some(config.split.describe()),
        counts: Some(Counts {
            train: count(&split.train),
            valid: count(&split.valid),
            test: count(&split.test),
        }),
        leaks: Some(Leaks {
            test_in_train: split.leaks.test.total() as u64,
            test_blank_in_train: split.leaks.test.blank as u64,
        }),
        device: Some(super::device(job.engine, job.target)),
        software_adapter: Some(job.target == Target::Gpu && software),
        precision: Some(config.precision.name().to_owned()),
        loss_scale: scale.map(|s| f64::from(s.scale)),
        skipped_steps: scale.map(|s| s.skipped),
        variants: variants.into_iter().map(|(op, name)| (op.to_owned(), name)).collect(),
        seed: Some(config.seed),
        epochs: Some(epochs),
        epochs_planned: Some(config.epochs),
        best_epoch: state.best.map(|b| b.epoch),
        wall_s: Some(state.wall_s),
        images_per_s: Some(state.images as f64 / state.wall_s.max(1e-9)),
        peak_memory_bytes: peak_memory(),
        valid_accuracy: state.best.map(|b| b.accuracy).filter(|_| !split.valid.is_empty()),
        valid_loss: state.best.map(|b| b.loss).filter(|_| !split.valid.is_empty()),
        classes: dataset.classes.clone(),
        ..Metrics::default()
    };
    metrics.ceilings = ceilings(job)?;
    if !split.test.is_empty() {
        let (probabilities, targets) = trainer.predict(&split.test)?;
        let blank: Vec<bool> = split.test.iter().map(|&i| dataset.examples[i].blank).collect();
        let predictions = Predictions {
            probabilities: &probabilities,
            targets: &targets,
            blank: &blank,
            classes: &dataset.classes,
        };
        metrics::evaluate(&predictions, config.seed)?.put_into(&mut metrics, &dataset.classes);
    }
    Ok(metrics)
}

/// What the device can do at most, measured on it now.
fn ceilings(job: &Job<'_>) -> Result<Option<StepCeilings>> {
    let measured = crate::lab::ceilings(job.engine)?;
    let side = if job.target == Target::Gpu { Side::Gpu } else { Side::Cpu };
    // The largest part of a step are products in single precision.
    let roof = roofline::roof(&measured, side, "matmul");
    Ok(roof.map(|r| StepCeilings { flops_per_s: r.flops_per_s, bytes_per_s: r.bytes_per_s }))
}

/// The most memory that the process has held, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// That test images were trained on.
pub(super) fn leak_note(leak: &Leak) -> String {
    let blank = match leak.blank {
        0 => String::new(),
        blank => format!(", {blank} of them blank"),
    };
    format!(
        "{} of the {} test images have the pixels of a training image{blank}: their accuracy is no independent figure",
        leak.total(),
        leak.images
    )
}

/// The outcome in two lines.
pub(in crate::cli) fn summary(metrics: &Metrics) -> String {
    let share = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{:.1} %", 100.0 * v));
    let epochs = usize::try_from(metrics.epochs.unwrap_or(0)).unwrap_or(0);
    let accuracy = match (metrics.test_accuracy, metrics.valid_accuracy) {
        (None, Some(valid)) => format!("validation accuracy {}; no test images", share(Some(valid))),
        (None, None) => "neither validation nor test images".to_owned(),
        (test, _) => {
            format!(
                "test accuracy {}, without blank images {}",
                share(test),
                share(metrics.test_accuracy_not_blank)
            )
        }
    };
    let skipped = match metrics.skipped_steps {
        None | Some(0) => String::new(),
        Some(skipped) => {
            let skipped = print::count(usize::try_from(skipped).unwrap_or(0), "step");
            format!(", {skipped} skipped for an overflow in mixed precision")
        }
    };
    format!(
        "{} in {:.1} s, {:.0} images/s, best epoch {}{skipped}\n{accuracy}",
        print::count(epochs, "epoch"),
        metrics.wall_s.unwrap_or(0.0),
        metrics.images_per_s.unwrap_or(0.0),
        metrics.best_epoch.map_or_else(|| "none".to_owned(), |e| e.to_string()),
    )
}
