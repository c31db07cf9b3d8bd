//! The product on the CPU: `serial`, `rayon`, `library`.

use std::borrow::Cow;

use rayon::prelude::*;

use super::Dims;
use crate::ops::CpuCall;
use crate::ops::gemm::{Matrix, gemm};

/// Plain loops on one thread. Where B lies as it is written the order is i, k, j: the inner loop runs along rows of B
/// and C, so that the compiler can vectorise it; where B lies transposed each element is a product of two rows. No
/// blocking: this is what a careful programmer writes first, not what a library does.
pub(super) fn serial(call: &mut CpuCall<'_>) {
    let dims = Dims::of(call.sizes);
    let Dims { m, n, k, .. } = dims;
    let products = call.inputs[0].f32().chunks_exact(m * k).zip(call.inputs[1].f32().chunks_exact(k * n));
    for ((a, b), c) in products.zip(call.outputs[0].f32_mut().chunks_exact_mut(m * n)) {
        match (dims.ta, dims.tb) {
            (false, false) => rows_by_rows(a, b, c, k, n),
            (true, false) => columns_by_rows(a, b, c, m, n),
            (_, true) => elements(a, b, c, dims),
        }
    }
}

/// A m x k, B k x n.
fn rows_by_rows(a: &[f32], b: &[f32], c: &mut [f32], k: usize, n: usize) {
    for (a_row, c_row) in a.chunks_exact(k).zip(c.chunks_exact_mut(n)) {
        c_row.fill(0.0);
        for (&a_ip, b_row) in a_row.iter().zip(b.chunks_exact(n)) {
            for (c, &b_pj) in c_row.iter_mut().zip(b_row) {
                *c += a_ip * b_pj;
            }
        }
    }
}

/// A lies as k x m, B as k x n: the outer products of their rows.
fn columns_by_rows(a: &[f32], b: &[f32], c: &mut [f32], m: usize, n: usize) {
    c.fill(0.0);
    for (a_column, b_row) in a.chunks_exact(m).zip(b.chunks_exact(n)) {
        for (&a_ip, c_row) in a_column.iter().zip(c.chunks_exact_mut(n)) {
            for (c, &b_pj) in c_row.iter_mut().zip(b_row) {
                *c += a_ip * b_pj;
            }
        }
    }
}

/// B lies as n x k: each element of C by its own sum.
fn elements(a: &[f32], b: &[f32], c: &mut [f32], dims: Dims) {
    let (a_row, a_column) = dims.a_strides();
    for (i, c_row) in c.chunks_exact_mut(dims.n).enumerate() {
        for (c, b_column) in c_row.iter_mut().zip(b.chunks_exact(dims.k)) {
            let a_terms = a[i * a_row..].iter().step_by(a_column);
            *c = a_terms.zip(b_column).map(|(a, b)| a * b).sum();
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
/// `DEPTH` x `COLUMNS`, four rows of C at a time, so that a row of the panel is loaded once for four rows of C. What
/// lies transposed is copied into its order first.
pub(super) fn rayon(call: &mut CpuCall<'_>) {
    let Dims { m, n, k, ta, tb, .. } = Dims::of(call.sizes);
    let (a, b) = (call.inputs[0].f32().par_chunks(m * k), call.inputs[1].f32().par_chunks(k * n));
    let c = call.outputs[0].f32_mut().par_chunks_mut(m * n);
    c.zip(a.zip(b)).for_each(|(c, (a, b))| {
        let (a, b) = (ordered(a, ta, m), ordered(b, tb, k));
        c.par_chunks_mut(ROWS * n).zip(a.par_chunks(ROWS * k)).for_each(|(c, a)| {
            c.fill(0.0);
            for j0 in (0..n).step_by(COLUMNS) {
                let columns = COLUMNS.min(n - j0);
                for p0 in (0..k).step_by(DEPTH) {
                    let depth = DEPTH.min(k - p0);
                    for (c_rows, a_rows) in c.chunks_mut(4 * n).zip(a.chunks(4 * k)) {
                        panel(c_rows, a_rows, &b, Panel { n, k, j0, columns, p0, depth });
                    }
                }
            }
        });
    });
}

/// A matrix of `rows` rows, row-major; where it lies transposed, in a copy.
fn ordered(matrix: &[f32], transposed: bool, rows: usize) -> Cow<'_, [f32]> {
    if !transposed {
        return Cow::Borrowed(matrix);
    }
    let mut copy = vec![0.0; matrix.len()];
    let columns = matrix.len() / rows;
    copy.par_chunks_exact_mut(columns).enumerate().for_each(|(row, copy)| {
        for (to, from) in copy.iter_mut().zip(matrix[row..].iter().step_by(rows)) {
            *to = *from;
        }
    });
    Cow::Owned(copy)
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

/// A tuned GEMM: the `gemm` crate, with as many threads as asked for. Of a batch, each thread takes products of its
/// own; a batch of fewer products than threads is computed one by one, each by all threads.
pub(super) fn library(call: &mut CpuCall<'_>) {
    let dims = Dims::of(call.sizes);
    let Dims { m, n, k, batch, .. } = dims;
    let (a, b) = (call.inputs[0].f32(), call.inputs[1].f32());
    let c = call.outputs[0].f32_mut();
    if batch >= call.threads && call.threads > 1 {
        let products = a.par_chunks(m * k).zip(b.par_chunks(k * n));
        products.zip(c.par_chunks_mut(m * n)).for_each(|((a, b), c)| product(a, b, c, dims, 1));
    } else {
        let products = a.chunks(m * k).zip(b.chunks(k * n));
        products.zip(c.chunks_mut(m * n)).for_each(|((a, b), c)| product(a, b, c, dims, call.threads));
    }
}

/// One product by the `gemm` crate.
fn product(a: &[f32], b: &[f32], c: &mut [f32], dims: Dims, threads: usize) {
    let (a, b) = (Matrix::new(a, dims.a_strides()), Matrix::new(b, dims.b_strides()));
    gemm([dims.m, dims.n, dims.k], a, b, c, (dims.n, 1), false, threads);
}
