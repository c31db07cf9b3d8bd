//! The gradient that an optimiser uses: the loss's, plus that of the penalties on the parameters.

use super::tolerance::{EPS, TINY};
use super::{DType, Data, Expected, Field, Fill, Op, Operand, Role, Sizes};
use crate::error::Result;

/// L2: adds `weight_decay` times the parameter to its gradient.
pub(super) const WEIGHT_DECAY: Field =
    Field::real("weight_decay", 0.0, "L2 penalty: its product with the parameter is added to the gradient");
/// L1: adds `l1` times the parameter's sign.
pub(super) const L1: Field =
    Field::real("l1", 0.0, "L1 penalty: its product with the parameter's sign is added to the gradient");

/// Whether an optimiser reads in `step` whether it may move the parameters, and how often it has.
pub(super) const GUARDED: Field = Field::choice(
    "guarded",
    &["no", "yes"],
    "whether the step's number is read from `step`, where `unscale` writes it; 0 leaves everything as it is",
)
.by_name();

/// What is read there.
pub(super) const STEP: Operand = Operand { name: "step", role: Role::Input, dtype: DType::I32 };

pub(super) fn is_guarded(sizes: &Sizes) -> bool {
    sizes.get("guarded") == 1
}

/// One number each, but for `step`.
pub(super) fn shape(sizes: &Sizes, operand: &str) -> Vec<usize> {
    match operand {
        "step" if is_guarded(sizes) => vec![1],
        "step" => Vec::new(),
        _ => vec![sizes.get("len") as usize],
    }
}

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

/// Gradients of a kind, the step's number where it is read (0 for an odd number of parameters, else `t`), parameters, and two
/// moments of which the second is not negative.
pub(super) fn draw(op: &'static Op, sizes: &Sizes, fill: Fill, seed: u64) -> Vec<Data> {
    let mut drawn = Op::floats(op, sizes, fill, seed);
    let t = sizes.find("t").unwrap_or(1).cast_signed();
    let step = if sizes.get("len").is_multiple_of(2) { t } else { 0 };
    drawn[1] = Data::I32(vec![step; op.len(sizes, STEP.name)]);
    if let Some(Data::F32(second)) = drawn.get_mut(4) {
        second.iter_mut().for_each(|v| *v *= *v);
    }
    drawn
}

/// What a step that is not taken leaves: what was there.
pub(super) fn untouched(op: &'static Op, inputs: &[Data]) -> Vec<Expected> {
    let in_place = op.inputs().zip(inputs).filter(|(operand, _)| operand.role == Role::InOut);
    in_place.map(|(operand, data)| Expected::exact(operand.name, data.f32().iter().copied())).collect()
}
