//! Networks on the lab's kernels: a network is data (layers in TOML), compiled for a batch into a plan of calls, run by an
//! engine with the variants that the lab verifies and times.
//!
//! [`metrics`] says how good predictions are, [`schedule`] when to stop and when to slow down, [`lr_finder`] which
//! learning rate to begin with, [`checkpoint`] keeps the weights, [`features`] filters what is shown of an image.

pub mod checkpoint;
pub mod features;
pub mod layer;
pub mod lr_finder;
pub mod metrics;
pub mod model;
pub mod network;
pub mod plan;
pub mod precision;
pub mod predictor;
pub mod schedule;
mod shapes;
pub mod train;

pub use layer::{Kind, Parameter, Shape};
pub use model::{Model, Options, Variants};
pub use network::{Layer, Loss, Network};
pub use plan::{Optimiser, OptimiserKind, Plan};
pub use precision::{LossScaling, Precision};
pub use predictor::Predictor;
