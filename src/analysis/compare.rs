//! Two runs of the same points: what became faster, what slower, and of which nothing can be said.
//!
//! A point is called slower when three things hold: its time rose by more than the threshold, the 95 % interval of the ratio
//! lies above 1, and the two runs differ at 1 % (Mann and Whitney's test of the calls, or Welch's of the rounds) after the
//! correction of Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6
//! (1979). The correction makes that 1 % the chance of even one false alarm among all points of a comparison, however
//! many they are. Faster is the mirror image.
//!
//! Where both sides have two rounds or more at a point, the round is the unit: the ratio, its interval and the test come
//! from the medians of the rounds (`by_rounds`), so that what shifts a whole round of a shared machine counts as noise.
//! With one round a side the calls must do, and all speaks about the noise within the two runs only: what shifts a whole run
//! no statistic of them can tell from a change of the code.

use super::by_rounds::{Sides, apart, usable};
use super::mann_whitney::mann_whitney;
use super::points::{Point, Time};
use super::stats::{Estimate, Interval};
use crate::record::Run;

/// The chance of one or more false alarms in a comparison.
pub const ALARM: f64 = 0.01;

/// What became of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The second run is faster, by more than the threshold and beyond doubt.
    Faster,
    /// The second run is slower, by more than the threshold and beyond doubt.
    Slower,
    /// The interval of the ratio lies within the threshold: whatever the difference is, it is too small to matter.
    Same,
    /// None of these: too few samples, too much noise.
    Unclear,
}

impl Verdict {
    /// All four, the worst first.
    pub const ALL: [Self; 4] = [Self::Slower, Self::Unclear, Self::Same, Self::Faster];

    /// Its word in tables and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::Same => "same",
            Self::Unclear => "unclear",
        }
    }
}

/// A point that both runs measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair<'a> {
    /// In the first run.
    pub a: &'a Point,
    /// In the second run.
    pub b: &'a Point,
    /// Which time is compared.
    pub time: Time,
    /// The second run's median over the first one's, or by rounds the mean ratio: above 1 the second is slower. Absent
    /// where a time is missing, and where the two come from different clocks.
    pub ratio: Option<Estimate>,
    /// The p-value of the test; [`judge`] corrects it for the number of pairs.
    pub p: Option<f64>,
    /// Rounds of the first run and of the second.
    pub rounds: [usize; 2],
    /// Whether the round is the unit; [`judge`] says so.
    pub by_rounds: bool,
    /// What it means; unclear until [`judge`] has said otherwise.
    pub verdict: Verdict,
}

/// The points of two runs, matched.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matched<'a> {
    /// Measured in both, in the order of the first.
    pub pairs: Vec<Pair<'a>>,
    /// Measured in the first alone.
    pub only_a: Vec<&'a Point>,
    /// Measured in the second alone.
    pub only_b: Vec<&'a Point>,
}

/// Matches points by op, variant, threads and sizes.
pub fn matched<'a>(a: &'a [Point], b: &'a [Point], time: Time) -> Matched<'a> {
    let same = |p: &Point, q: &Point| {
        p.op == q.op && p.variant == q.variant && p.threads == q.threads && p.sizes == q.sizes
    };
    let mut found = Matched::default();
    for point in a {
        match b.iter().find(|other| same(point, other)) {
            Some(other) => found.pairs.push(pair(point, other, time)),
            None => found.only_a.push(point),
        }
    }
    found.only_b = b.iter().filter(|point| !a.iter().any(|other| same(point, other))).collect();
    found
}

fn pair<'a>(a: &'a Point, b: &'a Point, time: Time) -> Pair<'a> {
    let comparable = time != Time::Kernel || a.clock == b.clock;
    let apart = b.resamples_apart(time);
    let times = a.resamples(time).zip(apart.as_ref()).filter(|_| comparable);
    Pair {
        a,
        b,
        time,
        ratio: times.and_then(|(x, y)| y.ratio(x)),
        p: times.and_then(|(x, y)| mann_whitney(y.samples(), x.samples())).map(|test| test.p),
        rounds: [a, b].map(|p| p.round_medians(time).len()),
        by_rounds: false,
        verdict: Verdict::Unclear,
    }
}

/// Judges all pairs of a comparison together; `threshold` is a share, 0.05 for 5 %.
pub fn judge<'p, 'a: 'p>(pairs: impl IntoIterator<Item = &'p mut Pair<'a>>, threshold: f64) {
    let mut pairs: Vec<&mut Pair<'a>> = pairs.into_iter().collect();
    test_rounds(&mut pairs);
    correct(&mut pairs);
    for pair in pairs {
        let Some(Estimate { value, interval: Some(Interval { low, high }), .. }) = pair.ratio else {
            continue;
        };
        let differs = pair.p.is_some_and(|p| p <= ALARM);
        let most = 1.0 + threshold;
        pair.verdict = if value > most && low > 1.0 && differs {
            Verdict::Slower
        } else if value < 1.0 / most && high < 1.0 && differs {
            Verdict::Faster
        } else if low >= 1.0 / most && high <= most {
            Verdict::Same
        } else {
            Verdict::Unclear
        };
    }
}

/// Puts the ratio, the interval and the p-value of the rounds in the place of those of the calls, where there are rounds.
fn test_rounds(pairs: &mut [&mut Pair<'_>]) {
    let with_rounds = |pair: &&mut &mut Pair<'_>| {
        pair.ratio.is_some() && [pair.a, pair.b].iter().all(|p| usable(p.round_medians(pair.time)))
    };
    let mut pairs: Vec<_> = pairs.iter_mut().filter(with_rounds).collect();
    let sides: Vec<Sides> =
        pairs.iter().map(|pair| [pair.a, pair.b].map(|p| p.round_medians(pair.time).to_vec())).collect();
    for (pair, judged) in pairs.iter_mut().zip(apart(&sides)) {
        (pair.ratio, pair.p, pair.by_rounds) = (Some(judged.ratio), Some(judged.p), true);
    }
}

/// How many pairs have too few samples to be told apart among so many, however far apart they are: the least p-value that
/// Mann and Whitney's test can give, 2 over the ways to choose the one side's samples from all, times the number of pairs,
/// is above the level. Pairs that are judged by rounds have no such bound.
pub fn too_few<'p, 'a: 'p>(pairs: impl IntoIterator<Item = &'p Pair<'a>>) -> usize {
    let pairs: Vec<&Pair<'a>> = pairs.into_iter().collect();
    let tested = pairs.iter().filter(|pair| pair.p.is_some()).count() as f64;
    let hopeless = |pair: &&&Pair<'_>| {
        let samples = [pair.a, pair.b].map(|p| p.resamples(pair.time).map_or(0, |r| r.samples().len()));
        let ways: f64 = (1..=samples[0]).map(|i| (samples[1] + i) as f64 / i as f64).product();
        !pair.by_rounds && pair.p.is_some() && 2.0 / ways * tested > ALARM
    };
    pairs.iter().filter(hopeless).count()
}

/// Holm's correction: the smallest of m p-values times m, the next times m - 1, and none below one before it.
fn correct(pairs: &mut [&mut Pair<'_>]) {
    let mut order: Vec<usize> = (0..pairs.len()).filter(|i| pairs[*i].p.is_some()).collect();
    order.sort_by(|i, j| pairs[*i].p.partial_cmp(&pairs[*j].p).unwrap_or(std::cmp::Ordering::Equal));
    let (mut left, mut so_far) = (order.len() as f64, 0.0_f64);
    for place in order {
        so_far = pairs[place].p.map_or(so_far, |p| so_far.max((p * left).min(1.0)));
        pairs[place].p = Some(so_far);
        left -= 1.0;
    }
}

/// In what two machines differ, as sentences; empty where times of the two may be compared. Cores, CPU and adapter
/// count, driver and compiler do not: what they change is what a comparison may be after.
pub fn unlike(a: &Run, b: &Run) -> Vec<String> {
    let adapter = |run: &Run| {
        run.adapter.as_ref().map_or_else(|| "none".to_string(), |a| format!("{} ({})", a.name, a.backend))
    };
    let facts = [
        ("CPU", a.cpu.clone(), b.cpu.clone()),
        ("logical cores", a.cores.to_string(), b.cores.to_string()),
        ("adapter", adapter(a), adapter(b)),
    ];
    facts
        .into_iter()
        .filter(|(_, x, y)| x != y)
        .map(|(what, x, y)| format!("{what}: {x} against {y}"))
        .collect()
}
