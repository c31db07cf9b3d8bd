//! Cooperative matrices: whether to ask for them, and a first product before anybody relies on them.

use super::recorder::{Binding, Launch};
use super::shader::Checks;
use super::{Gpu, Pipeline};
use crate::error::Result;
use crate::ops::matmul::HALF;
use crate::ops::{Coopmat, Data, How, Sizes};

/// The variant that needs them.
const VARIANT: &str = "coopmat_128x128";

/// The feature, and the consent that it takes, where the adapter multiplies 16 x 16 x 16 halves with sums in f32 and has
/// subgroups of 32 only; else nothing.
pub(super) fn wanted(adapter: &wgpu::Adapter) -> (wgpu::Features, wgpu::ExperimentalFeatures) {
    let feature = wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX;
    let info = adapter.get_info();
    let has = adapter.features().contains(feature | wgpu::Features::SHADER_F16)
        && (info.subgroup_min_size, info.subgroup_max_size) == (32, 32)
        && adapter.cooperative_matrix_properties().iter().any(|p| {
            (p.m_size, p.n_size, p.k_size) == (16, 16, 16)
                && p.ab_type == wgpu::CooperativeScalarType::F16
                && p.cr_type == wgpu::CooperativeScalarType::F32
        });
    if !has {
        return (wgpu::Features::empty(), wgpu::ExperimentalFeatures::disabled());
    }
    #[expect(unsafe_code, reason = "the consent to a feature that its makers call experimental")]
    // SAFETY: the consent is to possible faults of the implementation. It is asked for only where the adapter offers the
    // very kind of matrix that one kernel uses, and that kernel is used only after a product of it was right.
    let consent = unsafe { wgpu::ExperimentalFeatures::enabled() };
    (feature, consent)
}

/// Multiplies small whole numbers, whose products and sums are exact in any order, at sizes with edges in every direction.
pub(super) fn try_out(gpu: &Gpu) -> Coopmat {
    match product_is_right(gpu, VARIANT) {
        Ok(true) => Coopmat::Works,
        Ok(false) | Err(_) => Coopmat::Faulty,
    }
}

fn product_is_right(gpu: &Gpu, variant: &str) -> Result<bool> {
    let sizes = HALF.sizes([("m", "150"), ("n", "140"), ("k", "75")])?;
    let halves = |len: usize, step: usize| {
        let value = |i: usize| half::f16::from_f32(f32::from(u8::try_from(i * step % 9).unwrap_or(0)) - 4.0);
        Data::F16((0..len).map(value).collect())
    };
    let inputs = [halves(HALF.len(&sizes, "a"), 7), halves(HALF.len(&sizes, "b"), 5)];
    let got = launch(gpu, variant, &sizes, &inputs)?;
    let want = (HALF.reference)(&sizes, &inputs);
    Ok(got.len() == want[0].want.len() && got.iter().zip(&want[0].want).all(|(g, w)| f64::from(*g) == *w))
}

/// The result of the only kernel of a variant.
fn launch(gpu: &Gpu, variant: &str, sizes: &Sizes, inputs: &[Data]) -> Result<Vec<f32>> {
    let variants = HALF.variants_named(variant)?;
    let How::Wgsl { passes: [pass], .. } = &variants[0].how else {
        unreachable!("a variant of one kernel was named")
    };
    let pipeline: std::sync::Arc<Pipeline> = gpu.pipeline(&pass.shader, &HALF, &[], pass.set, Checks::On)?;
    let c = gpu.buffer("c", 4 * HALF.len(sizes, "c") as u64)?;
    let buffers =
        [gpu.buffer("a", inputs[0].bytes().len() as u64)?, gpu.buffer("b", inputs[1].bytes().len() as u64)?];
    gpu.upload(buffers.iter().zip(inputs.iter().map(Data::bytes)))?;
    let bindings =
        [Binding::whole("a", &buffers[0]), Binding::whole("b", &buffers[1]), Binding::whole("c", &c)];
    let grid = pipeline.grid(&HALF, sizes, gpu.caps())?;
    let bound = gpu.bind(&pipeline, &HALF, sizes, &bindings)?;
    gpu.run(gpu.record(&[Launch { pipeline, bound, grid }], None, &[]))?;
    let staging = gpu.staging(c.bytes())?;
    gpu.download(&c, c.bytes(), &staging, bytemuck::pod_collect_to_vec::<u8, f32>)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::Choice;

    /// The trial itself, by a kernel that any device with half precision has.
    #[test]
    fn the_trial_passes_a_right_kernel() {
        let Ok(gpu) = Gpu::open(&Choice::Auto) else { return };
        if gpu.caps().f16 {
            assert!(product_is_right(&gpu, "blocked_64x64_4x4").unwrap());
        }
    }

    #[test]
    fn without_matrices_the_variant_is_refused_politely() {
        let sizes = HALF.sizes([("m", "16")]).unwrap();
        let variant = HALF.variants_named(VARIANT).unwrap()[0];
        for (coopmat, words) in [
            (Coopmat::Missing, Some("no cooperative")),
            (Coopmat::Faulty, Some("wrong product")),
            (Coopmat::Works, None),
        ] {
            let caps = crate::ops::Caps { coopmat, ..Default::default() };
            let reason = (variant.requires)(&sizes, &caps);
            assert_eq!(reason.is_some(), words.is_some());
            assert!(words.is_none_or(|w| reason.unwrap().contains(w)));
        }
    }
}
