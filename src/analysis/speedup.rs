//! How many times faster one variant is than another: ratios of medians, with intervals, both sides named.

use super::points::{Point, Time};
use super::stats::Estimate;

/// The CPU variants that everything is compared with, where the op has them.
pub const BASELINES: [&str; 3] = ["serial", "rayon", "library"];

/// A variant against a baseline at the same sizes. Above 1 the variant is faster.
#[derive(Debug, Clone, PartialEq)]
pub struct Speedup<'a> {
    /// The variant's point.
    pub point: &'a Point,
    /// The baseline's point.
    pub baseline: &'a Point,
    /// Which time of the variant is compared. The baseline runs on the CPU, where the three are one.
    pub time: Time,
    /// Baseline's median over the variant's median.
    pub ratio: Estimate,
}

/// The speedup of `point` against `baseline`; `None` where a time is missing.
pub fn speedup<'a>(point: &'a Point, baseline: &'a Point, time: Time) -> Option<Speedup<'a>> {
    let ratio = baseline.resamples(time)?.ratio(point.resamples(time)?)?;
    Some(Speedup { point, baseline, time, ratio })
}

/// The baseline of that name at the same op and sizes; of several, with different threads, the fastest.
pub fn baseline<'a>(points: &'a [Point], name: &str, point: &Point) -> Option<&'a Point> {
    let same = |p: &&Point| p.variant == name && p.op == point.op && p.sizes == point.sizes && p.on_cpu();
    let timed = points.iter().filter(same).filter_map(|p| Some((p, p.time(Time::EndToEnd)?.value)));
    timed.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(p, _)| p)
}

/// Every variant against every baseline at every size, for each of the three times. A baseline is not compared with
/// itself.
pub fn speedups(points: &[Point]) -> Vec<Speedup<'_>> {
    let mut found = Vec::new();
    for point in points {
        for name in BASELINES {
            let Some(base) = baseline(points, name, point) else { continue };
            if std::ptr::eq(base, point) {
                continue;
            }
            found.extend(Time::ALL.iter().filter_map(|time| speedup(point, base, *time)));
        }
    }
    found
}
