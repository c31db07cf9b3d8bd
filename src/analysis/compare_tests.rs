//! Comparison of runs: verdicts of known pairs, and how often they are right, by simulation.

use super::compare::{Matched, Verdict, judge, matched, too_few};
use super::points::{Point, Time, points};
use super::tests::rows;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// One variant's point with these times, the first call before them.
fn point(variant: &str, times: &[f64]) -> Point {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "nanoseconds of a test")]
    let whole = |t: &f64| (t * 1e6).round() as u64;
    let totals: Vec<u64> = [1_000_000].into_iter().chain(times.iter().map(whole)).collect();
    points(&rows(variant, Some(1), 64, &totals)).remove(0)
}

fn verdicts(a: &[Point], b: &[Point], threshold: f64) -> Vec<Verdict> {
    let mut found = matched(a, b, Time::EndToEnd);
    judge(&mut found.pairs, threshold);
    found.pairs.iter().map(|p| p.verdict).collect()
}

/// A standard normal number: Box and Muller.
pub(super) fn gauss(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random_range(0.0..1.0_f64)).ln()).sqrt();
    radius * (2.0 * std::f64::consts::PI * rng.random_range(0.0..1.0_f64)).cos()
}

/// The noise of a machine of two shared cores: 4 % log-normal, and one call in twenty is interrupted and takes up to
/// half as long again.
pub(super) fn noisy(rng: &mut ChaCha8Rng, count: usize, sigma: f64) -> Vec<f64> {
    let sample = |_| {
        let quiet = (sigma * gauss(rng)).exp();
        let interrupted = rng.random_range(0.0..1.0) < 0.05;
        quiet * if interrupted { 1.0 + rng.random_range(0.0..0.5) } else { 1.0 }
    };
    (0..count).map(sample).collect()
}

/// Two runs with the very same samples: their medians are equal, and no surer than those of two others.
#[test]
fn two_runs_are_resampled_apart() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let one = [point("serial", &noisy(&mut rng, 20, 0.04))];
    let found = matched(&one, &one, Time::EndToEnd);
    let ratio = found.pairs[0].ratio.unwrap();
    let interval = ratio.interval.unwrap();
    assert!((ratio.value - 1.0).abs() < 1e-12);
    assert!(interval.low < 0.995 && interval.high > 1.005, "{interval:?}");
}

/// Five samples a side give 2 / 252 at best: enough for one point at 1 in 100, too few for two.
#[test]
fn points_that_no_difference_could_tell_apart_are_counted() {
    let five = |scale: f64| -> Vec<f64> { (0..5).map(|i| scale * (1.0 + 0.01 * f64::from(i))).collect() };
    let a = [point("serial", &five(1.0)), point("rayon", &five(1.0))];
    let b = [point("serial", &five(9.0)), point("rayon", &five(1.0))];
    let count = |points: usize| {
        let found = matched(&a[..points], &b[..points], Time::EndToEnd);
        too_few(&found.pairs)
    };
    assert_eq!((count(1), count(2)), (0, 2));
}

#[test]
fn points_are_matched_and_judged() {
    let ten = |scale: f64| -> Vec<f64> { (0..10).map(|i| scale * (1.0 + 0.002 * f64::from(i))).collect() };
    let wide: Vec<f64> = (0..10).map(|i| 1.0 + 0.1 * f64::from(i)).collect();
    let a = [
        point("serial", &ten(1.0)),
        point("rayon", &ten(1.0)),
        point("library", &ten(1.0)),
        point("noisy", &wide),
        point("few", &[1.0, 1.0, 1.0]),
        point("gone", &ten(1.0)),
    ];
    let b = [
        point("library", &ten(1.01)),
        point("new", &ten(1.0)),
        point("rayon", &ten(0.5)),
        point("serial", &ten(1.2)),
        point("noisy", &wide.iter().map(|x| x * 1.2).collect::<Vec<_>>()),
        point("few", &[9.0, 9.0, 9.0]),
    ];
    use Verdict::{Faster, Same, Slower, Unclear};
    assert_eq!(verdicts(&a, &b, 0.05), [Slower, Faster, Same, Unclear, Unclear]);
    assert_eq!(verdicts(&a, &b, 0.5)[0], Same, "below the threshold");
    assert_eq!(verdicts(&a, &a, 0.05)[..3], [Same; 3]);
    let Matched { only_a, only_b, pairs } = matched(&a, &b, Time::EndToEnd);
    assert_eq!((only_a[0].variant.as_str(), only_b[0].variant.as_str(), pairs.len()), ("gone", "new", 5));
}

#[test]
fn p_values_are_corrected_for_their_number() {
    let apart = |n: usize| -> Vec<Verdict> {
        // Seven samples a side, all apart: p is 2 / 3432 = 0.00058; times 17 it is below 1 %, times 18 above.
        let side = |scale: f64| -> Vec<Point> {
            let times: Vec<f64> = (0..7).map(|i| scale + 0.01 * f64::from(i)).collect();
            (0..n).map(|i| point(&format!("v{i}"), &times)).collect()
        };
        verdicts(&side(1.0), &side(1.3), 0.05)
    };
    assert_eq!(apart(17)[0], Verdict::Slower);
    assert!(apart(18).iter().all(|v| *v == Verdict::Unclear));
}

/// Runs both simulations, half of the draws on each of two threads, and adds up what they count.
pub(super) fn counted(draws: u64, outcome: impl Fn(u64) -> [bool; 2] + Sync) -> [u64; 2] {
    let add = |sum: [u64; 2], [x, y]: [bool; 2]| [sum[0] + u64::from(x), sum[1] + u64::from(y)];
    let sum = |from: u64| (from..draws).step_by(2).map(&outcome).fold([0, 0], add);
    let (even, odd) = std::thread::scope(|scope| {
        let even = scope.spawn(|| sum(0));
        let odd = sum(1);
        (even.join().expect("no panic"), odd)
    });
    [even[0] + odd[0], even[1] + odd[1]]
}

#[test]
fn a_planted_slowdown_is_found_and_identical_runs_raise_no_alarm() {
    const RUNS: u64 = 200;
    const POINTS: usize = 12;
    let outcome = |number: u64| {
        let mut rng = ChaCha8Rng::seed_from_u64(number);
        let mut side = |planted: f64| -> Vec<Point> {
            let scale = |i: usize| if i == 7 { planted } else { 1.0 };
            let mut times =
                |i: usize| noisy(&mut rng, 30, 0.04).iter().map(|t| t * scale(i)).collect::<Vec<_>>();
            (0..POINTS).map(|i| (i, times(i))).map(|(i, t)| point(&format!("v{i}"), &t)).collect()
        };
        let (base, again, slow) = (side(1.0), side(1.0), side(1.1));
        let found = verdicts(&base, &slow, 0.05);
        let alarm = verdicts(&base, &again, 0.05).contains(&Verdict::Slower);
        [found[7] == Verdict::Slower, alarm]
    };
    let [found, wolf] = counted(RUNS, outcome);
    assert!(
        found * 100 >= RUNS * 95,
        "a planted 10 % slowdown was found in {found} of {RUNS} runs, fewer than 95 %"
    );
    assert!(wolf * 100 <= RUNS, "{wolf} of {RUNS} identical pairs raised an alarm, more than 1 %");
}
