//! Tesela, a laboratory for GPU compute: matmul and max-pooling kernels in WGSL, run through wgpu on any vendor's card,
//! verified against an f64 reference, measured beside serial, parallel and library CPU code.
//!
//! # From a program
//!
//! ```
//! # fn main() -> tesela::Result<()> {
//! # let Ok(gpu) = tesela::Gpu::new() else { return Ok(()) };
//! use ndarray::array;
//! let (a, b) = (array![[1.0, 2.0], [3.0, 4.0]], array![[0.0, 1.0], [1.0, 0.0]]);
//! assert_eq!(tesela::matmul(&gpu, &a.view(), &b.view())?, array![[2.0, 1.0], [4.0, 3.0]]);
//!
//! let x = ndarray::Array4::<f32>::ones((1, 3, 8, 8));
//! let pooled = tesela::max_pool2d(&gpu, &x.view(), &tesela::Pool2d::new(3).stride(2).padding(1))?;
//! assert_eq!(pooled.dim(), (1, 3, 4, 4));
//! # Ok(())
//! # }
//! ```
//!
//! # The rooms of the house
//!
//! | module | what |
//! |---|---|
//! | [`ops`] | *what* is computed: sizes, references, costs, bounds, variants. Pure |
//! | [`gpu`] | *how* WGSL runs; the only module that names wgpu |
//! | [`engine`] | *who* runs a call: the CPU with so many threads, or one GPU |
//! | [`lab`] | one call many times: verified, measured, swept |
//! | [`record`] | what a run leaves behind: samples and provenance |
//! | [`analysis`] | numbers from records. Pure |
//! | [`report`] | figures and tables from analysis |
//! | [`data`] | images and volumes: readers with stated limits, the phantom, data sets, splits, batches |
//! | [`nn`] | networks on these kernels: layers as data, plans, training |
//! | [`cli`] | the command line: one file a verb |
//!
//! Five words hold it together. An **op** says what is computed, a **variant** how; a **call** is an op with its sizes
//! and operands; an **engine** runs calls; a **plan** is a list of calls over buffers: a network's step. A new kernel is one `.wgsl` file and one
//! [`ops::Variant`] in its op's list: checks, sweeps, benches and reports read the list.

pub mod analysis;
pub mod cli;
pub mod data;
pub mod engine;
pub mod error;
pub mod gpu;
pub mod lab;
pub mod nn;
pub mod ops;
pub mod record;
pub mod report;

pub use engine::{Pool2d, matmul, max_pool2d, max_pool2d_with_indices};
pub use error::{Error, Result};
pub use gpu::Gpu;
