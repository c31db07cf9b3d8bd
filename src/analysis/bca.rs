//! The bias-corrected and accelerated bootstrap interval: Efron, "Better Bootstrap Confidence Intervals", JASA 82
//! (1987); for several samples Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 14.3.

use super::normal;
use super::stats::{Interval, quantile_of_sorted};

/// The interval of a statistic whose value is `value`, from its resampled values (any order) and its acceleration.
/// `None` without resampled values.
pub(super) fn bca(value: f64, mut resampled: Vec<f64>, acceleration: f64, level: f64) -> Option<Interval> {
    if resampled.is_empty() {
        return None;
    }
    resampled.sort_by(f64::total_cmp);
    let draws = resampled.len() as f64;
    let below = resampled.partition_point(|v| *v < value) as f64;
    let up_to = resampled.partition_point(|v| *v <= value) as f64;
    // Ties count half: resampled medians often are the median itself. Half a draw at either end keeps z finite.
    let share = (f64::midpoint(below, up_to) / draws).clamp(0.5 / draws, 1.0 - 0.5 / draws);
    let bias = normal::quantile(share);
    let end = |tail: f64| {
        let z = bias + normal::quantile(tail);
        let scale = 1.0 - acceleration * z;
        // The transformation folds back where its denominator changes sign; what lies beyond is the outermost value.
        let shifted = if scale > 0.0 { bias + z / scale } else { z.signum() * f64::INFINITY };
        quantile_of_sorted(&resampled, normal::cdf(shifted))
    };
    let tail = (1.0 - level) / 2.0;
    Some(Interval { low: end(tail)?, high: end(1.0 - tail)? })
}

/// The acceleration from the statistic's values with one sample left out, one list for each of the samples that it
/// depends on: a sixth of the skewness of the influence values. 0 where nothing has influence.
pub(super) fn acceleration(jackknives: &[Vec<f64>]) -> f64 {
    let (mut cubes, mut squares) = (0.0, 0.0);
    for left_out in jackknives {
        let n = left_out.len() as f64;
        let mean = left_out.iter().sum::<f64>() / n;
        for value in left_out {
            let influence = (n - 1.0) / n * (mean - value);
            cubes += influence.powi(3);
            squares += influence.powi(2);
        }
    }
    if squares > 0.0 { cubes / (6.0 * squares.powf(1.5)) } else { 0.0 }
}

/// The median of all samples but one, for each of them, of samples in ascending order. At least two samples.
pub(super) fn medians_without_one(sorted: &[f64]) -> Vec<f64> {
    let rest = sorted.len() - 1;
    // Position p of what is left, when the sample at `gone` is out.
    let at = |gone: usize, p: usize| sorted[if p < gone { p } else { p + 1 }];
    let middle = |gone: usize| {
        let upper = at(gone, rest / 2);
        if rest.is_multiple_of(2) { f64::midpoint(at(gone, rest / 2 - 1), upper) } else { upper }
    };
    (0..sorted.len()).map(middle).collect()
}
