//! Networks on the kernels of this crate: what surrounds the layers.
//!
//! [`metrics`] says how good predictions are, [`schedule`] when to stop and when to slow down, [`lr_finder`] which
//! learning rate to begin with, [`checkpoint`] keeps the weights, [`features`] filters what is shown of an image.

pub mod checkpoint;
pub mod features;
pub mod lr_finder;
pub mod metrics;
pub mod schedule;
