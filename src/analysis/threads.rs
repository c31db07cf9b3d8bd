//! Points that differ only in how many processors share the work: CPU threads, or the workgroups of a GPU's kernel.

use super::bootstrap::Resamples;
use super::points::{Point, Time};
use super::scaling::{efficiency, karp_flatt};
use super::stats::Estimate;
use super::usl::{Fit, FitIntervals, Law, best, fit, intervals};

/// One variant at one set of sizes, with several counts of threads or workgroups.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreadSeries<'a> {
    /// The points, by ascending count; the first has one.
    pub points: Vec<(f64, &'a Point)>,
    /// The time that is compared: of workgroups the kernel's, since what they share is the kernel.
    pub time: Time,
}

/// The size that says how many workgroups share a fixed problem.
const WORKGROUPS: &str = "workgroups";

/// A place of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// CPU threads.
    pub threads: f64,
    /// One thread's median time over that of so many.
    pub speedup: Estimate,
    /// The speedup as a share of the threads.
    pub efficiency: f64,
    /// Karp and Flatt's serial fraction; absent for one thread.
    pub serial: Option<f64>,
}

/// All series of at least two thread counts, one of them 1, in the order of the points.
pub fn thread_series(points: &[Point]) -> Vec<ThreadSeries<'_>> {
    let same = |a: &Point, b: &Point| a.sizes == b.sizes;
    series(points, Time::EndToEnd, |p| p.threads.map(f64::from), same)
}

/// All series of at least two counts of workgroups, one of them 1, of kernels on a GPU for which the count is a size.
pub fn workgroup_series(points: &[Point]) -> Vec<ThreadSeries<'_>> {
    let count = |p: &Point| {
        let (_, value) = p.sizes.iter().find(|(name, _)| name == WORKGROUPS && !p.on_cpu())?;
        value.parse().ok().filter(|n: &f64| *n >= 1.0 && n.is_finite())
    };
    let same = |a: &Point, b: &Point| {
        let others = |p: &'_ Point| -> Vec<(String, String)> {
            p.sizes.iter().filter(|(name, _)| name != WORKGROUPS).cloned().collect()
        };
        others(a) == others(b)
    };
    series(points, Time::Kernel, count, same)
}

fn series(
    points: &[Point],
    time: Time,
    count: impl Fn(&Point) -> Option<f64>,
    same: impl Fn(&Point, &Point) -> bool,
) -> Vec<ThreadSeries<'_>> {
    let mut all: Vec<ThreadSeries<'_>> = Vec::new();
    for point in points {
        let Some(processors) = count(point) else { continue };
        let fits = |s: &&mut ThreadSeries<'_>| {
            s.points
                .first()
                .is_some_and(|(_, p)| p.op == point.op && p.variant == point.variant && same(p, point))
        };
        match all.iter_mut().find(fits) {
            Some(series) => series.points.push((processors, point)),
            None => all.push(ThreadSeries { points: vec![(processors, point)], time }),
        }
    }
    all.iter_mut().for_each(|s| s.points.sort_by(|a, b| a.0.total_cmp(&b.0)));
    all.retain(|s| s.points.len() > 1 && s.points.first().is_some_and(|(least, _)| *least == 1.0));
    all
}

impl ThreadSeries<'_> {
    fn times(&self) -> impl Iterator<Item = (f64, &Resamples)> {
        self.points.iter().filter_map(|(threads, point)| Some((*threads, point.resamples(self.time)?)))
    }

    /// What each thread count reaches.
    pub fn steps(&self) -> Vec<Step> {
        let Some((_, alone)) = self.times().next() else { return Vec::new() };
        let step = |(threads, times): (f64, &Resamples)| {
            let mut speedup = alone.ratio(times)?;
            if threads == 1.0 {
                // The measure itself: its error is in every other value.
                speedup.interval = None;
            }
            let value = speedup.value;
            let efficiency = efficiency(value, threads);
            Some(Step { threads, speedup, efficiency, serial: karp_flatt(value, threads) })
        };
        self.times().filter_map(step).collect()
    }

    fn speedups(&self) -> Vec<(f64, f64)> {
        self.steps().iter().map(|s| (s.threads, s.speedup.value)).collect()
    }

    /// A law fitted to the speedups. `None` with too few thread counts.
    pub fn fit(&self, law: Law) -> Option<Fit> {
        fit(law, &self.speedups())
    }

    /// The law that explains the speedups best. `None` with too few thread counts.
    pub fn best(&self) -> Option<Fit> {
        best(&self.speedups())
    }

    /// The intervals of what [`Self::fit`] says. `None` where a time has too few samples.
    pub fn intervals(&self, law: Law) -> Option<FitIntervals> {
        let times: Vec<(f64, &Resamples)> = self.times().collect();
        let alone = times.first()?.1.estimate().value;
        intervals(law, alone, &times)
    }
}
