//! Where numbers come from: program, machine, adapter, environment.

use std::collections::BTreeMap;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::Experiment;
use crate::engine::{Engine, TunedEntry};
use crate::gpu::Adapter;
use crate::ops::{Fill, OPS, Op, Shader, Variant};
use crate::record::{AdapterInfo, Folder, Run, RunStatus, SCHEMA_VERSION};

/// What a run's provenance needs besides the experiment and the engine.
#[derive(Debug, Clone, Default)]
pub struct Provenance {
    /// The command line, word by word.
    pub command: Vec<String>,
    /// Where the images came from, where images are used.
    pub images: Option<String>,
    /// What a reader must know besides.
    pub notes: Vec<String>,
    /// A run of the same experiment by the same program on this machine: what was verified there is not verified again.
    pub verified_in: Option<Folder>,
}

/// The time now, in UTC, to the second.
pub fn utc_now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// The name of the machine's part that matters: of the adapter, or of the CPU without one.
pub fn machine_name(engine: &Engine) -> String {
    engine.gpu().map_or_else(cpu, |gpu| gpu.adapter().name.clone())
}

/// The record of a sweep that starts now.
pub(super) fn run(experiment: &Experiment, engine: &Engine, provenance: &Provenance, seed: u64) -> Run {
    // By name and constants: the code itself is in the shaders' hashes and the commit.
    let constants: Vec<_> = experiment.variants.iter().map(|v| (v.name, v.constants())).collect();
    let terms = format!("{:?}\n{constants:?}", experiment.budget);
    let shaders = experiment.variants.iter().flat_map(|v| v.shaders());
    record([&experiment.name, &experiment.text], shaders, engine, provenance, (seed, &terms))
}

/// The record of a run that starts now: its name and its file's text, the shaders that it may use, its seed, and what
/// else a time depends on.
pub fn record<'s>(
    [name, text]: [&str; 2],
    shaders: impl IntoIterator<Item = &'s Shader>,
    engine: &Engine,
    provenance: &Provenance,
    (seed, terms): (u64, &str),
) -> Run {
    let (cpu, cores, memory_bytes) = host();
    let adapter = engine.gpu().map(|gpu| info(gpu.adapter()));
    let shaders: BTreeMap<String, String> =
        shaders.into_iter().map(|s| (s.name.to_owned(), hex(s.source.as_bytes()))).collect();
    let lock_sha256 = hex(include_bytes!("../../Cargo.lock"));
    let mut run = Run {
        schema_version: SCHEMA_VERSION,
        command: provenance.command.clone(),
        experiment: name.to_owned(),
        experiment_text: text.to_owned(),
        status: RunStatus::Running,
        started: utc_now(),
        finished: None,
        resume_key: String::new(),
        commit: option_env!("TESELA_COMMIT").map(str::to_owned),
        dirty: option_env!("TESELA_DIRTY").map(|d| d == "true"),
        lock_sha256,
        shaders,
        rustc: option_env!("TESELA_RUSTC").unwrap_or("unknown").to_owned(),
        os: sysinfo::System::long_os_version().unwrap_or_else(|_| std::env::consts::OS.to_owned()),
        cpu,
        cores,
        memory_bytes,
        adapter,
        bounds_checks: !engine.is_unchecked(),
        seed,
        generator: Fill::GENERATOR.to_owned(),
        environment: std::env::vars().filter(|(name, _)| Run::environment_matters(name)).collect(),
        images: provenance.images.clone(),
        notes: provenance.notes.clone(),
    };
    // Before the key: a run with other constants is another run.
    let constants = constants_in_use(engine, &run.shaders);
    run.resume_key = resume_key(&run, engine.threads(), &format!("{terms}{}", constants.join("")));
    if constants.is_empty() && engine.gpu().is_some() {
        run.notes.extend(searched(&run.shaders).next().map(|_| format!("{}{DEFAULTS}", Run::NOT_TUNED)));
    }
    run.notes.extend(constants);
    run
}

/// What a run's notes say where no tuned constants were in use.
const DEFAULTS: &str = "the defaults of their files, none tuned";

/// The variants with a space to search whose shaders are all among these.
fn searched(shaders: &BTreeMap<String, String>) -> impl Iterator<Item = (&'static Op, &'static Variant)> {
    let is_used = |variant: &Variant| {
        let used = |shader: &&Shader| shaders.contains_key(shader.name);
        !variant.space.is_empty() && variant.shaders().iter().all(used)
    };
    let all = OPS.iter().flat_map(|op| op.variants.iter().map(move |v| (*op, v)));
    all.filter(move |(_, v)| is_used(v))
}

/// One sentence for each set of tuned constants that kernels of the run may have used. None at all mean that every
/// kernel ran with the constants of its file.
fn constants_in_use(engine: &Engine, shaders: &BTreeMap<String, String>) -> Vec<String> {
    let tuned = searched(shaders).flat_map(|(op, v)| engine.tuned().of(op, v));
    let said = |e: &TunedEntry| {
        let values: Vec<String> =
            e.constants.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        format!(
            "{}{}/{} with {} where the longest side is {} to {}; the defaults of its file elsewhere",
            Run::TUNED,
            e.op,
            e.variant,
            values.join(", "),
            e.class / 2 + 1,
            e.class
        )
    };
    tuned.map(said).collect()
}

/// Two runs are the same run, of which the second may continue the first, when nothing that a time depends on differs.
fn resume_key(run: &Run, threads: usize, terms: &str) -> String {
    let mut text = format!(
        "{}\n{}\n{}\n{:?}\n{}\n{}\n{}\n{}\n{threads}\n{}\n{terms}\n{:?}\n{:?}\n{:?}\n",
        run.schema_version,
        run.experiment_text,
        run.lock_sha256,
        run.shaders,
        run.rustc,
        run.cpu,
        run.bounds_checks,
        run.seed,
        run.images.as_deref().unwrap_or(""),
        run.commit,
        run.dirty,
        run.environment
    );
    if let Some(adapter) = &run.adapter {
        text += &format!("{} {} {}", adapter.name, adapter.driver, adapter.driver_info);
    }
    hex(text.as_bytes())
}

/// The CPU's name.
pub(super) fn cpu() -> String {
    host().0
}

/// The CPU's name, its logical cores, and the memory in bytes.
fn host() -> (String, u32, u64) {
    use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};
    let wanted = RefreshKind::nothing()
        .with_cpu(CpuRefreshKind::nothing())
        .with_memory(MemoryRefreshKind::nothing().with_ram());
    let Ok(system) = System::new_with_specifics(wanted) else {
        return (std::env::consts::ARCH.to_owned(), 0, 0);
    };
    let brand = system.cpus().first().map_or("", |cpu| cpu.brand()).trim();
    let name = if brand.is_empty() { std::env::consts::ARCH } else { brand };
    (name.to_owned(), u32::try_from(system.cpus().len()).unwrap_or(0), system.total_memory())
}

fn info(adapter: &Adapter) -> AdapterInfo {
    AdapterInfo {
        name: adapter.name.clone(),
        kind: adapter.kind.to_owned(),
        backend: adapter.backend.clone(),
        driver: adapter.driver.clone(),
        driver_info: adapter.driver_info.clone(),
        vendor_id: adapter.vendor_id,
        device_id: adapter.device_id,
        software: adapter.software,
        limits: adapter.limits.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
        features: adapter.features.clone(),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
