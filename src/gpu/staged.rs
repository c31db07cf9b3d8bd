//! Submissions whose copies overlap with the host's work: staging buffers that the host fills and reads while the device
//! works on others.

use super::recorder::{Launch, Transfer};
use super::{Buffer, Gpu};
use crate::error::{Error, Result};

/// A submission that can be waited for by itself, whatever was submitted after it.
#[derive(Debug)]
pub struct Ticket(wgpu::SubmissionIndex);

impl Gpu {
    /// A staging buffer for uploads of up to `bytes` bytes, ready for [`Gpu::fill`].
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn upload_staging(&self, bytes: u64) -> Result<Buffer> {
        let size = bytes.next_multiple_of(8).max(8);
        let raw = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("staging of uploads"),
            size,
            usage: wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: true,
        });
        self.count_allocation();
        self.check(&format!("allocating {size} bytes of staging memory"))?;
        Ok(Buffer::whole(raw))
    }

    /// Fills an upload's staging buffer and hands it to the device. It must be new, or the submission that it was part of
    /// must have been waited for. `write` gets a function that puts bytes at an offset.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] where the memory is gone.
    pub fn fill(&self, staging: &Buffer, write: impl FnOnce(&mut dyn FnMut(usize, &[u8]))) -> Result<()> {
        let view = staging.raw.slice(..).get_mapped_range_mut();
        let mut view = view.map_err(|e| Error::DeviceLost { message: e.to_string() })?;
        write(&mut |at, bytes| view.slice(at..at + bytes.len()).copy_from_slice(bytes));
        drop(view);
        staging.raw.unmap();
        Ok(())
    }

    /// Submits copies out of filled staging buffers, launches, and copies into [`Gpu::staging`], in this order, and does
    /// not wait. Once the ticket was waited for, the former can be filled again, the latter be read by
    /// [`Gpu::read_mapped`].
    pub fn submit_staged<'a>(
        &self,
        uploads: &[Transfer<'_>],
        launches: impl IntoIterator<Item = &'a Launch>,
        downloads: &[Transfer<'_>],
    ) -> Ticket {
        let commands = self.record_between(uploads, launches, None, downloads);
        self.count_submission();
        let ticket = Ticket(self.queue.submit([commands.0]));
        for upload in uploads {
            upload.from.0.raw.slice(..).map_async(wgpu::MapMode::Write, |_| ());
        }
        for download in downloads {
            download.to.0.raw.slice(..).map_async(wgpu::MapMode::Read, |_| ());
        }
        ticket
    }

    /// Waits until a submission is done, and what was submitted before it.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::OutOfMemory`], [`Error::Validation`].
    pub fn wait_for(&self, ticket: Ticket) -> Result<()> {
        let poll = wgpu::PollType::Wait { submission_index: Some(ticket.0), timeout: None };
        let polled = self.device.poll(poll);
        self.check("running the kernels")?;
        polled.map(|_| ()).map_err(|e| Error::DeviceLost { message: e.to_string() })
    }

    /// Shows the first `bytes` bytes of a staging buffer whose submission was waited for, and frees it for the next one.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] where the memory is gone.
    pub fn read_mapped<T>(&self, staging: &Buffer, bytes: u64, read: impl FnOnce(&[u8]) -> T) -> Result<T> {
        let view = staging.raw.slice(..bytes).get_mapped_range();
        let view = view.map_err(|e| Error::DeviceLost { message: e.to_string() })?;
        let value = read(&view);
        drop(view);
        staging.raw.unmap();
        Ok(value)
    }
}
