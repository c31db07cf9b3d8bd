//! How good predictions are: accuracy, confusion, precision and recall, ROC AUC, loss, intervals.

mod auc;
mod bootstrap;
#[cfg(test)]
mod tests;

pub use auc::roc_auc;
pub use bootstrap::{RESAMPLES, accuracy_interval};

use crate::error::{Error, Result};
use crate::record::{ClassMetrics, Metrics};

/// The least logarithm of a probability that enters a loss, so that one certain mistake does not make the mean infinite;
/// PyTorch's `BCELoss` has the same bound.
const LEAST_LOG: f64 = -100.0;

/// What a network said of images, and what is true.
#[derive(Debug, Clone, Copy)]
pub struct Predictions<'a> {
    /// n x c probabilities, row-major. With c = 1 and two classes, the probability of the second. More columns than
    /// classes are allowed (the thesis has ten outputs for three classes): a prediction there is a mistake.
    pub probabilities: &'a [f32],
    /// The class of each of the n images.
    pub targets: &'a [u32],
    /// Whether each of the n images is blank, all pixels alike.
    pub blank: &'a [bool],
    /// The classes' names, in the order of the outputs.
    pub classes: &'a [String],
}

/// What follows from predictions. Shares are in 0..=1, and `None` where nothing was there to share.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Images.
    pub images: usize,
    /// Right predictions among all images.
    pub accuracy: Option<f64>,
    /// Right predictions among images that are not blank.
    pub accuracy_not_blank: Option<f64>,
    /// The 95 % interval of `accuracy`.
    pub interval: Option<[f64; 2]>,
    /// The 95 % interval of `accuracy_not_blank`.
    pub interval_not_blank: Option<[f64; 2]>,
    /// Mean cross entropy, with one output binary cross entropy, in nats. The logarithm of a probability counts as -100
    /// where it is less.
    pub loss: Option<f64>,
    /// Counts: rows are the truth, columns the prediction.
    pub confusion: Vec<Vec<u64>>,
    /// Predictions that are no class: an output beyond them was the largest. They are in no column of `confusion`.
    pub outside: u64,
    /// One entry a class.
    pub per_class: Vec<ClassMetrics>,
    /// Area under the ROC curve for two classes, the second positive; `None` otherwise, or where a class is absent.
    pub roc_auc: Option<f64>,
}

/// Which class each image is called: the first of the largest probabilities; with one output, the second class from
/// 0.5 on. A number beyond the classes stands for an output that is no class.
///
/// # Errors
/// [`Error::Shape`] where sizes do not fit, [`Error::Records`] where a probability is NaN.
pub fn predicted(p: &Predictions<'_>) -> Result<Vec<usize>> {
    let width = width(p)?;
    let mut calls = Vec::with_capacity(p.targets.len());
    for (image, row) in p.probabilities.chunks_exact(width.max(1)).enumerate() {
        if let Some(output) = row.iter().position(|v| v.is_nan()) {
            let reason = format!(
                "image {image} has NaN as its probability of output {output}; the weights are spoilt: use an earlier \
                 checkpoint, or train with a lower learning rate"
            );
            return Err(Error::Records { what: "predictions".into(), reason });
        }
        let mut largest = 0;
        for (output, value) in row.iter().enumerate() {
            if *value > row[largest] {
                largest = output;
            }
        }
        calls.push(if width == 1 { usize::from(row[0] >= 0.5) } else { largest });
    }
    Ok(calls)
}

/// Judges predictions. `seed` draws the resamples of the intervals: the same seed gives the same bits.
///
/// # Errors
/// As [`predicted`].
pub fn evaluate(p: &Predictions<'_>, seed: u64) -> Result<Evaluation> {
    let calls = predicted(p)?;
    let (images, classes) = (p.targets.len(), p.classes.len());
    let truths: Vec<usize> = p.targets.iter().map(|t| *t as usize).collect();
    let right: Vec<bool> = calls.iter().zip(&truths).map(|(call, truth)| call == truth).collect();
    let right_not_blank: Vec<bool> =
        right.iter().zip(p.blank).filter(|(_, blank)| !**blank).map(|(right, _)| *right).collect();
    let mut confusion = vec![vec![0_u64; classes]; classes];
    let mut outside = 0;
    for (call, truth) in calls.iter().zip(&truths) {
        match confusion[*truth].get_mut(*call) {
            Some(count) => *count += 1,
            None => outside += 1,
        }
    }
    let support = |class: usize| truths.iter().filter(|t| **t == class).count() as u64;
    let per_class = p
        .classes
        .iter()
        .enumerate()
        .map(|(i, name)| class_metrics(name, i, &confusion, support(i)))
        .collect();
    Ok(Evaluation {
        images,
        accuracy: share(&right),
        accuracy_not_blank: share(&right_not_blank),
        interval: accuracy_interval(&right, seed),
        interval_not_blank: accuracy_interval(&right_not_blank, seed),
        loss: loss(p, &truths),
        confusion,
        outside,
        per_class,
        roc_auc: auc_of_two(p, &truths),
    })
}

impl Evaluation {
    /// Puts the outcome on the test images into the fields of `metrics` that bear it.
    pub fn put_into(&self, metrics: &mut Metrics, classes: &[String]) {
        metrics.test_accuracy = self.accuracy;
        metrics.test_accuracy_not_blank = self.accuracy_not_blank;
        metrics.test_loss = self.loss;
        metrics.classes = classes.to_vec();
        metrics.confusion = self.confusion.clone();
        metrics.per_class = self.per_class.clone();
        metrics.roc_auc = self.roc_auc;
        let intervals =
            [("test_accuracy", self.interval), ("test_accuracy_not_blank", self.interval_not_blank)];
        for (name, interval) in intervals {
            match interval {
                Some(ends) => metrics.intervals.insert(name.into(), ends),
                None => metrics.intervals.remove(name),
            };
        }
    }
}

/// Outputs an image has, after a look at all sizes.
fn width(p: &Predictions<'_>) -> Result<usize> {
    let misfit =
        |what: &str, expected: String, got: String| Error::Shape { what: what.into(), expected, got };
    let (images, classes) = (p.targets.len(), p.classes.len());
    if p.blank.len() != images {
        let got = format!("{} flags", p.blank.len());
        return Err(misfit("blank flags", format!("one for each of {images} images"), got));
    }
    if let Some(at) = p.targets.iter().position(|t| *t as usize >= classes) {
        let got = format!("class {} of image {at}", p.targets[at]);
        return Err(misfit("targets", format!("classes 0 to {}", classes.saturating_sub(1)), got));
    }
    if images == 0 && p.probabilities.is_empty() {
        return Ok(classes);
    }
    let width = p.probabilities.len() / images.max(1);
    let whole = images > 0 && width * images == p.probabilities.len();
    if !whole || !(width >= classes || (width == 1 && classes == 2)) || width == 0 {
        let expected = format!("{images} rows of {classes} or more, or of one for two classes");
        return Err(misfit("probabilities", expected, format!("{} values", p.probabilities.len())));
    }
    Ok(width)
}

fn share(right: &[bool]) -> Option<f64> {
    let count = right.iter().filter(|r| **r).count();
    (!right.is_empty()).then(|| count as f64 / right.len() as f64)
}

fn class_metrics(name: &str, class: usize, confusion: &[Vec<u64>], support: u64) -> ClassMetrics {
    let hits = confusion[class][class];
    let called: u64 = confusion.iter().map(|row| row[class]).sum();
    let over = |all: u64| (all > 0).then(|| hits as f64 / all as f64);
    // 2 TP / (2 TP + FP + FN): the harmonic mean, without a case of its own where both shares are 0.
    let f1 = (called + support > 0).then(|| 2.0 * hits as f64 / (called + support) as f64);
    ClassMetrics { class: name.into(), precision: over(called), recall: over(support), f1, support }
}

fn loss(p: &Predictions<'_>, truths: &[usize]) -> Option<f64> {
    let width = p.probabilities.len().checked_div(truths.len())?;
    let mut sum = 0.0;
    for (row, truth) in p.probabilities.chunks_exact(width).zip(truths) {
        let probability = match (width, truth) {
            (1, 0) => 1.0 - f64::from(row[0]),
            (1, _) => f64::from(row[0]),
            _ => f64::from(row[*truth]),
        };
        sum -= probability.ln().max(LEAST_LOG);
    }
    Some(sum / truths.len() as f64)
}

fn auc_of_two(p: &Predictions<'_>, truths: &[usize]) -> Option<f64> {
    if p.classes.len() != 2 {
        return None;
    }
    let width = p.probabilities.len().checked_div(truths.len())?;
    let at = usize::from(width > 1);
    let scores: Vec<f32> = p.probabilities.chunks_exact(width).map(|row| row[at]).collect();
    let positive: Vec<bool> = truths.iter().map(|t| *t == 1).collect();
    roc_auc(&scores, &positive)
}
