//! The time of every phase of one call.

use std::time::Instant;

/// Nanoseconds of one call, end to end. On the CPU there is one phase, and the three times are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Phases {
    /// Copying the inputs to the device.
    pub upload_ns: Option<u64>,
    /// Recording the commands.
    pub encode_ns: Option<u64>,
    /// The kernels alone.
    pub kernel_ns: u64,
    /// Whether `kernel_ns` is from device timestamps; else it is from the host's clock.
    pub timestamps: bool,
    /// From submission to completion.
    pub resident_ns: u64,
    /// Copying the outputs back.
    pub download_ns: Option<u64>,
    /// Everything, on the host's clock.
    pub total_ns: u64,
}

impl Phases {
    /// A call on the CPU.
    pub fn cpu(ns: u64) -> Self {
        Self { kernel_ns: ns, resident_ns: ns, total_ns: ns, ..Self::default() }
    }
}

/// Nanoseconds since `start`.
pub(crate) fn since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
