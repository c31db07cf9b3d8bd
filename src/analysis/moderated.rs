//! Means of few values that lend each other their spread: Smyth, "Linear Models and Empirical Bayes Methods for Assessing
//! Differential Expression in Microarray Experiments", Statistical Applications in Genetics and Molecular Biology 3
//! (2004).
//!
//! Two or three rounds say little about how far rounds lie apart at one point; all points of a run together say more. The
//! variances of the points are taken as drawn around a common one, how closely they follow it is estimated from
//! themselves, and each is drawn towards it accordingly: hardly where points differ in how quiet they are, almost wholly
//! where they do not. The method would also raise their degrees of freedom, as if points were independent; rounds shift the
//! points of a run together, so each keeps its own.

use super::student::{digamma, trigamma};

/// With fewer points, how closely they follow a common variance cannot be told; each then stands for itself.
const FAMILY: usize = 6;

/// A variance and how surely it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Variance {
    /// The variance.
    pub(super) value: f64,
    /// Its degrees of freedom.
    pub(super) df: f64,
}

impl Variance {
    /// Of two or more values; `None` of fewer.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let df = count - 1.0;
        (values.len() >= 2).then(|| Self { value: squares / df, df })
    }
}

/// Draws each variance towards what all have in common. The degrees of freedom stay.
pub(super) fn moderated(own: &[Variance]) -> Vec<Variance> {
    let Some((common, prior)) = prior(own) else { return own.to_vec() };
    own.iter()
        .map(|v| {
            // An infinite prior is the common variance itself.
            let share = if prior.is_finite() { v.df / (prior + v.df) } else { 0.0 };
            Variance { value: share * v.value + (1.0 - share) * common, ..*v }
        })
        .collect()
}

/// The common variance and its degrees of freedom, from the mean and the spread of the logarithms: section 6.2. `None`
/// where there are too few variances.
fn prior(own: &[Variance]) -> Option<(f64, f64)> {
    let mut sorted: Vec<f64> = own.iter().map(|v| v.value).collect();
    sorted.sort_by(f64::total_cmp);
    let middle = super::stats::median(&sorted)?;
    if own.len() < FAMILY || middle <= 0.0 {
        return None;
    }
    // Equal rounds, from a clock that is too coarse, have no logarithm.
    let floor = 1e-5 * middle;
    let logs: Vec<f64> =
        own.iter().map(|v| v.value.max(floor).ln() - digamma(v.df / 2.0) + (v.df / 2.0).ln()).collect();
    let count = own.len() as f64;
    let mean = logs.iter().sum::<f64>() / count;
    let spread = logs.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let excess = spread - own.iter().map(|v| trigamma(v.df / 2.0)).sum::<f64>() / count;
    if excess <= 0.0 {
        return Some((mean.exp(), f64::INFINITY));
    }
    let half = inverse_trigamma(excess);
    Some(((mean + digamma(half) - half.ln()).exp(), 2.0 * half))
}

/// The number whose trigamma is `value`, which is positive; by bisection on a logarithmic scale.
fn inverse_trigamma(value: f64) -> f64 {
    let (mut low, mut high) = (1e-8_f64, 1e8_f64);
    for _ in 0..80 {
        let middle = (low * high).sqrt();
        if trigamma(middle) > value {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low * high).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variances(values: &[f64]) -> Vec<Variance> {
        values.iter().map(|value| Variance { value: *value, df: 4.0 }).collect()
    }

    #[test]
    fn the_inverse_undoes_the_function() {
        for x in [0.01, 0.5, 3.0, 400.0] {
            assert!((inverse_trigamma(trigamma(x)) / x - 1.0).abs() < 1e-9, "{x}");
        }
    }

    #[test]
    fn variances_that_agree_are_one_and_others_stay_apart() {
        let alike = moderated(&variances(&[1.0, 1.1, 0.9, 1.05, 0.95, 1.0, 1.0, 1.02]));
        assert!(alike.iter().all(|v| v.value == alike[0].value && v.df == 4.0), "{alike:?}");
        let apart = moderated(&variances(&[1e-4, 1e-2, 1.0, 1e2, 1e4, 1e6, 1e-3, 10.0]));
        assert!(apart.iter().all(|v| v.df == 4.0), "{apart:?}");
        assert!(apart.windows(2).take(5).all(|w| w[0].value * 15.0 < w[1].value), "{apart:?}");
    }

    #[test]
    fn few_points_and_points_without_spread_stand_for_themselves() {
        let few = variances(&[1.0, 2.0, 3.0]);
        assert_eq!(moderated(&few), few);
        let none = variances(&[0.0; 8]);
        assert_eq!(moderated(&none), none);
        assert_eq!(Variance::of(&[1.0]), None);
        assert_eq!(Variance::of(&[1.0, 3.0]), Some(Variance { value: 2.0, df: 1.0 }));
    }
}
