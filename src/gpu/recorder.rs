//! Calls -> one command buffer.

use std::sync::Arc;
use std::time::Instant;

use super::timer::Timer;
use super::{Buffer, Gpu, Pipeline};
use crate::error::{Error, Result};
use crate::ops::{Op, Sizes};

/// A pipeline's operands, bound.
#[derive(Debug)]
pub struct Bound {
    raw: wgpu::BindGroup,
}

/// One kernel launch, ready to be recorded.
#[derive(Debug)]
pub struct Launch {
    /// The kernel.
    pub pipeline: Arc<Pipeline>,
    /// Its operands.
    pub bound: Bound,
    /// Workgroups along x, y and z.
    pub grid: [u32; 3],
}

/// A recorded command buffer.
#[derive(Debug)]
pub struct Commands(wgpu::CommandBuffer);

impl Gpu {
    /// Binds operands by the names of the shader's variables, and the parameter block of these sizes.
    ///
    /// # Errors
    /// [`Error::ShaderInterface`] where a variable has no operand, [`Error::Validation`].
    pub fn bind(
        &self,
        pipeline: &Pipeline,
        op: &'static Op,
        sizes: &Sizes,
        operands: &[(&str, &Buffer)],
    ) -> Result<Bound> {
        let interface = &pipeline.interface;
        let mut entries = Vec::new();
        for (binding, name, _) in &interface.storage {
            let Some((_, buffer)) = operands.iter().find(|(n, _)| n == name) else {
                return Err(Error::ShaderInterface {
                    file: "the shader".to_owned(),
                    op: op.name,
                    reason: format!("`{name}` is not used by these sizes ({sizes})"),
                });
            };
            entries
                .push(wgpu::BindGroupEntry { binding: *binding, resource: buffer.raw.as_entire_binding() });
        }
        let bytes = interface.params_bytes(op, sizes);
        let params = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("params"),
            size: (bytes.len() as u64).next_multiple_of(16).max(16),
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        if let Some(block) = &interface.params {
            self.queue.write_buffer(&params, 0, &bytes);
            entries
                .push(wgpu::BindGroupEntry { binding: block.binding, resource: params.as_entire_binding() });
        }
        let raw = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.raw.get_bind_group_layout(0),
            entries: &entries,
        });
        self.check("binding the operands")?;
        Ok(Bound { raw })
    }

    /// Records launches, in order, as one compute pass of one command buffer; `timer` brackets the pass with a slot of
    /// its own. `copy`, if any, is a copy of a buffer's first bytes to a staging buffer behind the pass.
    pub fn record<'a>(
        &self,
        launches: impl IntoIterator<Item = &'a Launch>,
        timer: Option<(&Timer, u32)>,
        copy: Option<(&Buffer, &Buffer, u64)>,
    ) -> Commands {
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: None,
                timestamp_writes: timer.map(|(timer, slot)| timer.writes(slot)),
            });
            for launch in launches {
                pass.set_pipeline(&launch.pipeline.raw);
                pass.set_bind_group(0, &launch.bound.raw, &[]);
                let [x, y, z] = launch.grid;
                pass.dispatch_workgroups(x, y, z);
            }
        }
        if let Some((from, to, bytes)) = copy {
            encoder.copy_buffer_to_buffer(&from.raw, 0, &to.raw, 0, bytes.next_multiple_of(4));
        }
        Commands(encoder.finish())
    }

    /// Submits and waits. Returns the nanoseconds from submission to completion on the host's clock.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::OutOfMemory`], [`Error::Validation`].
    pub fn run(&self, commands: Commands) -> Result<u64> {
        let start = Instant::now();
        self.queue.submit([commands.0]);
        self.wait("running the kernels")?;
        Ok(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}
