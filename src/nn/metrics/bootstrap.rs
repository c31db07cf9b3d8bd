//! Intervals of accuracies by resampling images.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// Resamples drawn for an interval.
pub const RESAMPLES: usize = 2000;

/// The 95 % percentile-bootstrap interval of the share of `true`: as many images are drawn with replacement, 2000 times,
/// and the shares' 2.5 % and 97.5 % quantiles taken (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993,
/// chapter 13; quantiles interpolated between order statistics). `None` of nothing. Where all are alike the interval
/// has no width: resampling cannot know more than it is shown.
pub fn accuracy_interval(right: &[bool], seed: u64) -> Option<[f64; 2]> {
    let count = right.len();
    if count == 0 {
        return None;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut hits: Vec<usize> =
        (0..RESAMPLES).map(|_| (0..count).filter(|_| right[rng.random_range(0..count)]).count()).collect();
    hits.sort_unstable();
    let quantile = |q: f64| {
        let position = q * (RESAMPLES - 1) as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and RESAMPLES"
        )]
        let below = position.floor() as usize;
        let (low, high) = (hits[below] as f64, hits[(below + 1).min(RESAMPLES - 1)] as f64);
        (low + (position - below as f64) * (high - low)) / count as f64
    };
    Some([quantile(0.025), quantile(0.975)])
}
