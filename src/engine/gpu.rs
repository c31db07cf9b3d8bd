//! Calls on the GPU: kernels of one variant, one after the other, in one submission.

use std::sync::Arc;
use std::time::Instant;

use super::phases::since;
use super::tuned::merged;
use super::{Phases, Prepared};
use crate::error::{Error, Result};
use crate::gpu::{Binding, Buffer, Checks, Gpu, KernelTime, Launch, Pipeline, Timer};
use crate::ops::{DType, Data, How, Op, Operand, POISON, Role, Sizes, Variant};

/// A call on the GPU.
pub(super) struct GpuPrepared<'g> {
    gpu: &'g Gpu,
    launches: Vec<Launch>,
    /// Every operand that the sizes use, with its role, in the op's order.
    operands: Vec<(Role, &'static str, Buffer)>,
    staging: Buffer,
    timer: Option<Timer>,
    compile_ns: Option<u64>,
}

impl<'g> GpuPrepared<'g> {
    pub(super) fn new(
        gpu: &'g Gpu,
        op: &'static Op,
        variant: &Variant,
        sizes: &Sizes,
        constants: &[(&'static str, u32)],
        checks: Checks,
    ) -> Result<Self> {
        let How::Wgsl { scratch, .. } = &variant.how else { unreachable!("only kernels come here") };
        let start = Instant::now();
        let (pipelines, compiled) = pipelines(gpu, op, variant, sizes, constants, checks)?;
        let compile_ns = compiled.then(|| since(start));

        let bytes = |o: &Operand| (o.dtype.bytes() * op.len(sizes, o.name)) as u64;
        let used = op.operands.iter().filter(|o| o.role == Role::Input || op.len(sizes, o.name) > 0);
        let operands: Vec<(Role, &'static str, Buffer)> =
            used.map(|o| Ok((o.role, o.name, gpu.buffer(o.name, bytes(o))?))).collect::<Result<_>>()?;
        let between: Vec<(&'static str, Buffer)> = scratch
            .iter()
            .map(|s| Ok((s.name, gpu.buffer(s.name, 4 * (s.len)(sizes))?)))
            .collect::<Result<_>>()?;

        let operands_bound = operands.iter().map(|(_, name, buffer)| Binding::whole(name, buffer));
        let between_bound = between.iter().map(|(name, buffer)| Binding::whole(name, buffer));
        let bindings: Vec<Binding<'_>> = operands_bound.chain(between_bound).collect();
        let mut launches = Vec::new();
        for pipeline in pipelines {
            let grid = pipeline.grid(op, sizes, gpu.caps())?;
            let bound = gpu.bind(&pipeline, op, sizes, &bindings)?;
            launches.push(Launch { pipeline, bound, grid });
        }
        let fetched = operands.iter().filter(|o| o.0 != Role::Input);
        let largest = fetched.map(|o| o.2.bytes()).max().unwrap_or(0);
        Ok(Self { gpu, launches, operands, staging: gpu.staging(largest)?, timer: gpu.timer(1)?, compile_ns })
    }
}

/// The kernels of a variant that these sizes use, with `constants` in place of their own, in order, and whether one of
/// them was compiled now.
pub(super) fn pipelines(
    gpu: &Gpu,
    op: &'static Op,
    variant: &Variant,
    sizes: &Sizes,
    constants: &[(&'static str, u32)],
    checks: Checks,
) -> Result<(Vec<Arc<Pipeline>>, bool)> {
    let How::Wgsl { passes, scratch } = &variant.how else { unreachable!("only kernels come here") };
    let scratch_names: Vec<&str> = scratch.iter().map(|s| s.name).collect();
    let mut compiled = false;
    let mut pipelines = Vec::new();
    for pass in passes.iter().filter(|p| (p.when)(sizes)) {
        let sizes_set = pass.shader.compiled_sizes(op, sizes);
        let compiled_in = sizes_set.iter().map(|(name, value)| (name.as_str(), *value));
        let set: Vec<(&str, u32)> = merged(pass, constants).into_iter().chain(compiled_in).collect();
        let known = gpu.is_compiled(&pass.shader, op, &set, checks);
        compiled |= !known;
        pipelines.push(gpu.pipeline(&pass.shader, op, &scratch_names, &set, checks)?);
    }
    if let Some(size) = sizes.to_be_named().find(|size| !pipelines.iter().any(|p| p.names(size))) {
        let reason = format!("its kernel does not know of `{size}` and takes its default only");
        return Err(Error::NotApplicable { variant: variant.name.to_owned(), reason });
    }
    Ok((pipelines, compiled))
}

impl GpuPrepared<'_> {
    /// The buffers that a call fills from the host: all but outputs.
    fn given(&self) -> impl Iterator<Item = &Buffer> {
        self.operands.iter().filter(|o| o.0 != Role::Output).map(|o| &o.2)
    }

    /// The buffers that a call fetches, with their names: all but inputs.
    fn fetched(&self) -> impl Iterator<Item = (&'static str, &Buffer)> {
        self.operands.iter().filter(|o| o.0 != Role::Input).map(|o| (o.1, &o.2))
    }
}

impl Prepared for GpuPrepared<'_> {
    fn compile_ns(&self) -> Option<u64> {
        self.compile_ns
    }

    fn run(&mut self, inputs: &[Data], outputs: &mut [Data]) -> Result<Phases> {
        let start = Instant::now();
        self.gpu.upload(self.given().zip(inputs.iter().map(Data::bytes)))?;
        let upload_ns = since(start);

        let encode = Instant::now();
        let commands = self.gpu.record(&self.launches, self.timer.as_ref().map(|t| (t, 0)), &[]);
        let encode_ns = since(encode);

        let resident_ns = self.gpu.run(commands)?;

        let download = Instant::now();
        for ((_, buffer), data) in self.fetched().zip(outputs.iter_mut()) {
            let copy = |bytes: &[u8]| data.bytes_mut().copy_from_slice(bytes);
            self.gpu.download(buffer, buffer.bytes(), &self.staging, copy)?;
        }
        let download_ns = since(download);
        let total_ns = since(start);

        let kernel = self.gpu.kernel_time(self.timer.as_ref(), 1, resident_ns)?;
        let (kernel_ns, timestamps) = match kernel {
            KernelTime::Timestamp(ns) => (ns, true),
            KernelTime::Wall(ns) => (ns, false),
        };
        Ok(Phases {
            upload_ns: Some(upload_ns),
            encode_ns: Some(encode_ns),
            kernel_ns,
            timestamps,
            resident_ns,
            download_ns: Some(download_ns),
            total_ns,
        })
    }

    fn poison(&mut self) -> Result<()> {
        // What is updated in place is poisoned too: the next upload leaves only its guard cells so.
        self.gpu.poison(self.fetched().map(|(_, buffer)| buffer))
    }

    fn broken_guard(&mut self) -> Result<Option<&'static str>> {
        broken_guard(self.gpu, self.fetched())
    }
}

/// The first output whose guard cells no longer hold the poison.
fn broken_guard<'b>(
    gpu: &Gpu,
    outputs: impl Iterator<Item = (&'static str, &'b Buffer)>,
) -> Result<Option<&'static str>> {
    for (name, buffer) in outputs {
        let (_, guard) = gpu.download_guarded(buffer)?;
        if guard.chunks_exact(DType::F32.bytes()).any(|cell| cell != POISON.to_ne_bytes()) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
