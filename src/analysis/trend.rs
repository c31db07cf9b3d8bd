//! Whether samples drift: the rank test of Mann, "Nonparametric Tests Against Trend", Econometrica 13 (1945), and
//! Kendall, "Rank Correlation Methods" (1975), with the slope of Sen, "Estimates of the Regression Coefficient Based on
//! Kendall's Tau", JASA 63 (1968).

use super::normal;
use super::stats::median;

/// With fewer samples the normal approximation of the test is poor, and no trend is looked for.
const MIN_SAMPLES: usize = 8;

/// A trend in a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Kendall's tau: pairs that rise less pairs that fall, as a share of all pairs.
    pub tau: f64,
    /// The two-sided p-value of the hypothesis that there is none.
    pub p: f64,
    /// Sen's slope: the median rise from one sample to the next.
    pub slope: f64,
}

/// The trend of samples in the order in which they were taken. `None` with fewer than eight, or with a NaN.
pub fn trend(samples: &[f64]) -> Option<Trend> {
    let n = samples.len();
    if n < MIN_SAMPLES || samples.iter().any(|v| v.is_nan()) {
        return None;
    }
    let (mut score, mut slopes) = (0.0, Vec::with_capacity(n * (n - 1) / 2));
    for (i, early) in samples.iter().enumerate() {
        for (gap, late) in samples[i + 1..].iter().enumerate() {
            let rise = late - early;
            score += if rise == 0.0 { 0.0 } else { rise.signum() };
            slopes.push(rise / (gap + 1) as f64);
        }
    }
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let ways = |t: f64| t * (t - 1.0) * (2.0 * t + 5.0);
    let ties: f64 = sorted.chunk_by(|a, b| a == b).map(|group| ways(group.len() as f64)).sum();
    let variance = (ways(n as f64) - ties) / 18.0;
    let z = if variance > 0.0 { (score.abs() - 1.0).max(0.0) / variance.sqrt() } else { 0.0 };
    Some(Trend { tau: score / slopes.len() as f64, p: normal::two_sided(z), slope: median(&slopes)? })
}
