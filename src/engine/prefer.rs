//! Which variant a plan uses where none is asked for.

use super::gpu::pipelines;
use super::{Engine, Target};
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::ops::{How, Op, Sizes, Variant};

/// Variants by preference on the GPU: the op, then names. Ops that do not stand here take the first of theirs that can
/// run.
const ON_GPU: &[(&str, &[&str])] = &[
    ("matmul", &["blocked_splitk_64x64_4x4", "blocked_64x64_4x4"]),
    ("matmul_mixed", &["coopmat_128x128", "blocked_64x64_4x4"]),
    ("maxpool", &["strips_vec4", "strips", "van_herk"]),
    ("maxpool_backward", &["gather_specialized"]),
    ("conv2d", &["depthwise", "implicit_gemm_64x64"]),
    ("conv2d_grad_input", &["depthwise", "implicit_gemm_64x64"]),
    ("conv2d_grad_weight", &["depthwise", "implicit_gemm_64x64"]),
];

/// What a software adapter prefers instead: it pays dearly for barriers, which products can do without.
const ON_SOFTWARE: &[(&str, &[&str])] = &[
    ("matmul", &["blocked_subgroup_16x4", "registers_8x8", "naive"]),
    ("conv2d", &["depthwise", "implicit_gemm_subgroup_8x16", "implicit_gemm_64x64"]),
    ("conv2d_grad_input", &["depthwise", "implicit_gemm_subgroup_8x16", "implicit_gemm_64x64"]),
    ("conv2d_grad_weight", &["depthwise", "implicit_gemm_subgroup_8x16", "implicit_gemm_64x64"]),
];

const ON_CPU: &[&str] = &["library", "separable_cpu", "banded_cpu", "rayon", "serial"];

impl Engine {
    /// The variant of `op` for `sizes` on `target`: the first of the preferred ones, then of all, that can run there.
    ///
    /// # Errors
    /// [`Error::NotApplicable`] where none can; what the device reports.
    pub fn preferred(&self, target: Target, op: &'static Op, sizes: &Sizes) -> Result<&'static Variant> {
        let software = self.gpu.as_ref().is_some_and(|gpu| gpu.adapter().software);
        let special = if software { ON_SOFTWARE } else { &[] };
        let names = match target {
            Target::Cpu => ON_CPU,
            Target::Gpu => special
                .iter()
                .chain(ON_GPU)
                .find(|(name, _)| *name == op.name)
                .map_or(&[][..], |(_, names)| names),
        };
        let names = names.iter().filter(|name| is_worth_it(op, name, sizes));
        let preferred = names.filter_map(|name| op.variants.iter().find(|v| v.name == *name));
        for variant in preferred.chain(op.variants) {
            if self.applies(target, op, variant, sizes)? {
                return Ok(variant);
            }
        }
        Err(Error::NotApplicable {
            variant: format!("{} on the {}", op.name, if target == Target::Cpu { "CPU" } else { "GPU" }),
            reason: format!("no variant takes {sizes}"),
        })
    }

    /// Whether a plan on `target` can run a variant at these sizes: on the GPU its kernels are compiled to find out,
    /// since limits of workgroups and of loops are theirs.
    ///
    /// # Errors
    /// What the device reports: a lost device says nothing about a variant.
    pub fn applies(
        &self,
        target: Target,
        op: &'static Op,
        variant: &'static Variant,
        sizes: &Sizes,
    ) -> Result<bool> {
        let caps = self.gpu.as_ref().map(Gpu::caps).cloned().unwrap_or_default();
        if !runs_on(variant, target) || !variant.knows(sizes) || (variant.requires)(sizes, &caps).is_some() {
            return Ok(false);
        }
        let Some(gpu) = self.gpu.as_ref().filter(|_| target == Target::Gpu) else { return Ok(true) };
        let constants = self.tuned.constants(op, variant, sizes);
        let compiled = pipelines(gpu, op, variant, sizes, constants, gpu.checks());
        let grids = compiled.and_then(|(pipelines, _)| {
            pipelines.iter().try_for_each(|pipeline| pipeline.grid(op, sizes, &caps).map(|_| ()))
        });
        match grids {
            Ok(()) => Ok(true),
            Err(Error::NotApplicable { .. } | Error::TooLarge { .. }) => Ok(false),
            Err(e) => Err(e),
        }
    }
}

/// Whether a preferred variant is meant for these sizes: terms divided into one part are a detour, and a single channel of
/// the images is a group, too, but products share it among the outputs.
fn is_worth_it(op: &Op, name: &str, sizes: &Sizes) -> bool {
    let more_than_one = |name| op.named(sizes, name).is_some_and(|value| value > 1);
    match name {
        "depthwise" => more_than_one("groups"),
        name => !name.contains("splitk") || more_than_one("splits"),
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
