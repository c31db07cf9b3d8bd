//! Amdahl's law: Amdahl, "Validity of the single processor approach to achieving large scale computing
//! capabilities", AFIPS 30 (1967).

use super::bootstrap::Resamples;
use super::points::{Point, Time};
use super::stats::Estimate;

/// The thesis's fraction: device time over total time of its 4 x 4 run on the Tesla T4 (figure 32), 0.6122.
pub const THESIS_P_EXACT: f64 = 0.5267 / 0.8604;

/// The fraction as the thesis rounds it.
pub const THESIS_P: f64 = 0.61;

/// The devices for which the thesis evaluates the law, with the core counts it inserts as N, and what it prints. The
/// printed values are cut after four decimals, not rounded.
pub const THESIS_DEVICES: [(&str, f64, f64); 2] =
    [("GTX 1050", 640.0, 2.5578), ("Tesla K20", 2496.0, 2.5624)];

/// S(N) = 1 / ((1 - P) + P / N): the speedup on N processors of a program of which the fraction P runs in parallel.
pub fn amdahl(p: f64, n: f64) -> f64 {
    1.0 / ((1.0 - p) + p / n)
}

/// The speedup that no number of processors exceeds: 1 / (1 - P). Infinite at P = 1.
pub fn ceiling(p: f64) -> f64 {
    1.0 / (1.0 - p)
}

/// The parallel fraction as the thesis takes it: the kernels' share of the whole. Cut to 0..=1, since the two come
/// from different clocks; `None` where the whole is not positive.
pub fn fraction(kernel: f64, whole: f64) -> Option<f64> {
    (whole > 0.0 && kernel.is_finite()).then(|| (kernel / whole).clamp(0.0, 1.0))
}

/// The parallel fraction from measured phases: the kernels' share of each warm call, the median over the calls with its
/// interval. `None` on the CPU, and where a call lacks one of the two times: what belongs together is not known then.
pub fn measured(point: &Point) -> Option<Estimate> {
    let (kernel, whole) = (point.resamples(Time::Kernel)?, point.resamples(Time::EndToEnd)?);
    let calls = kernel.samples().iter().zip(whole.samples());
    if point.on_cpu() || kernel.samples().len() != whole.samples().len() {
        return None;
    }
    let shares: Option<Vec<f64>> = calls.map(|(kernel, whole)| fraction(*kernel, *whole)).collect();
    Resamples::draw(&shares?, 0).map(|shares| shares.estimate())
}

/// Cuts after `digits` decimals, as the thesis prints its speedups.
pub fn cut(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).floor() / scale
}
