//! Points that differ in their CPU threads only: what more threads bring.

use super::bootstrap::Resamples;
use super::points::{Point, Time};
use super::scaling::{efficiency, karp_flatt};
use super::stats::Estimate;
use super::usl::{Fit, FitIntervals, Law, best, fit, intervals};

/// One variant at one set of sizes, with several thread counts.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreadSeries<'a> {
    /// The points, by ascending threads; the first has one.
    pub points: Vec<(f64, &'a Point)>,
}

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
    let mut all: Vec<ThreadSeries<'_>> = Vec::new();
    for point in points {
        let Some(threads) = point.threads.map(f64::from) else { continue };
        let same = |s: &&mut ThreadSeries<'_>| {
            s.points.first().is_some_and(|(_, p)| {
                p.op == point.op && p.variant == point.variant && p.sizes == point.sizes
            })
        };
        match all.iter_mut().find(same) {
            Some(series) => series.points.push((threads, point)),
            None => all.push(ThreadSeries { points: vec![(threads, point)] }),
        }
    }
    all.iter_mut().for_each(|s| s.points.sort_by(|a, b| a.0.total_cmp(&b.0)));
    all.retain(|s| s.points.len() > 1 && s.points.first().is_some_and(|(threads, _)| *threads == 1.0));
    all
}

impl ThreadSeries<'_> {
    fn times(&self) -> impl Iterator<Item = (f64, &Resamples)> {
        self.points.iter().filter_map(|(threads, point)| Some((*threads, point.resamples(Time::EndToEnd)?)))
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
