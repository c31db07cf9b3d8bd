//! What a reader should know of samples before trusting their median: drift, a coarse clock, a first call that is not
//! like the rest, outliers.

use super::outliers::{LIMIT, Outliers, modified_z, outliers};
use super::stats::median;
use super::trend::trend;

/// A trend is reported below this p-value: a report holds hundreds of points, and one in a hundred would cry wolf.
const DRIFT_P: f64 = 0.001;
/// ... and when it moves the time by this share of the median from the first sample to the last.
const DRIFT_SHARE: f64 = 0.02;
/// A time is too short for its clock when the clock's step is more than this share of it.
const STEP_SHARE: f64 = 0.01;
/// The first sample differs when it is an outlier and this share away from the rest.
const FIRST_SHARE: f64 = 0.1;

/// A doubt about samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Warning {
    /// They rise or fall in the order in which they were taken.
    Drift {
        /// The change from the first to the last, as a share of the median.
        change: f64,
        /// The p-value of the trend.
        p: f64,
    },
    /// The clock counts in steps that are coarse beside the time itself.
    TooShort {
        /// The step of the clock in nanoseconds, as the samples show it.
        step: f64,
        /// The median in nanoseconds.
        median: f64,
    },
    /// The first sample is not like the rest: the warm-up was too short.
    FirstDiffers {
        /// The first sample over the median of the rest.
        ratio: f64,
    },
}

/// What is known of the samples of one quantity.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quality {
    /// Samples far from the others; they are kept.
    pub outliers: Outliers,
    /// Doubts.
    pub warnings: Vec<Warning>,
}

/// Judges samples (nanoseconds) in the order in which they were taken.
pub fn quality(samples: &[f64]) -> Quality {
    let warnings = [drift(samples), too_short(samples), first_differs(samples)];
    Quality { outliers: outliers(samples), warnings: warnings.into_iter().flatten().collect() }
}

fn drift(samples: &[f64]) -> Option<Warning> {
    let found = trend(samples)?;
    let change = found.slope * (samples.len() - 1) as f64 / median(samples).filter(|m| *m > 0.0)?;
    (found.p < DRIFT_P && change.abs() >= DRIFT_SHARE).then_some(Warning::Drift { change, p: found.p })
}

fn too_short(samples: &[f64]) -> Option<Warning> {
    let middle = median(samples)?;
    let step = clock_step(samples);
    (step > STEP_SHARE * middle).then_some(Warning::TooShort { step, median: middle })
}

/// The step in which the clock counts, in nanoseconds. Times of calls hardly ever repeat by themselves: where half of
/// the samples or more equal another one, the smallest difference is the clock's step; else it is the nanosecond that
/// rows are written in.
fn clock_step(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let repeated: usize = sorted.chunk_by(|a, b| a == b).map(<[f64]>::len).filter(|n| *n > 1).sum();
    let gaps = sorted.windows(2).map(|w| w[1] - w[0]).filter(|d| *d > 0.0);
    if 2 * repeated >= sorted.len() { gaps.reduce(f64::min).unwrap_or(1.0).max(1.0) } else { 1.0 }
}

fn first_differs(samples: &[f64]) -> Option<Warning> {
    let (first, rest) = samples.split_first()?;
    let ratio = first / median(rest).filter(|m| *m > 0.0)?;
    let score = *modified_z(samples)?.first()?;
    let differs = rest.len() >= 4 && score.abs() > LIMIT && (ratio - 1.0).abs() >= FIRST_SHARE;
    differs.then_some(Warning::FirstDiffers { ratio })
}
