//! How much of an operand may lie on the device at a time.

use super::op_bytes;
use crate::error::Error;
use crate::gpu::{GUARD_BYTES, Gpu};
use crate::ops::{Op, Sizes};

/// The most bytes of one buffer on the device, guard cells included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    bytes: u64,
    limit_name: &'static str,
}

/// Bands of an image, of which several are under way at once, on the device and in staging memory: large enough that a
/// kernel outlasts what launching it costs, small enough that all of them are little beside an image worth cutting.
const BAND: u64 = 32 << 20;
/// Panels of a product that change from piece to piece: a block of C must give a large GPU enough patches to work on.
const PANEL: u64 = 128 << 20;
/// The panel that stays for many pieces: the larger it is, the less often the other operand is uploaded.
const RESIDENT: u64 = 512 << 20;

impl Budget {
    /// What the device allows.
    pub fn of(gpu: &Gpu) -> Self {
        let caps = gpu.caps();
        if caps.max_buffer_bytes < caps.max_binding_bytes {
            return Self { bytes: caps.max_buffer_bytes, limit_name: "maxBufferSize" };
        }
        Self { bytes: caps.max_binding_bytes, limit_name: "maxStorageBufferBindingSize" }
    }

    /// The same, lowered to `bytes` where that is less.
    #[must_use]
    pub fn at_most(self, bytes: u64) -> Self {
        if bytes < self.bytes { Self { bytes, limit_name: "the budget asked for" } } else { self }
    }

    /// Bytes of one buffer.
    pub fn bytes(self) -> u64 {
        self.bytes
    }

    /// Whether every operand of a call fits as it is.
    pub fn holds_call(self, op: &Op, sizes: &Sizes) -> bool {
        self.holds(op_bytes(op, sizes))
    }

    /// Whether an operand of `bytes` bytes fits.
    pub(super) fn holds(self, bytes: u64) -> bool {
        bytes.next_multiple_of(16).saturating_add(GUARD_BYTES) <= self.bytes
    }

    /// 32-bit elements of the largest operand that fits.
    pub(super) fn elements(self) -> usize {
        let bytes = self.bytes.saturating_sub(GUARD_BYTES) / 16 * 16;
        usize::try_from(bytes / 4).unwrap_or(usize::MAX)
    }

    /// For bands of an image.
    pub(super) fn bands(self) -> Self {
        self.at_most(BAND)
    }

    /// For panels that change from piece to piece.
    pub(super) fn panels(self) -> Self {
        self.at_most(PANEL)
    }

    /// For the panel that stays.
    pub(super) fn resident(self) -> Self {
        self.at_most(RESIDENT)
    }

    /// The error that says how far the smallest piece exceeds it.
    pub(super) fn exceeded(self, what: &str, bytes: u64) -> Error {
        Error::TooLarge {
            what: format!("{what} (bytes),"),
            needed: bytes.next_multiple_of(16).saturating_add(GUARD_BYTES),
            limit: self.bytes,
            limit_name: self.limit_name,
        }
    }
}

#[cfg(test)]
impl Budget {
    /// For tests without a device.
    pub(super) fn test(bytes: u64) -> Self {
        Self { bytes, limit_name: "test" }
    }
}
