//! Rows grouped into points: one variant at one set of sizes, with the statistics of its times.

use super::bootstrap::Resamples;
use super::quality::{Quality, quality};
use super::stats::{Estimate, median};
use crate::record::{CallKind, Clock, Row, Status};

/// The sizes of a point, by name, in the op's order.
pub type Sizes = Vec<(String, String)>;

/// Which time of a call. The three are never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Time {
    /// The kernels alone.
    Kernel,
    /// From submission to completion, with the data on the device.
    Resident,
    /// From the first byte uploaded to the last byte downloaded.
    EndToEnd,
}

impl Time {
    /// All three, from the narrowest to the widest.
    pub const ALL: [Self; 3] = [Self::Kernel, Self::Resident, Self::EndToEnd];

    /// Its name in tables and captions.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Resident => "resident",
            Self::EndToEnd => "end to end",
        }
    }
}

/// Median times of the parts of a warm call, in nanoseconds. What was not measured is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Phases {
    /// Copying the inputs to the device.
    pub upload: Option<f64>,
    /// Recording the commands.
    pub encode: Option<f64>,
    /// The kernels.
    pub kernel: Option<f64>,
    /// Launching and waiting: resident less kernel, not below 0.
    pub launch: Option<f64>,
    /// Copying the outputs back.
    pub download: Option<f64>,
}

/// One variant at one set of sizes.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The operation.
    pub op: String,
    /// The variant.
    pub variant: String,
    /// CPU threads; absent for GPU variants.
    pub threads: Option<u32>,
    /// The sizes.
    pub sizes: Sizes,
    /// The adapter, or the CPU.
    pub adapter: String,
    /// Whether the adapter is a CPU that poses as a GPU.
    pub software: bool,
    /// Floating-point operations or comparisons of one call.
    pub flops: u64,
    /// Bytes that one call must at least move.
    pub bytes: u64,
    /// Where the kernel times come from; absent for CPU variants.
    pub clock: Option<Clock>,
    /// Median parts of a warm call.
    pub phases: Phases,
    /// The median end-to-end time of the first calls, in nanoseconds: of those that compiled, where any did, since rounds after
    /// the first find their kernels ready.
    pub first: Option<f64>,
    times: [Option<Resamples>; 3],
    round_medians: [Vec<f64>; 3],
}

impl Point {
    /// Whether it ran on the CPU without a device: rows of CPU variants carry their threads.
    pub fn on_cpu(&self) -> bool {
        self.threads.is_some()
    }

    /// The warm calls' median in nanoseconds, with its interval. On the CPU the three times are one.
    pub fn time(&self, time: Time) -> Option<Estimate> {
        self.resamples(time).map(Resamples::estimate)
    }

    /// What speaks against the samples behind [`Self::time`], and how many of them stand apart.
    pub fn quality(&self, time: Time) -> Option<Quality> {
        self.resamples(time).map(|r| quality(r.samples()))
    }

    /// The median of the warm calls of each round that has any, in nanoseconds. A first call begins a round, as
    /// [`CallKind::First`] says.
    pub fn round_medians(&self, time: Time) -> &[f64] {
        &self.round_medians[time as usize]
    }

    /// The samples behind [`Self::time`] and the medians of their resamples.
    pub fn resamples(&self, time: Time) -> Option<&Resamples> {
        self.times[time as usize].as_ref()
    }

    /// The resamples of a time, drawn from a stream that no point of another run has: what is to be compared with a point of
    /// the same name must not draw the same numbers.
    pub fn resamples_apart(&self, time: Time) -> Option<Resamples> {
        const APART: u8 = 0x80;
        let name = name(&self.op, &self.variant, self.threads, &self.sizes);
        Resamples::draw(self.resamples(time)?.samples(), stream(&name, APART))
    }
}

/// Why there is no time at a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The operation.
    pub op: String,
    /// The variant.
    pub variant: String,
    /// The sizes.
    pub sizes: Sizes,
    /// [`Status::Skipped`] or [`Status::Failed`].
    pub status: Status,
    /// Why.
    pub reason: String,
}

/// Groups rows by op, sizes, variant and threads, in the order in which they first appear.
///
/// Only warm calls of points that are ok enter the statistics; first calls are kept apart; a point without a warm
/// call is no point, and neither is one that was found wrong at last. Each quantity is resampled from a stream of its own, derived from its names: the order of the
/// rows of other points does not matter.
pub fn points(rows: &[Row]) -> Vec<Point> {
    let mut groups: Vec<(&Row, Vec<&Row>)> = Vec::new();
    let mut index = std::collections::HashMap::new();
    let failed: std::collections::HashSet<_> = rows
        .iter()
        .filter(|r| r.status == Status::Failed)
        .map(|r| (&r.op, &r.sizes, &r.variant, r.threads))
        .collect();
    for row in rows.iter().filter(|r| r.status == Status::Ok) {
        let key = (&row.op, &row.sizes, &row.variant, row.threads);
        if failed.contains(&key) {
            continue;
        }
        let at = *index.entry(key).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, members)) => members.push(row),
            None => groups.push((row, vec![row])),
        }
    }
    groups.iter().filter_map(|(head, members)| point(head, members)).collect()
}

/// The rows that have a reason in place of times, each reason once.
pub fn troubles(rows: &[Row]) -> Vec<Trouble> {
    let mut found: Vec<Trouble> = Vec::new();
    for row in rows.iter().filter(|r| r.status != Status::Ok) {
        let trouble = Trouble {
            op: row.op.clone(),
            variant: row.variant.clone(),
            sizes: row.sizes.clone(),
            status: row.status,
            reason: row.reason.clone(),
        };
        if !found.contains(&trouble) {
            found.push(trouble);
        }
    }
    found
}

fn point(head: &Row, members: &[&Row]) -> Option<Point> {
    let of_kind = |kind: CallKind| members.iter().copied().filter(move |r| r.call == Some(kind));
    let warm = |cell: fn(&Row) -> Option<u64>| -> Vec<f64> {
        of_kind(CallKind::Warm).filter_map(cell).map(nanoseconds).collect()
    };
    let compiled = of_kind(CallKind::First).any(|r| r.compile_ns.is_some());
    let first: Vec<f64> = of_kind(CallKind::First)
        .filter(|r| r.compile_ns.is_some() || !compiled)
        .filter_map(whole)
        .map(nanoseconds)
        .collect();
    let name = name(&head.op, &head.variant, head.threads, &head.sizes);
    let mut kind = 0_u8;
    let mut draw = |cell: fn(&Row) -> Option<u64>| {
        kind += 1;
        Resamples::draw(&warm(cell), stream(&name, kind))
    };
    let times = if head.threads.is_some() {
        // On the CPU the three are one, to the ends of their intervals.
        let whole = draw(whole);
        [whole.clone(), whole.clone(), whole]
    } else {
        [draw(|r| r.kernel_ns), draw(|r| r.resident_ns), draw(|r| r.total_ns)]
    };
    if times.iter().all(Option::is_none) {
        return None;
    }
    let medians = |cell: fn(&Row) -> Option<u64>| -> Vec<f64> {
        rounds(members, cell).iter().filter_map(|round| median(round)).collect()
    };
    let round_medians = if head.threads.is_some() {
        let of_calls = medians(whole);
        [of_calls.clone(), of_calls.clone(), of_calls]
    } else {
        [medians(|r| r.kernel_ns), medians(|r| r.resident_ns), medians(|r| r.total_ns)]
    };
    let launch: Vec<f64> = of_kind(CallKind::Warm)
        .filter_map(|r| Some(nanoseconds(r.resident_ns?.saturating_sub(r.kernel_ns?))))
        .collect();
    let phases = Phases {
        upload: median(&warm(|r| r.upload_ns)),
        encode: median(&warm(|r| r.encode_ns)),
        kernel: median(&warm(if head.threads.is_some() { whole } else { |r| r.kernel_ns })),
        launch: if head.threads.is_some() { None } else { median(&launch) },
        download: median(&warm(|r| r.download_ns)),
    };
    Some(Point {
        op: head.op.clone(),
        variant: head.variant.clone(),
        threads: head.threads,
        sizes: head.sizes.clone(),
        adapter: head.adapter.clone(),
        software: head.software,
        flops: head.flops,
        bytes: head.bytes,
        clock: of_kind(CallKind::Warm).find_map(|r| r.clock).filter(|_| head.threads.is_none()),
        phases,
        first: median(&first),
        times,
        round_medians,
    })
}

/// The op of whole trainings, and of their epochs.
const TRAINING: &str = "training";

/// The warm times of a point's rows, cut where a first call stands and, of rows of several runs, where the numbers of the
/// warm samples begin again. Whole trainings, which have no first call, were processes of their own: each is a round.
fn rounds(members: &[&Row], cell: fn(&Row) -> Option<u64>) -> Vec<Vec<f64>> {
    let whole = members.iter().all(|row| row.op == TRAINING && row.call == Some(CallKind::Warm));
    let mut found: Vec<Vec<f64>> = Vec::new();
    let mut last: Option<u32> = None;
    for row in members {
        if row.call == Some(CallKind::First) {
            found.push(Vec::new());
            last = None;
            continue;
        }
        if whole || found.is_empty() || last.is_some_and(|last| row.sample <= last) {
            found.push(Vec::new());
        }
        last = Some(row.sample);
        if let (Some(round), Some(time)) = (found.last_mut(), cell(row)) {
            round.push(nanoseconds(time));
        }
    }
    found
}

/// What a point's streams of random numbers are named after.
fn name(op: &str, variant: &str, threads: Option<u32>, sizes: &[(String, String)]) -> String {
    format!("{op}/{variant}/{threads:?}/{sizes:?}")
}

/// The widest time of a row: on the CPU there is nothing but the call, whichever column holds it.
fn whole(row: &Row) -> Option<u64> {
    row.total_ns.or(row.resident_ns).or(row.kernel_ns)
}

fn nanoseconds(value: u64) -> f64 {
    value as f64
}

/// A number for a quantity's stream of random numbers: FNV-1a, 64 bits, over its name.
fn stream(name: &str, kind: u8) -> u64 {
    let bytes = name.bytes().chain([kind]);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
