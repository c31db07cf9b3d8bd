//! Ratios of times whose unit of certainty is the round. Calls of one round share what shifts a shared machine for
//! minutes, so that many of them say little more than their median; rounds, minutes apart, do not share it.

use super::moderated::{Variance, moderated};
use super::stats::{Estimate, Interval};
use super::student::{critical, two_sided};

/// Two sides of one point: the medians of their rounds, in nanoseconds, in the order of measuring.
pub(super) type Sides = [Vec<f64>; 2];

/// A ratio and what speaks for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Judged {
    /// The second side over the first, geometric means over the rounds, with the 95 % interval.
    pub(super) ratio: Estimate,
    /// The two-sided p-value of no difference.
    pub(super) p: f64,
}

/// Whether a side has rounds enough, and times above 0.
pub(super) fn usable(rounds: &[f64]) -> bool {
    rounds.len() >= 2 && rounds.iter().all(|t| t.is_finite() && *t > 0.0)
}

/// The second side of each point against the first, with rounds that have nothing to do with each other: the test of
/// Welch, "The Generalization of Student's Problem when Several Different Population Variances are Involved", Biometrika
/// 34 (1947), on the logarithms, with the variances of each side [`moderated`] over the points. Every side is [`usable`].
pub(super) fn apart(points: &[Sides]) -> Vec<Judged> {
    let logs: Vec<Sides> = points.iter().map(|sides| sides.each_ref().map(|s| logs(s))).collect();
    let family = |side: usize| {
        let own: Vec<Variance> = logs.iter().filter_map(|sides| Variance::of(&sides[side])).collect();
        moderated(&own)
    };
    let families = [family(0), family(1)];
    let of = |(number, sides): (usize, &Sides)| {
        // The squared error of each side's mean.
        let [a, b] = [0, 1].map(|side: usize| {
            let variance = families[side][number];
            Variance { value: variance.value / sides[side].len() as f64, ..variance }
        });
        let error = a.value + b.value;
        let df = error * error / (a.value * a.value / a.df + b.value * b.value / b.df);
        let count = sides.iter().map(Vec::len).min().unwrap_or(0);
        judged(mean(&sides[1]) - mean(&sides[0]), error, df, count)
    };
    logs.iter().enumerate().map(of).collect()
}

/// The second side of each point against the first, round by round of one run: Student's test of the mean difference of the
/// logarithms, with the variances of the differences [`moderated`] over the points. Each has two pairs or more, all above 0.
pub(super) fn paired(points: &[Vec<(f64, f64)>]) -> Vec<Judged> {
    let differences: Vec<Vec<f64>> =
        points.iter().map(|pairs| pairs.iter().map(|(a, b)| (b / a).ln()).collect()).collect();
    let own: Vec<Variance> = differences.iter().filter_map(|d| Variance::of(d)).collect();
    let of = |(differences, variance): (&Vec<f64>, Variance)| {
        let count = differences.len();
        judged(mean(differences), variance.value / count as f64, variance.df, count)
    };
    differences.iter().zip(moderated(&own)).map(of).collect()
}

/// From a difference of logarithms, its squared error and its degrees of freedom.
fn judged(difference: f64, error: f64, df: f64, count: usize) -> Judged {
    let (p, half) = if error > 0.0 {
        let deviation = error.sqrt();
        (two_sided(difference / deviation, df), critical(1.0 - super::bootstrap::LEVEL, df) * deviation)
    } else {
        // Without any spread a difference is beyond doubt.
        (if difference == 0.0 { 1.0 } else { 0.0 }, 0.0)
    };
    let interval = Some(Interval { low: (difference - half).exp(), high: (difference + half).exp() });
    Judged { ratio: Estimate { value: difference.exp(), interval, count }, p }
}

fn logs(values: &[f64]) -> Vec<f64> {
    values.iter().map(|v| v.ln()).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Welch's test of 1 to 5 against 4, 6, 8 by hand: t = 3 / sqrt(2.5/5 + 4/3) = 2.215647, df = 3.5223.
    #[test]
    fn two_sides_are_tested_as_by_welch() {
        let sides =
            [[1.0, 2.0, 3.0, 4.0, 5.0].map(f64::exp).to_vec(), [4.0, 6.0, 8.0].map(f64::exp).to_vec()];
        let found = apart(&[sides])[0];
        let df = (0.5_f64 + 4.0 / 3.0).powi(2) / (0.25 / 4.0 + 16.0 / 9.0 / 2.0);
        let p = two_sided(3.0 / (0.5_f64 + 4.0 / 3.0).sqrt(), df);
        assert!((found.ratio.value.ln() - 3.0).abs() < 1e-12 && (found.p - p).abs() < 1e-12, "{found:?}");
        assert_eq!(found.ratio.count, 3);
    }

    /// Differences 1, 2, 3: mean 2, error sqrt(1/3), t of 2 degrees of freedom.
    #[test]
    fn rounds_of_one_run_are_paired() {
        let pairs = [(1.0, 1.0_f64.exp()), (2.0, 2.0 * 2.0_f64.exp()), (0.5, 0.5 * 3.0_f64.exp())];
        let found = paired(&[pairs.to_vec()])[0];
        let half = 4.302_652_73 / 3.0_f64.sqrt();
        let interval = found.ratio.interval.unwrap();
        assert!(
            (interval.low.ln() - (2.0 - half)).abs() < 1e-6
                && (interval.high.ln() - (2.0 + half)).abs() < 1e-6
        );
        assert!((found.p - two_sided(2.0 * 3.0_f64.sqrt(), 2.0)).abs() < 1e-12);
        let alike = paired(&[vec![(1.0, 2.0); 3]])[0];
        assert!(alike.p == 0.0 && (alike.ratio.value - 2.0).abs() < 1e-12);
    }
}
