//! The gradient that an optimiser uses: the loss's, plus that of the penalties on the parameters.

use super::tolerance::{EPS, TINY};
use super::{Data, Field, Fill, Op, Sizes};
use crate::error::Result;

/// L2: adds `weight_decay` times the parameter to its gradient.
pub(super) const WEIGHT_DECAY: Field =
    Field::real("weight_decay", 0.0, "L2 penalty: its product with the parameter is added to the gradient");
/// L1: adds `l1` times the parameter's sign.
pub(super) const L1: Field =
    Field::real("l1", 0.0, "L1 penalty: its product with the parameter's sign is added to the gradient");

/// The penalties.
#[derive(Debug, Clone, Copy)]
pub(super) struct Penalties {
    weight_decay: f32,
    l1: f32,
}

impl Penalties {
    pub(super) fn of(sizes: &Sizes) -> Self {
        Self { weight_decay: sizes.real("weight_decay"), l1: sizes.real("l1") }
    }

    /// The same without the L2 penalty.
    pub(super) fn without_decay(self) -> Self {
        Self { weight_decay: 0.0, ..self }
    }

    /// Gradient `g` at parameter `p` with the penalties' added. The sign of 0 is 0.
    pub(super) fn gradient(self, g: f32, p: f32) -> f32 {
        g + self.weight_decay * p + self.l1 * sign(p)
    }

    /// The same in f64: value, its error after at most four roundings of whatever direction, and a bound of its size.
    pub(super) fn bounded(self, g: f32, p: f32) -> (f64, f64, f64) {
        let (g, l2, l1) = (f64::from(g), f64::from(self.weight_decay) * f64::from(p), f64::from(self.l1));
        let size = g.abs() + l2.abs() + l1;
        (g + l2 + l1 * f64::from(sign(p)), 8.0 * EPS * size + TINY, size)
    }
}

fn sign(p: f32) -> f32 {
    if p == 0.0 { 0.0 } else { p.signum() }
}

/// Refuses no elements and negative penalties.
pub(super) fn check(op: &'static str, sizes: &Sizes) -> Result<()> {
    super::relu::check(op, sizes)?;
    super::within(op, sizes, "weight_decay", 0.0..)?;
    super::within(op, sizes, "l1", 0.0..)
}

/// Gradients of a kind, parameters, and two moments of which the second is not negative.
pub(super) fn draw(op: &'static Op, sizes: &Sizes, fill: Fill, seed: u64) -> Vec<Data> {
    let mut drawn = Op::floats(op, sizes, fill, seed);
    if let Some(Data::F32(second)) = drawn.get_mut(3) {
        second.iter_mut().for_each(|v| *v *= *v);
    }
    drawn
}
