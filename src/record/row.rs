//! One row of `samples.csv`: one timed call, or the reason why there is none.

/// Whether a sample is the first call of a variant at a point (pipeline creation and cold caches included) or a
/// later one. The two are never mixed in a statistic.
///
/// Within one point (op, sizes, variant and threads) a first call begins a **round**: the warm calls up to the next first
/// one were taken at one time, those of another round when the sweep came by again. Only the first of a process's rounds
/// compiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallKind {
    /// The first call of a round: with compilation, where that was still to be done.
    First,
    /// A call after warm-up.
    Warm,
}

/// Which clock `kernel_ns` comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Timestamps written by the device around the kernels.
    Timestamp,
    /// The host's clock around submission and completion: launch latency included.
    Wall,
}

/// What became of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Verified and measured.
    Ok,
    /// Not run, with a reason.
    Skipped,
    /// Run and found wrong, or stopped by an error; with a reason.
    Failed,
}

/// What ends the name of a variant whose kernels keep the checks of bounds and loops in a run that leaves them out.
pub const WITH_CHECKS: &str = "+checks";

/// One row of `samples.csv`. All times are nanoseconds; an absent time is an empty cell, never 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The experiment's name.
    pub experiment: String,
    /// The operation.
    pub op: String,
    /// The variant.
    pub variant: String,
    /// The adapter's name, or the CPU's for CPU variants.
    pub adapter: String,
    /// Whether the adapter is a CPU that poses as a GPU. `false` for CPU variants.
    pub software: bool,
    /// CPU threads used; absent for GPU variants.
    pub threads: Option<u32>,
    /// The op's sizes by name, in the op's order: `[("m", "64"), ...]`. One CSV column each.
    pub sizes: Vec<(String, String)>,
    /// Floating-point operations (or comparisons) of one call, from the op's cost.
    pub flops: u64,
    /// Bytes that one call must at least read and write, from the op's cost.
    pub bytes: u64,
    /// Seed of the inputs.
    pub seed: u64,
    /// Number of the sample within its variant and point, from 0. Skipped and failed points have sample 0.
    pub sample: u32,
    /// First call or warm call; absent where nothing was timed.
    pub call: Option<CallKind>,
    /// Time to make the inputs on the host.
    pub prepare_ns: Option<u64>,
    /// Time to build the pipelines; only in first calls.
    pub compile_ns: Option<u64>,
    /// Time to copy the inputs to the device.
    pub upload_ns: Option<u64>,
    /// Time to record the commands.
    pub encode_ns: Option<u64>,
    /// Time of the kernels alone.
    pub kernel_ns: Option<u64>,
    /// Time from submission to completion, data already on the device.
    pub resident_ns: Option<u64>,
    /// Time to copy the outputs back.
    pub download_ns: Option<u64>,
    /// End to end: upload to download, on the host's clock.
    pub total_ns: Option<u64>,
    /// Where `kernel_ns` comes from.
    pub clock: Option<Clock>,
    /// What became of the point.
    pub status: Status,
    /// Why it was skipped or failed; empty when ok.
    pub reason: String,
}
