//! What it costs to start a kernel: many launches in one submission, and submissions of one launch.

use crate::error::{Error, Mismatch, Result};
use crate::gpu::{Binding, Gpu, KernelTime, Launch};
use crate::ops::probe::LAUNCH;
use crate::ops::{DType, How};
use crate::record::{Clock, Probe, ProbeKind, Side};

/// Launches of one submission.
const LAUNCHES: u16 = 500;
/// Submissions of so many launches, after one that does not count.
const ROUNDS: u16 = 5;
/// Submissions of one launch.
const SUBMISSIONS: u16 = 20;

/// The two probes. Every launch adds one to a counter, which is read in the end: none can be left out, and each waits
/// for the one before.
///
/// # Errors
/// What the device reports; [`Error::Mismatch`] where a launch is missing.
pub(super) fn probes(gpu: &Gpu) -> Result<[Probe; 2]> {
    let sizes = LAUNCH.sizes([("len", "1")])?;
    let pass = LAUNCH.variants.iter().find_map(|v| match &v.how {
        How::Wgsl { passes, .. } => passes.first(),
        _ => None,
    });
    let Some(pass) = pass else {
        let reason = "it has no kernel".to_owned();
        return Err(Error::NotApplicable { variant: LAUNCH.name.to_owned(), reason });
    };
    let pipeline = gpu.pipeline(&pass.shader, &LAUNCH, &[], pass.set, gpu.checks())?;
    let counter = gpu.buffer("y", DType::F32.bytes() as u64)?;
    gpu.upload([(&counter, 0.0_f32.to_ne_bytes().as_slice())])?;
    let bound = gpu.bind(&pipeline, &LAUNCH, &sizes, &[Binding::whole("y", &counter)])?;
    let grid = pipeline.grid(&LAUNCH, &sizes, gpu.caps())?;
    let launch = Launch { pipeline, bound, grid };
    let timer = gpu.timer(1)?;

    let (mut many, mut clock) = (Vec::new(), Clock::Timestamp);
    for round in 0..=ROUNDS {
        let launches = std::iter::repeat_n(&launch, usize::from(LAUNCHES));
        let commands = gpu.record(launches, timer.as_ref().map(|t| (t, 0)), &[]);
        let resident_ns = gpu.run(commands)?;
        let ns = match gpu.kernel_time(timer.as_ref(), 1, resident_ns)? {
            KernelTime::Timestamp(ns) => ns,
            KernelTime::Wall(ns) => {
                clock = Clock::Wall;
                ns
            }
        };
        // The first submission pays for what the driver puts off until then.
        if round > 0 {
            many.push(ns);
        }
    }
    let mut single = Vec::new();
    for _ in 0..SUBMISSIONS {
        single.push(gpu.run(gpu.record([&launch], None, &[]))?);
    }

    let staging = gpu.staging(counter.bytes())?;
    let counted = gpu.download(&counter, counter.bytes(), &staging, |bytes| {
        bytes.first_chunk().map_or(f32::NAN, |b| f32::from_ne_bytes(*b))
    })?;
    let launched = f32::from(LAUNCHES) * f32::from(ROUNDS + 1) + f32::from(SUBMISSIONS);
    if counted != launched {
        return Err(Error::Mismatch(Box::new(missing(counted, launched))));
    }
    let probe = |kind, work: u16, clock, samples_ns| Probe {
        kind,
        side: Side::Gpu,
        work: u64::from(work),
        buffer_bytes: None,
        clock,
        samples_ns,
    };
    Ok([
        probe(ProbeKind::Launch, LAUNCHES, clock, many),
        probe(ProbeKind::Submission, 1, Clock::Wall, single),
    ])
}

fn missing(got: f32, want: f32) -> Mismatch {
    Mismatch {
        op: LAUNCH.name.to_owned(),
        variant: "counter".to_owned(),
        sizes: "len=1".to_owned(),
        seed: None,
        operand: "y".to_owned(),
        index: 0,
        got: f64::from(got),
        want: f64::from(want),
        bound: 0.0,
        bad: 1,
        of: 1,
        note: "launches are missing".to_owned(),
    }
}
