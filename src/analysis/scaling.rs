//! What a speedup on N processors says: efficiency, the serial fraction that it betrays, and the speedup of a problem
//! that grows with the machine.

/// Efficiency: the speedup on `n` processors as a share of `n`.
pub fn efficiency(speedup: f64, n: f64) -> f64 {
    speedup / n
}

/// The experimentally determined serial fraction, e = (1/S - 1/N) / (1 - 1/N): Karp and Flatt, "Measuring Parallel
/// Processor Performance", Communications of the ACM 33(5) (1990).
///
/// Constant over N, it is the program's serial share; where it grows, the cost of working together does. `None` for
/// one processor, or without a positive speedup.
pub fn karp_flatt(speedup: f64, n: f64) -> Option<f64> {
    (n > 1.0 && speedup > 0.0).then(|| (1.0 / speedup - 1.0 / n) / (1.0 - 1.0 / n))
}

/// The scaled speedup, S = N - s (N - 1): how much longer one processor would take for what `n` do, when the fraction
/// `serial` of the time on those `n` is serial. Gustafson, "Reevaluating Amdahl's Law", Communications of the ACM 31(5)
/// (1988).
pub fn gustafson(serial: f64, n: f64) -> f64 {
    n - serial * (n - 1.0)
}
