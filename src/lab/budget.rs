//! When a variant has been measured enough, and when a size is beyond what is left of its time.

use serde::Deserialize;

use super::median;

/// How long to measure. All times are seconds.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Times that the sweep passes over all its points; the samples and the seconds of a point are divided among them.
    /// Rounds of one point lie a pass apart: they show how far this machine shifts meanwhile.
    pub rounds: u32,
    /// Warm calls that are thrown away before the first sample of a round.
    pub warmup: u32,
    /// Samples of a variant at a point before noise may end the measuring.
    pub min_samples: u32,
    /// Samples of a variant at a point at most.
    pub max_samples: u32,
    /// Half-width of the 95 % interval of the median, as a share of the median, that is small enough.
    pub noise: f64,
    /// Measuring time of a variant at a point at most. A call that takes longer is a point's only sample.
    pub point_seconds: f64,
    /// Time of a variant in the whole sweep at most; larger sizes are then skipped, with the reason.
    pub variant_seconds: f64,
    /// Time of the whole sweep from which on calls longer than `point_seconds` are skipped; 0 means never.
    pub total_seconds: f64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            rounds: 1,
            warmup: 1,
            min_samples: 10,
            max_samples: 50,
            noise: 0.02,
            point_seconds: 1.0,
            variant_seconds: 60.0,
            total_seconds: 0.0,
        }
    }
}

impl Budget {
    /// Whether these samples (nanoseconds) are enough.
    pub fn is_met(&self, samples: &[u64]) -> bool {
        let count = samples.len();
        let spent = samples.iter().sum::<u64>() as f64 / 1e9;
        if count == 0 {
            return false;
        }
        count >= self.max_samples as usize
            || spent >= self.point_seconds
            || (count >= self.min_samples as usize && noise(samples) <= self.noise)
    }
}

impl Budget {
    /// What of it one round has.
    pub(super) fn of_a_round(&self) -> Self {
        Self {
            min_samples: self.min_samples.div_ceil(self.rounds),
            max_samples: self.max_samples.div_ceil(self.rounds),
            point_seconds: self.point_seconds / f64::from(self.rounds),
            ..*self
        }
    }

    /// Seconds that a point is expected to take when one call takes `call` seconds: the verified one and the samples.
    pub(super) fn point_cost(&self, call: f64) -> f64 {
        if call >= self.point_seconds {
            return call;
        }
        let calls = f64::from(1 + self.warmup);
        calls * call + (call * f64::from(self.max_samples)).min(self.point_seconds)
    }
}

/// Half-width of the 95 % interval of the median as a share of the median, from the median absolute deviation: for
/// normal noise the standard error of a median is 1.2533 s / sqrt(n), and s is 1.4826 MAD.
pub(super) fn noise(samples: &[u64]) -> f64 {
    let center = median(samples).unwrap_or(0);
    let deviations: Vec<u64> = samples.iter().map(|&s| s.abs_diff(center)).collect();
    let half_width =
        1.96 * 1.2533 * 1.4826 * median(&deviations).unwrap_or(0) as f64 / (samples.len() as f64).sqrt();
    half_width / (center.max(1)) as f64
}

/// What a variant has used of a sweep's time, and what it costs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    /// Seconds so far.
    pub(super) seconds: f64,
    /// Seconds and operations of the last call.
    last: Option<(f64, f64)>,
}

impl Spent {
    /// Adds one call.
    pub(super) fn add(&mut self, total_ns: u64, flops: u64) {
        let seconds = total_ns as f64 / 1e9;
        self.seconds += seconds;
        self.last = Some((seconds, flops as f64));
    }

    /// Seconds that a call of so many operations is expected to take: in proportion to the last one.
    pub(super) fn expected(&self, flops: u64) -> f64 {
        self.last.map_or(0.0, |(seconds, last)| seconds * flops as f64 / last.max(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_samples_are_enough_sooner() {
        let budget = Budget { min_samples: 5, max_samples: 100, noise: 0.02, ..Budget::default() };
        assert!(!budget.is_met(&[1000; 4]));
        assert!(budget.is_met(&[1000; 5]));
        let noisy: Vec<u64> = (0..20).map(|i| 1000 + 400 * (i % 2)).collect();
        assert!(!budget.is_met(&noisy));
        assert!(budget.is_met(&[1000; 100]));
        assert!(budget.is_met(&[2_000_000_000]));
    }

    #[test]
    fn a_call_is_expected_to_grow_with_its_operations() {
        let mut spent = Spent::default();
        assert_eq!(spent.expected(10), 0.0);
        spent.add(2_000_000_000, 10);
        assert_eq!((spent.expected(40), spent.seconds), (8.0, 2.0));
    }
}
