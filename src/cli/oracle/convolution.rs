//! Convolution cases: sizes, operands and expected values as calls of `conv2d` and its gradients.

use super::tensor::Tensor;
use super::{Check, Stop};
use crate::lab::Case;
use crate::ops::conv2d::{FORWARD, GRAD_INPUT, GRAD_WEIGHT};
use crate::ops::{Bound, Data, Expected, Op, Sizes};

/// A convolution of N, C, H, W by O, C/groups, KH, KW; pairs are rows, columns.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) x: Tensor,
    pub(super) w: Tensor,
    pub(super) bias: Option<Tensor>,
    pub(super) stride: [u32; 2],
    pub(super) padding: [u32; 2],
    pub(super) dilation: [u32; 2],
    pub(super) groups: u32,
}

/// An output of the case, and the `(rtol, atol)` that it is held to.
pub(super) type Wanted = (Tensor, (f64, f64));

impl Layer {
    fn sizes(&self, op: &'static Op) -> Result<Sizes, Stop> {
        let (&[n, ci, h, w], &[co, cig, kh, kw]) = (&self.x.shape[..], &self.w.shape[..]) else {
            return Stop::damaged(format!("its x is {:?}, its w {:?}", self.x.shape, self.w.shape));
        };
        if self.x.shape.contains(&0) || self.w.shape.contains(&0) {
            return Stop::skip("a tensor is empty: a size of zero is a typed error here");
        }
        if Some(ci) != cig.checked_mul(self.groups as usize) {
            return Stop::damaged(format!(
                "its w takes {cig} channels in {} groups, its x has {ci}",
                self.groups
            ));
        }
        let axes = [("n", n), ("ci", ci), ("h", h), ("w", w), ("co", co), ("kh", kh), ("kw", kw)];
        let pairs =
            [(["sh", "sw"], self.stride), (["ph", "pw"], self.padding), (["dh", "dw"], self.dilation)];
        let pairs =
            pairs.into_iter().flat_map(|(names, pair)| names.into_iter().zip(pair.map(|v| v.to_string())));
        let mut all: Vec<(&str, String)> = axes.map(|(name, v)| (name, v.to_string())).to_vec();
        all.extend(pairs);
        all.push(("groups", self.groups.to_string()));
        if op.name == FORWARD.name {
            all.push(("bias", u32::from(self.bias.is_some()).to_string()));
        }
        Ok(op.sizes(all.iter().map(|(name, text)| (*name, text.as_str())))?)
    }

    /// Y.
    pub(super) fn forward(&self, y: &Wanted) -> Result<Check, Stop> {
        let bias = self.bias.as_ref().map_or(Ok(Vec::new()), Tensor::operand)?;
        self.check("", &FORWARD, vec![self.x.operand()?, self.w.operand()?, bias], y)
    }

    /// dX, from dY.
    pub(super) fn grad_input(&self, dy: &Tensor, dx: &Wanted) -> Result<Check, Stop> {
        self.check("dx", &GRAD_INPUT, vec![dy.operand()?, self.w.operand()?], dx)
    }

    /// dW, from dY.
    pub(super) fn grad_weight(&self, dy: &Tensor, dw: &Wanted) -> Result<Check, Stop> {
        self.check("dw", &GRAD_WEIGHT, vec![self.x.operand()?, dy.operand()?], dw)
    }

    fn check(
        &self,
        part: &'static str,
        op: &'static Op,
        inputs: Vec<Vec<f32>>,
        (wanted, (rtol, atol)): &Wanted,
    ) -> Result<Check, Stop> {
        let sizes = self.sizes(op)?;
        for (operand, values) in op.inputs().zip(&inputs) {
            let elements = op.len(&sizes, operand.name);
            if values.len() != elements {
                let name = operand.name;
                return Stop::damaged(format!("its `{name}` has {} elements, not {elements}", values.len()));
            }
        }
        let Some(operand) = op.outputs(&sizes).next() else { return Stop::damaged("it has no output") };
        wanted.must_be(operand.name, &(op.shape)(&sizes, operand.name))?;
        let want = wanted.doubles();
        let bound = Bound::Absolute(want.iter().map(|w| atol + rtol * w.abs()).collect());
        let expected = vec![Expected { operand: operand.name, want, bound }];
        let inputs = inputs.into_iter().map(Data::F32).collect();
        Ok(Check { part, calls: vec![Case { op, sizes, inputs, expected, seed: None }] })
    }
}
