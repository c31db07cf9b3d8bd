//! Who is measured next, and who has won: decided from the samples alone, so that a search that was stopped goes on where
//! it was.
//!
//! Successive halving (Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization",
//! 2016): all candidates get a few calls, the slower half leaves, the others get as many again. Whoever is first then
//! meets the default in a duel, and the duel's samples alone decide: those of the race would flatter whom luck has brought
//! to its end.

use crate::lab::median;
use crate::record::{Fate, TuneCandidate};

/// Calls that a candidate has had at the end of each round of the race.
const ROUNDS: [usize; 3] = [5, 10, 20];

/// Calls of either side in the duel.
pub(super) const DUEL: usize = 20;

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Calls for these until each has had so many.
    Race { who: Vec<usize>, until: usize },
    /// Calls for these two until each has had [`DUEL`].
    Duel { who: [usize; 2] },
    /// Everything is known.
    Decided,
}

/// The next step. The default is the first of the candidates.
pub(super) fn next(candidates: &[TuneCandidate]) -> Step {
    let mut alive: Vec<usize> = (0..candidates.len()).filter(|&i| !is_out(&candidates[i])).collect();
    for until in ROUNDS {
        if alive.len() <= 2 {
            break;
        }
        let lacks = |i: &usize| candidates[*i].race_ns.len() < until;
        let who: Vec<usize> = alive.iter().copied().filter(lacks).collect();
        if !who.is_empty() {
            return Step::Race { who, until };
        }
        alive.sort_by_key(|&i| middle(&candidates[i].race_ns[..until]));
        let half = alive.len().div_ceil(2);
        let mut place = 0;
        alive.retain(|&i| {
            place += 1;
            place <= half || candidates[i].default
        });
    }
    let others = alive.iter().copied().filter(|&i| !candidates[i].default);
    let first = others.min_by_key(|&i| middle(&candidates[i].race_ns));
    match (first, candidates.iter().position(|c| c.default)) {
        (Some(first), Some(default))
            if [first, default].iter().any(|&i| candidates[i].duel_ns.len() < DUEL) =>
        {
            Step::Duel { who: [default, first] }
        }
        _ => Step::Decided,
    }
}

/// Gives every candidate its fate, once [`next`] says that all is known.
pub(super) fn decide(candidates: &mut [TuneCandidate]) {
    let side = |candidate: &TuneCandidate| interval(&candidate.duel_ns);
    let default = candidates.iter().find(|c| c.default).and_then(side);
    let fights = |c: &TuneCandidate| !c.default && !c.duel_ns.is_empty() && !is_out(c);
    let first = candidates.iter().position(fights);
    let duel = first.and_then(|i| side(&candidates[i])).zip(default);
    let wins = duel.is_some_and(|(first, default)| first.1 < default.0);
    let loses = duel.is_some_and(|(first, default)| first.0 > default.1);
    for (i, candidate) in candidates.iter_mut().enumerate().filter(|(_, c)| !is_out(c)) {
        let calls = candidate.race_ns.len();
        let (fate, reason) = match (candidate.default, Some(i) == first) {
            (true, _) if !wins => (Fate::Best, String::new()),
            (false, true) if wins => (Fate::Best, String::new()),
            (true, _) => (Fate::Slower, String::new()),
            (false, true) if loses => (Fate::Slower, "slower than the default in the duel".to_owned()),
            (false, true) => (Fate::Unclear, "its interval meets the default's".to_owned()),
            (false, false) => (Fate::Slower, format!("left the race after {calls} calls")),
        };
        (candidate.fate, candidate.reason) = (fate, reason);
    }
}

/// Whether a candidate can take no part.
pub(super) fn is_out(candidate: &TuneCandidate) -> bool {
    matches!(candidate.fate, Fate::CompiledNot | Fate::Wrong)
}

/// The median of samples; of none the largest number, so that it is last.
fn middle(samples: &[u64]) -> u64 {
    median(samples).unwrap_or(u64::MAX)
}

/// The two samples that enclose the true median with a probability of 95 % or more, whatever the distribution: the k-th
/// smallest and the k-th largest of n, with 1 - 2 P(B < k) >= 0.95 for B binomial (n, 1/2). `None` below six samples.
pub(super) fn interval(samples: &[u64]) -> Option<(u64, u64)> {
    let n = samples.len();
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    // P(B = 0), then P(B < k) as k grows.
    let mut term = 0.5f64.powi(i32::try_from(n).ok()?);
    let (mut below, mut k) = (0.0, 0);
    while 1.0 - 2.0 * (below + term) >= 0.95 {
        below += term;
        k += 1;
        term *= (n + 1 - k) as f64 / k as f64;
    }
    (k > 0).then(|| (sorted[k - 1], sorted[n - k]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(times: &[u64]) -> Vec<TuneCandidate> {
        let one = |(i, _): (usize, &u64)| TuneCandidate {
            constants: format!("X={i}"),
            default: i == 0,
            fate: Fate::Open,
            reason: String::new(),
            verified: true,
            race_ns: Vec::new(),
            duel_ns: Vec::new(),
        };
        times.iter().enumerate().map(one).collect()
    }

    /// Races to the end with these times, one more nanosecond a call. Gives the calls of each.
    fn race(candidates: &mut [TuneCandidate], times: &[u64]) -> Vec<usize> {
        loop {
            match next(candidates) {
                Step::Race { who, until } => {
                    for i in who {
                        let had = candidates[i].race_ns.len();
                        assert!(had < until);
                        candidates[i].race_ns.push(times[i] + had as u64);
                    }
                }
                Step::Duel { who } => {
                    for i in who {
                        let had = candidates[i].duel_ns.len();
                        candidates[i].duel_ns.push(times[i] + had as u64);
                    }
                }
                Step::Decided => break,
            }
        }
        decide(candidates);
        candidates.iter().map(|c| c.race_ns.len() + c.duel_ns.len()).collect()
    }

    fn fates(times: &[u64]) -> (Vec<Fate>, Vec<usize>) {
        let mut candidates = field(times);
        let calls = race(&mut candidates, times);
        (candidates.iter().map(|c| c.fate).collect(), calls)
    }

    #[test]
    fn the_fastest_wins_and_the_slow_leave_early() {
        let (found, calls) = fates(&[500, 900, 300, 800, 700, 100]);
        assert_eq!(found, [Fate::Slower, Fate::Slower, Fate::Slower, Fate::Slower, Fate::Slower, Fate::Best]);
        assert_eq!(calls, [40, 5, 20, 5, 5, 40]);
        assert_eq!(fates(&[100, 200]).0, [Fate::Best, Fate::Slower]);
        assert_eq!(fates(&[100, 101, 400]).0, [Fate::Best, Fate::Unclear, Fate::Slower]);
        assert_eq!(fates(&[100]).0, [Fate::Best]);
    }

    #[test]
    fn who_is_out_is_not_measured_and_keeps_its_fate() {
        let times = [500, 1, 300];
        let mut candidates = field(&times);
        candidates[1].fate = Fate::Wrong;
        assert_eq!(race(&mut candidates, &times), [20, 0, 20]);
        assert_eq!(
            candidates.iter().map(|c| c.fate).collect::<Vec<_>>(),
            [Fate::Slower, Fate::Wrong, Fate::Best]
        );
    }

    #[test]
    fn intervals_are_those_of_the_tables() {
        // Ranks for the median at 95 %: Conover, "Practical Nonparametric Statistics", from the binomial distribution.
        for (n, low, high) in [(6, 1, 6), (8, 1, 8), (9, 2, 8), (10, 2, 9), (15, 4, 12), (20, 6, 15)] {
            let samples: Vec<u64> = (1..=n).collect();
            assert_eq!(interval(&samples), Some((low, high)), "{n}");
        }
        assert_eq!(interval(&[1; 5]), None);
        assert_eq!(interval(&[]), None);
        assert_eq!((middle(&[3, 1, 2]), middle(&[])), (2, u64::MAX));
    }
}
