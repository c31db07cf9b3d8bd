//! Student's t distribution and the functions behind it, to about ten digits.

use super::normal;

/// Beyond so many degrees of freedom the normal distribution is as good.
const LARGE: f64 = 1e7;

/// P(|T| >= |t|) with `df` degrees of freedom, which need not be whole; infinitely many are the normal distribution.
pub(super) fn two_sided(t: f64, df: f64) -> f64 {
    if t.is_nan() || df.is_nan() {
        return f64::NAN;
    }
    if df > LARGE {
        return normal::two_sided(t);
    }
    incomplete_beta(df / 2.0, 0.5, df / (df + t * t))
}

/// The t that |T| exceeds with probability `p`, by bisection on a logarithmic scale.
pub(super) fn critical(p: f64, df: f64) -> f64 {
    let (mut low, mut high) = (1e-6_f64, 1e12_f64);
    for _ in 0..100 {
        let middle = (low * high).sqrt();
        if two_sided(middle, df) > p {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low * high).sqrt()
}

/// The regularised incomplete beta function I_x(a, b), by its continued fraction: Press et al., "Numerical Recipes"
/// (1992), section 6.4, evaluated as Lentz does.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp();
    // The fraction converges fast on one side of the mean only.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, x) / a
    } else {
        1.0 - front * fraction(b, a, 1.0 - x) / b
    }
}

fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let safe = |v: f64| if v.abs() < 1e-300 { 1e-300 } else { v };
    let (mut c, mut d) = (1.0, 1.0 / safe(1.0 - (a + b) * x / (a + 1.0)));
    let mut value = d;
    for m in 1..10_000_u32 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut factor = 1.0;
        for term in [even, odd] {
            d = 1.0 / safe(1.0 + term * d);
            c = safe(1.0 + term / c);
            factor = c * d;
            value *= factor;
        }
        if (factor - 1.0).abs() < 1e-14 {
            break;
        }
    }
    value
}

/// The logarithm of the gamma function of a positive number: Stirling's series after a shift beyond 10.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 10.0 {
        shift += x.ln();
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    let series = (1.0 / 12.0 - y * (1.0 / 360.0 - y * (1.0 / 1260.0 - y / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - shift
}

/// The derivative of [`ln_gamma`], for positive numbers: Abramowitz and Stegun, 6.3.18, after a shift beyond 10.
pub(super) fn digamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 10.0 {
        shift += 1.0 / x;
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    x.ln() - 0.5 / x - y * (1.0 / 12.0 - y * (1.0 / 120.0 - y * (1.0 / 252.0 - y / 240.0))) - shift
}

/// The derivative of [`digamma`], for positive numbers: Abramowitz and Stegun, 6.4.12, after a shift beyond 10.
pub(super) fn trigamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 10.0 {
        shift += 1.0 / (x * x);
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    (1.0 + 0.5 / x + y * (1.0 / 6.0 - y * (1.0 / 30.0 - y * (1.0 / 42.0 - y / 30.0)))) / x + shift
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-9 * b.abs().max(1e-3), "{a} against {b}");
    }

    /// With 1 and 2 degrees of freedom the distribution has a closed form; the others from the tables of R's `pt`.
    #[test]
    fn tails_have_their_known_values() {
        for t in [0.1, 1.0, 12.706, 300.0_f64] {
            close(two_sided(t, 1.0), 1.0 - 2.0 * t.atan() / std::f64::consts::PI);
            close(two_sided(-t, 2.0), 1.0 - t / (2.0 + t * t).sqrt());
        }
        assert!((critical(0.05, 8.0) - 2.306_004_135).abs() < 1e-8);
        assert!((critical(0.01, 4.0) - 4.604_094_871).abs() < 1e-8);
        assert!((critical(0.05, f64::INFINITY) - 1.959_963_985).abs() < 1e-8);
        assert!((two_sided(2.0, 9.9e6) - normal::two_sided(2.0)).abs() < 1e-7);
    }

    #[test]
    fn gamma_and_its_derivatives_have_their_known_values() {
        close(ln_gamma(5.0), 24.0_f64.ln());
        close(ln_gamma(0.5), std::f64::consts::PI.sqrt().ln());
        close(digamma(1.0), -0.577_215_664_901_533);
        close(digamma(0.5), -0.577_215_664_901_533 - 2.0 * 2.0_f64.ln());
        close(trigamma(1.0), std::f64::consts::PI.powi(2) / 6.0);
        close(trigamma(0.5), std::f64::consts::PI.powi(2) / 2.0);
    }
}
