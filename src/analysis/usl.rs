//! Throughput against processors: the Universal Scalability Law and what it contains.
//!
//! X(N) = gamma N / (1 + alpha (N - 1) + beta N (N - 1)): Gunther, "Guerrilla Capacity Planning" (2007), chapter 4. gamma is
//! the throughput of one processor, alpha the share of the work that queues (contention), beta the cost of keeping
//! the processors' views of the data the same (coherency). With beta = 0 it is Amdahl's law with P = 1 - alpha, with
//! alpha = 0, too, the straight line.

use super::bootstrap::{MIN_SAMPLES, Resamples, percentile};
use super::least_squares::{Solution, fit as least_squares, standard_errors};
use super::stats::Interval;

/// A law of scaling; each contains the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    /// Every processor adds as much as the first.
    Linear,
    /// Amdahl's law: a share of the work is serial.
    Amdahl,
    /// The Universal Scalability Law: past its peak more processors are slower.
    Usl,
}

impl Law {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Linear, Self::Amdahl, Self::Usl];

    /// Its name in tables and captions.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Amdahl => "Amdahl",
            Self::Usl => "USL",
        }
    }

    /// Which of gamma, alpha and beta it leaves free.
    fn free(self) -> [bool; 3] {
        [true, self >= Self::Amdahl, self >= Self::Usl]
    }
}

/// A law fitted to a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// The law.
    pub law: Law,
    /// Throughput of one processor, in the unit of the series.
    pub gamma: f64,
    /// Contention, 0 to 1.
    pub alpha: f64,
    /// Coherency, not negative.
    pub beta: f64,
    /// The standard errors of gamma, alpha and beta by the delta method; 0 for what is not free or lies on its bound.
    /// Absent where as many parameters as points are fitted.
    pub errors: Option<[f64; 3]>,
    /// The sum of squared residuals.
    pub rss: f64,
    /// The corrected information criterion of Hurvich and Tsai, "Regression and Time Series Model Selection in Small
    /// Samples", Biometrika 76 (1989); smaller is better. Absent where there are too few points for it.
    pub aicc: Option<f64>,
    /// Points used.
    pub count: usize,
}

impl Fit {
    /// The throughput that the law gives for `n` processors.
    pub fn throughput(&self, n: f64) -> f64 {
        law(&[self.gamma, self.alpha, self.beta], n).0
    }

    /// The speedup that the law gives for `n` processors.
    pub fn speedup(&self, n: f64) -> f64 {
        self.throughput(n) / self.gamma
    }

    /// The parallel fraction of Amdahl's law, 1 - alpha.
    pub fn parallel(&self) -> f64 {
        1.0 - self.alpha
    }

    /// Where the throughput is largest: N* = sqrt((1 - alpha) / beta). `None` where it grows forever, and where it
    /// never does.
    pub fn peak(&self) -> Option<f64> {
        (self.beta > 0.0 && self.alpha < 1.0).then(|| ((1.0 - self.alpha) / self.beta).sqrt())
    }
}

/// Fits a law to (processors, throughput) by least squares, alpha kept within 0..=1 and beta from being negative.
///
/// `None` with fewer different processor counts than parameters, or where a count is below 1 or a throughput is not
/// positive.
pub fn fit(which: Law, series: &[(f64, f64)]) -> Option<Fit> {
    let usable = |(n, x): &(f64, f64)| n.is_finite() && x.is_finite() && *n >= 1.0 && *x > 0.0;
    let mut counts: Vec<f64> = series.iter().map(|(n, _)| *n).collect();
    counts.sort_by(f64::total_cmp);
    counts.dedup();
    let free = which.free();
    let parameters = free.iter().filter(|f| **f).count();
    if counts.len() < parameters || !series.iter().all(usable) {
        return None;
    }
    // What would leave its bounds lies on one of them at the optimum; on which, only trying tells.
    let [_, a, b] = free;
    let mut tries =
        vec![(0.0, free), (0.0, [true, a, false]), (0.0, [true, false, b]), (0.0, [true, false, false])];
    if a {
        tries.extend([(1.0, [true, false, b]), (1.0, [true, false, false])]);
    }
    let mut best: Option<(Solution<3>, [bool; 3])> = None;
    for (place, (contention, free)) in tries.iter().enumerate() {
        if tries[..place].contains(&(*contention, *free)) {
            continue;
        }
        let start = [start(series), *contention, 0.0];
        let Some(found) = least_squares(series, &law, start, free) else { continue };
        let [gamma, alpha, beta] = found.parameters;
        let allowed = gamma > 0.0 && (0.0..=1.0).contains(&alpha) && beta >= 0.0;
        if allowed && best.is_none_or(|(so_far, _)| found.rss < so_far.rss) {
            best = Some((found, *free));
        }
    }
    let (found, free) = best?;
    let [gamma, alpha, beta] = found.parameters;
    Some(Fit {
        law: which,
        gamma,
        alpha,
        beta,
        errors: standard_errors(series, &law, &found, &free),
        rss: found.rss,
        aicc: aicc(series.len(), parameters + 1, found.rss),
        count: series.len(),
    })
}

/// The law that explains the series best: the one with the least AICc. `None` where fewer than two laws have one, with
/// fewer than five points: a law is not the best of itself.
pub fn best(series: &[(f64, f64)]) -> Option<Fit> {
    let fits: Vec<Fit> =
        Law::ALL.iter().filter_map(|law| fit(*law, series)).filter(|f| f.aicc.is_some()).collect();
    if fits.len() < 2 {
        return None;
    }
    fits.into_iter()
        .min_by(|a, b| a.aicc.unwrap_or(f64::INFINITY).total_cmp(&b.aicc.unwrap_or(f64::INFINITY)))
}

/// 95 % intervals of what a fit says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitIntervals {
    /// Of alpha.
    pub alpha: Interval,
    /// Of beta.
    pub beta: Interval,
    /// Of the peak. Its upper end is infinite where resampled series have no peak; absent where none of them has one.
    pub peak: Option<Interval>,
}

/// The intervals by the bootstrap: the law is fitted to as many series of resampled medians as there are resamples.
/// The series is (processors, work / time): `work` is divided by the medians of the times. `None` where a time has too
/// few samples.
pub fn intervals(which: Law, work: f64, series: &[(f64, &Resamples)]) -> Option<FitIntervals> {
    let draws = series.iter().map(|(_, times)| times.medians().len()).min()?;
    if draws < MIN_SAMPLES {
        return None;
    }
    let mut fits = Vec::with_capacity(draws);
    for draw in 0..draws {
        let points: Vec<(f64, f64)> =
            series.iter().map(|(n, times)| (*n, work / times.medians()[draw])).collect();
        fits.extend(fit(which, &points));
    }
    let peaks: Vec<f64> = fits.iter().map(|f| f.peak().unwrap_or(f64::INFINITY)).collect();
    let peak = if peaks.iter().any(|p| p.is_finite()) { outermost(peaks) } else { None };
    Some(FitIntervals {
        alpha: percentile(fits.iter().map(|f| f.alpha).collect())?,
        beta: percentile(fits.iter().map(|f| f.beta).collect())?,
        peak,
    })
}

/// As the percentile interval, without interpolation: values may be infinite.
fn outermost(mut values: Vec<f64>) -> Option<Interval> {
    values.sort_by(f64::total_cmp);
    let tail = values.len() / 40;
    Some(Interval { low: *values.get(tail)?, high: *values.get(values.len() - 1 - tail)? })
}

/// The law's value and derivatives at `n`, of gamma, alpha and beta.
fn law(&[gamma, alpha, beta]: &[f64; 3], n: f64) -> (f64, [f64; 3]) {
    let cost = 1.0 + alpha * (n - 1.0) + beta * n * (n - 1.0);
    let unit = n / cost;
    let slope = -gamma * unit / cost;
    (gamma * unit, [unit, slope * (n - 1.0), slope * n * (n - 1.0)])
}

/// What the smallest count gives per processor: a start for gamma.
fn start(series: &[(f64, f64)]) -> f64 {
    series.iter().min_by(|a, b| a.0.total_cmp(&b.0)).map_or(1.0, |(n, x)| x / n)
}

/// n ln(rss / n) + 2 k + 2 k (k + 1) / (n - k - 1), with `k` parameters, the variance counted.
fn aicc(points: usize, k: usize, rss: f64) -> Option<f64> {
    let spare = points.checked_sub(k + 1).filter(|s| *s > 0)?;
    let (n, k) = (points as f64, k as f64);
    // A series that fits to the last digit has no logarithm; it is as good as the digits.
    let variance = (rss / n).max(f64::MIN_POSITIVE);
    Some(n * variance.ln() + 2.0 * k + 2.0 * k * (k + 1.0) / spare as f64)
}
