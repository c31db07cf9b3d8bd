//! In which precision a network is trained.
//!
//! In mixed precision what is multiplied in convolutions and dense layers, forward and backward, is rounded to halves as it
//! is read; weights, gradients, what lies between layers, the optimiser's state and all other arithmetic stay in single
//! precision. The loss is scaled, so that small gradients do not vanish in halves ([`crate::ops::loss_scaling`]).

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::engine::Target;
use crate::error::{Error, Result};
use crate::ops::{Caps, NO_HALVES, loss_scaling};

/// The precision of a training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Single precision.
    #[default]
    F32,
    /// Products of halves, all else in single precision.
    Mixed,
}

impl Precision {
    /// As files and the command line call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Mixed => "mixed",
        }
    }

    /// What more to try where a loss is no finite number: the advice of [`Error::NotFinite`].
    pub(crate) fn overflow_advice(self) -> &'static str {
        match self {
            Self::F32 => "",
            Self::Mixed => "; activations above 65504 overflow a half, so training in f32 may go on",
        }
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = [Self::F32, Self::Mixed];
        known.into_iter().find(|p| p.name() == text).ok_or_else(|| "write f32 or mixed".to_owned())
    }
}

/// How the loss is scaled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossScaling {
    /// The scale of the first step, a power of two.
    pub start: f32,
    /// Good steps after which the scale is doubled.
    pub interval: u32,
}

impl Default for LossScaling {
    fn default() -> Self {
        Self { start: 65_536.0, interval: 2000 }
    }
}

impl LossScaling {
    /// Refuses a scale that is no power of two or whose inverse is no normal number, and an interval of 0 or beyond what is
    /// counted.
    ///
    /// # Errors
    /// The reason, for the caller to put beside the file's name.
    pub fn check(&self) -> Result<(), String> {
        let is_power =
            self.start.is_normal() && self.start > 0.0 && self.start.to_bits().trailing_zeros() >= 23;
        if !is_power || !(1.0 / self.start).is_normal() {
            let value = self.start;
            return Err(format!("loss_scaling: start = {value} is not a power of two from 2^-126 to 2^126"));
        }
        if self.interval == 0 {
            return Err(
                "loss_scaling: interval = 0 would double the scale before any step; use 1 or more".to_owned()
            );
        }
        if self.interval > loss_scaling::COUNTED {
            let (interval, most) = (self.interval, loss_scaling::COUNTED);
            return Err(format!("loss_scaling: interval = {interval} is never reached; use {most} at most"));
        }
        Ok(())
    }
}

/// Where the loss scaling of a model stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossScale {
    /// The scale of the next step.
    pub scale: f32,
    /// Good steps since it last changed.
    pub good: u64,
    /// Steps that were not taken, since a gradient was no finite number.
    pub skipped: u64,
    /// Steps that were taken.
    pub taken: u64,
}

impl LossScale {
    /// Whether it cannot be halved any more.
    pub fn is_least(&self) -> bool {
        self.scale <= loss_scaling::LEAST
    }
}

/// A scale as 2^16.
pub(crate) fn power(scale: f32) -> String {
    format!("2^{}", scale.log2())
}

/// Refuses mixed precision on a GPU whose shaders have no halves.
pub(super) fn check_halves(target: Target, caps: Option<&Caps>) -> Result<()> {
    if target == Target::Cpu || caps.is_none_or(|caps| caps.f16) {
        return Ok(());
    }
    Err(Error::NotApplicable {
        variant: "mixed precision".to_owned(),
        reason: format!("{NO_HALVES}; train in f32, or with --device cpu"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_is_a_power_of_two() {
        let refused = |start, interval| LossScaling { start, interval }.check().is_err();
        for start in [1.0, 65_536.0, 0.25, f32::MIN_POSITIVE, 2f32.powi(126)] {
            assert!(!refused(start, 1), "{start}");
        }
        for start in
            [0.0, -2.0, 3.0, 65_535.0, 2f32.powi(127), f32::MIN_POSITIVE / 2.0, f32::INFINITY, f32::NAN]
        {
            assert!(refused(start, 1), "{start}");
        }
        assert!(refused(1.0, 0) && !refused(LossScaling::default().start, LossScaling::default().interval));
        assert_eq!([65_536.0, 1.0, f32::MIN_POSITIVE].map(power), ["2^16", "2^0", "2^-126"]);
    }

    /// The count is a float, which stays at 2^24.
    #[test]
    fn an_interval_that_is_never_reached_is_refused() {
        let check = |interval| LossScaling { interval, ..LossScaling::default() }.check();
        assert!(check(1 << 24).is_ok());
        let said = check((1 << 24) + 1).unwrap_err();
        assert!(said.contains("16777217 is never reached; use 16777216 at most"), "{said}");
    }

    #[test]
    fn a_device_without_halves_is_refused() {
        let caps = |f16| Caps { f16, ..Caps::default() };
        let error = check_halves(Target::Gpu, Some(&caps(false))).unwrap_err();
        assert!(
            matches!(error, Error::NotApplicable { .. }) && error.to_string().contains("shader-f16"),
            "{error}"
        );
        assert!(check_halves(Target::Gpu, Some(&caps(true))).is_ok());
        // The CPU rounds by itself.
        assert!(check_halves(Target::Cpu, Some(&caps(false))).is_ok());
    }
}
