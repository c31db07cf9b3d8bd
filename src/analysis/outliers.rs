//! Outliers: found, counted, and kept. Statistics here are medians, which a few of them do not move.

use super::stats::median;

/// The modified z-score from which on a sample is an outlier, as Iglewicz and Hoaglin recommend.
pub const LIMIT: f64 = 3.5;

/// How many samples stand apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outliers {
    /// Far above the median.
    pub high: usize,
    /// Far below it.
    pub low: usize,
}

impl Outliers {
    /// Both sides.
    pub fn count(self) -> usize {
        self.high + self.low
    }
}

/// The modified z-score of each sample: 0.6745 (x - median) / MAD, with MAD the plain median absolute deviation.
/// Iglewicz and Hoaglin, "How to Detect and Handle Outliers", ASQC (1993), section 3.3.
///
/// Where more than half of the samples are equal, MAD is 0; then the mean absolute deviation takes its place,
/// (x - median) / (1.2533 mean |x - median|), whose factor makes it the standard deviation of normal samples, too. All
/// scores are 0 where all samples are equal. `None` of nothing, or with a NaN.
pub fn modified_z(samples: &[f64]) -> Option<Vec<f64>> {
    let centre = median(samples)?;
    let away: Vec<f64> = samples.iter().map(|v| (v - centre).abs()).collect();
    let deviation = median(&away)? / 0.6745;
    let mean = away.iter().sum::<f64>() / away.len() as f64;
    let scale = if deviation > 0.0 { deviation } else { (std::f64::consts::PI / 2.0).sqrt() * mean };
    let score = |v: &f64| if scale > 0.0 { (v - centre) / scale } else { 0.0 };
    Some(samples.iter().map(score).collect())
}

/// Counts the samples whose modified z-score lies beyond [`LIMIT`]. None of nothing.
pub fn outliers(samples: &[f64]) -> Outliers {
    let scores = modified_z(samples).unwrap_or_default();
    let beyond = |side: f64| scores.iter().filter(|z| **z * side > LIMIT).count();
    Outliers { high: beyond(1.0), low: beyond(-1.0) }
}
