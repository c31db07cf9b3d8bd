//! Plans on the GPU: buffers stay on the device, a run is one command buffer and one submission.

use super::CallTime;
use crate::engine::gpu::pipelines;
use crate::engine::{Call, Part, Tuned};
use crate::error::{Error, Result};
use crate::gpu::{Binding, Buffer, Gpu, KernelTime, Launch, Timer, Transfer};
use crate::ops::{DType, Data, How, Op, Sizes};

/// Bytes of the log on the device. When it is full it is fetched, which waits for the device.
const LOG_BYTES: u64 = 1 << 20;

#[derive(Debug)]
pub(super) struct GpuRunner<'e> {
    gpu: &'e Gpu,
    tuned: &'e Tuned,
    buffers: Vec<(DType, Buffer)>,
    /// Memory that the host can map, as large as the largest part that was read so far.
    staging: Option<Buffer>,
    /// Results that were kept, on the device: `logged` bytes of it hold some.
    log: Option<Buffer>,
    logged: u64,
    /// Those that were fetched already.
    fetched: Vec<f32>,
    timer: Option<Timer>,
}

/// What a program is on the GPU: for each call its launches.
#[derive(Debug)]
pub(super) struct Launches {
    calls: Vec<Vec<Launch>>,
}

impl<'e> GpuRunner<'e> {
    pub(super) fn new(gpu: &'e Gpu, tuned: &'e Tuned) -> Self {
        let buffers = Vec::new();
        Self { gpu, tuned, buffers, staging: None, log: None, logged: 0, fetched: Vec::new(), timer: None }
    }

    pub(super) fn buffer(&mut self, name: &str, dtype: DType, len: usize) -> Result<usize> {
        // The API sets new memory to zero.
        self.buffers.push((dtype, self.gpu.buffer(name, 4 * len as u64)?));
        Ok(self.buffers.len() - 1)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.buffers.iter().map(|(_, buffer)| buffer.bytes()).sum()
    }

    pub(super) fn write(&self, part: Part, data: &[u8]) {
        self.gpu.write_at(&self.buffers[part.buffer].1, 4 * part.at as u64, data);
    }

    pub(super) fn read(&mut self, part: Part) -> Result<Data> {
        let mut data = match self.buffers[part.buffer].0 {
            DType::F32 => Data::F32(vec![0.0; part.len]),
            DType::I32 => Data::I32(vec![0; part.len]),
            DType::F16 => unreachable!("plans hold 32-bit operands"),
        };
        self.read_into(part, data.bytes_mut())?;
        Ok(data)
    }

    pub(super) fn read_into(&mut self, part: Part, to: &mut [u8]) -> Result<()> {
        let bytes = 4 * part.len as u64;
        let staging = match self.staging.take().filter(|s| s.bytes() >= bytes) {
            Some(staging) => staging,
            None => self.gpu.staging(bytes)?,
        };
        let from = (&self.buffers[part.buffer].1, 4 * part.at as u64);
        self.gpu.submit(self.gpu.record(&[], None, &[Transfer { from, to: (&staging, 0), bytes }]));
        self.gpu.read_staging(&staging, bytes, |bytes| to.copy_from_slice(bytes))?;
        self.staging = Some(staging);
        Ok(())
    }

    pub(super) fn launches(&self, calls: &[Call]) -> Result<Launches> {
        // Calls run one after the other, so they share what their variants need between kernels.
        let mut shared: Vec<u64> = Vec::new();
        for call in calls {
            for (at, scratch) in scratch(call).iter().enumerate() {
                let bytes = 4 * (scratch.len)(&call.sizes);
                match shared.get_mut(at) {
                    Some(largest) => *largest = bytes.max(*largest),
                    None => shared.push(bytes),
                }
            }
        }
        let shared: Vec<Buffer> =
            shared.iter().map(|bytes| self.gpu.buffer("between kernels", *bytes)).collect::<Result<_>>()?;
        let calls = calls.iter().map(|call| self.bind(call, &shared)).collect::<Result<_>>()?;
        Ok(Launches { calls })
    }

    fn bind(&self, call: &Call, shared: &[Buffer]) -> Result<Vec<Launch>> {
        let Call { op, variant, sizes, operands } = call;
        let not = |reason: String| Error::NotApplicable { variant: variant.name.to_owned(), reason };
        if let Some(reason) = (variant.requires)(sizes, self.gpu.caps()) {
            return Err(not(reason));
        }
        if !matches!(variant.how, How::Wgsl { .. }) {
            return Err(not("it is no kernel that a plan can launch".to_owned()));
        }
        let (pipelines, _) = pipelines(
            self.gpu,
            op,
            variant,
            sizes,
            self.tuned.constants(op, variant, sizes),
            self.gpu.checks(),
        )?;
        let bindings: Vec<Binding<'_>> = operands
            .iter()
            .map(|(name, part)| {
                let buffer = &self.buffers[part.buffer].1;
                // To 16 bytes, so that kernels may read vectors; parts begin 256 bytes apart.
                let bytes = (4 * part.len as u64).next_multiple_of(16);
                Binding { name, buffer, part: Some((4 * part.at as u64, bytes)) }
            })
            .chain(scratch(call).iter().zip(shared).map(|(s, buffer)| Binding::whole(s.name, buffer)))
            .collect();
        pipelines
            .into_iter()
            .map(|pipeline| {
                let grid = pipeline.grid(op, sizes, self.gpu.caps())?;
                let bound = self.gpu.bind(&pipeline, op, sizes, &bindings)?;
                Ok(Launch { pipeline, bound, grid })
            })
            .collect()
    }

    pub(super) fn update(&self, launches: &Launches, call: usize, op: &'static Op, sizes: &Sizes) {
        launches.calls[call].iter().for_each(|launch| self.gpu.update(launch, op, sizes));
    }

    pub(super) fn run<'p>(
        &mut self,
        programs: impl Iterator<Item = &'p Launches>,
        keep: &[Part],
    ) -> Result<()> {
        let bytes: u64 = keep.iter().map(|part| 4 * part.len as u64).sum();
        if self.logged + bytes > self.log.as_ref().map_or(0, Buffer::bytes) {
            self.fetch()?;
            if self.log.as_ref().is_none_or(|log| log.bytes() < bytes) {
                self.log = Some(self.gpu.staging(bytes.max(LOG_BYTES))?);
            }
        }
        let mut transfers = Vec::with_capacity(keep.len());
        let mut to = self.logged;
        for part in keep {
            let Some(log) = &self.log else { break };
            let bytes = 4 * part.len as u64;
            let from = (&self.buffers[part.buffer].1, 4 * part.at as u64);
            transfers.push(Transfer { from, to: (log, to), bytes });
            to += bytes;
        }
        let launches = programs.flat_map(|p| p.calls.iter().flatten());
        let commands = self.gpu.record(launches, None, &transfers);
        self.gpu.submit(commands);
        self.logged = to;
        Ok(())
    }

    pub(super) fn run_timed(&mut self, launches: &Launches) -> Result<Vec<CallTime>> {
        if self.timer.is_none() {
            self.timer = self.gpu.timer(1)?;
        }
        let timer = self.timer.as_ref();
        let timed = |call: &Vec<Launch>| {
            let commands = self.gpu.record(call, timer.map(|t| (t, 0)), &[]);
            let resident_ns = self.gpu.run(commands)?;
            Ok(match self.gpu.kernel_time(timer, 1, resident_ns)? {
                KernelTime::Timestamp(ns) => CallTime { ns, timestamps: true },
                KernelTime::Wall(ns) => CallTime { ns, timestamps: false },
            })
        };
        launches.calls.iter().map(timed).collect()
    }

    pub(super) fn kept(&mut self) -> Result<Vec<f32>> {
        self.fetch()?;
        Ok(std::mem::take(&mut self.fetched))
    }

    /// Empties the log on the device. Waits for what was submitted.
    fn fetch(&mut self) -> Result<()> {
        if let (Some(log), true) = (&self.log, self.logged > 0) {
            let floats = |bytes: &[u8]| bytemuck::pod_collect_to_vec::<u8, f32>(bytes);
            let kept = self.gpu.read_staging(log, self.logged, floats)?;
            self.fetched.extend(kept);
            self.logged = 0;
        }
        Ok(())
    }
}

fn scratch(call: &Call) -> &'static [crate::ops::Scratch] {
    match &call.variant.how {
        How::Wgsl { scratch, .. } => scratch,
        _ => &[],
    }
}
