//! The product on the CPU: `serial`, `rayon`, `library`.

use rayon::prelude::*;

use super::Dims;
use crate::ops::CpuCall;

/// Plain loops on one thread, in the order i, k, j: the inner loop runs along rows of B and C, so that the compiler can
/// vectorise it. No blocking: this is what a careful programmer writes first, not what a library does.
pub(super) fn serial(call: &mut CpuCall<'_>) {
    let Dims { n, k, .. } = Dims::of(call.sizes);
    let (a, b) = (call.inputs[0].f32(), call.inputs[1].f32());
    for (a_row, c_row) in a.chunks_exact(k).zip(call.outputs[0].f32_mut().chunks_exact_mut(n)) {
        c_row.fill(0.0);
        for (&a_ip, b_row) in a_row.iter().zip(b.chunks_exact(n)) {
            for (c, &b_pj) in c_row.iter_mut().zip(b_row) {
                *c += a_ip * b_pj;
            }
        }
    }
}

/// Rows of C that one task computes.
const ROWS: usize = 16;
/// Columns of C that a task works on at a time: `ROWS` rows of so many elements stay in the first-level cache.
const COLUMNS: usize = 256;

/// The same sums in the same order, cache-blocked and shared out: each task takes `ROWS` rows of C, keeps `COLUMNS` of
/// their elements at hand, and adds four terms at a time, so that an element of C is loaded and stored once for four
/// multiplications. Plain loops, which the compiler vectorises for the processor that the program is built for.
pub(super) fn rayon(call: &mut CpuCall<'_>) {
    let Dims { n, k, .. } = Dims::of(call.sizes);
    let (a, b) = (call.inputs[0].f32(), call.inputs[1].f32());
    let c = call.outputs[0].f32_mut();
    c.par_chunks_mut(ROWS * n).zip(a.par_chunks(ROWS * k)).for_each(|(c, a)| {
        c.fill(0.0);
        for j0 in (0..n).step_by(COLUMNS) {
            let columns = j0..n.min(j0 + COLUMNS);
            let b_row = |p: usize| &b[p * n..][columns.clone()];
            for p in (0..k).step_by(4) {
                for (c_row, a_row) in c.chunks_exact_mut(n).zip(a.chunks_exact(k)) {
                    let c_row = &mut c_row[columns.clone()];
                    match a_row[p..] {
                        [a0, a1, a2, a3, ..] => {
                            let rows = [b_row(p), b_row(p + 1), b_row(p + 2), b_row(p + 3)];
                            add_four(c_row, [a0, a1, a2, a3], rows);
                        }
                        ref rest => {
                            rest.iter().enumerate().for_each(|(t, a)| add_one(c_row, *a, b_row(p + t)))
                        }
                    }
                }
            }
        }
    });
}

/// Adds one term to a row of C.
fn add_one(c: &mut [f32], a: f32, b: &[f32]) {
    for (c, b) in c.iter_mut().zip(b) {
        *c += a * b;
    }
}

/// Adds four terms to a row of C, one after the other.
fn add_four(c: &mut [f32], a: [f32; 4], b: [&[f32]; 4]) {
    let rows = b[0].iter().zip(b[1]).zip(b[2].iter().zip(b[3]));
    for (c, ((b0, b1), (b2, b3))) in c.iter_mut().zip(rows) {
        *c = *c + a[0] * b0 + a[1] * b1 + a[2] * b2 + a[3] * b3;
    }
}

/// A tuned GEMM: the `gemm` crate, with as many threads as asked for.
#[expect(unsafe_code, reason = "the gemm crate takes raw pointers and strides")]
pub(super) fn library(call: &mut CpuCall<'_>) {
    let Dims { m, n, k } = Dims::of(call.sizes);
    let (a, b) = (call.inputs[0].f32(), call.inputs[1].f32());
    let c = call.outputs[0].f32_mut();
    assert!(
        a.len() == m * k && b.len() == k * n && c.len() == m * n,
        "operands must have the shapes of the sizes"
    );
    let parallelism =
        if call.threads > 1 { gemm::Parallelism::Rayon(call.threads) } else { gemm::Parallelism::None };
    let stride = |v: usize| v.cast_signed();
    // SAFETY: the assertion above holds every element that the shapes and row-major strides reach inside the three
    // slices; C is not aliased; C is not read, since `read_dst` is false.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            1,
            stride(n),
            false,
            a.as_ptr(),
            1,
            stride(k),
            b.as_ptr(),
            1,
            stride(n),
            0.0f32,
            1.0f32,
            false,
            false,
            false,
            parallelism,
        );
    }
}
