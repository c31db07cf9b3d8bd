//! Which variant a plan uses where none is asked for.

use super::gpu::pipelines;
use super::{Engine, Target};
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::ops::{How, Op, Sizes, Variant};

/// Variants by preference: the op, then names. Ops that do not stand here have one variant for a target, or take their
/// first. A real GPU shares memory and waits at barriers at little cost; a software adapter pays for both dearly.
const ON_GPU: &[(&str, &[&str])] = &[
    ("matmul", &["blocked_64x64_4x4"]),
    ("maxpool", &["direct"]),
    ("conv2d", &["implicit_gemm_64x64"]),
    ("conv2d_grad_input", &["implicit_gemm_64x64"]),
    ("conv2d_grad_weight", &["implicit_gemm_64x64"]),
];

const ON_SOFTWARE: &[(&str, &[&str])] = &[
    ("matmul", &["registers_4x4", "naive"]),
    ("maxpool", &["direct"]),
    // Barriers and all, on llvmpipe three to five times as fast as `direct` for layers of 64 channels.
    ("conv2d", &["implicit_gemm_64x64"]),
    ("conv2d_grad_input", &["implicit_gemm_64x64"]),
    ("conv2d_grad_weight", &["implicit_gemm_64x64"]),
];

const ON_CPU: &[&str] = &["library", "rayon", "serial"];

impl Engine {
    /// The variant of `op` for `sizes` on `target`: the first of the preferred ones, then of all, that can run there.
    ///
    /// # Errors
    /// [`Error::NotApplicable`] where none can.
    pub fn preferred(&self, target: Target, op: &'static Op, sizes: &Sizes) -> Result<&'static Variant> {
        let names: &[&str] = match target {
            Target::Cpu => ON_CPU,
            Target::Gpu => {
                let software = self.gpu.as_ref().is_some_and(|gpu| gpu.adapter().software);
                let table = if software { ON_SOFTWARE } else { ON_GPU };
                table.iter().find(|(name, _)| *name == op.name).map_or(&[], |(_, names)| names)
            }
        };
        let fits = |variant: &&&'static Variant| self.applies(target, op, variant, sizes);
        let all: Vec<&'static Variant> = op.variants.iter().collect();
        let preferred = names.iter().filter_map(|name| all.iter().find(|v| v.name == *name));
        preferred.chain(&all).find(fits).copied().ok_or_else(|| Error::NotApplicable {
            variant: format!("{} on the {}", op.name, if target == Target::Cpu { "CPU" } else { "GPU" }),
            reason: format!("no variant takes {sizes}"),
        })
    }
}

impl Engine {
    /// Whether a plan on `target` can run a variant at these sizes: on the GPU its kernels are compiled to find out,
    /// since limits of workgroups and of loops are theirs.
    pub fn applies(&self, target: Target, op: &'static Op, variant: &'static Variant, sizes: &Sizes) -> bool {
        let caps = self.gpu.as_ref().map(Gpu::caps).cloned().unwrap_or_default();
        if !runs_on(variant, target) || !variant.knows(sizes) || (variant.requires)(sizes, &caps).is_some() {
            return false;
        }
        let Some(gpu) = self.gpu.as_ref().filter(|_| target == Target::Gpu) else { return true };
        let grids = |(pipelines, _): (Vec<_>, bool)| -> Result<Vec<[u32; 3]>> {
            pipelines
                .iter()
                .map(|p: &std::sync::Arc<crate::gpu::Pipeline>| p.grid(op, sizes, &caps))
                .collect()
        };
        pipelines(gpu, op, variant, sizes, self.tuned.constants(op, variant, sizes)).and_then(grids).is_ok()
    }
}

/// Whether a plan on `target` can use a variant at all.
pub fn runs_on(variant: &Variant, target: Target) -> bool {
    match variant.how {
        How::Cpu { .. } => target == Target::Cpu,
        How::Wgsl { .. } => target == Target::Gpu,
        How::PerWindow(_) => false,
    }
}
