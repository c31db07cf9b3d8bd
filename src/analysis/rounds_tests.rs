//! Comparison by rounds: how often it is right on a machine that shifts from round to round, by simulation.

use super::compare::{Verdict, judge, matched};
use super::compare_tests::{counted, gauss, noisy};
use super::points::{Point, Time, points};
use super::tests::rows;
use crate::record::CallKind;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// Rounds a side, and calls of each.
const ROUNDS: (usize, usize) = (5, 6);
const POINTS: usize = 12;

/// How far a round stands from the others at most points, as a share: of the 106 points of three rounds in
/// `results/peers/2026-11-25-Intel-Xeon--2-threads/peers_*/samples.csv` the variance of the logarithms of the round medians,
/// less 1.57 / n of the variance of its n calls (what the calls explain of their median), has a median of 0.018 squared.
const SHIFT: f64 = 0.018;

/// How often a round is disturbed for all its length, and by how much at most. In the same files 9.7 % of the 318 rounds stand
/// more than 10 % above the median of their point's three rounds; the farthest 53 %, nine tenths of the points' spreads
/// within 21 %.
const DISTURBED: (f64, f64) = (0.1, 0.5);

/// A point of rounds, each shifted as a whole: by [`SHIFT`], and where `disturbed` now and then by more.
fn point(rng: &mut ChaCha8Rng, variant: &str, scale: f64, disturbed: bool) -> Point {
    let mut all = Vec::new();
    for _ in 0..ROUNDS.0 {
        let more = disturbed && rng.random_range(0.0..1.0) < DISTURBED.0;
        let factor =
            (SHIFT * gauss(rng)).exp() * if more { 1.0 + rng.random_range(0.1..DISTURBED.1) } else { 1.0 };
        let times = noisy(rng, ROUNDS.1, 0.04);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "nanoseconds of a test")]
        let whole = |t: f64| (t * scale * factor * 1e6).round() as u64;
        let totals: Vec<u64> = [2.0].into_iter().chain(times).map(whole).collect();
        all.extend(rows(variant, Some(1), 64, &totals));
    }
    points(&all).remove(0)
}

fn side(rng: &mut ChaCha8Rng, planted: f64, disturbed: bool) -> Vec<Point> {
    let scale = |i: usize| if i == 7 { planted } else { 1.0 };
    (0..POINTS).map(|i| point(rng, &format!("v{i}"), scale(i), disturbed)).collect()
}

fn verdicts(a: &[Point], b: &[Point]) -> Vec<Verdict> {
    let mut found = matched(a, b, Time::EndToEnd);
    judge(&mut found.pairs, 0.05);
    assert!(found.pairs.iter().all(|p| p.by_rounds && p.rounds == [ROUNDS.0; 2]));
    found.pairs.iter().map(|p| p.verdict).collect()
}

#[test]
fn a_planted_slowdown_is_found_though_rounds_shift_and_identical_runs_raise_no_alarm() {
    const RUNS: u64 = 200;
    let [found, wolf] = counted(RUNS, |number| {
        let mut rng = ChaCha8Rng::seed_from_u64(number);
        let [base, again] = [1.0, 1.0].map(|planted| side(&mut rng, planted, false));
        let slow = side(&mut rng, 1.1, false);
        [verdicts(&base, &slow)[7] == Verdict::Slower, verdicts(&base, &again).contains(&Verdict::Slower)]
    });
    assert!(
        found * 100 >= RUNS * 95,
        "a planted 10 % slowdown was found in {found} of {RUNS} runs, fewer than 95 %"
    );
    assert!(wolf * 100 <= RUNS, "{wolf} of {RUNS} identical pairs raised an alarm, more than 1 %");
}

#[test]
fn disturbed_rounds_raise_no_alarm() {
    const RUNS: u64 = 200;
    let [found, wolf] = counted(RUNS, |number| {
        let mut rng = ChaCha8Rng::seed_from_u64(number);
        let [base, again] = [1.0, 1.0].map(|planted| side(&mut rng, planted, true));
        let slow = side(&mut rng, 2.0, true);
        [verdicts(&base, &slow)[7] == Verdict::Slower, verdicts(&base, &again).contains(&Verdict::Slower)]
    });
    assert!(wolf * 100 <= RUNS, "{wolf} of {RUNS} identical pairs raised an alarm, more than 1 %");
    assert!(found * 100 >= RUNS * 95, "twice the time was found in {found} of {RUNS} runs, fewer than 95 %");
}

/// Two calls a round: a first call begins one, and so does a sample number that starts again, as in rows of two runs.
#[test]
fn rounds_begin_with_a_first_call_or_with_another_run() {
    let mut two = rows("v", Some(1), 64, &[9, 1, 2, 9, 3, 4]);
    two[3].call = Some(CallKind::First);
    let of = |rows: &[crate::record::Row]| points(rows).remove(0).rounds(Time::EndToEnd).to_vec();
    assert_eq!(of(&two), [vec![1.0, 2.0], vec![3.0, 4.0]]);
    let without_first: Vec<_> = two.into_iter().filter(|r| r.call == Some(CallKind::Warm)).collect();
    let runs = [without_first.clone(), without_first].concat();
    assert_eq!(of(&runs), [vec![1.0, 2.0, 3.0, 4.0], vec![1.0, 2.0, 3.0, 4.0]]);
}
