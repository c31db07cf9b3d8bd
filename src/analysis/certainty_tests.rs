//! Intervals, tests and warnings: known answers, and coverage by simulation.

use super::bca::{acceleration, bca, medians_without_one};
use super::bootstrap::Resamples;
use super::mann_whitney::{approximated, mann_whitney};
use super::normal;
use super::order_interval::order_interval;
use super::outliers::{Outliers, modified_z, outliers};
use super::quality::{Warning, quality};
use super::stats::Interval;
use super::trend::trend;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

fn near(a: f64, b: f64, error: f64) -> bool {
    (a - b).abs() <= error
}

/// A standard normal number, by Box and Muller.
pub(super) fn gauss(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random_range(0.0..1.0_f64)).ln()).sqrt();
    radius * (2.0 * std::f64::consts::PI * rng.random_range(0.0..1.0_f64)).cos()
}

/// Samples of log-normal noise about 1.
pub(super) fn noisy(rng: &mut ChaCha8Rng, count: usize, sigma: f64) -> Vec<f64> {
    (0..count).map(|_| (sigma * gauss(rng)).exp()).collect()
}

#[test]
fn the_normal_distribution_has_its_tabled_values() {
    // Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), table 26.1.
    assert!(near(normal::cdf(0.0), 0.5, 1e-16) && near(normal::cdf(1.0), 0.841_344_746_068_543, 1e-14));
    assert!(near(normal::cdf(-3.0), 0.001_349_898_031_630_1, 1e-15));
    assert!(near(normal::quantile(0.975), 1.959_963_984_540, 1e-11));
    assert_eq!((normal::cdf(9.0), normal::cdf(-9.0)), (1.0, 0.0));
    assert!(near(normal::two_sided(-1.959_963_984_54), 0.05, 1e-12));
}

#[test]
fn order_statistics_enclose_the_median() {
    // n = 10: the second and ninth have 1 - 2 (1 + 10) / 1024 = 97.85 %, the third and eighth 1 - 2 * 56 / 1024 = 89.06 %.
    let ten: Vec<f64> = (1..=10).map(f64::from).collect();
    let part = (0.978_515_625 - 0.95) / (0.978_515_625 - 0.890_625);
    let weight = 8.0 * part / (2.0 + 6.0 * part);
    let found = order_interval(&ten, 0.95).unwrap();
    assert!(near(found.low, 2.0 + weight, 1e-12) && near(found.high, 9.0 - weight, 1e-12), "{found:?}");
    let five = order_interval(&ten[..5], 0.95);
    assert_eq!(five, Some(Interval { low: 1.0, high: 5.0 }), "there is nothing wider");
    assert!(order_interval(&[], 0.95).is_none());
    let many: Vec<f64> = (0..10_001).map(f64::from).collect();
    let wide = order_interval(&many, 0.95).unwrap();
    // Half of 1.96 sqrt(n) to either side.
    assert!(near(wide.low, 5000.0 - 98.0, 1.5) && near(wide.high, 5000.0 + 98.0, 1.5), "{wide:?}");
}

#[test]
fn without_bias_and_skewness_bca_is_the_percentile_interval() {
    let symmetric: Vec<f64> = (-1000..=1000).map(f64::from).collect();
    let plain = bca(0.0, symmetric.clone(), 0.0, 0.95).unwrap();
    assert!(near(plain.low, -950.0, 1e-6) && near(plain.high, 950.0, 1e-6), "{plain:?}");
    // Efron (1987): z0 and a shift both ends the same way. With a = 0 the ends are the levels Phi(2 z0 -+ 1.96).
    let share = 0.6;
    let (value, z0) = (-1000.0 + 2000.0 * share, normal::quantile(share));
    let shifted = bca(value, symmetric, 0.0, 0.95).unwrap();
    let level = |z: f64| -1000.0 + 2000.0 * normal::cdf(2.0 * z0 + z);
    assert!(
        near(shifted.low, level(-1.959_964), 1.0) && near(shifted.high, level(1.959_964), 1.0),
        "{shifted:?}"
    );
    assert!(bca(0.0, Vec::new(), 0.0, 0.95).is_none());
}

#[test]
fn the_acceleration_is_a_sixth_of_the_skewness_of_the_influences() {
    // The mean of 1, 2, 6 without each: 4, 3.5, 1.5; their mean 3; influences 2/3 of -1, -0.5, 1.5.
    let expected = (-1.0_f64 - 0.125 + 3.375) / (6.0 * (1.0_f64 + 0.25 + 2.25).powf(1.5));
    assert!(near(acceleration(&[vec![4.0, 3.5, 1.5]]), expected, 1e-12));
    assert_eq!(acceleration(&[vec![2.0; 5], vec![1.0; 3]]), 0.0);
    assert_eq!(medians_without_one(&[1.0, 2.0, 6.0]), [4.0, 3.5, 1.5]);
    assert_eq!(medians_without_one(&[1.0, 2.0, 6.0, 7.0]), [6.0, 6.0, 2.0, 2.0]);
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_promise() {
    const DRAWS: u64 = 2000;
    let draw = |number: u64| -> [bool; 5] {
        let mut rng = ChaCha8Rng::seed_from_u64(number);
        let [a, b] = [2 * number, 2 * number + 1]
            .map(|stream| Resamples::draw(&noisy(&mut rng, 30, 0.1), stream).expect("samples"));
        let holds = |estimate: super::stats::Estimate| estimate.interval.is_some_and(|i| i.contains(1.0));
        let ratios = [a.ratio(&b), a.ratio_percentile(&b)].map(|r| r.is_some_and(holds));
        [holds(a.estimate()), ratios[0], holds(a.bca()), holds(a.percentile()), ratios[1]]
    };
    let half = |from: u64| {
        (from..DRAWS).step_by(2).map(draw).fold([0_u32; 5], |mut sum, held| {
            sum.iter_mut().zip(held).for_each(|(s, h)| *s += u32::from(h));
            sum
        })
    };
    let (even, odd) = std::thread::scope(|scope| {
        let even = scope.spawn(|| half(0));
        (even.join().expect("no panic"), half(1))
    });
    let share = |i: usize| f64::from(even[i] + odd[i]) / DRAWS as f64;
    let shares = [0, 1, 2, 3, 4].map(share);
    let [median, ratio, bca, percentile, _] = shares;
    // What is quoted.
    for held in [median, ratio] {
        assert!((0.93..=0.97).contains(&held), "{shares:?}");
    }
    // Why the median is not quoted with a bootstrap interval: both cover less than order statistics do.
    assert!(bca < median && percentile < median, "{shares:?}");
}

#[test]
fn mann_whitney_counts_arrangements() {
    // Three against three: one arrangement of twenty is as far out on either side.
    let apart = mann_whitney(&[4.0, 5.0, 6.0], &[1.0, 2.0, 3.0]).unwrap();
    assert_eq!((apart.u, apart.exact, apart.share), (9.0, true, 1.0));
    assert!(near(apart.p, 0.1, 1e-12));
    // Hollander and Wolfe, "Nonparametric Statistical Methods" (1973), page 69: U = 35, one-sided p = 0.1272.
    let early = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    let late = [1.15, 0.88, 0.90, 0.74, 1.21];
    let found = mann_whitney(&early, &late).unwrap();
    assert!(found.u == 35.0 && near(found.p, 2.0 * 0.1272, 1e-4), "{found:?}");
    let mirrored = mann_whitney(&late, &early).unwrap();
    assert!(mirrored.u == 15.0 && near(mirrored.p, found.p, 1e-12));
}

#[test]
fn mann_whitney_with_ties_is_approximated() {
    // Three equal values: variance 9 / 12 (7 - 24 / 30) = 4.65, z = (4.5 - 1 - 0.5) / sqrt(4.65) = 1.3912.
    let tied = mann_whitney(&[1.0, 2.0, 2.0], &[2.0, 3.0, 4.0]).unwrap();
    assert!(tied.u == 1.0 && !tied.exact && near(tied.p, 0.164_16, 1e-4), "{tied:?}");
    let same = mann_whitney(&[1.0; 9], &[1.0; 7]).unwrap();
    assert_eq!((same.p, same.share), (1.0, 0.5));
    assert!(mann_whitney(&[], &[1.0]).is_none() && mann_whitney(&[f64::NAN], &[1.0]).is_none());
    // The two ways agree where both may be used.
    let a: Vec<f64> = (0..30).map(|i| f64::from(i) + 0.5).collect();
    let b: Vec<f64> = (0..30).map(|i| f64::from(i) + 5.25).collect();
    let exact = mann_whitney(&a, &b).unwrap();
    let approximate = approximated(30.0, 30.0, exact.u, 0.0);
    assert!(exact.exact && near(exact.p, approximate, 0.002), "{exact:?} {approximate}");
}

#[test]
fn outliers_are_found_and_counted() {
    // Median 5, MAD 1: the scores are 0.6745 (x - 5).
    let samples = [4.0, 5.0, 6.0, 4.0, 6.0, 5.0, 20.0, 4.0, 6.0];
    let scores = modified_z(&samples).unwrap();
    assert!(near(scores[6], 0.6745 * 15.0, 1e-12) && near(scores[0], -0.6745, 1e-12));
    assert_eq!(outliers(&samples), Outliers { high: 1, low: 0 });
    // MAD is 0: the mean absolute deviation is 10 / 20, and 10 / (1.2533 * 0.5) = 15.96.
    let mut flat = vec![7.0; 20];
    flat[3] = 17.0;
    assert!(near(modified_z(&flat).unwrap()[3], 15.957_691, 1e-5));
    assert_eq!(outliers(&flat), Outliers { high: 1, low: 0 });
    flat[5] = 0.0;
    assert_eq!(outliers(&flat).count(), 2);
    assert_eq!(outliers(&[7.0; 9]).count() + outliers(&[]).count(), 0);
}

#[test]
fn a_trend_is_told_from_noise() {
    let rising: Vec<f64> = (0..10).map(f64::from).collect();
    let found = trend(&rising).unwrap();
    // S = 45, variance 10 * 9 * 25 / 18 = 125, z = 44 / sqrt(125) = 3.9355.
    assert!(found.tau == 1.0 && found.slope == 1.0 && near(found.p, 8.303e-5, 1e-7), "{found:?}");
    let flat = trend(&[3.0; 12]).unwrap();
    assert_eq!((flat.tau, flat.p, flat.slope), (0.0, 1.0, 0.0));
    assert!(trend(&rising[..7]).is_none());
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let alarms = (0..1000).filter(|_| trend(&noisy(&mut rng, 20, 0.1)).is_some_and(|t| t.p < 0.05)).count();
    assert!((25..=65).contains(&alarms), "{alarms} of 1000 at 5 %");
}

#[test]
fn doubtful_samples_are_named() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let quiet: Vec<f64> = noisy(&mut rng, 30, 0.02).iter().map(|x| (1e6 * x).round()).collect();
    assert!(quality(&quiet).warnings.is_empty(), "{:?}", quality(&quiet));

    let drifting: Vec<f64> = quiet.iter().enumerate().map(|(i, x)| x * (1.0 + 0.01 * i as f64)).collect();
    assert!(
        matches!(quality(&drifting).warnings[..], [Warning::Drift { change, .. }] if near(change, 0.25, 0.05)),
        "{:?}",
        quality(&drifting)
    );

    let mut cold = quiet.clone();
    cold[0] *= 1.5;
    let found = quality(&cold);
    assert!(
        matches!(found.warnings[..], [Warning::FirstDiffers { ratio }] if near(ratio, 1.5, 0.05)),
        "{found:?}"
    );
    assert_eq!(found.outliers.high, 1);

    // A clock of 1 µs: times of 20 to 23 µs are 20, 21, 22 or 23 of its steps.
    let coarse: Vec<f64> = (0..30).map(|i| f64::from(20 + (i * 7) % 4) * 1000.0).collect();
    assert!(matches!(quality(&coarse).warnings[..], [Warning::TooShort { step: 1000.0, .. }]));
    assert!(matches!(quality(&[40.0, 41.0, 43.0]).warnings[..], [Warning::TooShort { step: 1.0, .. }]));
    assert!(quality(&[]).warnings.is_empty());
}
