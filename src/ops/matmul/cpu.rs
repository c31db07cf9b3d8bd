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
const ROWS: usize = 32;
/// Columns of a panel of B: with `DEPTH` rows it stays in the second-level cache.
const COLUMNS: usize = 512;
/// Rows of a panel of B.
const DEPTH: usize = 128;

/// The same loops, cache-blocked and shared out: each task takes `ROWS` rows of C and walks B in panels of
/// `DEPTH` x `COLUMNS`, four rows of C at a time, so that a row of the panel is loaded once for four rows of C.
pub(super) fn rayon(call: &mut CpuCall<'_>) {
    let Dims { n, k, .. } = Dims::of(call.sizes);
    let (a, b) = (call.inputs[0].f32(), call.inputs[1].f32());
    let c = call.outputs[0].f32_mut();
    c.par_chunks_mut(ROWS * n).zip(a.par_chunks(ROWS * k)).for_each(|(c, a)| {
        c.fill(0.0);
        for j0 in (0..n).step_by(COLUMNS) {
            let columns = COLUMNS.min(n - j0);
            for p0 in (0..k).step_by(DEPTH) {
                let depth = DEPTH.min(k - p0);
                for (c_rows, a_rows) in c.chunks_mut(4 * n).zip(a.chunks(4 * k)) {
                    panel(c_rows, a_rows, b, Panel { n, k, j0, columns, p0, depth });
                }
            }
        }
    });
}

/// Where a panel of B lies.
#[derive(Clone, Copy)]
struct Panel {
    n: usize,
    k: usize,
    j0: usize,
    columns: usize,
    p0: usize,
    depth: usize,
}

/// Adds one panel's products to up to four rows of C.
fn panel(c: &mut [f32], a: &[f32], b: &[f32], at: Panel) {
    let Panel { n, k, j0, columns, p0, depth } = at;
    let mut rows = c.chunks_exact_mut(n).map(|row| &mut row[j0..j0 + columns]);
    if let (4, Some(c0), Some(c1), Some(c2), Some(c3)) =
        (a.len() / k, rows.next(), rows.next(), rows.next(), rows.next())
    {
        for p in p0..p0 + depth {
            let b_row = &b[p * n + j0..][..columns];
            let (a0, a1, a2, a3) = (a[p], a[k + p], a[2 * k + p], a[3 * k + p]);
            let c01 = c0.iter_mut().zip(c1.iter_mut());
            let c23 = c2.iter_mut().zip(c3.iter_mut());
            for (((c0, c1), (c2, c3)), &b) in c01.zip(c23).zip(b_row) {
                *c0 += a0 * b;
                *c1 += a1 * b;
                *c2 += a2 * b;
                *c3 += a3 * b;
            }
        }
        return;
    }
    for (c_row, a_row) in c.chunks_exact_mut(n).zip(a.chunks_exact(k)) {
        for p in p0..p0 + depth {
            for (c, &b_pj) in c_row[j0..j0 + columns].iter_mut().zip(&b[p * n + j0..][..columns]) {
                *c += a_row[p] * b_pj;
            }
        }
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
