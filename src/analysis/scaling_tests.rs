//! Laws of scaling: synthetic series with known parameters, and the published data of R's package `usl`.

use super::amdahl::amdahl;
use super::bootstrap::Resamples;
use super::scaling::{efficiency, gustafson, karp_flatt};
use super::usl::{Law, best, fit, intervals};

fn near(a: f64, b: f64, relative: f64) -> bool {
    (a - b).abs() <= relative * b.abs()
}

fn synthetic(gamma: f64, alpha: f64, beta: f64, counts: &[f64]) -> Vec<(f64, f64)> {
    let law = |n: f64| gamma * n / (1.0 + alpha * (n - 1.0) + beta * n * (n - 1.0));
    counts.iter().map(|n| (*n, law(*n))).collect()
}

const COUNTS: [f64; 8] = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0];

/// An SGI Origin 2000 that traces rays: (processors, throughput). Gunther, "Guerrilla Capacity Planning" (2007), as the
/// data set `raytracer` of R's package `usl` (github.com/smoeding/usl, man/raytracer.Rd). The package keeps the data in
/// R's own format; that these are the same numbers shows in the coefficients, which are met to all printed digits.
const RAYTRACER: [(f64, f64); 11] = [
    (1.0, 20.0),
    (4.0, 78.0),
    (8.0, 130.0),
    (12.0, 170.0),
    (16.0, 190.0),
    (20.0, 200.0),
    (24.0, 210.0),
    (28.0, 230.0),
    (32.0, 260.0),
    (48.0, 280.0),
    (64.0, 310.0),
];

/// A Sun SPARCcenter 2000 in the benchmark SPEC SDM91: (load, throughput). The data set `specsdm91` of the same package.
const SPECSDM91: [(f64, f64); 7] = [
    (1.0, 64.9),
    (18.0, 995.9),
    (36.0, 1652.4),
    (72.0, 1853.2),
    (108.0, 1828.9),
    (144.0, 1775.0),
    (216.0, 1702.2),
];

#[test]
fn the_simple_laws_have_their_textbook_values() {
    assert_eq!((efficiency(6.0, 8.0), gustafson(0.1, 10.0)), (0.75, 9.1));
    // A program that follows Amdahl's law betrays its serial fraction at every N.
    for n in [2.0, 4.0, 1024.0] {
        assert!(near(karp_flatt(amdahl(0.9, n), n).unwrap(), 0.1, 1e-12));
    }
    // Three times as fast on four: (1/3 - 1/4) / (3/4).
    assert!(near(karp_flatt(3.0, 4.0).unwrap(), 1.0 / 9.0, 1e-12));
    assert!(karp_flatt(1.0, 1.0).is_none() && karp_flatt(0.0, 4.0).is_none());
}

#[test]
fn known_parameters_are_recovered() {
    for (gamma, alpha, beta) in
        [(1.0, 0.02, 0.0005), (250.0, 0.2, 0.01), (3e-6, 0.0, 0.003), (1e9, 0.4, 1e-4)]
    {
        let found = fit(Law::Usl, &synthetic(gamma, alpha, beta, &COUNTS)).unwrap();
        assert!(near(found.gamma, gamma, 1e-6) && near(found.beta, beta, 1e-4), "{found:?}");
        assert!((found.alpha - alpha).abs() < 1e-6, "{found:?}");
        let peak = ((1.0 - alpha) / beta).sqrt();
        assert!(near(found.peak().unwrap(), peak, 1e-4));
        assert!(
            found.speedup(peak) > found.speedup(peak * 1.1)
                && found.speedup(peak) > found.speedup(peak / 1.1)
        );
    }
    let series: Vec<(f64, f64)> = COUNTS.iter().map(|n| (*n, 7.0 * amdahl(0.93, *n))).collect();
    let found = fit(Law::Amdahl, &series).unwrap();
    assert!(near(found.parallel(), 0.93, 1e-9) && near(found.gamma, 7.0, 1e-9) && found.peak().is_none());
    assert!(near(found.speedup(16.0), amdahl(0.93, 16.0), 1e-9));
}

#[test]
fn parameters_keep_their_bounds() {
    // Faster than linear: caches add up. No law here is, so the line is what is left.
    let better: Vec<(f64, f64)> = COUNTS.iter().map(|n| (*n, n.powf(1.2))).collect();
    let found = fit(Law::Usl, &better).unwrap();
    assert_eq!((found.alpha, found.beta), (0.0, 0.0));
    assert!(
        fit(Law::Usl, &COUNTS.map(|n| (n, 5.0))).is_some_and(|f| near(f.alpha, 1.0, 1e-6)),
        "no gain at all"
    );
    let worse = COUNTS.map(|n| (n, 10.0 / n.sqrt()));
    let amdahl = fit(Law::Amdahl, &worse).unwrap();
    assert!(
        amdahl.alpha == 1.0 && amdahl.parallel() == 0.0,
        "no negative share runs in parallel: {amdahl:?}"
    );
    assert_eq!(best(&worse).unwrap().law, Law::Usl);
    assert!(fit(Law::Usl, &[(1.0, 1.0), (2.0, 2.0)]).is_none() && fit(Law::Linear, &[]).is_none());
    assert!(fit(Law::Amdahl, &[(1.0, 1.0), (2.0, -1.0)]).is_none());
    assert!(
        fit(Law::Amdahl, &[(1.0, 1.0), (2.0, 1.5)]).is_some_and(|f| f.errors.is_none() && f.aicc.is_none())
    );
}

#[test]
fn the_law_that_made_a_series_is_chosen() {
    // A wobble of 0.5 % that no law explains.
    let wobble = [0.4, -0.5, 0.3, 0.5, -0.4, -0.3, 0.5, -0.5].map(|w| 1.0 + w / 100.0);
    let chosen = |alpha: f64, beta: f64| {
        let series = synthetic(10.0, alpha, beta, &COUNTS);
        let series: Vec<(f64, f64)> = series.iter().zip(wobble).map(|((n, x), w)| (*n, x * w)).collect();
        best(&series).unwrap().law
    };
    assert_eq!(
        (chosen(0.0, 0.0), chosen(0.1, 0.0), chosen(0.05, 0.01)),
        (Law::Linear, Law::Amdahl, Law::Usl)
    );
    assert!(best(&synthetic(1.0, 0.1, 0.0, &COUNTS[..3])).is_none_or(|f| f.law == Law::Linear));
}

#[test]
fn r_agrees_on_spec_sdm91() {
    // The package's own expected output, version 3, tests/summary.Rout.save, predict.Rout.save, peak-scalability.Rout.save.
    let found = fit(Law::Usl, &SPECSDM91).unwrap();
    assert!(near(found.alpha, 2.773e-2, 5e-4) && near(found.beta, 1.044e-4, 1e-3), "{found:?}");
    assert!(near(found.gamma, 90.0, 5e-4), "{found:?}");
    let [gamma, alpha, beta] = found.errors.unwrap();
    assert!(
        near(alpha, 9.122e-3, 1e-3) && near(beta, 1.988e-5, 1e-3) && near(gamma, 14.21, 1e-3),
        "{found:?}"
    );
    assert!(near((found.rss / 4.0).sqrt(), 82.85, 1e-3), "residual standard error on 4 degrees of freedom");
    assert_eq!(found.peak().unwrap().round(), 97.0);
    let fitted: Vec<f64> = SPECSDM91.iter().map(|(n, _)| found.throughput(*n).round()).collect();
    assert_eq!(fitted, [90.0, 1078.0, 1541.0, 1850.0, 1879.0, 1822.0, 1646.0]);
}

#[test]
fn r_agrees_on_the_ray_tracer() {
    // tests/confint.Rout.save of the same package: alpha 0.0578, beta 0, gamma 21.8488.
    let found = fit(Law::Usl, &RAYTRACER).unwrap();
    assert!(near(found.alpha, 0.0578, 1e-3) && near(found.gamma, 21.8488, 1e-5), "{found:?}");
    assert_eq!((found.beta, found.peak()), (0.0, None));
    assert_eq!(best(&RAYTRACER).unwrap().law, Law::Amdahl);
}

#[test]
fn intervals_of_a_fit_hold_what_made_the_series() {
    use rand::{RngExt, SeedableRng};
    let mut rng = rand::rngs::ChaCha8Rng::seed_from_u64(9);
    let series = synthetic(1.0, 0.05, 0.004, &COUNTS);
    let times: Vec<(f64, Resamples)> = series
        .iter()
        .zip(0..)
        .map(|((n, x), stream)| {
            let samples: Vec<f64> =
                (0..30).map(|_| 1e9 / x * (1.0 + rng.random_range(-0.03..0.03))).collect();
            (*n, Resamples::draw(&samples, stream).unwrap())
        })
        .collect();
    let borrowed: Vec<(f64, &Resamples)> = times.iter().map(|(n, t)| (*n, t)).collect();
    let found = intervals(Law::Usl, 1e9, &borrowed).unwrap();
    assert!(found.alpha.contains(0.05) && found.beta.contains(0.004), "{found:?}");
    assert!(found.peak.unwrap().contains((0.95_f64 / 0.004).sqrt()), "{found:?}");
    assert!(found.alpha.high - found.alpha.low < 0.05, "{found:?}");
    assert!(intervals(Law::Amdahl, 1e9, &borrowed).unwrap().peak.is_none());
    let few = Resamples::draw(&[1.0, 2.0], 0).unwrap();
    assert!(intervals(Law::Linear, 1.0, &[(1.0, &few)]).is_none());
}
