//! The obviously right product, and how far a single-precision one may be from it.

use std::ops::Range;

use rayon::prelude::*;

use super::Dims;
use crate::ops::{Bound, Data, Expected, Sizes};

/// Unit roundoff of f32.
pub(super) const U: f64 = 1.0 / 16_777_216.0;

/// C in f64, and for every element the bound
/// `|err| <= (k + 2) u / (1 - (k + 2) u) (|A||B|)_ij + k 2^-126`.
///
/// It holds for every order of summation, with or without fused multiply-add (Higham, *Accuracy and Stability of
/// Numerical Algorithms*, section 3.1: gamma_k, with two roundings to spare); the last term allows subnormal products
/// to be flushed to zero. Rows are shared out over threads; each is computed by plain loops.
pub(super) fn reference(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    product(Dims::of(sizes), inputs[0].f32(), inputs[1].f32(), U)
}

/// The same for some rows of C, counted over all products.
pub fn rows(sizes: &Sizes, inputs: &[Data], rows: Range<usize>) -> Vec<Expected> {
    product_rows(Dims::of(sizes), inputs[0].f32(), inputs[1].f32(), U, rows)
}

/// The same where every operation has the relative error `u`.
pub(super) fn product(dims: Dims, a: &[f32], b: &[f32], u: f64) -> Vec<Expected> {
    product_rows(dims, a, b, u, 0..dims.batch * dims.m)
}

fn product_rows(dims: Dims, a: &[f32], b: &[f32], u: f64, rows: Range<usize>) -> Vec<Expected> {
    let Dims { m, n, k, .. } = dims;
    let ((a_row, a_column), (b_row, b_column)) = (dims.a_strides(), dims.b_strides());
    let (first, count) = (rows.start, rows.len());
    let mut want = vec![0.0f64; count * n];
    let mut bound = vec![0.0f64; count * n];
    let terms = k as f64 + 2.0;
    let gamma = terms * u / (1.0 - terms * u);
    let flushed = k as f64 * f64::from(f32::MIN_POSITIVE);
    let both = want.par_chunks_mut(n).zip(bound.par_chunks_mut(n));
    both.enumerate().for_each(|(row, (want, bound))| {
        let (product, i) = ((first + row) / m, (first + row) % m);
        let (a, b) = (&a[product * m * k..], &b[product * k * n..]);
        for p in 0..k {
            for j in 0..n {
                let term = f64::from(a[i * a_row + p * a_column]) * f64::from(b[p * b_row + j * b_column]);
                want[j] += term;
                bound[j] += term.abs();
            }
        }
        for limit in bound.iter_mut() {
            *limit = gamma * *limit + flushed;
        }
    });
    vec![Expected { operand: "c", want, bound: Bound::Absolute(bound) }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::matmul::OP;

    #[test]
    fn a_product_by_hand() {
        let sizes = OP.sizes([("m", "2"), ("n", "2"), ("k", "3")]).unwrap();
        let a = Data::F32(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let b = Data::F32(vec![7.0, 8.0, 9.0, 10.0, 11.0, 12.0]);
        let expected = reference(&sizes, &[a.clone(), b.clone()]);
        assert_eq!(expected[0].want, [58.0, 64.0, 139.0, 154.0]);
        let Bound::Absolute(bound) = &expected[0].bound else { unreachable!() };
        assert!(
            bound.iter().zip([58.0, 64.0, 139.0, 154.0]).all(|(b, c)| *b > 2.9e-7 * c && *b < 3.1e-7 * c)
        );
        // The same numbers read as A of 3 x 2 and B of 2 x 3, both transposed.
        let sizes = OP.sizes([("m", "2"), ("n", "2"), ("k", "3"), ("ta", "yes"), ("tb", "yes")]).unwrap();
        assert_eq!(reference(&sizes, &[a.clone(), b.clone()])[0].want, [76.0, 103.0, 100.0, 136.0]);
        // And as three products of a column by a row.
        let sizes = OP.sizes([("m", "2"), ("n", "2"), ("k", "1"), ("batch", "3")]).unwrap();
        let want = [7.0, 8.0, 14.0, 16.0, 27.0, 30.0, 36.0, 40.0, 55.0, 60.0, 66.0, 72.0];
        assert_eq!(reference(&sizes, &[a, b])[0].want, want);
    }
}
