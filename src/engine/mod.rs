//! WHO runs a call: the CPU with so many threads, or one GPU.
//!
//! An [`Engine`] prepares a call once (pipelines, buffers) and runs it many times, each time end to end: inputs to the
//! device, kernels, outputs back, with the time of every phase.

mod array;
mod cpu;
mod gpu;
pub mod in_parts;
mod per_window;
mod phases;
mod plan;
mod prefer;
mod runner;
mod tuned;

pub use array::{Pool2d, matmul, max_pool2d, max_pool2d_with_indices};
pub use phases::Phases;
pub use plan::{Call, Part};
pub use prefer::runs_on;
pub use runner::{CallTime, Program, Runner, Target};
pub use tuned::{Tuned, TunedEntry};

use crate::error::{Error, Result};
use crate::gpu::{Checks, Gpu, Interface};
use crate::ops::{Data, How, Op, Sizes, Variant};

/// The CPU and, where there is one, a GPU.
#[derive(Debug)]
pub struct Engine {
    gpu: Option<Gpu>,
    pool: rayon::ThreadPool,
    tuned: Tuned,
}

/// A call that is ready to run: an op with its sizes, a variant, and all that lives longer than one run.
pub trait Prepared {
    /// Nanoseconds that preparing spent on building pipelines; `None` where all came from the cache, and on the CPU.
    fn compile_ns(&self) -> Option<u64>;

    /// Runs once, end to end. `inputs` are what [`Op::inputs`] lists, `outputs` what [`Op::outputs`] lists; an operand
    /// that is updated in place is in both, before and after.
    ///
    /// # Errors
    /// What the device reports.
    fn run(&mut self, inputs: &[Data], outputs: &mut [Data]) -> Result<Phases>;

    /// Fills the device's outputs with poison, so that the next run shows what it leaves unwritten. Nothing to do on
    /// the CPU, where the outputs are the caller's.
    ///
    /// # Errors
    /// What the device reports.
    fn poison(&mut self) -> Result<()>;

    /// Names an output whose guard cells a run has overwritten.
    ///
    /// # Errors
    /// What the device reports.
    fn broken_guard(&mut self) -> Result<Option<&'static str>>;
}

impl Engine {
    /// An engine of `threads` CPU threads and a GPU, if given.
    ///
    /// # Errors
    /// [`Error::NotApplicable`] where the system refuses the threads.
    pub fn new(gpu: Option<Gpu>, threads: usize) -> Result<Self> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let refused = |e: rayon::ThreadPoolBuildError| Error::NotApplicable {
            variant: format!("a pool of {threads} threads"),
            reason: e.to_string(),
        };
        Ok(Self { gpu, pool: pool.map_err(refused)?, tuned: Tuned::default() })
    }

    /// The same engine with tuned constants; a new one has none.
    #[must_use]
    pub fn with_tuned(self, tuned: Tuned) -> Self {
        Self { tuned, ..self }
    }

    /// The tuned constants that it uses.
    pub fn tuned(&self) -> &Tuned {
        &self.tuned
    }

    /// The GPU.
    pub fn gpu(&self) -> Option<&Gpu> {
        self.gpu.as_ref()
    }

    /// CPU threads.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Makes a call ready to run, with tuned constants where [`Engine::tuned`] has some for these sizes.
    ///
    /// # Errors
    /// [`Error::NotApplicable`] where the variant cannot run these sizes here, [`Error::TooLarge`], and what the device
    /// reports.
    pub fn prepare(
        &self,
        op: &'static Op,
        variant: &'static Variant,
        sizes: &Sizes,
    ) -> Result<Box<dyn Prepared + '_>> {
        self.prepare_with(op, variant, sizes, self.tuned.constants(op, variant, sizes))
    }

    /// As [`Engine::prepare`], with these constants in the kernels and no others: none mean the defaults of the files.
    ///
    /// # Errors
    /// As [`Engine::prepare`].
    pub fn prepare_with(
        &self,
        op: &'static Op,
        variant: &'static Variant,
        sizes: &Sizes,
        constants: &[(&'static str, u32)],
    ) -> Result<Box<dyn Prepared + '_>> {
        let checks = self.gpu.as_ref().map_or(Checks::On, Gpu::checks);
        self.prepare_checked(op, variant, sizes, constants, checks)
    }

    /// The same engine, with these checks in the kernels of the program ([`Gpu::with_checks`]).
    #[must_use]
    pub fn with_checks(self, checks: Checks) -> Self {
        Self { gpu: self.gpu.map(|gpu| gpu.with_checks(checks)), ..self }
    }

    /// Whether kernels of the program run without checks once they have been found right with them.
    pub fn is_unchecked(&self) -> bool {
        self.gpu.as_ref().is_some_and(|gpu| gpu.checks() == Checks::Off)
    }

    /// As [`Engine::prepare_with`], with these checks in the kernels, whatever the device's own.
    ///
    /// # Errors
    /// As [`Engine::prepare`].
    pub fn prepare_checked(
        &self,
        op: &'static Op,
        variant: &'static Variant,
        sizes: &Sizes,
        constants: &[(&'static str, u32)],
        checks: Checks,
    ) -> Result<Box<dyn Prepared + '_>> {
        let not = |reason: String| Error::NotApplicable { variant: variant.name.to_owned(), reason };
        let caps = self.gpu.as_ref().map(Gpu::caps).cloned().unwrap_or_default();
        if let Some(reason) = (variant.requires)(sizes, &caps) {
            return Err(not(reason));
        }
        if let How::Cpu { run, parallel } = variant.how {
            return Ok(Box::new(cpu::CpuPrepared::new(&self.pool, run, parallel, op, sizes)));
        }
        let gpu = self.gpu.as_ref().ok_or_else(|| not("there is no adapter".to_owned()))?;
        let prepared = match &variant.how {
            How::PerWindow(product) => per_window::PerWindowPrepared::new(gpu, product, sizes, checks)
                .map(|p| Box::new(p) as Box<dyn Prepared>),
            _ => gpu::GpuPrepared::new(gpu, op, variant, sizes, constants, checks)
                .map(|p| Box::new(p) as Box<dyn Prepared>),
        };
        prepared.map_err(|e| match e {
            Error::NotApplicable { reason, .. } => not(reason),
            other => other,
        })
    }
}

impl Engine {
    /// What the kernels of a call declare once every constant is set, those that are tuned among them, in the order in
    /// which they run; empty for what is no list of kernels.
    ///
    /// # Errors
    /// As [`Engine::prepare`].
    pub fn interfaces(
        &self,
        op: &'static Op,
        variant: &'static Variant,
        sizes: &Sizes,
    ) -> Result<Vec<Interface>> {
        let (How::Wgsl { .. }, Some(gpu)) = (&variant.how, &self.gpu) else { return Ok(Vec::new()) };
        let constants = self.tuned.constants(op, variant, sizes);
        let (pipelines, _) = gpu::pipelines(gpu, op, variant, sizes, constants, gpu.checks())?;
        Ok(pipelines.iter().map(|pipeline| pipeline.interface.clone()).collect())
    }
}

/// Outputs of the right lengths, poisoned.
pub fn outputs(op: &Op, sizes: &Sizes) -> Vec<Data> {
    op.outputs(sizes).map(|o| Data::poisoned(o.dtype, op.len(sizes, o.name))).collect()
}
