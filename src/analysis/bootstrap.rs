//! Medians and their ratios with intervals, by resampling: Efron and Tibshirani, "An Introduction to the Bootstrap"
//! (1993).
//!
//! The median of each resample is kept, so that the interval of a ratio of two medians needs no second round: the two
//! sides are independent, and the quotients of their resampled medians are the resampled quotients.
//!
//! Which interval is quoted was decided by simulation (log-normal noise, 5 to 50 samples, 4000 draws each; a test
//! repeats it for 30): of a **median** the interpolated order statistics (`order_interval`), since the percentile and
//! the BCa interval of a median cover too little (92 to 94.5 %); of a **ratio** of medians the BCa interval (94.5 to
//! 95.7 %), since the percentile interval covers too much (96 to 97 %). The others stand beside them.

use super::bca::{acceleration, bca, medians_without_one};
use super::order_interval::order_interval;
use super::stats::{Estimate, Interval, median, quantile_of_sorted};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// Resamples drawn for an interval.
pub const RESAMPLES: usize = 2000;

/// The probability that an interval covers the true value, if the samples are independent.
pub const LEVEL: f64 = 0.95;

/// With fewer samples no interval is given: the two outermost of four enclose the median in 87.5 % of draws only.
pub const MIN_SAMPLES: usize = 5;

/// The samples of one quantity and the medians of its resamples.
#[derive(Debug, Clone, PartialEq)]
pub struct Resamples {
    median: f64,
    samples: Vec<f64>,
    sorted: Vec<f64>,
    /// [`RESAMPLES`] medians in the order of drawing; empty below [`MIN_SAMPLES`] samples.
    medians: Vec<f64>,
}

impl Resamples {
    /// Draws the resamples. The same samples and stream give the same numbers; quantities that are compared need
    /// streams of their own. `None` without samples, or with a NaN among them.
    pub fn draw(samples: &[f64], stream: u64) -> Option<Self> {
        let middle = median(samples)?;
        let count = samples.len();
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let mut medians = Vec::new();
        if count >= MIN_SAMPLES {
            let mut rng = ChaCha8Rng::seed_from_u64(stream);
            // How often each sample is drawn; with the samples in order that is all that a median needs.
            let mut times = vec![0_u32; count];
            for _ in 0..RESAMPLES {
                times.fill(0);
                (0..count).for_each(|_| times[rng.random_range(0..count)] += 1);
                medians.push(median_of_drawn(&sorted, &times));
            }
        }
        Some(Self { median: middle, samples: samples.to_vec(), sorted, medians })
    }

    /// The samples in the order in which they were given.
    pub fn samples(&self) -> &[f64] {
        &self.samples
    }

    /// The medians of the resamples in the order of drawing; empty below [`MIN_SAMPLES`] samples.
    pub fn medians(&self) -> &[f64] {
        &self.medians
    }

    /// The median of the samples with its interval from interpolated order statistics.
    pub fn estimate(&self) -> Estimate {
        let interval = if self.medians.is_empty() { None } else { order_interval(&self.sorted, LEVEL) };
        self.with(interval)
    }

    /// The median with its percentile bootstrap interval.
    pub fn percentile(&self) -> Estimate {
        self.with(percentile(self.medians.clone()))
    }

    /// The median with its BCa interval.
    pub fn bca(&self) -> Estimate {
        if self.medians.is_empty() {
            return self.with(None);
        }
        let skew = acceleration(&[medians_without_one(&self.sorted)]);
        self.with(bca(self.median, self.medians.clone(), skew, LEVEL))
    }

    fn with(&self, interval: Option<Interval>) -> Estimate {
        Estimate { value: self.median, interval, count: self.samples.len() }
    }

    /// `self / other`, the ratio of the medians, with its BCa interval. `None` where `other`'s median is not positive.
    pub fn ratio(&self, other: &Self) -> Option<Estimate> {
        self.quotient(other, |value, quotients| {
            let above = medians_without_one(&self.sorted).iter().map(|m| m / other.median).collect();
            let below = medians_without_one(&other.sorted).iter().map(|m| self.median / m).collect();
            let skew = acceleration(&[above, below]);
            // Leaving one out can bring a median to 0; then there is no skewness to speak of.
            bca(value, quotients, if skew.is_finite() { skew } else { 0.0 }, LEVEL)
        })
    }

    /// As [`Self::ratio`], with the percentile interval.
    pub fn ratio_percentile(&self, other: &Self) -> Option<Estimate> {
        self.quotient(other, |_, quotients| percentile(quotients))
    }

    fn quotient(
        &self,
        other: &Self,
        interval: impl FnOnce(f64, Vec<f64>) -> Option<Interval>,
    ) -> Option<Estimate> {
        if other.median <= 0.0 {
            return None;
        }
        let value = self.median / other.median;
        let quotients: Vec<f64> = self.medians.iter().zip(&other.medians).map(|(a, b)| a / b).collect();
        let usable = !quotients.is_empty() && quotients.iter().all(|q| q.is_finite());
        let interval = if usable { interval(value, quotients) } else { None };
        Some(Estimate { value, interval, count: self.samples.len().min(other.samples.len()) })
    }
}

/// The percentile interval of resampled values. `None` of nothing.
pub(super) fn percentile(mut values: Vec<f64>) -> Option<Interval> {
    values.sort_by(f64::total_cmp);
    let tail = (1.0 - LEVEL) / 2.0;
    Some(Interval { low: quantile_of_sorted(&values, tail)?, high: quantile_of_sorted(&values, 1.0 - tail)? })
}

/// The median of a resample: the values in ascending order, each taken so many times, as many in all as there are
/// values.
fn median_of_drawn(sorted: &[f64], times: &[u32]) -> f64 {
    let (lower, upper) = ((sorted.len() - 1) / 2, sorted.len() / 2);
    let (mut passed, mut low) = (0, None);
    for (value, drawn) in sorted.iter().zip(times) {
        passed += *drawn as usize;
        if passed > lower && low.is_none() {
            low = Some(*value);
        }
        if passed > upper {
            let low = low.unwrap_or(*value);
            return low + (value - low) / 2.0;
        }
    }
    // Not reached: the counts add up to the number of values.
    f64::NAN
}
