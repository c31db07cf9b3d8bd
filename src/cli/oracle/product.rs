//! Matrix products of cases as calls of `matmul`: as they are, with transposed operands and batches, and once more as
//! plain products, one for each of a batch, for the variants that know nothing else.

use super::tensor::Tensor;
use super::{Check, Stop};
use crate::lab::Case;
use crate::ops::matmul::OP;
use crate::ops::{Bound, Data, Expected};

/// A product with NumPy's rules: leading axes are batches and are stretched from 1; a vector on the left is a row, one
/// on the right a column, and their axis of 1 is not in the result.
#[derive(Debug)]
pub(super) struct Product {
    a: Operand,
    b: Operand,
    batches: Vec<usize>,
    m: usize,
    n: usize,
    k: usize,
    /// Whether A, and whether B, was a vector.
    vectors: (bool, bool),
}

/// One side: batches of row-major matrices.
#[derive(Debug)]
struct Operand {
    batches: Vec<usize>,
    rows: usize,
    cols: usize,
    /// The elements as they lie in the file.
    values: Vec<f32>,
    /// Whether each matrix lies there as cols x rows.
    transposed: bool,
}

impl Product {
    pub(super) fn new(a: Tensor, b: Tensor, transpose_a: bool, transpose_b: bool) -> Result<Self, Stop> {
        let vectors = (a.shape.len() == 1, b.shape.len() == 1);
        let (a, b) = (Operand::new(a, true, transpose_a)?, Operand::new(b, false, transpose_b)?);
        if a.cols != b.rows {
            return Stop::damaged(format!("its operands do not fit: {} columns and {} rows", a.cols, b.rows));
        }
        let Some(batches) = broadcast(&a.batches, &b.batches) else {
            return Stop::damaged(format!("its batches do not fit: {:?} and {:?}", a.batches, b.batches));
        };
        let (m, n, k) = (a.rows, b.cols, a.cols);
        Ok(Self { a, b, batches, m, n, k, vectors })
    }

    /// The shape of the result.
    pub(super) fn shape(&self) -> Vec<usize> {
        let mut shape = self.batches.clone();
        shape.extend((!self.vectors.0).then_some(self.m));
        shape.extend((!self.vectors.1).then_some(self.n));
        shape
    }

    /// The product as it is, and as plain products, one call a batch, where that is not the same; `parts` are the two
    /// names. `want` and the bound's elements are in the result's order.
    pub(super) fn checks(
        &self,
        parts: [&'static str; 2],
        want: &[f64],
        bound: &Bound,
    ) -> Result<Vec<Check>, Stop> {
        let (m, n, k) = (self.m, self.n, self.k);
        if self.batches.contains(&0) || [m, n, k].contains(&0) {
            return Stop::skip(format!("m={m} n={n} k={k}: a size of zero is a typed error here"));
        }
        let sizes_of = |batch: usize, ta: bool, tb: bool| {
            let text = [m, n, k, batch, usize::from(ta), usize::from(tb)].map(|size| size.to_string());
            OP.sizes(["m", "n", "k", "batch", "ta", "tb"].into_iter().zip(text.iter().map(String::as_str)))
        };
        let sizes = sizes_of(1, false, false)?;
        let part = m * n;
        let call = |batch: usize| {
            let bound = match bound {
                Bound::Exact => Bound::Exact,
                Bound::Absolute(all) => Bound::Absolute(all[batch * part..][..part].to_vec()),
            };
            let want = want[batch * part..][..part].to_vec();
            Case {
                op: &OP,
                sizes: sizes.clone(),
                inputs: [&self.a, &self.b].map(|side| side.matrix(&self.batches, batch)).to_vec(),
                expected: vec![Expected { operand: "c", want, bound }],
                seed: None,
            }
        };
        let count: usize = self.batches.iter().product();
        let plain: Vec<Case> = (0..count).map(call).collect();
        let is_plain = count == 1 && !self.a.transposed && !self.b.transposed;
        if is_plain || self.a.batches != self.b.batches {
            return Ok(vec![Check { part: parts[0], calls: plain }]);
        }
        let whole = Case {
            op: &OP,
            sizes: sizes_of(count, self.a.transposed, self.b.transposed)?,
            inputs: [&self.a, &self.b].map(|side| Data::F32(side.values.clone())).to_vec(),
            expected: vec![Expected { operand: "c", want: want.to_vec(), bound: bound.clone() }],
            seed: None,
        };
        Ok(vec![Check { part: parts[0], calls: vec![whole] }, Check { part: parts[1], calls: plain }])
    }
}

impl Operand {
    fn new(tensor: Tensor, left: bool, transpose: bool) -> Result<Self, Stop> {
        let values = tensor.operand()?;
        let (batches, mut rows, mut cols) = match *tensor.shape {
            [] => return Stop::damaged("an operand is a single number"),
            [length] if left => (Vec::new(), 1, length),
            [length] => (Vec::new(), length, 1),
            [ref batches @ .., rows, cols] => (batches.to_vec(), rows, cols),
        };
        if transpose {
            (rows, cols) = (cols, rows);
        }
        Ok(Self { batches, rows, cols, values, transposed: transpose })
    }

    /// The matrix that belongs to the `batch`-th of the result's `batches`, row-major.
    fn matrix(&self, batches: &[usize], batch: usize) -> Data {
        let (mut rest, mut number, mut step) = (batch, 0, 1);
        for (axis, &length) in batches.iter().rev().enumerate() {
            let at = rest % length;
            rest /= length;
            // An axis that this side does not have, or has once, is stretched.
            let own = self.batches.iter().rev().nth(axis).copied().unwrap_or(1);
            number += step * if own == 1 { 0 } else { at };
            step *= own;
        }
        let elements = self.rows * self.cols;
        let matrix = &self.values[number * elements..][..elements];
        Data::F32(if self.transposed { transposed(matrix, self.rows) } else { matrix.to_vec() })
    }
}

/// The rows of a matrix of `cols` columns as columns.
fn transposed(matrix: &[f32], cols: usize) -> Vec<f32> {
    (0..cols).flat_map(|c| matrix.iter().skip(c).step_by(cols).copied()).collect()
}

/// The batches of the result, by NumPy's rule.
fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let axis = |shape: &[usize], at: usize| (at + shape.len()).checked_sub(rank).map_or(1, |i| shape[i]);
    (0..rank)
        .map(|at| match (axis(a, at), axis(b, at)) {
            (x, y) if x == y => Some(x),
            (1, y) => Some(y),
            (x, 1) => Some(x),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::npy::ArrayData;

    fn counting(shape: &[usize]) -> Tensor {
        let count = u8::try_from(shape.iter().product::<usize>()).unwrap();
        Tensor { shape: shape.to_vec(), data: ArrayData::F32((0..count).map(f32::from).collect()) }
    }

    #[test]
    fn an_operand_is_transposed_batch_by_batch() {
        let operand = Operand::new(counting(&[2, 2, 3]), true, true).unwrap();
        assert_eq!((operand.rows, operand.cols), (3, 2));
        assert_eq!(operand.matrix(&[2], 0).f32(), [0., 3., 1., 4., 2., 5.]);
        assert_eq!(operand.matrix(&[2], 1).f32(), [6., 9., 7., 10., 8., 11.]);
    }

    #[test]
    fn batches_are_stretched() {
        let product = Product::new(counting(&[2, 1, 1, 2]), counting(&[3, 2, 1]), false, false).unwrap();
        assert_eq!(product.shape(), [2, 3, 1, 1]);
        let checks = product.checks([""; 2], &[0.0; 6], &Bound::Exact).unwrap();
        assert_eq!(checks.len(), 1);
        // Batch 5 is (1, 2): the second matrix of A, the third of B.
        assert_eq!(checks[0].calls[5].inputs[0].f32(), [2.0, 3.0]);
        assert_eq!(checks[0].calls[5].inputs[1].f32(), [4.0, 5.0]);
    }

    #[test]
    fn transposed_batches_are_checked_as_they_are_and_one_by_one() {
        let product = Product::new(counting(&[2, 3, 2]), counting(&[2, 3, 1]), true, false).unwrap();
        let want = [10.0, 13.0, 100.0, 112.0];
        let [whole, plain] = &product.checks(["", "plain"], &want, &Bound::Exact).unwrap()[..] else {
            panic!()
        };
        assert_eq!(whole.calls[0].sizes.to_string(), "m=2 n=1 k=3 batch=2 ta=yes tb=no");
        assert_eq!(whole.calls[0].inputs[0].f32(), counting(&[12]).operand().unwrap());
        assert_eq!((plain.part, plain.calls.len()), ("plain", 2));
        assert_eq!(plain.calls[1].inputs[0].f32(), [6.0, 8.0, 10.0, 7.0, 9.0, 11.0]);
        for case in whole.calls.iter().chain(&plain.calls) {
            assert_eq!((OP.reference)(&case.sizes, &case.inputs)[0].want, case.expected[0].want);
        }
    }

    #[test]
    fn vectors_lose_their_axis() {
        let product = Product::new(counting(&[3]), counting(&[3]), false, false).unwrap();
        assert_eq!(product.shape(), [0usize; 0]);
        assert!(Product::new(counting(&[3]), counting(&[2]), false, false).is_err());
    }
}
