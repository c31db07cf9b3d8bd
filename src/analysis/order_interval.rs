//! The interval of a median from two order statistics, interpolated.
//!
//! Of n independent samples each lies below the true median with probability 1/2, whatever their distribution. So the
//! k-th smallest and the k-th largest enclose it with the probability 1 - 2 P(B < k), B binomial (n, 1/2). No k gives
//! 95 % exactly; Hettmansperger and Sheather, "Confidence intervals based on interpolated order statistics",
//! Statistics and Probability Letters 4 (1986), interpolate between the two neighbouring pairs.
//!
//! This and not the bootstrap is the interval of a median here, because resampled medians are few different numbers:
//! of 30 log-normal samples percentile and BCa intervals cover the truth in 94 % of draws, of 15 in 92 %; this one in
//! 94.5 to 95.5 % from 6 samples on (a test holds it to that). With 5 samples the smallest and the largest are all there
//! is: 93.75 %.

use super::stats::Interval;

/// The interval, of samples in ascending order. `None` of nothing.
pub(super) fn order_interval(sorted: &[f64], level: f64) -> Option<Interval> {
    let n = sorted.len();
    let (first, last) = (sorted.first()?, sorted.last()?);
    // P(B = i) and P(B <= i), from i = 0 on. Past a thousand samples the first of them are less than any double, and
    // that is as good as 0: their sum is, too.
    let count = n as f64;
    let log_half = -count * std::f64::consts::LN_2;
    let (mut log_chance, mut below) = (log_half, 0.0);
    let tail = (1.0 - level) / 2.0;
    for k in 0..n / 2 {
        let until = below + log_chance.exp();
        if until > tail {
            // The k-th pair is wide enough, the next one is not. With k = 0 even the outermost pair is too narrow.
            if k == 0 {
                break;
            }
            let (wide, narrow) = (1.0 - 2.0 * below, 1.0 - 2.0 * until);
            let part = (wide - level) / (wide - narrow);
            let depth = k as f64;
            let weight = (count - depth) * part / (depth + (count - 2.0 * depth) * part);
            let between = |outer: f64, inner: f64| outer + weight * (inner - outer);
            return Some(Interval {
                low: between(sorted[k - 1], sorted[k]),
                high: between(sorted[n - k], sorted[n - k - 1]),
            });
        }
        below = until;
        log_chance += ((count - k as f64) / (k as f64 + 1.0)).ln();
    }
    Some(Interval { low: *first, high: *last })
}
