//! Known answers for every statistic.

use super::amdahl::{THESIS_DEVICES, THESIS_P, THESIS_P_EXACT, amdahl, ceiling, cut, fraction, measured};
use super::axis::panels;
use super::bootstrap::Resamples;
use super::crossover::{Crossover, against};
use super::growth::growth;
use super::points::{Point, Time, points, troubles};
use super::speedup::{baseline, speedup, speedups};
use super::stats::{Interval, mad, median, quantile};
use crate::record::{CallKind, Clock, Row, Status};

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs().max(1.0)
}

/// Rows of one point: GPU where `threads` is none. The kernel takes a quarter of the total, residence a half.
pub(super) fn rows(variant: &str, threads: Option<u32>, n: u32, totals: &[u64]) -> Vec<Row> {
    let row = |(sample, total): (usize, &u64)| Row {
        experiment: "x".into(),
        op: "matmul".into(),
        variant: variant.into(),
        adapter: "a".into(),
        software: true,
        threads,
        sizes: ["m", "n", "k"].map(|s| (s.to_string(), n.to_string())).to_vec(),
        flops: 2 * u64::from(n).pow(3),
        bytes: 12 * u64::from(n).pow(2),
        seed: 0,
        sample: u32::try_from(sample).unwrap(),
        call: Some(if sample == 0 { CallKind::First } else { CallKind::Warm }),
        prepare_ns: None,
        compile_ns: None,
        upload_ns: threads.is_none().then_some(total / 4),
        encode_ns: None,
        kernel_ns: threads.is_none().then_some(total / 4),
        resident_ns: threads.is_none().then_some(total / 2),
        download_ns: threads.is_none().then_some(total / 4),
        total_ns: Some(*total),
        clock: threads.is_none().then_some(Clock::Timestamp),
        status: Status::Ok,
        reason: String::new(),
    };
    totals.iter().enumerate().map(row).collect()
}

#[test]
fn order_statistics_have_their_textbook_values() {
    assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
    assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    assert_eq!(median(&[]), None);
    assert_eq!(median(&[1.0, f64::NAN]), None);
    assert_eq!(quantile(&[0.0, 10.0, 20.0, 30.0, 40.0], 0.1), Some(4.0));
    assert_eq!(quantile(&[1.0, 2.0], 1.5), None);
    let deviation = mad(&[1.0, 1.0, 2.0, 2.0, 4.0, 6.0, 9.0]).unwrap();
    assert!(close(deviation, 1.4826), "the median absolute deviation is 1: {deviation}");
}

#[test]
fn the_interval_is_seeded_ordered_and_as_wide_as_theory_says() {
    // 101 equally spaced values: the order statistics 41 and 61 bound the median at 95 % (binomial, n = 101).
    let samples: Vec<f64> = (0..101).map(f64::from).collect();
    let first = Resamples::draw(&samples, 7).unwrap().estimate();
    assert_eq!(Resamples::draw(&samples, 7), Resamples::draw(&samples, 7));
    assert_ne!(Resamples::draw(&samples, 7), Resamples::draw(&samples, 8));
    let interval = first.interval.unwrap();
    assert_eq!((first.value, first.count), (50.0, 101));
    assert!((interval.low - 40.0).abs() <= 3.0 && (interval.high - 60.0).abs() <= 3.0, "{interval:?}");
    let constant = Resamples::draw(&[5.0; 9], 1).unwrap().estimate();
    assert_eq!(constant.interval, Some(Interval { low: 5.0, high: 5.0 }));
    let few = Resamples::draw(&[1.0, 2.0, 3.0, 4.0], 1).unwrap().estimate();
    assert_eq!((few.value, few.interval), (2.5, None));
    assert!(Resamples::draw(&[], 1).is_none());
}

#[test]
fn the_interval_covers_the_true_median_about_as_often_as_it_promises() {
    use rand::{RngExt, SeedableRng};
    let mut rng = rand::rngs::ChaCha8Rng::seed_from_u64(3);
    let mut covered = 0;
    for round in 0..200 {
        let samples: Vec<f64> = (0..25).map(|_| rng.random_range(0.0..1.0)).collect();
        let interval = Resamples::draw(&samples, round).unwrap().estimate().interval.unwrap();
        covered += u32::from(interval.contains(0.5));
    }
    assert!((176..=200).contains(&covered), "{covered} of 200");
}

#[test]
fn a_ratio_of_medians_has_the_ratio_and_a_wider_interval() {
    let slow = Resamples::draw(&[10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0], 1).unwrap();
    let fast = Resamples::draw(&[2.0; 7], 2).unwrap();
    let ratio = slow.ratio(&fast).unwrap();
    assert_eq!((ratio.value, ratio.count), (6.5, 7));
    // The divisor is known: the interval is that of the dividend, halved.
    for (ratio, alone) in [(ratio, slow.bca()), (slow.ratio_percentile(&fast).unwrap(), slow.percentile())] {
        let (a, b) = (ratio.interval.unwrap(), alone.interval.unwrap());
        assert!(close(a.low, b.low / 2.0) && close(a.high, b.high / 2.0), "{a:?} {b:?}");
    }
    assert!(slow.ratio(&Resamples::draw(&[0.0; 7], 1).unwrap()).is_none());
}

#[test]
fn only_warm_calls_of_good_points_count() {
    let mut all = rows("naive", None, 64, &[900, 400, 800, 400, 400, 400]);
    all.extend(rows("serial", Some(1), 64, &[5000, 4000, 4000, 4000, 4000, 4000]));
    // Right at first and wrong at last: none of its times counts.
    all.extend(rows("racy", None, 64, &[900, 400, 400, 400, 400, 400]));
    let wrong = Row { status: Status::Failed, reason: "wrong".into(), ..all[all.len() - 1].clone() };
    all.extend([wrong.clone(), wrong]);
    let found = points(&all);
    assert_eq!(found.len(), 2);
    let gpu = &found[0];
    assert_eq!((gpu.first, gpu.time(Time::EndToEnd).unwrap().value), (Some(900.0), 400.0));
    assert_eq!(gpu.time(Time::Kernel).unwrap().value, 100.0);
    assert_eq!(gpu.time(Time::Kernel).unwrap().count, 5);
    assert_eq!((gpu.phases.launch, gpu.phases.upload, gpu.phases.encode), (Some(100.0), Some(100.0), None));
    let cpu = &found[1];
    assert!(Time::ALL.iter().all(|t| cpu.time(*t).unwrap().value == 4000.0));
    assert_eq!((cpu.clock, cpu.phases.launch), (None, None));
    assert_eq!(troubles(&all).len(), 1);
    assert!(points(&all[..1]).is_empty(), "a first call alone is no point");
}

#[test]
fn every_variant_meets_every_baseline_at_its_own_sizes() {
    let mut all = rows("naive", None, 64, &[900, 400, 400, 400, 400, 400]);
    all.extend(rows("serial", Some(1), 64, &[4000; 6]));
    all.extend(rows("rayon", Some(1), 64, &[4400; 6]));
    all.extend(rows("rayon", Some(2), 64, &[2000; 6]));
    all.extend(rows("rayon", Some(4), 64, &[2200; 6]));
    all.extend(rows("serial", Some(1), 128, &[9999; 6]));
    let found = points(&all);
    let ratios = speedups(&found);
    let of = |variant: &str, base: &str, time: Time| -> Vec<f64> {
        let pick = |s: &&super::speedup::Speedup<'_>| {
            s.point.variant == variant && s.baseline.variant == base && s.time == time
        };
        ratios.iter().filter(pick).map(|s| s.ratio.value).collect()
    };
    assert_eq!(of("naive", "serial", Time::EndToEnd), [10.0]);
    assert_eq!(of("naive", "serial", Time::Kernel), [40.0]);
    assert_eq!(
        of("naive", "rayon", Time::Resident),
        [10.0],
        "of several thread counts the fastest is the baseline"
    );
    assert!(of("naive", "library", Time::EndToEnd).is_empty());
    assert!(of("serial", "serial", Time::EndToEnd).is_empty());
    assert_eq!(of("rayon", "serial", Time::EndToEnd).len(), 3);
}

#[test]
fn the_thesis_is_met_to_the_digits_it_prints() {
    for (device, n, printed) in THESIS_DEVICES {
        let ours = cut(amdahl(THESIS_P, n), 4);
        assert!(close(ours, printed), "{device}: {ours}");
    }
    assert!((amdahl(THESIS_P, 640.0) - 2.557_851).abs() < 1e-6);
    assert!((amdahl(THESIS_P, 2496.0) - 2.562_497).abs() < 1e-6);
    assert_eq!(cut(THESIS_P_EXACT, 4), 0.6121);
    assert!(close(ceiling(0.61), 1.0 / 0.39) && close(ceiling(0.0), 1.0) && ceiling(1.0).is_infinite());
    assert!(close(amdahl(0.5, 1.0), 1.0) && close(amdahl(1.0, 8.0), 8.0));
    assert_eq!((fraction(3.0, 2.0), fraction(1.0, 0.0), fraction(1.0, 4.0)), (Some(1.0), None, Some(0.25)));
}

#[test]
fn the_parallel_fraction_is_measured_call_by_call() {
    let mut calls = rows("naive", None, 64, &[900, 400, 800, 1200, 1600, 2000]);
    // Shares of the warm calls: 0.1, 0.2, 0.25, 0.3, 0.5, whatever the calls' lengths.
    for (row, kernel) in calls[1..].iter_mut().zip([40, 160, 300, 480, 1000]) {
        row.kernel_ns = Some(kernel);
    }
    let p = measured(&points(&calls)[0]).unwrap();
    assert!(close(p.value, 0.25) && p.interval == Some(Interval { low: 0.1, high: 0.5 }), "{p:?}");
    calls[3].kernel_ns = None;
    assert!(measured(&points(&calls)[0]).is_none(), "times of one call cannot be told from another's");
    assert!(measured(&points(&rows("serial", Some(1), 64, &[9, 4, 4]))[0]).is_none());
}

#[test]
fn exponents_are_found_with_their_error() {
    let square: Vec<(f64, f64)> = [4.0, 8.0, 16.0, 32.0].map(|x| (x, 3.0 * x * x)).to_vec();
    let fit = growth(&square).unwrap();
    assert!(close(fit.exponent, 2.0) && close(fit.r_squared, 1.0));
    assert!(fit.interval.unwrap().high - fit.interval.unwrap().low < 1e-6);
    // x = e^0, e^1, e^2 and y = e^0, e^2, e^3: slope 1.5, residual sum 1/6, error 0.288675, t(1) = 12.706.
    let bent: Vec<(f64, f64)> =
        [(0.0_f64, 0.0_f64), (1.0, 2.0), (2.0, 3.0)].map(|(x, y)| (x.exp(), y.exp())).to_vec();
    let fit = growth(&bent).unwrap();
    assert!(close(fit.exponent, 1.5));
    assert!((fit.interval.unwrap().high - (1.5 + 12.706 * 0.288_675)).abs() < 1e-3, "{fit:?}");
    assert!(growth(&[(2.0, 1.0)]).is_none() && growth(&[(2.0, 1.0), (2.0, 3.0)]).is_none());
    assert!(growth(&[(2.0, 4.0), (4.0, 16.0), (0.0, 1.0), (8.0, -1.0)]).unwrap().interval.is_none());
}

#[test]
fn the_axis_is_what_varies_together_and_the_rest_divides() {
    let mut all = Vec::new();
    for n in [128, 64] {
        all.extend(rows("naive", None, n, &[900, 400, 400, 400, 400, 400]));
        all.extend(rows("serial", Some(1), n, &[u64::from(n) * 5; 6]));
    }
    let found = points(&all);
    let one = panels(&found);
    assert_eq!(one.len(), 1);
    assert_eq!((one[0].axis.join("="), one[0].fixed.len()), ("m=n=k".to_string(), 0));
    assert_eq!((one[0].places(), one[0].variants()), (vec![64.0, 128.0], vec!["naive", "serial"]));
    assert_eq!(one[0].largest_common(), Some(128.0));
    let won = against(&one[0], &found, "naive", "serial", Time::EndToEnd);
    let Some(Crossover::From { x, clear: true, at_start: false, at: Some(at), interval: Some(i) }) = won
    else {
        panic!("{won:?}")
    };
    assert!(x == 128.0 && 64.0 < at && at < 128.0 && i.contains(at), "{won:?}");
    let divided: Vec<Point> = found
        .iter()
        .flat_map(|p| {
            ["1", "2"].map(|b| {
                let mut q = p.clone();
                q.sizes.push(("batch".into(), b.into()));
                q.sizes.push(("ceil".into(), if b == "1" { "true" } else { "false" }.into()));
                q
            })
        })
        .collect();
    let two = panels(&divided);
    assert_eq!(two.len(), 2);
    assert_eq!(
        two[1].fixed,
        [("batch".to_string(), "2".to_string()), ("ceil".to_string(), "false".to_string())]
    );
    assert!(baseline(&divided, "serial", two[0].points[0].1).is_some());
    assert!(
        speedup(two[0].points[0].1, two[0].points[0].1, Time::Kernel).is_some_and(|s| s.ratio.value == 1.0)
    );
}
