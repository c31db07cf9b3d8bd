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
    /// The parameter block.
    params: Option<wgpu::Buffer>,
}

/// What a variable of a shader is bound to.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'b> {
    /// The variable.
    pub name: &'b str,
    /// The buffer.
    pub buffer: &'b Buffer,
    /// First byte and number of bytes; `None` for the whole buffer with its guard cells.
    pub part: Option<(u64, u64)>,
}

impl<'b> Binding<'b> {
    /// A whole buffer.
    pub fn whole(name: &'b str, buffer: &'b Buffer) -> Self {
        Self { name, buffer, part: None }
    }
}

/// A copy between buffers, in bytes; offsets and sizes are multiples of 4.
#[derive(Debug, Clone, Copy)]
pub struct Transfer<'b> {
    /// From where, and its first byte.
    pub from: (&'b Buffer, u64),
    /// To where, and its first byte.
    pub to: (&'b Buffer, u64),
    /// How many.
    pub bytes: u64,
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
pub struct Commands(pub(super) wgpu::CommandBuffer);

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
        operands: &[Binding<'_>],
    ) -> Result<Bound> {
        let interface = &pipeline.interface;
        let mut entries = Vec::new();
        for (binding, name, _) in &interface.storage {
            let Some(operand) = operands.iter().find(|o| o.name == name) else {
                return Err(Error::ShaderInterface {
                    file: "the shader".to_owned(),
                    op: op.name,
                    reason: format!("`{name}` is not used by these sizes ({sizes})"),
                });
            };
            let resource = match operand.part {
                None => operand.buffer.raw.as_entire_binding(),
                Some((offset, bytes)) => wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &operand.buffer.raw,
                    offset,
                    size: wgpu::BufferSize::new(bytes),
                }),
            };
            entries.push(wgpu::BindGroupEntry { binding: *binding, resource });
        }
        let params = interface.params.as_ref().map(|block| {
            let bytes = interface.params_bytes(op, sizes);
            let params = self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("params"),
                size: (bytes.len() as u64).next_multiple_of(16).max(16),
                usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            self.queue.write_buffer(&params, 0, &bytes);
            self.count_allocation();
            (block.binding, params)
        });
        if let Some((binding, params)) = &params {
            entries.push(wgpu::BindGroupEntry { binding: *binding, resource: params.as_entire_binding() });
        }
        let raw = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.raw.get_bind_group_layout(0),
            entries: &entries,
        });
        self.count_allocation();
        self.check("binding the operands")?;
        Ok(Bound { raw, params: params.map(|(_, buffer)| buffer) })
    }

    /// Writes the parameter block of a launch anew: what is submitted from now on sees it. The sizes must need the
    /// same grid and the same operands.
    pub fn update(&self, launch: &Launch, op: &'static Op, sizes: &Sizes) {
        if let Some(params) = &launch.bound.params {
            let bytes = launch.pipeline.interface.params_bytes(op, sizes);
            self.queue.write_buffer(params, 0, &bytes);
        }
    }

    /// Records launches, in order, as one compute pass of one command buffer; `timer` brackets the pass with a slot of
    /// its own. `transfers` follow the pass.
    pub fn record<'a>(
        &self,
        launches: impl IntoIterator<Item = &'a Launch>,
        timer: Option<(&Timer, u32)>,
        transfers: &[Transfer<'_>],
    ) -> Commands {
        self.record_between(&[], launches, timer, transfers)
    }

    /// The same, with transfers before the pass too.
    pub(super) fn record_between<'a>(
        &self,
        before: &[Transfer<'_>],
        launches: impl IntoIterator<Item = &'a Launch>,
        timer: Option<(&Timer, u32)>,
        after: &[Transfer<'_>],
    ) -> Commands {
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        copy(&mut encoder, before);
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
        copy(&mut encoder, after);
        Commands(encoder.finish())
    }

    /// Submits and does not wait.
    pub fn submit(&self, commands: Commands) {
        self.count_submission();
        self.queue.submit([commands.0]);
    }

    /// Submits and waits. Returns the nanoseconds from submission to completion on the host's clock.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::OutOfMemory`], [`Error::Validation`].
    pub fn run(&self, commands: Commands) -> Result<u64> {
        let start = Instant::now();
        self.submit(commands);
        self.wait("running the kernels")?;
        Ok(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}

fn copy(encoder: &mut wgpu::CommandEncoder, transfers: &[Transfer<'_>]) {
    for Transfer { from, to, bytes } in transfers {
        encoder.copy_buffer_to_buffer(&from.0.raw, from.1, &to.0.raw, to.1, *bytes);
    }
}
