//! Our best variant beside each other library at the same sizes: ratios within one run, with intervals.
//!
//! Such runs go in rounds, ours and then each library, so that what shifts the machine for minutes meets both sides of a round
//! alike. The ratio is taken round by round; its interval says how far the rounds agree (`by_rounds`).
//!
//! A row of another library has a variant that begins with [`PREFIX`]. Like is held against like: what runs on the CPU
//! against our CPU variants with no more threads, what runs on an adapter against our kernels on that adapter.

use super::by_rounds::{paired, usable};
use super::points::{Point, Time};
use super::stats::Estimate;
use crate::record::{Clock, WITH_CHECKS};

/// What the variants of other libraries begin with.
pub const PREFIX: &str = "peer_";

/// Whether a variant is another library's.
pub fn is_peer(variant: &str) -> bool {
    variant.starts_with(PREFIX)
}

/// Which of the two is faster beyond doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Winner {
    /// Our variant: the interval of the ratio lies above 1.
    Ours,
    /// The other library: the interval lies below 1.
    Peer,
    /// The interval holds 1, or there is none.
    Unclear,
}

/// Another library beside our best variant at one point.
#[derive(Debug, Clone, PartialEq)]
pub struct Beside<'a> {
    /// Our variant with the least median.
    pub ours: &'a Point,
    /// The other library.
    pub peer: &'a Point,
    /// Which time is compared: the call on the CPU; on an adapter the kernel where the device's timestamps give it on
    /// both sides, else resident.
    pub time: Time,
    /// The other library's time over ours, how many times as fast ours is: the geometric mean over the rounds; of a single
    /// round, and without an interval where one side has more rounds than the other, the ratio of the medians.
    pub ratio: Estimate,
    /// Rounds of ours and of the library that have a time.
    pub rounds: [usize; 2],
}

impl Beside<'_> {
    /// Who is faster.
    pub fn winner(&self) -> Winner {
        match self.ratio.interval {
            Some(i) if i.low > 1.0 => Winner::Ours,
            Some(i) if i.high < 1.0 => Winner::Peer,
            _ => Winner::Unclear,
        }
    }
}

/// Every point of another library beside our best at the same op and sizes, in the order of the rows. A point without
/// one of ours to compare with is left out.
pub fn beside(points: &[Point]) -> Vec<Beside<'_>> {
    points
        .iter()
        .filter(|p| is_peer(&p.variant))
        .filter_map(|peer| best_beside(points, peer))
        .map(by_rounds)
        .collect()
}

/// With the ratio over the rounds where both sides have as many, two or more. Rounds are known by their place alone: where a
/// side missed one, no round of it can be told to be the other's.
fn by_rounds(mut beside: Beside<'_>) -> Beside<'_> {
    let [ours, theirs] = [beside.ours, beside.peer].map(|p| p.round_medians(beside.time));
    beside.rounds = [ours.len(), theirs.len()];
    if ours.len() != theirs.len() {
        beside.ratio.interval = None;
    } else if usable(ours) && usable(theirs) {
        let pairs: Vec<(f64, f64)> = ours.iter().copied().zip(theirs.iter().copied()).collect();
        beside.ratio = paired(&pairs).map_or(beside.ratio, |judged| judged.ratio);
    }
    beside
}

fn best_beside<'a>(points: &'a [Point], peer: &'a Point) -> Option<Beside<'a>> {
    let like = |p: &&Point| {
        let of_ours = !is_peer(&p.variant) && !p.variant.ends_with(WITH_CHECKS);
        let same = p.op == peer.op && p.sizes == peer.sizes && of_ours;
        let place = match (p.threads, peer.threads) {
            (Some(ours), Some(theirs)) => ours <= theirs,
            (None, None) => p.adapter == peer.adapter,
            _ => false,
        };
        same && place
    };
    let times: &[Time] = match peer.threads {
        Some(_) => &[Time::EndToEnd],
        None if peer.clock == Some(Clock::Timestamp) => &[Time::Kernel, Time::Resident],
        None => &[Time::Resident],
    };
    times.iter().find_map(|&time| {
        let theirs = peer.resamples(time)?;
        let usable = |p: &&Point| time != Time::Kernel || p.clock == Some(Clock::Timestamp);
        let timed = points.iter().filter(like).filter(usable).filter_map(|p| Some((p, p.resamples(time)?)));
        let (ours, least) = timed.min_by(|a, b| a.1.estimate().value.total_cmp(&b.1.estimate().value))?;
        Some(Beside { ours, peer, time, ratio: theirs.ratio(least)?, rounds: [0; 2] })
    })
}
