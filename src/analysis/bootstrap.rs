//! Intervals by resampling: the percentile bootstrap of Efron and Tibshirani, "An Introduction to the Bootstrap"
//! (1993), chapter 13.
//!
//! The median of each resample is kept, so that the interval of a ratio of two medians needs no second round: the two
//! sides are independent, and the quotients of their resampled medians are the resampled quotients. Another interval
//! from the same resamples (bias-corrected, accelerated) is one more function beside `percentile`.

use super::stats::{Estimate, Interval, median, quantile_of_sorted};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// Resamples drawn for an interval.
pub const RESAMPLES: usize = 2000;

/// The probability that an interval covers the true value, if the samples are independent.
pub const LEVEL: f64 = 0.95;

/// With fewer samples no interval is given: a percentile of so few values is one of them.
pub const MIN_SAMPLES: usize = 5;

/// The samples of one quantity and the medians of its resamples.
#[derive(Debug, Clone, PartialEq)]
pub struct Resamples {
    median: f64,
    count: usize,
    /// [`RESAMPLES`] medians in the order of drawing; empty below [`MIN_SAMPLES`] samples.
    medians: Vec<f64>,
}

impl Resamples {
    /// Draws the resamples. The same samples and stream give the same numbers; quantities that are compared need
    /// streams of their own. `None` without samples, or with a NaN among them.
    pub fn draw(samples: &[f64], stream: u64) -> Option<Self> {
        let middle = median(samples)?;
        let count = samples.len();
        let mut medians = Vec::new();
        if count >= MIN_SAMPLES {
            let mut rng = ChaCha8Rng::seed_from_u64(stream);
            let mut drawn = vec![0.0; count];
            for _ in 0..RESAMPLES {
                drawn.fill_with(|| samples[rng.random_range(0..count)]);
                medians.push(middle_of(&mut drawn));
            }
        }
        Some(Self { median: middle, count, medians })
    }

    /// The median of the samples with its interval.
    pub fn estimate(&self) -> Estimate {
        Estimate { value: self.median, interval: percentile(self.medians.clone()), count: self.count }
    }

    /// `self / other`, the ratio of the medians, with its interval. `None` where `other`'s median is not positive.
    pub fn ratio(&self, other: &Self) -> Option<Estimate> {
        if other.median <= 0.0 {
            return None;
        }
        let quotients: Vec<f64> = self.medians.iter().zip(&other.medians).map(|(a, b)| a / b).collect();
        let finite = quotients.iter().all(|q| q.is_finite());
        let interval = if finite { percentile(quotients) } else { None };
        Some(Estimate { value: self.median / other.median, interval, count: self.count.min(other.count) })
    }
}

/// The percentile interval of resampled values.
fn percentile(mut values: Vec<f64>) -> Option<Interval> {
    values.sort_by(f64::total_cmp);
    let tail = (1.0 - LEVEL) / 2.0;
    Some(Interval { low: quantile_of_sorted(&values, tail)?, high: quantile_of_sorted(&values, 1.0 - tail)? })
}

/// The median of a slice that may be reordered; it is not empty.
fn middle_of(values: &mut [f64]) -> f64 {
    let half = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    let upper = *upper;
    if !even {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    lower + (upper - lower) / 2.0
}
