//! Pooling cases: sizes, inputs and expected values as calls of `maxpool`.

use super::{Check, Stop};
use crate::lab::Case;
use crate::ops::maxpool::OP;
use crate::ops::{Bound, Data, Expected, Op, Sizes, maxpool_backward};

/// A pooling of N, C, H, W; pairs are rows, columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Windows {
    pub(super) shape: [usize; 4],
    pub(super) kernel: [u32; 2],
    pub(super) stride: [u32; 2],
    pub(super) padding: [u32; 2],
    pub(super) dilation: [u32; 2],
    pub(super) ceil: bool,
    pub(super) pad_zero: bool,
}

impl Windows {
    fn sizes(&self, indices: bool) -> Result<Sizes, Stop> {
        let words = [
            ("pad_value", if self.pad_zero { "zero" } else { "neg_inf" }),
            ("indices", if indices { "yes" } else { "no" }),
        ];
        self.sizes_of(&OP, &words)
    }

    /// The sizes of another op on the same windows; `words` are those of its own.
    pub(super) fn sizes_of(&self, op: &'static Op, words: &[(&str, &str)]) -> Result<Sizes, Stop> {
        if self.shape.contains(&0) {
            return Stop::skip(format!("its x is {:?}: a size of zero is a typed error here", self.shape));
        }
        let axes = ["n", "c", "h", "w"].into_iter().zip(self.shape.map(|axis| axis.to_string()));
        let pairs = [
            (["kh", "kw"], self.kernel),
            (["sh", "sw"], self.stride),
            (["ph", "pw"], self.padding),
            (["dh", "dw"], self.dilation),
        ];
        let numbers =
            pairs.into_iter().flat_map(|(names, pair)| names.into_iter().zip(pair.map(|v| v.to_string())));
        let all: Vec<(&str, String)> = axes.chain(numbers).collect();
        let ceil = ("ceil", if self.ceil { "ceil" } else { "floor" });
        let numbers = all.iter().map(|(name, text)| (*name, text.as_str()));
        Ok(op.sizes(numbers.chain([ceil]).chain(words.iter().copied()))?)
    }

    /// The gradient by the image: `dx` where the outputs' is `dy`. Where the case has no indices they are those of the
    /// pooling here, which is held to the case's `y` besides.
    pub(super) fn gradient(&self, x: &[f32], dy: Vec<f32>, dx: Vec<f64>) -> Result<Check, Stop> {
        let op = &maxpool_backward::OP;
        let pad_value = ("pad_value", if self.pad_zero { "zero" } else { "neg_inf" });
        let sizes = self.sizes_of(op, &[pad_value])?;
        let pooled = (OP.reference)(&self.sizes(true)?, &[Data::F32(x.to_vec())]);
        #[expect(clippy::cast_possible_truncation, reason = "positions within a plane, made from i32")]
        let indices = pooled.iter().skip(1).flat_map(|e| &e.want).map(|&i| i as i32).collect();
        let expected = vec![Expected { operand: "dx", want: dx, bound: Bound::Exact }];
        let inputs = vec![Data::F32(dy), Data::I32(indices)];
        Ok(Check { part: "dx", calls: vec![Case { op, sizes, inputs, expected, seed: None }] })
    }

    /// Refuses an output shape (N, C, OH, OW) other than what these sizes give, as damage.
    pub(super) fn must_give(&self, shape: &[usize]) -> Result<(), Stop> {
        let ours = (OP.shape)(&self.sizes(false)?, "y");
        if ours == shape {
            return Ok(());
        }
        Stop::damaged(format!("its y is {shape:?}, its sizes give {ours:?}"))
    }

    /// The values alone, and with the indices where they are known: these are two kernels.
    pub(super) fn checks(&self, x: &[f32], y: &[f64], indices: Option<&[f64]>) -> Result<Vec<Check>, Stop> {
        let equal = |operand, want: &[f64]| Expected { operand, want: want.to_vec(), bound: Bound::Exact };
        let call = |sizes, expected| Case {
            op: &OP,
            sizes,
            inputs: vec![Data::F32(x.to_vec())],
            expected,
            seed: None,
        };
        let mut checks = vec![Check { part: "", calls: vec![call(self.sizes(false)?, vec![equal("y", y)])] }];
        if let Some(indices) = indices {
            let both = vec![equal("y", y), equal("indices", indices)];
            checks.push(Check { part: "indices", calls: vec![call(self.sizes(true)?, both)] });
        }
        Ok(checks)
    }
}
