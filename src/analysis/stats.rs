//! Order statistics: robust against the few slow calls that every machine has.

/// A range that a value lies in, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Whether the value lies inside.
    pub fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Whether two intervals share a value.
    pub fn overlaps(self, other: Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }
}

/// A value with what is known of its error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The value, a median or a ratio of medians.
    pub value: f64,
    /// The 95 % interval; absent where too few samples were taken to have one.
    pub interval: Option<Interval>,
    /// Samples behind the value; of a ratio, the smaller of the two counts.
    pub count: usize,
}

/// The middle value: the mean of the two middle ones where the count is even. `None` of nothing, or where a value is
/// NaN.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The quantile `q` in 0..=1 by linear interpolation between order statistics at position `q (n - 1)`: definition 7
/// of Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996).
///
/// `None` of nothing, where a value is NaN, or where `q` lies outside.
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    if sorted.iter().any(|v| v.is_nan()) {
        return None;
    }
    sorted.sort_by(f64::total_cmp);
    quantile_of_sorted(&sorted, q)
}

/// [`quantile`] of values in ascending order.
pub fn quantile_of_sorted(sorted: &[f64], q: f64) -> Option<f64> {
    if sorted.is_empty() || !(0.0..=1.0).contains(&q) {
        return None;
    }
    let position = q * (sorted.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, reason = "a position within the slice")]
    #[expect(clippy::cast_sign_loss, reason = "q is not negative")]
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let part = position - below as f64;
    Some(sorted[below] + part * (sorted[above] - sorted[below]))
}

/// The median absolute deviation from the median, times 1.4826 so that it equals the standard deviation of normal
/// samples: Hampel, "The Influence Curve and its Role in Robust Estimation", JASA 69 (1974).
pub fn mad(values: &[f64]) -> Option<f64> {
    let centre = median(values)?;
    let deviations: Vec<f64> = values.iter().map(|v| (v - centre).abs()).collect();
    Some(1.4826 * median(&deviations)?)
}
