//! How a time grows with a size: the exponent of a power law, by least squares on logarithms.

use super::stats::Interval;

/// y = c x^exponent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// The slope in log-log.
    pub exponent: f64,
    /// Its 95 % interval from the scatter about the line; absent with fewer than three points.
    pub interval: Option<Interval>,
    /// The share of the variance that the line explains, R^2.
    pub r_squared: f64,
    /// Points used.
    pub count: usize,
}

/// The 0.975 quantile of Student's t for 1 to 30 degrees of freedom.
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/// Fits log y = log c + exponent log x by ordinary least squares; the interval is the slope's with Student's t
/// (Draper and Smith, "Applied Regression Analysis", chapter 1). Points that are not positive are left out. `None`
/// with fewer than two different x.
pub fn growth(points: &[(f64, f64)]) -> Option<Growth> {
    let logs: Vec<(f64, f64)> =
        points.iter().filter(|(x, y)| *x > 0.0 && *y > 0.0).map(|(x, y)| (x.ln(), y.ln())).collect();
    let count = logs.len();
    let n = count as f64;
    let (mean_x, mean_y) = (mean(&logs, |p| p.0, n), mean(&logs, |p| p.1, n));
    let sum = |f: &dyn Fn(&(f64, f64)) -> f64| logs.iter().map(f).sum::<f64>();
    let xx = sum(&|p| (p.0 - mean_x).powi(2));
    let xy = sum(&|p| (p.0 - mean_x) * (p.1 - mean_y));
    let yy = sum(&|p| (p.1 - mean_y).powi(2));
    if count < 2 || xx <= 0.0 {
        return None;
    }
    let exponent = xy / xx;
    let rest = sum(&|p| (p.1 - mean_y - exponent * (p.0 - mean_x)).powi(2));
    let r_squared = if yy > 0.0 { 1.0 - rest / yy } else { 1.0 };
    let interval = (count > 2).then(|| {
        let degrees = count - 2;
        let half = student(degrees) * (rest / degrees as f64 / xx).sqrt();
        Interval { low: exponent - half, high: exponent + half }
    });
    Some(Growth { exponent, interval, r_squared, count })
}

fn mean(logs: &[(f64, f64)], part: fn(&(f64, f64)) -> f64, n: f64) -> f64 {
    logs.iter().map(part).sum::<f64>() / n
}

/// The quantile for any degrees of freedom: the table, then the first term of its expansion about the normal one.
fn student(degrees: usize) -> f64 {
    let normal = 1.959_964_f64;
    let beyond = normal + (normal.powi(3) + normal) / (4.0 * degrees as f64);
    STUDENT.get(degrees.wrapping_sub(1)).copied().unwrap_or(beyond)
}
