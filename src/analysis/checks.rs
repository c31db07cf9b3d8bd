//! What the checks of bounds and loops cost: a kernel with them over the same kernel without, in turns in one run.

use super::points::{Point, Time};
use super::stats::Estimate;
use crate::record::{Clock, WITH_CHECKS};

/// A kernel with checks beside itself without.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost<'a> {
    /// Without.
    pub unchecked: &'a Point,
    /// With.
    pub checked: &'a Point,
    /// Which time is compared: the kernel where the device's timestamps give it on both sides, else resident.
    pub time: Time,
    /// The median with checks over the median without: how many times as long a call takes with them.
    pub ratio: Estimate,
}

/// Every kernel that was measured both ways, in the order of the rows.
pub fn costs(points: &[Point]) -> Vec<Cost<'_>> {
    points.iter().filter_map(|checked| cost(points, checked)).collect()
}

fn cost<'a>(points: &'a [Point], checked: &'a Point) -> Option<Cost<'a>> {
    let name = checked.variant.strip_suffix(WITH_CHECKS)?;
    let same = |p: &&Point| {
        p.variant == name && p.op == checked.op && p.sizes == checked.sizes && p.adapter == checked.adapter
    };
    let unchecked = points.iter().find(same)?;
    let stamped = [unchecked, checked].iter().all(|p| p.clock == Some(Clock::Timestamp));
    let time = if stamped { Time::Kernel } else { Time::Resident };
    let ratio = checked.resamples(time)?.ratio(unchecked.resamples(time)?)?;
    Some(Cost { unchecked, checked, time, ratio })
}

#[cfg(test)]
mod tests {
    use super::super::peers_tests::rows;
    use super::super::points::points;
    use super::*;

    #[test]
    fn a_kernel_is_held_against_itself_alone() {
        let all = [
            rows("a", None, 20_000, Some(10_000)),
            rows("a+checks", None, 40_000, Some(30_000)),
            rows("b", None, 10_000, Some(1_000)),
            rows("c+checks", None, 10_000, Some(1_000)),
        ]
        .concat();
        let points = points(&all);
        let found = costs(&points);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].unchecked.variant.as_str(), found[0].time), ("a", Time::Kernel));
        assert!((found[0].ratio.value - 3.0).abs() < 0.01 && found[0].ratio.interval.is_some());
    }

    #[test]
    fn without_timestamps_on_both_sides_the_resident_time_counts() {
        let all = [rows("a", None, 20_000, None), rows("a+checks", None, 40_000, Some(30_000))].concat();
        let points = points(&all);
        let found = costs(&points);
        assert_eq!(found[0].time, Time::Resident);
        assert!((found[0].ratio.value - 2.0).abs() < 0.01);
    }
}
