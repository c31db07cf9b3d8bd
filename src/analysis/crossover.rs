//! The size from which a variant beats a baseline.

use super::axis::Panel;
use super::points::{Point, Time};
use super::speedup::{baseline, speedup};
use super::stats::Estimate;

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
    },
    /// It is not faster at the largest size measured.
    Never {
        /// The largest size at which both were measured.
        up_to: f64,
    },
}

/// Finds the smallest x from which on every ratio of medians is above 1. The ratios are (x, speedup); `None` without
/// any.
pub fn crossover(ratios: &[(f64, Estimate)]) -> Option<Crossover> {
    let mut sorted = ratios.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let up_to = sorted.last()?.0;
    let wins = sorted.iter().rev().take_while(|(_, r)| r.value > 1.0).count();
    let tail = &sorted[sorted.len() - wins..];
    Some(match tail.first() {
        None => Crossover::Never { up_to },
        Some((x, _)) => Crossover::From {
            x: *x,
            clear: tail.iter().all(|(_, r)| r.interval.is_some_and(|i| i.low > 1.0)),
            at_start: wins == sorted.len(),
        },
    })
}

/// [`crossover`] of a variant against the baseline of that name, over the points of one panel.
pub fn against(
    panel: &Panel<'_>,
    points: &[Point],
    variant: &str,
    name: &str,
    time: Time,
) -> Option<Crossover> {
    let ratios: Vec<(f64, Estimate)> = panel
        .points
        .iter()
        .filter(|(_, p)| p.variant == variant)
        .filter_map(|(x, p)| Some((*x, speedup(p, baseline(points, name, p)?, time)?.ratio)))
        .collect();
    crossover(&ratios)
}
