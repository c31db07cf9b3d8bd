//! The obviously right product, and how far a single-precision one may be from it.

use rayon::prelude::*;

use super::Dims;
use crate::ops::{Bound, Data, Expected, Sizes};

/// Unit roundoff of f32.
const U: f64 = 1.0 / 16_777_216.0;

/// C in f64, and for every element the bound
/// `|err| <= (k + 2) u / (1 - (k + 2) u) (|A||B|)_ij + k 2^-126`.
///
/// It holds for every order of summation, with or without fused multiply-add (Higham, *Accuracy and Stability of
/// Numerical Algorithms*, section 3.1: gamma_k, with two roundings to spare); the last term allows subnormal products
/// to be flushed to zero. Rows are shared out over threads; each is computed by plain loops.
pub(super) fn reference(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let Dims { m, n, k } = Dims::of(sizes);
    let (a, b) = (inputs[0].f32(), inputs[1].f32());
    let mut want = vec![0.0f64; m * n];
    let mut bound = vec![0.0f64; m * n];
    let terms = k as f64 + 2.0;
    let gamma = terms * U / (1.0 - terms * U);
    let flushed = k as f64 * f64::from(f32::MIN_POSITIVE);
    let rows = want.par_chunks_mut(n).zip(bound.par_chunks_mut(n));
    rows.zip(a.par_chunks(k)).for_each(|((want, bound), a_row)| {
        for (p, &a_ip) in a_row.iter().enumerate() {
            for (j, &b_pj) in b[p * n..][..n].iter().enumerate() {
                let term = f64::from(a_ip) * f64::from(b_pj);
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
        let expected = reference(&sizes, &[a, b]);
        assert_eq!(expected[0].want, [58.0, 64.0, 139.0, 154.0]);
        let Bound::Absolute(bound) = &expected[0].bound else { unreachable!() };
        assert!(
            bound.iter().zip([58.0, 64.0, 139.0, 154.0]).all(|(b, c)| *b > 2.9e-7 * c && *b < 3.1e-7 * c)
        );
    }
}
