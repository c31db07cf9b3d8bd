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

pub use error::{Error, Result};
