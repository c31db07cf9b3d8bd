//! From gradients to new parameters: all tensors lie in one buffer, so that one call moves them all.

use serde::{Deserialize, Serialize};

use super::{Compiler, GRADIENTS, PARAMETERS, Place, SCALING};
use crate::error::Result;
use crate::nn::precision::LossScaling;
use crate::nn::shapes::sizes;
use crate::ops::{DType, adam, global_norm, loss_scaling, sgd};

/// What moves the parameters. The learning rate comes with each step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Optimiser {
    /// `adam`, `adamw` or `sgd`.
    pub kind: OptimiserKind,
    /// Share of the first moment, or of the velocity, that is kept.
    pub momentum: f32,
    /// Share of the second moment that is kept; `adam` only.
    pub beta2: f32,
    /// Added to the root of the second moment; `adam` only.
    pub eps: f32,
    /// L2 penalty, added to the gradient; for `adamw` the shrinking of the parameters.
    pub weight_decay: f32,
    /// L1 penalty.
    pub l1: f32,
    /// Whether `sgd` looks one step ahead.
    pub nesterov: bool,
    /// The largest norm of all gradients together; 0 for any.
    pub max_norm: f32,
}

/// The optimisers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum OptimiserKind {
    /// Adam.
    #[default]
    Adam,
    /// Adam with decoupled weight decay.
    Adamw,
    /// Stochastic gradient descent.
    Sgd,
}

impl Default for Optimiser {
    fn default() -> Self {
        Self {
            kind: OptimiserKind::Adam,
            momentum: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            weight_decay: 0.0,
            l1: 0.0,
            nesterov: false,
            max_norm: 0.0,
        }
    }
}

impl Optimiser {
    /// Refuses numbers that make no sense, and those that this kind would pass over; says which.
    ///
    /// # Errors
    /// The reason, for the caller to put beside the file's name.
    pub fn check(&self) -> Result<(), String> {
        for (name, value) in [("momentum", self.momentum), ("beta2", self.beta2)] {
            if !(0.0..1.0).contains(&value) {
                return Err(format!("optimiser: {name} = {value} must be 0 or more and below 1"));
            }
        }
        let penalties = [("weight_decay", self.weight_decay), ("l1", self.l1)];
        for (name, value) in penalties.into_iter().chain([("eps", self.eps), ("max_norm", self.max_norm)]) {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(format!("optimiser: {name} = {value} must be 0 or more"));
            }
        }
        if self.nesterov && (self.kind != OptimiserKind::Sgd || self.momentum == 0.0) {
            return Err("optimiser: nesterov = true needs kind = \"sgd\" with momentum above 0".to_owned());
        }
        Ok(())
    }

    /// The buffers of its state, laid out like the parameters.
    pub fn state(&self) -> &'static [&'static str] {
        match self.kind {
            OptimiserKind::Adam | OptimiserKind::Adamw => &["m", "v"],
            OptimiserKind::Sgd => &["velocity"],
        }
    }
}

impl Compiler<'_> {
    /// In mixed precision the scale is taken off first, and `step` says whether the rest may happen.
    pub(super) fn update(&mut self, optimiser: &Optimiser, mixed: Option<LossScaling>) -> Result<()> {
        let elements = self.network.parameter_elements;
        let count = u32::try_from(elements).unwrap_or(u32::MAX);
        let place = Place { layer: "optimiser".to_owned(), kind: "optimiser" };
        let gradients = self.like_parameter(GRADIENTS, 0, elements);
        let parameters = self.like_parameter(PARAMETERS, 0, elements);
        let number = mixed.map(|_| self.buffer("step", DType::I32, 1));
        if let (Some(LossScaling { interval, .. }), Some(number)) = (mixed, number) {
            let op = &loss_scaling::UNSCALE;
            let scaling = self.buffer(SCALING, DType::F32, loss_scaling::STATE);
            let operands = [("x", gradients), ("scaling", scaling), ("step", number)];
            let sizes = sizes(op, &[("len", count), ("interval", interval)])?;
            self.call(place.clone(), op, sizes, &operands);
        }
        if optimiser.max_norm > 0.0 {
            let norm = self.buffer("norm", DType::F32, 1);
            let op = &global_norm::OP;
            self.call(place.clone(), op, sizes(op, &[("len", count)])?, &[("x", gradients), ("norm", norm)]);
            let op = &global_norm::CLIP;
            let mut clip = sizes(op, &[("len", count)])?;
            clip.set("max_norm", optimiser.max_norm.to_bits());
            self.call(place.clone(), op, clip, &[("norm", norm), ("x", gradients)]);
        }
        let op = match optimiser.kind {
            OptimiserKind::Adam | OptimiserKind::Adamw => &adam::OP,
            OptimiserKind::Sgd => &sgd::OP,
        };
        let mut step = sizes(op, &[("len", count)])?;
        let mut operands = vec![("gradients", gradients), ("parameters", parameters)];
        if let Some(number) = number {
            step.set("guarded", 1);
            operands.push(("step", number));
        }
        for name in optimiser.state() {
            operands.push((name, self.like_parameter(name, 0, elements)));
        }
        let adam = optimiser.kind != OptimiserKind::Sgd;
        let first = if adam { "beta1" } else { "momentum" };
        let mut reals =
            vec![(first, optimiser.momentum), ("weight_decay", optimiser.weight_decay), ("l1", optimiser.l1)];
        if adam {
            reals.extend([("beta2", optimiser.beta2), ("eps", optimiser.eps)]);
            step.set("decoupled", u32::from(optimiser.kind == OptimiserKind::Adamw));
        } else {
            step.set("nesterov", u32::from(optimiser.nesterov));
        }
        for (name, value) in reals {
            step.set(name, value.to_bits());
        }
        (op.check)(&step)?;
        self.call(place, op, step, &operands);
        Ok(())
    }
}
