//! Networks on the lab's kernels: a network is data (layers in TOML), compiled for a batch into a plan of calls, run by an
//! engine with the variants that the lab verifies and times.

pub mod layer;
pub mod model;
pub mod network;
pub mod plan;
mod shapes;

pub use layer::{Kind, Parameter, Shape};
pub use model::{Model, Options, Variants};
pub use network::{Layer, Loss, Network};
pub use plan::{Optimiser, OptimiserKind, Plan};
