//! Inputs from a fixed seed, and a look at outputs: a few entries against plain loops.

use crate::point::Pool;

/// Entries that are looked at.
const LOOKS: usize = 64;

/// Numbers in [-1, 1): the upper bits of a 64-bit linear congruential generator (Knuth's MMIX constants).
pub fn uniform(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Whether entries of `c` are those of the product of `a` (m x k) and `b` (k x n).
pub fn is_product([m, n, k]: [usize; 3], a: &[f32], b: &[f32], c: &[f32]) -> bool {
    let right = |look: usize| {
        let (i, j) = (look * 7919 % m, look * 104_729 % n);
        let terms = (0..k).map(|p| f64::from(a[i * k + p]) * f64::from(b[p * n + j]));
        let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()));
        let bound = (k as f64 + 2.0) * 2f64.powi(-24) * size;
        (f64::from(c[i * n + j]) - sum).abs() <= bound
    };
    c.len() == m * n && (0..LOOKS).all(right)
}

/// Whether entries of `y` are the maxima of their windows of `x`.
pub fn is_pooled(pool: &Pool, x: &[f32], y: &[f32]) -> bool {
    let ([h, w], [oh, ow]) = (pool.side, pool.output());
    let planes = pool.images[0] * pool.images[1];
    let right = |look: usize| {
        let (plane, r, q) = (look * 31 % planes, look * 7919 % oh, look * 104_729 % ow);
        let range = |at: usize, start: usize, side: usize| {
            let first = start * pool.stride[at];
            (
                first.saturating_sub(pool.pad[at]),
                (first + pool.kernel[at]).saturating_sub(pool.pad[at]).min(side),
            )
        };
        let ((top, bottom), (left, right)) = (range(0, r, h), range(1, q, w));
        let values = (top..bottom).flat_map(|i| x[plane * h * w + i * w..][left..right].iter().copied());
        values.fold(f32::NEG_INFINITY, f32::max) == y[(plane * oh + r) * ow + q]
    };
    y.len() == planes * oh * ow && (0..LOOKS).all(right)
}
