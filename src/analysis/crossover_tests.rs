//! Crossovers and exponents: known answers, and coverage by simulation.

use super::bootstrap::Resamples;
use super::certainty_tests::{gauss, noisy};
use super::crossover::{Crossover, Meeting, crossover};
use super::growth::growth;
use super::stats::{Estimate, Interval};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

fn meeting(x: f64, value: f64, low: f64, high: f64) -> Meeting {
    let ratio = Estimate { value, interval: Some(Interval { low, high }), count: 9 };
    Meeting { x, ratio, draws: Vec::new() }
}

fn drawn(x: f64, draws: &[f64]) -> Meeting {
    Meeting { draws: draws.to_vec(), ..meeting(x, draws[0], draws[0], draws[0]) }
}

#[test]
fn a_crossover_is_the_start_of_the_winning_tail() {
    let found =
        crossover(&[meeting(64.0, 2.0, 1.5, 4.0), meeting(4.0, 2.0, 1.5, 3.0), meeting(16.0, 0.5, 0.4, 1.0)]);
    // Half as fast at 16, twice as fast at 64: equal at 32.
    let Some(Crossover::From { x, clear, at_start, at: Some(at), interval }) = found else {
        panic!("{found:?}")
    };
    assert_eq!((x, clear, at_start, interval), (64.0, true, false, None));
    assert!((at - 32.0).abs() < 1e-9, "{at}");
    let doubtful = crossover(&[meeting(16.0, 1.2, 0.9, 1.3), meeting(32.0, 2.0, 1.8, 2.2)]);
    let from = Crossover::From { x: 16.0, clear: false, at_start: true, at: None, interval: None };
    assert_eq!(doubtful, Some(from));
    let never = crossover(&[meeting(16.0, 0.5, 0.4, 0.6)]);
    assert_eq!(never, Some(Crossover::Never { up_to: 16.0, in_doubt: false }));
    assert_eq!(crossover(&[]), None);
}

#[test]
fn ends_outside_the_sizes_say_so() {
    let mut low = vec![0.5; 100];
    low[1..6].fill(2.0);
    let mut high = vec![2.0; 100];
    high[10..15].fill(0.5);
    let found = crossover(&[drawn(16.0, &low), drawn(64.0, &high)]);
    let Some(Crossover::From { interval: Some(i), .. }) = found else { panic!("{found:?}") };
    // Five resamples win from the start, five never.
    assert_eq!((i.low, i.high), (0.0, f64::INFINITY));
    let mut lost = vec![0.5; 100];
    lost[50..60].fill(1.5);
    let never = crossover(&[drawn(64.0, &lost)]);
    assert_eq!(never, Some(Crossover::Never { up_to: 64.0, in_doubt: true }));
}

#[test]
fn the_interval_of_a_crossover_holds_the_truth() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let truth = 500.0;
    let (mut held, rounds) = (0, 200);
    for round in 0..rounds {
        let meetings: Vec<Meeting> = [256.0, 512.0, 1024.0]
            .into_iter()
            .enumerate()
            .map(|(i, x)| {
                let stream = 10 * round + 2 * i as u64;
                let mut side = |ns: f64, stream: u64| {
                    let samples: Vec<f64> = noisy(&mut rng, 30, 0.1).iter().map(|s| s * ns).collect();
                    Resamples::draw(&samples, stream).unwrap()
                };
                let ours = side(1e6, stream);
                let theirs = side(1e6 * f64::sqrt(x / truth), stream + 1);
                let draws = theirs.medians().iter().zip(ours.medians()).map(|(a, b)| a / b).collect();
                Meeting { x, ratio: theirs.ratio(&ours).unwrap(), draws }
            })
            .collect();
        let (low, high) = match crossover(&meetings).unwrap() {
            Crossover::From { interval: Some(i), .. } => (i.low, i.high),
            // It won at 256 or lost at 1024: the truth is not told apart from the ends.
            other => panic!("{other:?}"),
        };
        held += u64::from(low <= truth && truth <= high);
    }
    // 95 % promised; 200 rounds scatter by 1.5 %.
    assert!((181..=199).contains(&held), "{held} of {rounds}");
}

#[test]
fn the_interval_of_an_exponent_holds_the_truth() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    for count in [4_u8, 6, 40] {
        let mut held = 0;
        for _ in 0..2000 {
            let point = |i: u8| {
                let x = 2_f64.powf(f64::from(i) / 3.0 + 2.0);
                (x, 7.0 * x.powf(2.5) * (0.1 * gauss(&mut rng)).exp())
            };
            let points: Vec<(f64, f64)> = (0..count).map(point).collect();
            held += u32::from(growth(&points).unwrap().interval.unwrap().contains(2.5));
        }
        assert!((1860..=1940).contains(&held), "{held} of 2000 with {count} sizes");
    }
}
