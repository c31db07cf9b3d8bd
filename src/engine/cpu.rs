//! Calls on the CPU.

use std::time::Instant;

use super::phases::since;
use super::{Phases, Prepared};
use crate::error::Result;
use crate::ops::{CpuCall, Data, Op, Sizes, View, ViewMut};

/// A call on the CPU.
pub(super) struct CpuPrepared<'e> {
    pool: &'e rayon::ThreadPool,
    run: fn(&mut CpuCall<'_, '_>),
    parallel: bool,
    sizes: Sizes,
    /// How many of the inputs are only read; the others are updated in place.
    read_only: usize,
}

impl<'e> CpuPrepared<'e> {
    pub(super) fn new(
        pool: &'e rayon::ThreadPool,
        run: fn(&mut CpuCall<'_, '_>),
        parallel: bool,
        op: &Op,
        sizes: &Sizes,
    ) -> Self {
        Self { pool, run, parallel, sizes: sizes.clone(), read_only: op.read_only() }
    }
}

impl Prepared for CpuPrepared<'_> {
    fn compile_ns(&self) -> Option<u64> {
        None
    }

    fn run(&mut self, inputs: &[Data], outputs: &mut [Data]) -> Result<Phases> {
        let threads = if self.parallel { self.pool.current_num_threads() } else { 1 };
        let (inputs, before) = inputs.split_at(self.read_only.min(inputs.len()));
        // The copy is the caller's, as an upload would be: a program keeps such operands where they are.
        for (output, before) in outputs.iter_mut().zip(before) {
            output.clone_from(before);
        }
        let inputs: Vec<View<'_>> = inputs.iter().map(Data::view).collect();
        let mut outputs: Vec<ViewMut<'_>> = outputs.iter_mut().map(Data::view_mut).collect();
        let mut call = CpuCall { sizes: &self.sizes, inputs: &inputs, outputs: &mut outputs, threads };
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
