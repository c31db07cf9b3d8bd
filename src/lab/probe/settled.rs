//! When a probe has seen the best that it will see.

/// Calls in a row that are not clearly better than the best before them.
const CALLS: u32 = 8;
/// What is clearly better: by more than this share.
const GAIN: f64 = 0.01;
/// Nanoseconds after which a probe ends all the same, and the calls that it has at least.
const LONGEST: (u64, u32) = (1_500_000_000, 3);

/// The best of a probe's calls so far, and how long it has stood.
#[derive(Debug, Default)]
pub(super) struct Best {
    /// The least time that was clearly better than the ones before.
    least: Option<f64>,
    since: u32,
    calls: u32,
    spent_ns: u64,
}

impl Best {
    /// Adds a call: the time that counts, and what it took in all.
    pub(super) fn add(&mut self, ns: u64, total_ns: u64) {
        let ns = ns as f64;
        self.calls += 1;
        self.spent_ns = self.spent_ns.saturating_add(total_ns);
        if self.least.is_none_or(|least| ns < least * (1.0 - GAIN)) {
            (self.least, self.since) = (Some(ns), 0);
        } else {
            self.since += 1;
        }
    }

    /// Whether more calls are not worth their time.
    pub(super) fn is_settled(&self) -> bool {
        let (longest, fewest) = LONGEST;
        self.since >= CALLS || (self.spent_ns >= longest && self.calls >= fewest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(time: impl Fn(u64) -> u64) -> u64 {
        let mut best = Best::default();
        (0..)
            .find(|i| {
                best.is_settled() || {
                    best.add(time(*i), time(*i));
                    false
                }
            })
            .unwrap_or(0)
    }

    #[test]
    fn it_goes_on_while_calls_get_better() {
        assert_eq!(calls(|_| 1000), 9);
        assert_eq!(calls(|i| 1000 - 20 * i.min(10)), 19, "the best came with the eleventh");
        assert_eq!(calls(|i| 1000 - i.min(100)), 9, "a thousandth a call is not clearly better");
        assert_eq!(calls(|_| 1_000_000_000), 3);
    }
}
