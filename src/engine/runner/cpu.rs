//! Plans on the CPU: buffers are host memory, a program is a loop over its calls inside the thread pool.

use std::time::Instant;

use super::CallTime;
use super::carve::carve;
use crate::engine::phases::since;
use crate::engine::{Call, Part};
use crate::ops::{CpuCall, DType, Data, How, Role};

#[derive(Debug)]
pub(super) struct CpuRunner<'e> {
    pool: &'e rayon::ThreadPool,
    buffers: Vec<Data>,
    log: Vec<f32>,
}

impl<'e> CpuRunner<'e> {
    pub(super) fn new(pool: &'e rayon::ThreadPool) -> Self {
        Self { pool, buffers: Vec::new(), log: Vec::new() }
    }

    pub(super) fn buffer(&mut self, dtype: DType, len: usize) -> usize {
        self.buffers.push(match dtype {
            DType::F32 => Data::F32(vec![0.0; len]),
            DType::I32 => Data::I32(vec![0; len]),
            DType::F16 => unreachable!("plans hold 32-bit operands"),
        });
        self.buffers.len() - 1
    }

    pub(super) fn bytes(&self) -> u64 {
        self.buffers.iter().map(|b| 4 * b.len() as u64).sum()
    }

    pub(super) fn write(&mut self, part: Part, data: &[u8]) {
        let bytes = self.buffers[part.buffer].bytes_mut();
        bytes[4 * part.at..4 * (part.at + part.len)].copy_from_slice(data);
    }

    pub(super) fn read(&self, part: Part) -> Data {
        let range = part.at..part.at + part.len;
        match &self.buffers[part.buffer] {
            Data::F32(v) => Data::F32(v[range].to_vec()),
            Data::I32(v) => Data::I32(v[range].to_vec()),
            Data::F16(_) => unreachable!("plans hold 32-bit operands"),
        }
    }

    pub(super) fn bytes_of(&self, part: Part) -> &[u8] {
        &self.buffers[part.buffer].bytes()[4 * part.at..4 * (part.at + part.len)]
    }

    pub(super) fn assert_runs(&self, call: &Call) {
        assert!(call.variant.is_cpu(), "`{}` of {} is no CPU code", call.variant.name, call.op.name);
        for (_, part) in &call.operands {
            assert!(part.at + part.len <= self.buffers[part.buffer].len(), "a part ends behind its buffer");
        }
    }

    pub(super) fn run<'c>(&mut self, calls: impl Iterator<Item = &'c Call> + Send, keep: &[Part]) {
        let Self { pool, buffers, log } = self;
        pool.install(|| calls.for_each(|call| run(call, buffers, pool.current_num_threads())));
        for part in keep {
            log.extend_from_slice(&buffers[part.buffer].f32()[part.at..part.at + part.len]);
        }
    }

    pub(super) fn run_timed(&mut self, calls: &[Call]) -> Vec<CallTime> {
        let Self { pool, buffers, .. } = self;
        let timed = |call: &Call| {
            let start = Instant::now();
            run(call, buffers, pool.current_num_threads());
            CallTime { ns: since(start), timestamps: false }
        };
        pool.install(|| calls.iter().map(timed).collect())
    }

    pub(super) fn kept(&mut self) -> Vec<f32> {
        std::mem::take(&mut self.log)
    }
}

fn run(call: &Call, buffers: &mut [Data], threads: usize) {
    let How::Cpu { run, parallel } = call.variant.how else {
        unreachable!("checked when the program was made")
    };
    let parts = |is_input: bool| -> Vec<Part> {
        let mine = call.op.operands.iter().filter(|o| (o.role == Role::Input) == is_input);
        mine.filter_map(|o| call.part(o.name)).collect()
    };
    let (inputs, mut outputs) = carve(buffers, &parts(true), &parts(false));
    let threads = if parallel { threads } else { 1 };
    run(&mut CpuCall { sizes: &call.sizes, inputs: &inputs, outputs: &mut outputs, threads });
}
