//! The ops that multiply, in the precision of a plan: all others compute in single precision whatever it is.

use crate::ops::{Op, conv2d, matmul};

/// The ops that multiply.
#[derive(Debug, Clone, Copy)]
pub(super) struct Products {
    pub(super) matmul: &'static Op,
    pub(super) conv2d: &'static Op,
    pub(super) conv2d_grad_input: &'static Op,
    pub(super) conv2d_grad_weight: &'static Op,
}

impl Products {
    /// Single precision.
    pub(super) const SINGLE: Self = Self {
        matmul: &matmul::OP,
        conv2d: &conv2d::FORWARD,
        conv2d_grad_input: &conv2d::GRAD_INPUT,
        conv2d_grad_weight: &conv2d::GRAD_WEIGHT,
    };

    /// Factors rounded to halves.
    pub(super) const MIXED: Self = Self {
        matmul: &matmul::MIXED,
        conv2d: &conv2d::MIXED,
        conv2d_grad_input: &conv2d::MIXED_GRAD_INPUT,
        conv2d_grad_weight: &conv2d::MIXED_GRAD_WEIGHT,
    };
}
