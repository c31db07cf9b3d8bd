//! Ratios of times whose unit of certainty is the round. Calls of one round share what shifts a shared machine
//! meanwhile, so that many of them say little more than their median; rounds further apart in time do not share it.

use super::moderated::{Variance, moderated};
use super::stats::{Estimate, Interval};
use super::student::{critical, two_sided};

/// Two sides of one point: the medians of their rounds, in nanoseconds, in the order of measuring.
pub(super) type Sides = [Vec<f64>; 2];

/// Squared errors of logarithms up to here are rounding, not spread: 1e-12 is a nanosecond in a quarter of an hour.
const ROUNDING: f64 = 1e-24;

/// A ratio and what speaks for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Judged {
    /// The second side over the first, geometric means over the rounds, with the 95 % interval; without one where no round
    /// differs from another, which is what a coarse clock or a copied run looks like and says nothing of other rounds.
    pub(super) ratio: Estimate,
    /// The two-sided p-value of no difference; 1 without an interval.
    pub(super) p: f64,
}

/// Whether a side has rounds enough, and times above 0.
pub(super) fn usable(rounds: &[f64]) -> bool {
    rounds.len() >= 2 && rounds.iter().all(|t| t.is_finite() && *t > 0.0)
}

/// The second side of each point against the first, with rounds that have nothing to do with each other: the test of
/// Welch, "The Generalization of Student's Problem when Several Different Population Variances are Involved", Biometrika
/// 34 (1947), on the logarithms, with the variances of each side [`moderated`] over the points, but no more degrees of
/// freedom than its own rounds give: a round shifts its points together, so that twelve of them know little more of how far
/// rounds lie apart than one does. Every side is [`usable`].
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

/// The second side of one point against the first, round by round of one run: Student's test of the mean difference of the
/// logarithms, with as many degrees of freedom as there are pairs but one. Two pairs or more, all above 0.
pub(super) fn paired(pairs: &[(f64, f64)]) -> Option<Judged> {
    let differences: Vec<f64> = pairs.iter().map(|(a, b)| (b / a).ln()).collect();
    let variance = Variance::of(&differences)?;
    let count = differences.len();
    Some(judged(mean(&differences), variance.value / count as f64, variance.df, count))
}

/// From a difference of logarithms, its squared error and its degrees of freedom.
fn judged(difference: f64, error: f64, df: f64, count: usize) -> Judged {
    let value = difference.exp();
    if error.is_nan() || error <= ROUNDING {
        return Judged { ratio: Estimate { value, interval: None, count }, p: 1.0 };
    }
    let deviation = error.sqrt();
    let half = critical(1.0 - super::bootstrap::LEVEL, df) * deviation;
    let interval = Some(Interval { low: (difference - half).exp(), high: (difference + half).exp() });
    Judged { ratio: Estimate { value, interval, count }, p: two_sided(difference / deviation, df) }
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
        let found = paired(&pairs).unwrap();
        let half = 4.302_652_73 / 3.0_f64.sqrt();
        let interval = found.ratio.interval.unwrap();
        assert!(
            (interval.low.ln() - (2.0 - half)).abs() < 1e-6
                && (interval.high.ln() - (2.0 + half)).abs() < 1e-6
        );
        assert!((found.p - two_sided(2.0 * 3.0_f64.sqrt(), 2.0)).abs() < 1e-12);
        assert_eq!(paired(&pairs[..1]), None);
    }

    #[test]
    fn rounds_without_spread_prove_nothing() {
        let alike = paired(&[(1.0, 2.0); 3]).unwrap();
        assert!(alike.p == 1.0 && alike.ratio.interval.is_none() && (alike.ratio.value - 2.0).abs() < 1e-12);
        let copies = apart(&[[vec![10.0; 2], vec![20.0; 2]]])[0];
        assert!(copies.p == 1.0 && copies.ratio.interval.is_none(), "{copies:?}");
    }

    /// Twelve points of one variance, 0.01 with 2 degrees of freedom: what they have in common is 0.01 exp(0.5772), as the mean
    /// logarithm of such a variance lies 0.5772 (Euler's constant) below the logarithm of its mean. 3 + 3 rounds are worth 4
    /// degrees of freedom all the same, not 48.
    #[test]
    fn many_points_lend_their_spread_and_no_degrees_of_freedom() {
        let sides = [[1.0, 1.1, 1.2].map(f64::exp).to_vec(), [1.5, 1.6, 1.7].map(f64::exp).to_vec()];
        let many = apart(&vec![sides; 12]);
        let t = 0.5 / (2.0 * 0.01 * 0.577_215_665_f64.exp() / 3.0).sqrt();
        assert!(many.iter().all(|j| (j.p - two_sided(t, 4.0)).abs() < 1e-9), "{many:?}");
    }
}
