//! Source -> reflection -> limits -> pipeline, cached by source and constants.

use std::sync::Arc;

use super::Gpu;
use super::device::locked;
use super::reflect::{Interface, reflect};
use crate::error::{Error, Result};
use crate::ops::{Caps, Op, Shader, Sizes, grid};

/// What makes two pipelines the same.
pub(super) type PipelineKey = (Shader, &'static str, Vec<(String, u32)>, Checks);

/// What a kernel is compiled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Checks {
    /// All that WebGPU demands: indices held inside their arrays, loops that end, shared memory zeroed first.
    On,
    /// None of these, for kernels that are part of the program and have been found right with them; divisions keep
    /// theirs. Others run with [`Checks::On`] all the same.
    Off,
}

impl Checks {
    /// What applies to a shader: the user's always run checked.
    fn of(self, shader: &Shader) -> Self {
        if shader.embedded { self } else { Self::On }
    }
}

/// A compiled kernel.
#[derive(Debug)]
pub struct Pipeline {
    pub(super) raw: wgpu::ComputePipeline,
    /// What the shader declares.
    pub interface: Interface,
    shader: Shader,
}

impl Gpu {
    /// Whether [`Gpu::pipeline`] would find this one in its cache.
    pub fn is_compiled(&self, shader: &Shader, op: &'static Op, set: &[(&str, u32)], checks: Checks) -> bool {
        locked(&self.pipelines).contains_key(&key(shader, op, set, checks))
    }

    /// The pipeline of a shader with some constants set, compiled on first use.
    ///
    /// # Errors
    /// [`Error::ShaderInvalid`], [`Error::ShaderInterface`]; [`Error::NotApplicable`] where its workgroup is too big
    /// for this device; [`Error::Validation`] where the driver refuses it.
    pub fn pipeline(
        &self,
        shader: &Shader,
        op: &'static Op,
        scratch: &[&str],
        set: &[(&str, u32)],
        checks: Checks,
    ) -> Result<Arc<Pipeline>> {
        let key = key(shader, op, set, checks);
        if let Some(found) = locked(&self.pipelines).get(&key) {
            return Ok(Arc::clone(found));
        }
        let interface = reflect(shader, op, scratch, set)?;
        fits(shader, &interface, self.caps())?;
        let checked = checks.of(shader) == Checks::On;
        let module = self.module(shader, &interface, checked);
        let constants: Vec<(&str, f64)> = interface.overrides.iter().map(|(n, v)| (n.as_str(), *v)).collect();
        let raw = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(shader.name),
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &constants,
                // Every kernel writes a cell of shared memory before it reads it.
                zero_initialize_workgroup_memory: checked,
            },
            cache: self.cache.as_ref().map(|cache| &cache.raw),
        });
        self.check(&format!("the pipeline of {}", shader.name))?;
        let pipeline = Arc::new(Pipeline { raw, interface, shader: *shader });
        locked(&self.pipelines).insert(key, Arc::clone(&pipeline));
        Ok(pipeline)
    }

    #[expect(unsafe_code, reason = "wgpu leaves out checks only on the caller's word")]
    fn module(&self, shader: &Shader, interface: &Interface, checked: bool) -> wgpu::ShaderModule {
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(shader.name),
            source: wgpu::ShaderSource::Wgsl(interface.source.as_str().into()),
        };
        if checked {
            return self.device.create_shader_module(descriptor);
        }
        let checks = wgpu::ShaderRuntimeChecks {
            bounds_checks: false,
            force_loop_bounding: false,
            ..wgpu::ShaderRuntimeChecks::checked()
        };
        // SAFETY: the shader is part of the program. Its loops end, and its indices stay inside its buffers and arrays
        // at all sizes: its header bounds the first, and the tests hold both to cases around every edge, with poisoned
        // outputs and guard cells, checked and unchecked.
        unsafe { self.device.create_shader_module_trusted(descriptor, checks) }
    }
}

fn key(shader: &Shader, op: &'static Op, set: &[(&str, u32)], checks: Checks) -> PipelineKey {
    (*shader, op.name, set.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect(), checks.of(shader))
}

impl Pipeline {
    /// Whether the kernel knows of a size: by its parameter block, or by the constant `SIZE_<NAME>`.
    pub fn names(&self, size: &str) -> bool {
        let params = self.interface.params.iter().flat_map(|p| &p.members);
        params.into_iter().any(|(_, name)| name == size)
            || self.shader.has_override(&format!("SIZE_{}", size.to_uppercase()))
    }

    /// How many workgroups along x, y and z these sizes need on this device.
    ///
    /// # Errors
    /// [`Error::ShaderInterface`] for a bad expression in the header, [`Error::TooLarge`] past what three dimensions
    /// hold, [`Error::NotApplicable`] where the driver would end the kernel's loops early.
    pub fn grid(&self, op: &'static Op, sizes: &Sizes, caps: &Caps) -> Result<[u32; 3]> {
        if let (Some(limit), Some(expression)) = (caps.max_loop_turns, self.shader.turns()) {
            let turns = self.evaluate(expression, op, sizes)?;
            if turns > u64::from(limit) {
                let reason = format!(
                    "the loops of a thread turn {turns} times, this driver ends them after {limit} turns"
                );
                return Err(Error::NotApplicable { variant: self.shader.name.to_owned(), reason });
            }
        }
        let total = self.evaluate(self.shader.workgroups(op.name)?, op, sizes)?;
        if total == 0 {
            return Err(Error::ShaderInterface {
                file: self.shader.name.to_owned(),
                op: op.name,
                reason: format!("its header asks for no workgroup at all for {sizes}"),
            });
        }
        grid::fold(total, caps.max_workgroups).ok_or_else(|| Error::TooLarge {
            what: format!("the grid of {} (workgroups)", self.shader.name),
            needed: total,
            limit: u64::from(caps.max_workgroups),
            limit_name: "maxComputeWorkgroupsPerDimension",
        })
    }

    fn evaluate(&self, expression: &str, op: &'static Op, sizes: &Sizes) -> Result<u64> {
        let lookup = |name: &str| op.named(sizes, name).or_else(|| self.interface.knobs.get(name));
        grid::evaluate(expression, &lookup).map_err(|reason| Error::ShaderInterface {
            file: self.shader.name.to_owned(),
            op: op.name,
            reason: format!("in the header's `{expression}`: {reason}"),
        })
    }
}

/// Whether the device can hold one workgroup of this kernel.
fn fits(shader: &Shader, interface: &Interface, caps: &Caps) -> Result<()> {
    let knobs = &interface.knobs;
    let size = knobs.workgroup_size;
    let threads = size.iter().try_fold(1u32, |p, &s| p.checked_mul(s)).unwrap_or(u32::MAX);
    let no = |reason: String| Err(Error::NotApplicable { variant: shader.name.to_owned(), reason });
    if threads == 0 {
        return no("its workgroup is empty".to_owned());
    }
    if threads > caps.max_invocations || size.iter().zip(caps.max_workgroup_size).any(|(&s, limit)| s > limit)
    {
        return no(format!(
            "its workgroup of {} x {} x {} threads exceeds the device's {} (maxComputeInvocationsPerWorkgroup)",
            size[0], size[1], size[2], caps.max_invocations
        ));
    }
    if knobs.workgroup_bytes > caps.max_workgroup_bytes {
        return no(format!(
            "it needs {} bytes of shared memory, the device has {} (maxComputeWorkgroupStorageSize)",
            knobs.workgroup_bytes, caps.max_workgroup_bytes
        ));
    }
    if interface.storage.len() > caps.max_storage_buffers as usize {
        return no(format!(
            "it binds {} storage buffers, the device allows {} (maxStorageBuffersPerShaderStage)",
            interface.storage.len(),
            caps.max_storage_buffers
        ));
    }
    Ok(())
}
