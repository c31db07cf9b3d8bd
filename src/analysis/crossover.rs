//! The size from which a variant beats a baseline, and how sure that is.

use super::axis::Panel;
use super::bootstrap::LEVEL;
use super::points::{Point, Time};
use super::speedup::{baseline, speedup};
use super::stats::{Estimate, Interval};

/// Where one variant begins to win, along one axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Crossover {
    /// It is faster from this size on; `clear` where every interval from there on lies above 1.
    From {
        /// The first size of the winning tail.
        x: f64,
        /// Whether the intervals leave no doubt.
        clear: bool,
        /// Whether it wins at the smallest size measured, so that the true crossover may lie below.
        at_start: bool,
        /// Where the two are as fast: between the last size that is lost and the first of the tail, on the straight
        /// line through the two in log-log. Absent where it wins from the start.
        at: Option<f64>,
        /// The 95 % interval of `at`; 0 where the low end lies below the smallest size, infinite where the high end
        /// lies beyond the largest. Absent where samples are too few.
        interval: Option<Interval>,
    },
    /// It is not faster at the largest size measured.
    Never {
        /// The largest size at which both were measured.
        up_to: f64,
        /// Whether it does win there in more than 2.5 % of the resamples.
        in_doubt: bool,
    },
}

/// A variant and a baseline at one size.
#[derive(Debug, Clone, PartialEq)]
pub struct Meeting {
    /// The size.
    pub x: f64,
    /// The baseline's median over the variant's.
    pub ratio: Estimate,
    /// The same of each resample; empty with too few samples.
    pub draws: Vec<f64>,
}

/// Finds the smallest size from which on every ratio of medians is above 1. `None` without meetings.
///
/// The interval is the percentile bootstrap's: the crossing is found anew in every resample of all sizes together. A
/// size without resamples (calls of seconds, of which one is taken) counts with its one ratio; where it is one of the
/// two beside the crossing, no interval is given.
pub fn crossover(meetings: &[Meeting]) -> Option<Crossover> {
    let mut sorted: Vec<&Meeting> = meetings.iter().collect();
    sorted.sort_by(|a, b| a.x.total_cmp(&b.x));
    let up_to = sorted.last()?.x;
    let values: Vec<(f64, f64)> = sorted.iter().map(|m| (m.x, m.ratio.value)).collect();
    let first = start(&values);
    let drawn = resampled(&sorted);
    Some(match sorted.get(first) {
        None => Crossover::Never { up_to, in_doubt: ends(&drawn).is_some_and(|i| i.low.is_finite()) },
        Some(meeting) => Crossover::From {
            x: meeting.x,
            clear: sorted[first..].iter().all(|m| m.ratio.interval.is_some_and(|i| i.low > 1.0)),
            at_start: first == 0,
            at: (first > 0).then(|| place(&values)),
            interval: if first > 0 && sorted[first - 1..=first].iter().all(|m| !m.draws.is_empty()) {
                ends(&drawn)
            } else {
                None
            },
        },
    })
}

/// The number of the first ratio of the winning tail; the length where there is none.
fn start(ratios: &[(f64, f64)]) -> usize {
    ratios.len() - ratios.iter().rev().take_while(|(_, r)| *r > 1.0).count()
}

/// Where the ratio passes 1: 0 where it is above from the first size on, infinite where it never stays above.
fn place(ratios: &[(f64, f64)]) -> f64 {
    match start(ratios) {
        0 => 0.0,
        first if first == ratios.len() => f64::INFINITY,
        first => {
            let ((x0, r0), (x1, r1)) = (ratios[first - 1], ratios[first]);
            // r0 <= 1 < r1: a power law between the two.
            let part = -r0.ln() / (r1 / r0).ln();
            x0 * (x1 / x0).powf(part)
        }
    }
}

/// The crossing of every resample. Empty where no size has resamples.
fn resampled(meetings: &[&Meeting]) -> Vec<f64> {
    let count = meetings.iter().map(|m| m.draws.len()).max().unwrap_or(0);
    let of = |draw: usize| {
        let ratio = |m: &&Meeting| (m.x, m.draws.get(draw).copied().unwrap_or(m.ratio.value));
        place(&meetings.iter().map(ratio).collect::<Vec<_>>())
    };
    (0..count).map(of).collect()
}

/// The percentile interval, its ends order statistics: between 0 or infinity and a size there is nothing to interpolate.
fn ends(places: &[f64]) -> Option<Interval> {
    let mut sorted = places.to_vec();
    sorted.sort_by(f64::total_cmp);
    let outside = (1.0 - LEVEL) / 2.0 * sorted.len() as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
    let outside = outside.floor() as usize;
    Some(Interval { low: *sorted.get(outside)?, high: *sorted.get(sorted.len() - 1 - outside)? })
}

/// The points of a variant with the most threads that it was measured with: those with fewer are another series.
pub fn with_most_threads<'p, 'a>(panel: &'p Panel<'a>, variant: &str) -> Vec<&'p (f64, &'a Point)> {
    let mine = || panel.points.iter().filter(|(_, p)| p.variant == variant);
    let most = mine().map(|(_, p)| p.threads).max().flatten();
    mine().filter(|(_, p)| p.threads == most).collect()
}

/// [`crossover`] of a variant against the baseline of that name, over the points of one panel.
pub fn against(
    panel: &Panel<'_>,
    points: &[Point],
    variant: &str,
    name: &str,
    time: Time,
) -> Option<Crossover> {
    let meeting = |x: f64, point: &Point| {
        let base = baseline(points, name, point)?;
        let ratio = speedup(point, base, time)?.ratio;
        let (below, above) = (point.resamples(time)?.medians(), base.resamples(time)?.medians());
        let draws: Vec<f64> = above.iter().zip(below).map(|(a, b)| a / b).collect();
        let usable = draws.iter().all(|r| r.is_finite() && *r > 0.0);
        Some(Meeting { x, ratio, draws: if usable { draws } else { Vec::new() } })
    };
    let mine = with_most_threads(panel, variant);
    crossover(&mine.iter().filter_map(|(x, p)| meeting(*x, p)).collect::<Vec<_>>())
}
