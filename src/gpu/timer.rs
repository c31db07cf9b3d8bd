//! Kernel time from device timestamps, believed only where it is plausible, with the host's clock as the labelled
//! fallback.

use super::{Buffer, Gpu};
use crate::error::Result;

/// Pairs of timestamps around compute passes, one pair a slot.
#[derive(Debug)]
pub struct Timer {
    slots: u32,
    queries: wgpu::QuerySet,
    resolved: Buffer,
    staging: Buffer,
    period_ns: f64,
}

/// The time of one or more passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KernelTime {
    /// By the device's timestamps.
    Timestamp(u64),
    /// By the host's clock from submission to completion, because the device has no timestamps or they lie.
    Wall(u64),
}

impl Gpu {
    /// The most slots a timer can have.
    pub const TIMER_SLOTS: u32 = wgpu::QUERY_SET_MAX_QUERIES / 2;

    /// A timer for `slots` passes, where the device has timestamps.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`].
    pub fn timer(&self, slots: u32) -> Result<Option<Timer>> {
        if !self.caps().timestamps {
            return Ok(None);
        }
        let slots = slots.clamp(1, Self::TIMER_SLOTS);
        let queries = self.device.create_query_set(&wgpu::QuerySetDescriptor {
            label: Some("kernel time"),
            ty: wgpu::QueryType::Timestamp,
            count: 2 * slots,
        });
        let bytes = u64::from(slots) * 16;
        let raw = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("resolved timestamps"),
            size: bytes,
            usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        self.check("making a timer")?;
        let staging = self.staging(bytes)?;
        let period_ns = f64::from(self.queue.get_timestamp_period());
        Ok(Some(Timer { slots, queries, resolved: Buffer::whole(raw), staging, period_ns }))
    }

    /// The time of the passes in the first `slots` slots, which took `resident_ns` on the host's clock from submission
    /// to completion, all together.
    ///
    /// # Errors
    /// [`crate::Error::DeviceLost`].
    pub fn kernel_time(&self, timer: Option<&Timer>, slots: u32, resident_ns: u64) -> Result<KernelTime> {
        let Some(timer) = timer else { return Ok(KernelTime::Wall(resident_ns)) };
        let slots = slots.min(timer.slots);
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.resolve_query_set(&timer.queries, 0..2 * slots, &timer.resolved.raw, 0);
        let bytes = u64::from(slots) * 16;
        encoder.copy_buffer_to_buffer(&timer.resolved.raw, 0, &timer.staging.raw, 0, bytes);
        self.queue.submit([encoder.finish()]);
        let pairs = self.read_staging(&timer.staging, bytes, |bytes| {
            let tick = |b: &[u8]| b.first_chunk().map_or(0, |b| u64::from_ne_bytes(*b));
            bytes.chunks_exact(16).map(|pair| [tick(pair), tick(&pair[8..])]).collect::<Vec<_>>()
        })?;
        Ok(plausible(&pairs, timer.period_ns, resident_ns))
    }
}

impl Timer {
    /// How many passes it can time at once.
    pub fn slots(&self) -> u32 {
        self.slots
    }

    pub(super) fn writes(&self, slot: u32) -> wgpu::ComputePassTimestampWrites<'_> {
        wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(2 * slot),
            end_of_pass_write_index: Some(2 * slot + 1),
        }
    }
}

/// Timestamps are believed when all are set, in order, apart, and together no longer than the host saw the submissions
/// take. Drivers are known that write zeros, write them in disorder, or quantise them until they are equal.
fn plausible(pairs: &[[u64; 2]], period_ns: f64, resident_ns: u64) -> KernelTime {
    let set = |&[begin, end]: &[u64; 2]| begin != 0 && end > begin;
    let ticks: u64 = pairs.iter().filter(|p| set(p)).map(|[begin, end]| end - begin).sum();
    let span = ticks as f64 * period_ns;
    // Written so that a NaN is not believed.
    if !(pairs.iter().all(set) && span >= 1.0 && span <= resident_ns as f64) {
        return KernelTime::Wall(resident_ns);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and resident_ns")]
    KernelTime::Timestamp(span.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lying_timestamps_fall_back_to_the_wall_clock() {
        let wall = KernelTime::Wall(1000);
        assert_eq!(plausible(&[[0, 0]], 1.0, 1000), wall);
        assert_eq!(plausible(&[[9, 5]], 1.0, 1000), wall);
        assert_eq!(plausible(&[[5, 5]], 1.0, 1000), wall);
        assert_eq!(plausible(&[[5, 5000]], 1.0, 1000), wall);
        assert_eq!(plausible(&[[5, 10]], 0.0, 1000), wall);
        assert_eq!(plausible(&[[5, 10]], f64::NAN, 1000), wall);
        assert_eq!(plausible(&[[5, 10], [0, 0]], 1.0, 1000), wall);
        assert_eq!(plausible(&[[5, 15]], 10.0, 1000), KernelTime::Timestamp(100));
        assert_eq!(plausible(&[[5, 15], [20, 40]], 10.0, 1000), KernelTime::Timestamp(300));
    }
}
