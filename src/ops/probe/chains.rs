//! The arithmetic probe on the CPU: chains of multiply and add that never leave the registers, as many side by side as hide
//! the latency of one, on all threads. No memory is touched in the loop, so that nothing but the arithmetic is the limit.
//!
//! On x86-64 the chains are written for 512 and for 256 bits with instructions that multiply and add at once, chosen at run
//! time: whether a compiler makes vectors of so many plain sums hangs on their number. Elsewhere plain code must do.

use rayon::prelude::*;

use super::arithmetic::{LANES, STEPS};
use crate::ops::CpuCall;

/// Elements of y that a thread takes at once: whole groups of each of the sizes below.
pub(super) const TASK: usize = 240;

/// `sums` of one group: elements whose first lane begins at the values in it, which are replaced by the sums over the lanes.
type Group = fn(&mut [f32], Work);

/// What every lane does.
#[derive(Clone, Copy)]
struct Work {
    factor: f32,
    term: f32,
    steps: u32,
}

/// The variant.
pub(super) fn run(call: &mut CpuCall<'_, '_>) {
    let x = call.inputs[0].f32();
    let work = Work { factor: x[0], term: x[1], steps: call.sizes.get("turns") * STEPS };
    let (size, group) = widest();
    call.outputs[0].f32_mut().par_chunks_mut(TASK).enumerate().for_each(|(number, part)| {
        for (at, sums) in part.chunks_mut(size).enumerate() {
            let first = number * TASK + at * size;
            let mut whole = [0.0; 12];
            for (i, begin) in whole.iter_mut().enumerate() {
                // As in the kernel, elements begin alike every 64.
                *begin = ((first + i) % 64) as f32;
            }
            group(&mut whole[..size], work);
            sums.copy_from_slice(&whole[..sums.len()]);
        }
    });
}

/// The elements of a group, and who computes it: two operations of 4 clocks each a clock need 8 chains at least, and more
/// do no harm while they fit the registers.
fn widest() -> (usize, Group) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") {
        #[expect(unsafe_code, reason = "a call of code compiled for a feature that was just found")]
        // SAFETY: the processor has AVX-512.
        return (12, |sums, work| unsafe { x86::with_avx512(sums, work) });
    }
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        #[expect(unsafe_code, reason = "a call of code compiled for features that were just found")]
        // SAFETY: the processor has AVX2 and FMA.
        return (6, |sums, work| unsafe { x86::with_avx2(sums, work) });
    }
    (PLAIN, plain)
}

/// Elements of a group in plain code: 3 of 16 lanes are 12 vectors of 128 bits.
const PLAIN: usize = 3;

fn plain(sums: &mut [f32], work: Work) {
    let mut lanes = [[0.0_f32; LANES as usize]; PLAIN];
    for (lanes, begin) in lanes.iter_mut().zip(sums.iter()) {
        lanes.iter_mut().enumerate().for_each(|(l, lane)| *lane = begin + l as f32);
    }
    for _ in 0..work.steps {
        for lane in lanes.as_flattened_mut() {
            // Fused where every processor of its kind can; elsewhere that would be a call of a library's function.
            *lane = if cfg!(target_arch = "aarch64") {
                lane.mul_add(work.factor, work.term)
            } else {
                *lane * work.factor + work.term
            };
        }
    }
    for (sum, lanes) in sums.iter_mut().zip(&lanes) {
        *sum = lanes.iter().sum();
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        _mm_add_ps, _mm_cvtss_f32, _mm_hadd_ps, _mm256_add_ps, _mm256_castps256_ps128, _mm256_extractf128_ps,
        _mm256_fmadd_ps, _mm256_set1_ps, _mm256_setr_ps, _mm512_add_ps, _mm512_fmadd_ps,
        _mm512_reduce_add_ps, _mm512_set1_ps, _mm512_setr_ps,
    };

    use super::Work;

    /// Twelve elements, each one vector of sixteen lanes.
    #[target_feature(enable = "avx512f")]
    pub(super) fn with_avx512(sums: &mut [f32], work: Work) {
        let (factor, term) = (_mm512_set1_ps(work.factor), _mm512_set1_ps(work.term));
        let ramp = _mm512_setr_ps(0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.);
        let mut lanes = [ramp; 12];
        for (lanes, begin) in lanes.iter_mut().zip(sums.iter()) {
            *lanes = _mm512_add_ps(ramp, _mm512_set1_ps(*begin));
        }
        for _ in 0..work.steps {
            for lanes in &mut lanes {
                *lanes = _mm512_fmadd_ps(*lanes, factor, term);
            }
        }
        for (sum, lanes) in sums.iter_mut().zip(lanes) {
            *sum = _mm512_reduce_add_ps(lanes);
        }
    }

    /// Six elements, each two vectors of eight lanes.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn with_avx2(sums: &mut [f32], work: Work) {
        let (factor, term) = (_mm256_set1_ps(work.factor), _mm256_set1_ps(work.term));
        let ramp = _mm256_setr_ps(0., 1., 2., 3., 4., 5., 6., 7.);
        let mut lanes = [[ramp; 2]; 6];
        for (lanes, begin) in lanes.iter_mut().zip(sums.iter()) {
            *lanes = [*begin, begin + 8.0].map(|begin| _mm256_add_ps(ramp, _mm256_set1_ps(begin)));
        }
        for _ in 0..work.steps {
            for lanes in lanes.as_flattened_mut() {
                *lanes = _mm256_fmadd_ps(*lanes, factor, term);
            }
        }
        for (sum, [low, high]) in sums.iter_mut().zip(lanes) {
            let eight = _mm256_add_ps(low, high);
            let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_hadd_ps(four, four);
            *sum = _mm_cvtss_f32(_mm_hadd_ps(two, two));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every way that this processor has, against lanes counted by hand: 16 begin + 120 + 16 steps.
    #[test]
    fn every_width_counts_the_same_steps() {
        let mut ways: Vec<(usize, Group)> = vec![(PLAIN, plain), widest()];
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            #[expect(unsafe_code, reason = "a call of code compiled for features that were just found")]
            // SAFETY: the processor has AVX2 and FMA.
            ways.push((6, |sums, work| unsafe { x86::with_avx2(sums, work) }));
        }
        for (size, group) in ways {
            assert_eq!(TASK % size, 0);
            let mut sums: Vec<f32> = (0..size).map(|i| 50.0 + i as f32).collect();
            group(&mut sums, Work { factor: 1.0, term: 1.0, steps: 24 });
            let want: Vec<f32> = (0..size).map(|i| 16.0 * (50.0 + i as f32) + 120.0 + 16.0 * 24.0).collect();
            assert_eq!(sums, want, "{size}");
        }
    }
}
