//! Whether one of two sets of samples tends to larger values, without any assumption on their distribution: Mann and
//! Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger than the Other", Annals of
//! Mathematical Statistics 18 (1947).

use super::normal;

/// Up to so many samples on either side, and without ties, the p-value is exact.
const EXACT: usize = 30;

/// The result of the test of `a` against `b`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannWhitney {
    /// Pairs in which the value of `a` is the larger one; ties count half.
    pub u: f64,
    /// The two-sided p-value: how often samples from one and the same distribution differ at least as much.
    pub p: f64,
    /// Whether p was counted, and not taken from the normal approximation.
    pub exact: bool,
    /// The share of pairs in which the value of `a` is the larger one: 1/2 where neither side tends to larger values.
    pub share: f64,
}

/// Tests `a` against `b`. `None` where a side is empty or holds a NaN.
///
/// With ties, or with more than 30 samples on a side, p comes from the normal approximation with the variance corrected
/// for ties and the correction for continuity: Lehmann, "Nonparametrics" (1975), section 1.4.
pub fn mann_whitney(a: &[f64], b: &[f64]) -> Option<MannWhitney> {
    if a.is_empty() || b.is_empty() || a.iter().chain(b).any(|v| v.is_nan()) {
        return None;
    }
    let (n, m) = (a.len() as f64, b.len() as f64);
    let mut all: Vec<(f64, bool)> =
        a.iter().map(|v| (*v, true)).chain(b.iter().map(|v| (*v, false))).collect();
    all.sort_by(|x, y| x.0.total_cmp(&y.0));
    let (mut rank_sum, mut ties, mut start) = (0.0, 0.0, 0);
    for group in all.chunk_by(|x, y| x.0 == y.0) {
        let size = group.len() as f64;
        let rank = start as f64 + f64::midpoint(1.0, size);
        rank_sum += rank * group.iter().filter(|(_, of_a)| *of_a).count() as f64;
        ties += size.powi(3) - size;
        start += group.len();
    }
    let u = rank_sum - n * (n + 1.0) / 2.0;
    let exact = ties == 0.0 && a.len().max(b.len()) <= EXACT;
    let p = if exact { counted(a.len(), b.len(), u) } else { approximated(n, m, u, ties) };
    Some(MannWhitney { u, p, exact, share: u / (n * m) })
}

/// Twice the share of all arrangements whose U is as far out as `u`.
fn counted(n: usize, m: usize, u: f64) -> f64 {
    let pairs = n * m;
    // ways[j][v]: arrangements of so many values of a (the outer loop) with j of b whose U is v. The largest value is
    // either of a, and then above all j of b, or of b, and then adds nothing.
    let mut ways = vec![vec![0.0; pairs + 1]; m + 1];
    ways.iter_mut().for_each(|w| w[0] = 1.0);
    for _ in 1..=n {
        for j in 0..=m {
            let with_a: Vec<f64> = (0..=pairs).map(|v| if v >= j { ways[j][v - j] } else { 0.0 }).collect();
            let with_b = if j > 0 { ways[j - 1].clone() } else { vec![0.0; pairs + 1] };
            ways[j] = with_a.iter().zip(&with_b).map(|(x, y)| x + y).collect();
        }
    }
    let all: f64 = ways[m].iter().sum();
    let out = u.min(pairs as f64 - u);
    let tail: f64 =
        ways[m].iter().zip(0_u32..).take_while(|(_, v)| f64::from(*v) <= out).map(|(w, _)| w).sum();
    (2.0 * tail / all).min(1.0)
}

/// The normal approximation. `ties` is the sum of t^3 - t over groups of t equal values.
pub(super) fn approximated(n: f64, m: f64, u: f64, ties: f64) -> f64 {
    let all = n + m;
    let variance = n * m / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)).max(1.0));
    if variance <= 0.0 {
        return 1.0;
    }
    let away = ((u - n * m / 2.0).abs() - 0.5).max(0.0);
    normal::two_sided(away / variance.sqrt())
}
