//! Calls on the CPU.

use std::time::Instant;

use super::phases::since;
use super::{Phases, Prepared};
use crate::error::Result;
use crate::ops::{CpuCall, Data, Sizes};

/// A call on the CPU.
pub(super) struct CpuPrepared<'e> {
    pool: &'e rayon::ThreadPool,
    run: fn(&mut CpuCall<'_>),
    parallel: bool,
    sizes: Sizes,
}

impl<'e> CpuPrepared<'e> {
    pub(super) fn new(
        pool: &'e rayon::ThreadPool,
        run: fn(&mut CpuCall<'_>),
        parallel: bool,
        sizes: &Sizes,
    ) -> Self {
        Self { pool, run, parallel, sizes: sizes.clone() }
    }
}

impl Prepared for CpuPrepared<'_> {
    fn compile_ns(&self) -> Option<u64> {
        None
    }

    fn run(&mut self, inputs: &[Data], outputs: &mut [Data]) -> Result<Phases> {
        let threads = if self.parallel { self.pool.current_num_threads() } else { 1 };
        let mut call = CpuCall { sizes: &self.sizes, inputs, outputs, threads };
        let run = self.run;
        let ns = if self.parallel {
            // The clock runs inside the pool: handing the call over is the engine's cost, not the code's.
            self.pool.install(|| timed(|| run(&mut call)))
        } else {
            timed(|| run(&mut call))
        };
        Ok(Phases::cpu(ns))
    }

    fn poison(&mut self) -> Result<()> {
        Ok(())
    }

    fn broken_guard(&mut self) -> Result<Option<&'static str>> {
        Ok(None)
    }
}

fn timed(work: impl FnOnce()) -> u64 {
    let start = Instant::now();
    work();
    since(start)
}
