//! Whether steps were taken: in mixed precision those whose gradients overflow are not.

use super::Trainer;
use crate::error::{Error, Result};
use crate::nn::precision::{LossScale, power};
use crate::ops::loss_scaling::COUNTED;

impl Trainer<'_> {
    /// Where the scale of the loss stands if no step was taken since this was last asked; `None` if one was, and in single
    /// precision.
    pub(super) fn none_since(&mut self) -> Result<Option<LossScale>> {
        let Some(scale) = self.model.loss_scale()? else { return Ok(None) };
        let earlier = std::mem::replace(&mut self.state.taken, scale.taken);
        // A full count cannot tell.
        Ok((scale.taken == earlier && earlier < u64::from(COUNTED)).then_some(scale))
    }

    /// The same, asked at the end of an epoch.
    ///
    /// # Errors
    /// [`Error::NoStepTaken`] where the scale cannot be halved any more.
    pub(super) fn none_in_epoch(&mut self) -> Result<Option<LossScale>> {
        let none = self.none_since()?;
        match none.filter(LossScale::is_least) {
            Some(least) => Err(none_taken(format!("epoch {}", self.state.epoch), least)),
            None => Ok(none),
        }
    }

    /// Refuses to call a run trained that took no step.
    pub(super) fn check_taken(&mut self) -> Result<()> {
        match self.model.loss_scale()?.filter(|scale| scale.taken == 0) {
            Some(scale) => Err(none_taken("the run".to_owned(), scale)),
            None => Ok(()),
        }
    }
}

fn none_taken(what: String, LossScale { scale, .. }: LossScale) -> Error {
    Error::NoStepTaken { what, scale: power(scale) }
}
