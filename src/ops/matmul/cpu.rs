//! The product on the CPU by plain loops: `serial`, `rayon`.

use std::borrow::Cow;

use rayon::prelude::*;

use super::Dims;
use crate::ops::CpuCall;

/// Plain loops on one thread. Where B lies as it is written the order is i, k, j: the inner loop runs along rows of B
/// and C, so that the compiler can vectorise it; where B lies transposed each element is a product of two rows. No
/// blocking: this is what a careful programmer writes first, not what a library does.
pub(super) fn serial(call: &mut CpuCall<'_, '_>) {
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
const ROWS: usize = 16;
/// Columns of C that a task works on at a time: `ROWS` rows of so many elements stay in the first-level cache.
const COLUMNS: usize = 256;

/// The same sums in the same order, cache-blocked and shared out: each task takes `ROWS` rows of C, keeps `COLUMNS` of
/// their elements at hand, and adds four terms at a time, so that an element of C is loaded and stored once for four
/// multiplications. Plain loops, which the compiler vectorises for the processor that the program is built for.
/// What lies transposed is copied into its order first.
pub(super) fn rayon(call: &mut CpuCall<'_, '_>) {
    let Dims { m, n, k, ta, tb, .. } = Dims::of(call.sizes);
    let (a, b) = (call.inputs[0].f32().par_chunks(m * k), call.inputs[1].f32().par_chunks(k * n));
    let c = call.outputs[0].f32_mut().par_chunks_mut(m * n);
    c.zip(a.zip(b)).for_each(|(c, (a, b))| {
        let (a, b) = (ordered(a, ta, m), ordered(b, tb, k));
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
