//! The standard normal distribution, to the digits of a double.

/// P(Z <= z), by the series of Marsaglia, "Evaluating the Normal Distribution", Journal of Statistical Software 11(4)
/// (2004): 1/2 + phi(z) (z + z^3/3 + z^5/15 + ...).
pub(super) fn cdf(z: f64) -> f64 {
    if z.is_nan() {
        return z;
    }
    // Beyond, the tail is less than a double's last digit beside 1.
    if z.abs() > 8.0 {
        return if z > 0.0 { 1.0 } else { 0.0 };
    }
    let (mut sum, mut term, mut odd) = (z, z, 1.0);
    loop {
        odd += 2.0;
        term *= z * z / odd;
        let next = sum + term;
        if next == sum {
            break;
        }
        sum = next;
    }
    let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    (0.5 + density * sum).clamp(0.0, 1.0)
}

/// P(|Z| >= |z|): the p-value of a two-sided test. Tails below about 1e-15 read as 0.
pub(super) fn two_sided(z: f64) -> f64 {
    (2.0 * cdf(-z.abs())).min(1.0)
}

/// The z below which the share `p` lies, by bisection; `p` is cut to what lies within eight standard deviations.
pub(super) fn quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    // 16 / 2^60 is below the spacing of doubles near 8.
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if cdf(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}
