//! Cooperative matrices: whether to ask for them, and first products before anybody relies on them.

use std::sync::Arc;

use super::recorder::{Binding, Launch};
use super::shader::Checks;
use super::{Gpu, Pipeline};
use crate::error::Result;
use crate::ops::matmul::{self, HALF};
use crate::ops::{Coopmat, DType, Data, How, Op, Sizes};

/// The variants that need them.
const VARIANTS: [(&Op, &str); 2] = [(&HALF, "coopmat_128x128"), (&matmul::OP, "coopmat_f32_128x128")];

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
    // very kind of matrix that the kernels use, and they are used only after a product of each was right.
    let consent = unsafe { wgpu::ExperimentalFeatures::enabled() };
    (feature, consent)
}

/// Multiplies numbers whose products and sums are exact in any order, at sizes with edges in every direction.
pub(super) fn try_out(gpu: &Gpu) -> Coopmat {
    let right = |(op, variant): (&'static Op, &str)| product_is_right(gpu, op, variant);
    let all = VARIANTS.into_iter().map(right).collect::<Result<Vec<bool>>>();
    if all.is_ok_and(|all| all.iter().all(|right| *right)) { Coopmat::Works } else { Coopmat::Faulty }
}

fn product_is_right(gpu: &Gpu, op: &'static Op, variant: &str) -> Result<bool> {
    let sizes = op.sizes([("m", "150"), ("n", "140"), ("k", "107")])?;
    let lens = ["a", "b"].map(|name| op.len(&sizes, name));
    // The terms that carry more than a half: every other one of A, those between of B, so that none does in both.
    let fine: [fn(usize) -> bool; 2] = [|i| i % 107 % 2 == 0, |i| i / 140 % 2 == 1];
    let inputs: Vec<Data> = (0..2).map(|of| operand(op, lens[of], [7, 5][of], fine[of])).collect();
    let got = launch(gpu, op, variant, &sizes, &inputs)?;
    let want = (op.reference)(&sizes, &inputs);
    Ok(got.len() == want[0].want.len() && got.iter().zip(&want[0].want).all(|(g, w)| f64::from(*g) == *w))
}

/// Whole numbers from -4 to 4; in single precision those that `fine` names are off by a few 2^-12, which halves of theirs
/// cannot hold.
fn operand(op: &Op, len: usize, step: usize, fine: fn(usize) -> bool) -> Data {
    let small = |i: usize| f32::from(u8::try_from(i % 9).unwrap_or(0)) - 4.0;
    let whole = |i: usize| small(i * step);
    let off = |i: usize| if fine(i) { small(i * step / 9) / 4096.0 } else { 0.0 };
    match op.operands[0].dtype {
        DType::F16 => Data::F16((0..len).map(|i| half::f16::from_f32(whole(i))).collect()),
        _ => Data::F32((0..len).map(|i| whole(i) + off(i)).collect()),
    }
}

/// The result of the kernels of a variant.
fn launch(gpu: &Gpu, op: &'static Op, variant: &str, sizes: &Sizes, inputs: &[Data]) -> Result<Vec<f32>> {
    let variants = op.variants_named(variant)?;
    let How::Wgsl { passes, scratch } = &variants[0].how else {
        unreachable!("a variant of kernels was named")
    };
    let c = gpu.buffer("c", 4 * op.len(sizes, "c") as u64)?;
    let buffers =
        [gpu.buffer("a", inputs[0].bytes().len() as u64)?, gpu.buffer("b", inputs[1].bytes().len() as u64)?];
    let between =
        scratch.iter().map(|s| gpu.buffer(s.name, 4 * (s.len)(sizes))).collect::<Result<Vec<_>>>()?;
    gpu.upload(buffers.iter().zip(inputs.iter().map(Data::bytes)))?;
    let names: Vec<&str> = scratch.iter().map(|s| s.name).collect();
    let operands = ["a", "b", "c"].into_iter().zip(buffers.iter().chain([&c]));
    let bindings: Vec<Binding<'_>> = operands
        .chain(names.iter().copied().zip(&between))
        .map(|(name, buffer)| Binding::whole(name, buffer))
        .collect();
    let mut launches = Vec::new();
    for pass in *passes {
        let pipeline: Arc<Pipeline> = gpu.pipeline(&pass.shader, op, &names, pass.set, Checks::On)?;
        let grid = pipeline.grid(op, sizes, gpu.caps())?;
        let bound = gpu.bind(&pipeline, op, sizes, &bindings)?;
        launches.push(Launch { pipeline, bound, grid });
    }
    gpu.run(gpu.record(&launches, None, &[]))?;
    let staging = gpu.staging(c.bytes())?;
    gpu.download(&c, c.bytes(), &staging, bytemuck::pod_collect_to_vec::<u8, f32>)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::test_device::device_or_skip;

    /// The trial itself, by kernels that other devices have.
    #[test]
    fn the_trial_passes_right_kernels() {
        let Some(gpu) = device_or_skip() else { return };
        assert!(product_is_right(&gpu, &matmul::OP, "blocked_64x64_4x4").unwrap());
        assert!(product_is_right(&gpu, &matmul::OP, "blocked_splitk_64x64_4x4").unwrap());
        if gpu.caps().f16 {
            assert!(product_is_right(&gpu, &HALF, "blocked_64x64_4x4").unwrap());
        }
    }

    /// What is tried carries more than halves, in each operand where the other does not.
    #[test]
    fn the_trial_is_exact_and_needs_low_halves() {
        let op = &matmul::OP;
        let sizes = op.sizes([("m", "150"), ("n", "140"), ("k", "107")]).unwrap();
        let fine = |of: usize, data: &Data| -> Vec<usize> {
            let terms = |i: usize| if of == 0 { i % 107 } else { i / 140 };
            let off = |i: &usize| half::f16::from_f32(data.f32()[*i]).to_f32() != data.f32()[*i];
            (0..data.len()).filter(off).map(terms).collect()
        };
        let a = operand(op, op.len(&sizes, "a"), 7, |i| i % 107 % 2 == 0);
        let b = operand(op, op.len(&sizes, "b"), 5, |i| i / 140 % 2 == 1);
        let (of_a, of_b) = (fine(0, &a), fine(1, &b));
        assert!(of_a.len() > 1000 && of_a.iter().all(|p| p % 2 == 0), "{}", of_a.len());
        assert!(of_b.len() > 1000 && of_b.iter().all(|p| p % 2 == 1), "{}", of_b.len());
        let want = (op.reference)(&sizes, &[a, b]);
        assert!(want[0].want.iter().all(|w| (w * 4096.0).fract() == 0.0 && w.abs() < 4096.0));
    }

    #[test]
    fn without_matrices_the_variants_are_refused_politely() {
        for (op, name) in VARIANTS {
            let variant = op.variants_named(name).unwrap()[0];
            for (coopmat, k, words) in [
                (Coopmat::Missing, "96", "no cooperative"),
                (Coopmat::Faulty, "96", "wrong product"),
                (Coopmat::Works, "96", ""),
                (Coopmat::Works, "95", if op.name == "matmul" { "it needs 96" } else { "" }),
            ] {
                let sizes = op.sizes([("m", "16"), ("k", k)]).unwrap();
                let caps = crate::ops::Caps { coopmat, ..Default::default() };
                let reason = (variant.requires)(&sizes, &caps);
                assert_eq!(reason.is_some(), !words.is_empty(), "{name} {reason:?}");
                assert!(reason.is_none_or(|r| r.contains(words)), "{name}");
            }
        }
    }
}
