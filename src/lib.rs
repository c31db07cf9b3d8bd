//! Tesela, a laboratory for GPU compute.

pub mod analysis;
pub mod cli;
pub mod data;
pub mod engine;
pub mod error;
pub mod gpu;
pub mod lab;
pub mod ops;
pub mod record;
pub mod report;

pub use engine::{Pool2d, matmul, max_pool2d, max_pool2d_with_indices};
pub use error::{Error, Result};
pub use gpu::Gpu;
