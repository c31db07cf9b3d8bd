//! What the machine itself can reach: the roofs under which every variant stands, measured by kernels of our own on that
//! very adapter and by plain code and the tuned library on its CPU. Each is verified like any variant before its times
//! count.

mod launch;
mod settled;

use self::settled::Best;
use super::verify::verify_prepared;
use super::{Case, Verdict, machine_name, provenance, utc_now};
use crate::engine::{Engine, Phases, outputs};
use crate::error::{Error, Result};
use crate::gpu::{GUARD_BYTES, Gpu};
use crate::ops::probe::{COPY, FMA_F16, FMA_F32, READ};
use crate::ops::{Fill, Op, Variant, matmul};
use crate::record::{CEILINGS_VERSION, Ceilings, Clock, Probe, ProbeKind, Side, SkippedProbe};

/// Bytes of each buffer on a GPU: beyond the caches of all but a few (an H200 has 50 MiB), within the 128 MiB that every
/// WebGPU device binds.
const GPU_BYTES: u64 = 128 << 20;
/// Bytes of each buffer on a CPU, or on an adapter that is one: beyond the cache that its cores share, on most.
const CPU_BYTES: u64 = 64 << 20;
/// Turns of a thread's loop in the arithmetic probes.
const TURNS: u32 = 128;
/// Threads of the arithmetic probes on a GPU, several times what a large one holds; and on a software adapter.
const FMA_THREADS: [u32; 2] = [1 << 20, 1 << 13];
/// Workgroups of the reading probe, of 256 threads each: 2^18 threads.
const READ_WORKGROUPS: u32 = 1 << 10;
/// The side of the product that shows a CPU's arithmetic.
const PRODUCT_SIDE: u32 = 1024;
/// Elements of the arithmetic probe on a CPU, for each of its threads, and turns of each: milliseconds a call.
const FMA_CPU: (u32, u32) = (1920, 1024);

/// Measures the ceilings of the engine's adapter, where it has one, and of its CPU with the engine's threads. Takes a
/// few seconds at most. A probe that cannot run here is kept with its reason.
///
/// # Errors
/// [`Error::DeviceLost`].
pub fn ceilings(engine: &Engine) -> Result<Ceilings> {
    let adapter = engine.gpu().map(Gpu::adapter);
    let mut probing = Probing { engine, probes: Vec::new(), skipped: Vec::new() };
    if let Some(gpu) = engine.gpu() {
        probing.gpu(gpu)?;
    }
    probing.cpu()?;
    Ok(Ceilings {
        schema_version: CEILINGS_VERSION,
        measured: utc_now(),
        adapter: adapter.map(|_| machine_name(engine)),
        software: adapter.is_some_and(|a| a.software),
        cpu: provenance::cpu(),
        threads: u32::try_from(engine.threads()).unwrap_or(u32::MAX),
        probes: probing.probes,
        skipped: probing.skipped,
    })
}

struct Probing<'e> {
    engine: &'e Engine,
    probes: Vec<Probe>,
    skipped: Vec<SkippedProbe>,
}

/// One op to be timed: by which variant, at which sizes.
struct Plan {
    kind: ProbeKind,
    side: Side,
    op: &'static Op,
    variant: &'static str,
    sizes: Vec<(&'static str, u32)>,
    buffer_bytes: Option<u64>,
}

impl Probing<'_> {
    fn gpu(&mut self, gpu: &Gpu) -> Result<()> {
        let caps = gpu.caps();
        let software = gpu.adapter().software;
        let room = caps.max_binding_bytes.min(caps.max_buffer_bytes).saturating_sub(GUARD_BYTES);
        let wanted = if software { CPU_BYTES } else { GPU_BYTES };
        let len = u32::try_from(wanted.min(room) / 16 * 4).unwrap_or(u32::MAX / 8 * 4);
        let fma = |op: &'static Op| Plan {
            kind: if op.name == FMA_F16.name { ProbeKind::FmaF16 } else { ProbeKind::FmaF32 },
            side: Side::Gpu,
            op,
            variant: "chains_4x4",
            sizes: vec![("len", FMA_THREADS[usize::from(software)]), ("turns", TURNS)],
            buffer_bytes: None,
        };
        let copied = self.time(&Plan { variant: "vec4", ..Plan::copy(Side::Gpu, len) })?;
        self.transfers(&copied, len);
        self.time(&Plan::read(len))?;
        self.time(&fma(&FMA_F32))?;
        self.time(&fma(&FMA_F16))?;
        match launch::probes(gpu) {
            Ok(probes) => self.probes.extend(probes),
            Err(e) => self.skip(ProbeKind::Launch, Side::Gpu, e)?,
        }
        Ok(())
    }

    fn cpu(&mut self) -> Result<()> {
        let len = u32::try_from(CPU_BYTES / 4).unwrap_or(u32::MAX);
        self.time(&Plan::copy(Side::Cpu, len))?;
        let (elements, turns) = FMA_CPU;
        let threads = u32::try_from(self.engine.threads()).unwrap_or(1).min(4096);
        self.time(&Plan {
            kind: ProbeKind::FmaF32,
            side: Side::Cpu,
            op: &FMA_F32,
            variant: "chains_cpu",
            sizes: vec![("len", elements * threads), ("turns", turns)],
            buffer_bytes: None,
        })?;
        self.time(&Plan {
            kind: ProbeKind::Product,
            side: Side::Cpu,
            op: &matmul::OP,
            variant: "library",
            sizes: ["m", "n", "k"].map(|name| (name, PRODUCT_SIDE)).to_vec(),
            buffer_bytes: None,
        })?;
        Ok(())
    }

    /// Verifies and times; keeps the probe, or why there is none.
    fn time(&mut self, plan: &Plan) -> Result<Vec<Phases>> {
        match timed(self.engine, plan) {
            Ok((phases, work)) => {
                let clock = phases.iter().all(|p| p.timestamps);
                self.probes.push(Probe {
                    kind: plan.kind,
                    side: plan.side,
                    work,
                    buffer_bytes: plan.buffer_bytes,
                    clock: if clock { Clock::Timestamp } else { Clock::Wall },
                    samples_ns: phases.iter().map(|p| p.kernel_ns).collect(),
                });
                Ok(phases)
            }
            Err(e) => self.skip(plan.kind, plan.side, e).map(|()| Vec::new()),
        }
    }

    /// A lost device ends the probing; anything else is the reason why one probe is missing.
    fn skip(&mut self, kind: ProbeKind, side: Side, error: Error) -> Result<()> {
        if matches!(error, Error::DeviceLost { .. }) {
            return Err(error);
        }
        self.skipped.push(SkippedProbe { kind, side, reason: error.to_string() });
        Ok(())
    }

    /// The copies to and from the device that the copying probe made anyway.
    fn transfers(&mut self, phases: &[Phases], len: u32) {
        type Part = fn(&Phases) -> Option<u64>;
        let bytes = 4 * u64::from(len);
        let parts: [(ProbeKind, Part); 2] =
            [(ProbeKind::Upload, |p| p.upload_ns), (ProbeKind::Download, |p| p.download_ns)];
        for (kind, part) in parts {
            let samples_ns: Vec<u64> = phases.iter().filter_map(part).collect();
            if !samples_ns.is_empty() {
                let (side, clock) = (Side::Gpu, Clock::Wall);
                self.probes.push(Probe {
                    kind,
                    side,
                    work: bytes,
                    buffer_bytes: Some(bytes),
                    clock,
                    samples_ns,
                });
            }
        }
    }
}

impl Plan {
    fn copy(side: Side, len: u32) -> Self {
        Self {
            kind: ProbeKind::Copy,
            side,
            op: &COPY,
            variant: "rayon",
            sizes: vec![("len", len)],
            buffer_bytes: Some(4 * u64::from(len)),
        }
    }

    /// On a GPU only; a CPU's copy is as fast as its reading in plain code.
    fn read(len: u32) -> Self {
        let sizes = vec![("len", len), ("workgroups", READ_WORKGROUPS)];
        Self { kind: ProbeKind::Read, op: &READ, variant: "vec4", sizes, ..Self::copy(Side::Gpu, len) }
    }

    fn variant(&self) -> Result<&'static Variant> {
        let found = self.op.variants_named(self.variant)?;
        found.first().copied().ok_or_else(|| Error::UnknownVariant {
            op: self.op.name,
            name: self.variant.to_owned(),
            known: String::new(),
        })
    }
}

/// The phases of each timed call, and the work of one. The first call is the verified one and is not among them.
fn timed(engine: &Engine, plan: &Plan) -> Result<(Vec<Phases>, u64)> {
    let texts: Vec<(&str, String)> = plan.sizes.iter().map(|(n, v)| (*n, v.to_string())).collect();
    let sizes = plan.op.sizes(texts.iter().map(|(n, v)| (*n, v.as_str())))?;
    let variant = plan.variant()?;
    let case = Case::drawn(plan.op, &sizes, Fill::Uniform, 1);
    let mut prepared = engine.prepare(plan.op, variant, &sizes)?;
    let mut results = outputs(plan.op, &sizes);
    match verify_prepared(prepared.as_mut(), &case, variant, &mut results)? {
        Verdict::Passed(_) => {}
        Verdict::Failed(fault) => return Err(Error::Mismatch(fault)),
        Verdict::Skipped(reason) => {
            return Err(Error::NotApplicable { variant: variant.name.to_owned(), reason });
        }
    }
    let (mut phases, mut best) = (Vec::<Phases>::new(), Best::default());
    while !best.is_settled() {
        let call = prepared.run(&case.inputs, &mut results)?;
        best.add(call.kernel_ns, call.total_ns);
        phases.push(call);
    }
    if let Some(fault) = case.fault(variant.name, &results) {
        return Err(Error::Mismatch(fault));
    }
    let cost = (plan.op.cost)(&sizes);
    let bytes = matches!(plan.kind, ProbeKind::Copy | ProbeKind::Read);
    Ok((phases, if bytes { cost.bytes } else { cost.flops }))
}
