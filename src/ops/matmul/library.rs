//! The product by a tuned GEMM: the `gemm` crate, with as many threads as asked for.

use rayon::prelude::*;

use super::Dims;
use crate::ops::CpuCall;
use crate::ops::gemm::{Matrix, gemm};
use crate::ops::spare::Spare;

/// Of a batch, each thread takes products of its own; a batch of fewer products than threads is computed one by one, each
/// by all threads.
pub(super) fn library(call: &mut CpuCall<'_, '_>) {
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
    let Dims { m, n, k, ta, tb, .. } = dims;
    if !ta && tb && m > 1 && m <= n && n * k >= 4096 {
        return by_columns(a, b, c, [m, n, k], threads);
    }
    let (a, b) = (Matrix::new(a, dims.a_strides()), Matrix::new(b, dims.b_strides()));
    gemm([m, n, k], a, b, c, (n, 1), false, threads);
}

/// C = A B where B lies transposed, as the weights of a dense layer do, and is the larger operand: C column by column. The
/// crate writes columns by itself only with B on the left, and would transpose all of B for it an element at a time; A and
/// C are smaller, and transposed here. Columns of A are padded to whole vectors, whose products nobody reads.
fn by_columns(a: &[f32], b: &[f32], c: &mut [f32], [m, n, k]: [usize; 3], threads: usize) {
    let rows = m.next_multiple_of(BLOCK);
    let (mut columns, mut products) = (Spare::take(k * rows), Spare::take(n * rows));
    transpose(a, [m, k], k, &mut columns, rows);
    columns.chunks_exact_mut(rows).for_each(|column| column[m..].fill(0.0));
    let (a, b) = (Matrix::new(&columns, (1, rows)), Matrix::new(b, (1, k)));
    gemm([rows, n, k], a, b, &mut products, (1, rows), false, threads);
    transpose(&products, [n, m], rows, c, n);
}

/// Rows and columns that are transposed at a time: a cache line of each.
const BLOCK: usize = 16;

/// The transpose of a matrix whose rows, and whose transposed rows, begin so many elements apart.
fn transpose(from: &[f32], [rows, columns]: [usize; 2], apart: usize, to: &mut [f32], to_apart: usize) {
    let to = to.par_chunks_mut(BLOCK * to_apart).take(columns.div_ceil(BLOCK));
    to.enumerate().for_each(|(block, to)| {
        let first = block * BLOCK;
        let width = BLOCK.min(columns - first);
        for r0 in (0..rows).step_by(BLOCK) {
            for r in r0..rows.min(r0 + BLOCK) {
                let from = &from[r * apart + first..][..width];
                to[r..].iter_mut().step_by(to_apart).zip(from).for_each(|(to, v)| *to = *v);
            }
        }
    });
}
