//! How a long window is reached by short ones: maxima of up to four taps, of up to four of those, and so on. The last of
//! them may overlap, which no maximum minds.

use super::order::Order;

/// Taps that are compared in one step where windows share them.
const TAPS: usize = 4;

/// One step: each element is the winner of `taps` elements of the step before, `stride` apart, the last of them `reach`
/// after the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) taps: usize,
    pub(super) stride: usize,
    pub(super) reach: usize,
}

impl Step {
    /// Where tap `i` stands, counted from tap 0.
    #[inline(always)]
    pub(super) fn offset(&self, i: usize) -> usize {
        (i * self.stride).min(self.reach)
    }
}

/// The steps to windows of `k` taps that are `d` apart, for neighbours that share their maxima; one step at least.
pub(super) fn shared(k: usize, d: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut reached = 1;
    while reached < k || steps.is_empty() {
        let taps = k.div_ceil(reached).min(TAPS);
        let next = (taps * reached).min(k);
        steps.push(Step { taps, stride: reached * d, reach: (next - reached) * d });
        reached = next;
    }
    steps
}

/// The one step of windows that have nothing to share.
pub(super) fn alone(k: usize, d: usize) -> Vec<Step> {
    vec![Step { taps: k, stride: d, reach: (k - 1) * d }]
}

/// The winners of `taps` runs of elements. `tap` gives the run of a tap, as long as `to` or longer.
#[inline(always)]
pub(super) fn winners<'t, O: Order>(taps: usize, tap: impl Fn(usize) -> &'t [O::Tap], to: &mut [O::Tap])
where
    O::Tap: 't,
{
    match taps {
        1 => to.copy_from_slice(&tap(0)[..to.len()]),
        2 => {
            for ((to, &a), &b) in to.iter_mut().zip(tap(0)).zip(tap(1)) {
                *to = O::winner(a, b);
            }
        }
        3 => {
            for (((to, &a), &b), &c) in to.iter_mut().zip(tap(0)).zip(tap(1)).zip(tap(2)) {
                *to = O::winner(O::winner(a, b), c);
            }
        }
        _ => {
            for ((((to, &a), &b), &c), &d) in to.iter_mut().zip(tap(0)).zip(tap(1)).zip(tap(2)).zip(tap(3)) {
                *to = O::winner(O::winner(a, b), O::winner(c, d));
            }
            for i in TAPS..taps {
                to.iter_mut().zip(tap(i)).for_each(|(to, &v)| *to = O::winner(*to, v));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Step, shared};

    /// Every tap of the window is reached, and none beyond it.
    #[test]
    fn steps_reach_every_tap_of_a_window() {
        for (k, d) in (1..200).flat_map(|k| (1..4).map(move |d| (k, d))) {
            let mut taps = vec![0];
            for step in shared(k, d) {
                taps = taps.iter().flat_map(|t| (0..step.taps).map(move |i| t + step.offset(i))).collect();
            }
            taps.sort_unstable();
            taps.dedup();
            assert_eq!(taps, (0..k).map(|i| i * d).collect::<Vec<_>>(), "{k} {d}");
        }
    }

    #[test]
    fn four_taps_at_a_time_reach_thirty_one_in_three_steps() {
        let steps = shared(31, 1);
        assert_eq!(steps.iter().map(|s| s.taps).collect::<Vec<_>>(), [4, 4, 2]);
        assert_eq!(steps[2], Step { taps: 2, stride: 16, reach: 15 });
    }
}
