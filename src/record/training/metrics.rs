//! `metrics.json`: what the kept weights achieve, on which images, and at what cost.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The version of the layout of `metrics.json` that this program writes, and the highest that it reads.
pub const METRICS_VERSION: u32 = 1;

/// The longest `metrics.json` that is read, in bytes.
const MAX_BYTES: u64 = 8 << 20;

/// Images in each part of a split.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Images trained on.
    pub train: u64,
    /// Images that choose the epoch.
    pub valid: u64,
    /// Images tested on.
    pub test: u64,
}

/// Test images that were trained on, found by the hash of their pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaks {
    /// Test images whose pixels are those of a training image.
    pub test_in_train: u64,
    /// Of these, blank ones, which are equal without being the same image.
    pub test_blank_in_train: u64,
}

/// How well one class is told from the others, on the test images. A share without a denominator is `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassMetrics {
    /// The class's name.
    pub class: String,
    /// Right ones among the images called this class; `None` where none was.
    pub precision: Option<f64>,
    /// Right ones among the images of this class; `None` where there is none.
    pub recall: Option<f64>,
    /// The harmonic mean of the two; `None` where the class neither occurs nor is predicted.
    pub f1: Option<f64>,
    /// Test images of this class.
    pub support: u64,
}

/// What the device can do at most, measured on it, for the bound of each layer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepCeilings {
    /// Floating-point operations a second.
    pub flops_per_s: f64,
    /// Bytes a second between the processor and its memory, read and written.
    pub bytes_per_s: f64,
}

/// The outcome of a training run. Accuracies are shares in 0..=1, losses means over images in nats; what was not
/// computed is `None`, and `null` in the file. Fields that a later version adds are ignored on reading.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metrics {
    /// Version of this layout.
    pub schema_version: u32,
    /// The network's name, as `alexnet32`.
    pub network: Option<String>,
    /// Trainable parameters.
    pub parameters: Option<u64>,
    /// How the images were split, in a sentence.
    pub protocol: Option<String>,
    /// Images in each part.
    pub counts: Option<Counts>,
    /// Test images that were trained on; absent where that was not looked for.
    pub leaks: Option<Leaks>,
    /// The device that trained, by name.
    pub device: Option<String>,
    /// Whether that is a CPU that poses as a GPU.
    pub software_adapter: Option<bool>,
    /// The precision of the training: `f32`, or `mixed` where products took halves.
    pub precision: Option<String>,
    /// In mixed precision, the scale of the loss after the last step.
    pub loss_scale: Option<f64>,
    /// In mixed precision, steps that were not taken, since a gradient was no finite number.
    pub skipped_steps: Option<u64>,
    /// The variant of each operation, where it was chosen.
    pub variants: BTreeMap<String, String>,
    /// Seed of split, initial weights, augmentation and dropout.
    pub seed: Option<u64>,
    /// Epochs that were trained.
    pub epochs: Option<u32>,
    /// Epochs that were planned; more than `epochs` where the run stopped early.
    pub epochs_planned: Option<u32>,
    /// The epoch whose weights were kept.
    pub best_epoch: Option<u32>,
    /// Wall time of the training in seconds, validation included, the test left out.
    pub wall_s: Option<f64>,
    /// Training images a second over all epochs.
    pub images_per_s: Option<f64>,
    /// The most memory that the process held, in bytes.
    pub peak_memory_bytes: Option<u64>,
    /// Validation accuracy of the kept weights.
    pub valid_accuracy: Option<f64>,
    /// Validation loss of the kept weights.
    pub valid_loss: Option<f64>,
    /// Accuracy on all test images.
    pub test_accuracy: Option<f64>,
    /// Accuracy on the test images that are not blank.
    pub test_accuracy_not_blank: Option<f64>,
    /// Loss on all test images.
    pub test_loss: Option<f64>,
    /// 95 % intervals by the name of the value, as `test_accuracy`: low and high.
    pub intervals: BTreeMap<String, [f64; 2]>,
    /// The classes in the order of the outputs.
    pub classes: Vec<String>,
    /// Test images: rows are the truth, columns the prediction, both in the order of `classes`. A prediction that is no
    /// class (an output beyond them) is in no column. Empty where nothing was tested.
    pub confusion: Vec<Vec<u64>>,
    /// One entry a class, in the order of `classes`.
    pub per_class: Vec<ClassMetrics>,
    /// Area under the ROC curve, two classes only; the second is the positive one.
    pub roc_auc: Option<f64>,
    /// What the device can do at most; absent where it was not measured.
    pub ceilings: Option<StepCeilings>,
}

impl Metrics {
    /// Writes the file in one step: a reader sees the old text or the new one. The version is set.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write(&self, path: &Path) -> Result<()> {
        let versioned = Self { schema_version: METRICS_VERSION, ..self.clone() };
        let mut text = serde_json::to_vec_pretty(&versioned).map_err(|e| Error::write(path, e.into()))?;
        text.push(b'\n');
        super::super::write_atomically(path, &text)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::ClaimsTooMuch`] above 8 MiB, [`Error::Format`].
    pub fn read(path: &Path) -> Result<Self> {
        Self::from_bytes(path, &super::super::read_bounded(path, "metrics", MAX_BYTES)?)
    }

    /// Parses the bytes of a `metrics.json`; `path` is named in errors only. A file without a version is of the first.
    ///
    /// # Errors
    /// [`Error::Format`]: damaged, cut short, of a later version, or with a confusion matrix that is not square.
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self> {
        let bad = |reason: String| Error::format(path, "metrics.json", reason);
        let mut metrics: Self = serde_json::from_slice(bytes).map_err(|e| bad(e.to_string()))?;
        metrics.schema_version = metrics.schema_version.max(1);
        if metrics.schema_version > METRICS_VERSION {
            return Err(bad(format!(
                "its schema version is {}, this program knows 1 to {METRICS_VERSION}; use a newer program",
                metrics.schema_version
            )));
        }
        let classes = metrics.classes.len();
        let square =
            metrics.confusion.len() == classes && metrics.confusion.iter().all(|row| row.len() == classes);
        if !metrics.confusion.is_empty() && !square {
            return Err(bad(format!(
                "its confusion matrix is not {classes} x {classes}, as its classes are"
            )));
        }
        Ok(metrics)
    }

    /// The 95 % interval of a value by its name.
    pub fn interval(&self, name: &str) -> Option<(f64, f64)> {
        self.intervals.get(name).map(|[low, high]| (*low, *high))
    }
}
