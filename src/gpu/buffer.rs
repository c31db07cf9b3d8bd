//! Device buffers with guard cells behind them; upload and download.

use super::Gpu;
use crate::error::{Error, Result};
use crate::ops::POISON;

/// Bytes behind every operand that no kernel may touch. They are inside the binding, so that a write past the end lands
/// there instead of being dropped by the bounds checks.
pub const GUARD_BYTES: u64 = 256;

/// A device buffer for one operand.
#[derive(Debug)]
pub struct Buffer {
    pub(super) raw: wgpu::Buffer,
    /// Bytes of the operand, guard cells not counted.
    bytes: u64,
}

impl Buffer {
    /// Bytes of the operand, guard cells not counted.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A buffer without guard cells.
    pub(super) fn whole(raw: wgpu::Buffer) -> Self {
        let bytes = raw.size();
        Self { raw, bytes }
    }
}

impl Gpu {
    /// A buffer of `bytes` bytes for the operand `what`, uninitialised. It is padded to 16 bytes, so that kernels may
    /// read it as four-component vectors, and guard cells follow.
    ///
    /// # Errors
    /// [`Error::TooLarge`] past the device's limits, [`Error::OutOfMemory`].
    pub fn buffer(&self, what: &str, bytes: u64) -> Result<Buffer> {
        let size = bytes.next_multiple_of(16) + GUARD_BYTES;
        let caps = self.caps();
        for (limit, limit_name) in [
            (caps.max_binding_bytes, "maxStorageBufferBindingSize"),
            (caps.max_buffer_bytes, "maxBufferSize"),
        ] {
            if size > limit {
                return Err(Error::TooLarge {
                    what: format!("{what} (bytes)"),
                    needed: size,
                    limit,
                    limit_name,
                });
            }
        }
        let raw = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(what),
            size,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        self.count_allocation();
        self.check(&format!("allocating {size} bytes for {what}"))?;
        Ok(Buffer { raw, bytes })
    }

    /// Hands host data over for the start of a buffer; the device has it before the next submission runs. Does not wait.
    pub fn write(&self, buffer: &Buffer, bytes: &[u8]) {
        self.write_at(buffer, 0, bytes);
    }

    /// The same from byte `at` on, a multiple of 4.
    pub fn write_at(&self, buffer: &Buffer, at: u64, bytes: &[u8]) {
        assert!(at + bytes.len() as u64 <= buffer.raw.size(), "an upload must fit its buffer");
        // Copies are of whole words; an odd number of halves ends inside one, whose rest is padding.
        let (words, rest) = bytes.split_at(bytes.len() / 4 * 4);
        self.queue.write_buffer(&buffer.raw, at, words);
        if !rest.is_empty() {
            let mut last = [0; 4];
            last[..rest.len()].copy_from_slice(rest);
            self.queue.write_buffer(&buffer.raw, at + words.len() as u64, &last);
        }
    }

    /// Copies host data to the starts of buffers and waits until it is there.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::OutOfMemory`].
    pub fn upload<'a>(&self, data: impl IntoIterator<Item = (&'a Buffer, &'a [u8])>) -> Result<()> {
        for (buffer, bytes) in data {
            self.write(buffer, bytes);
        }
        self.queue.submit([]);
        self.wait("uploading")
    }

    /// Fills buffers, their guard cells included, with the bits of [`POISON`].
    ///
    /// # Errors
    /// As [`Gpu::upload`].
    pub fn poison<'a>(&self, buffers: impl IntoIterator<Item = &'a Buffer>) -> Result<()> {
        let filled: Vec<_> = buffers
            .into_iter()
            .map(|b| (b, POISON.to_ne_bytes().repeat(usize::try_from(b.raw.size() / 4).unwrap_or(0))))
            .collect();
        self.upload(filled.iter().map(|(buffer, bytes)| (*buffer, bytes.as_slice())))
    }

    /// A staging buffer for [`Gpu::download`] of up to `bytes` bytes, reused from call to call.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn staging(&self, bytes: u64) -> Result<Buffer> {
        let size = bytes.next_multiple_of(8).max(8);
        let raw = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("staging"),
            size,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        self.count_allocation();
        self.check(&format!("allocating {size} bytes of staging memory"))?;
        Ok(Buffer::whole(raw))
    }

    /// Copies the first `bytes` bytes of a buffer to the host: `read` sees them where they lie.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Validation`].
    pub fn download<T>(
        &self,
        from: &Buffer,
        bytes: u64,
        staging: &Buffer,
        read: impl FnOnce(&[u8]) -> T,
    ) -> Result<T> {
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let copied = bytes.next_multiple_of(4);
        encoder.copy_buffer_to_buffer(&from.raw, 0, &staging.raw, 0, copied);
        self.queue.submit([encoder.finish()]);
        self.read_staging(staging, bytes, read)
    }

    /// Maps a staging buffer once what was submitted is done, and shows its first `bytes` bytes.
    ///
    /// # Errors
    /// As [`Gpu::download`].
    pub fn read_staging<T>(&self, staging: &Buffer, bytes: u64, read: impl FnOnce(&[u8]) -> T) -> Result<T> {
        let slice = staging.raw.slice(0..bytes.next_multiple_of(4));
        slice.map_async(wgpu::MapMode::Read, |_| ());
        self.wait("downloading")?;
        let view = slice.get_mapped_range().map_err(|e| Error::DeviceLost { message: e.to_string() })?;
        let length = usize::try_from(bytes).unwrap_or(view.len()).min(view.len());
        let value = read(&view[..length]);
        drop(view);
        staging.raw.unmap();
        Ok(value)
    }

    /// Copies an operand and its guard cells to the host.
    ///
    /// # Errors
    /// As [`Gpu::download`].
    pub fn download_guarded(&self, from: &Buffer) -> Result<(Vec<u8>, Vec<u8>)> {
        let size = from.raw.size();
        let staging = self.staging(size)?;
        let bytes = self.download(from, size, &staging, <[u8]>::to_vec)?;
        let end = usize::try_from(from.bytes).unwrap_or(bytes.len()).min(bytes.len());
        let (operand, guard) = bytes.split_at(end);
        Ok((operand.to_vec(), guard.to_vec()))
    }
}
