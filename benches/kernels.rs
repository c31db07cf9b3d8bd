//! `cargo bench`: one criterion entry a variant and size, then the speedup table on stdout and in target/speedup.md.
//!
//! Criterion measures one entry after the other, which is right for watching one variant over time. A speedup compares
//! two, so its table comes from a sweep of its own, in which the variants take turns on the same inputs.
#![allow(missing_docs, reason = "the macros of a bench need none")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints its table")]

mod claims;

use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use tesela::engine::{Engine, outputs};
use tesela::gpu::{Checks, Gpu};
use tesela::lab::{Case, Experiment, Provenance, Silent, Sweep};
use tesela::ops::Op;

const EXPERIMENTS: &[(&str, &str)] = &[
    ("matmul", include_str!("../experiments/bench_matmul.toml")),
    ("maxpool", include_str!("../experiments/bench_maxpool.toml")),
];

/// The layers of a network at sizes that `experiments/networks/` meet, each with its axes. They have no speedup table:
/// their share of a training step is what counts.
const LAYERS: &[(&str, &str)] = &[
    // The thesis's second convolution, few images: its plain kernels take a second each on a software adapter.
    ("conv2d", "n = 4\nci = 64\nh = 8\nco = 192\nkh = 3\nph = 1"),
    ("conv2d_grad_input", "n = 4\nci = 64\nh = 8\nco = 192\nkh = 3\nph = 1"),
    ("conv2d_grad_weight", "n = 4\nci = 64\nh = 8\nco = 192\nkh = 3\nph = 1"),
    ("maxpool_backward", "n = 64\nc = 64\nh = 32\nkh = 2"),
    ("avgpool", "n = 64\nc = 64\nh = 32\nkh = 2"),
    ("avgpool_backward", "n = 64\nc = 64\nh = 32\nkh = 2"),
    ("bias", "n = 64\nc = 64\nl = 1024"),
    ("bias_relu", "n = 64\nc = 64\nl = 1024"),
    ("bias_backward", "n = 64\nc = 64\nl = 1024"),
    ("relu", "len = 4194304"),
    ("relu_backward", "len = 4194304"),
    ("sigmoid", "len = 4194304"),
    ("sigmoid_backward", "len = 4194304"),
    ("dropout", "len = 4194304"),
    ("batchnorm", "n = 64\nc = 64\nl = 1024"),
    ("batchnorm_training", "n = 64\nc = 64\nl = 1024"),
    ("batchnorm_backward", "n = 64\nc = 64\nl = 1024"),
    ("softmax_cross_entropy", "n = 4096\nc = 10"),
    ("bce_with_logits", "len = 4096"),
    ("sgd", "len = 1048576"),
    ("adam", "len = 1048576"),
    ("global_norm", "len = 4194304"),
    ("clip_norm", "len = 4194304"),
];

/// Calls that launch once a window take seconds from this many windows on.
const MOST_WINDOWS: usize = 4096;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let asked = |flag: &str| arguments.iter().any(|a| a == flag);
    let measuring = asked("--bench") && !asked("--list") && !asked("--test") && !asked("--profile-time");
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .sample_size(10)
        .configure_from_args();
    let engine = engine();
    for (op, text) in EXPERIMENTS {
        group(&mut criterion, &engine, op, text, measuring);
    }
    for (op, axes) in LAYERS {
        let text = format!(
            "name = 'bench'\nquestion = 'How long does one call take?'\nop = '{op}'\n[axes]\n{axes}\n"
        );
        group(&mut criterion, &engine, op, &text, measuring);
    }
    criterion.final_summary();
    if measuring {
        let text = speedups(&engine) + &claims::table(&engine);
        println!("\n{text}");
        let path = target().join("speedup.md");
        if let Err(e) = std::fs::write(&path, &text) {
            eprintln!("cannot write {}: {e}", path.display());
        }
    }
}

/// The machine's engine; without an adapter the CPU alone, which is said.
fn engine() -> Engine {
    let gpu = Gpu::new();
    match &gpu {
        Ok(gpu) if gpu.adapter().software => {
            eprintln!("on {} (a software adapter: its times say nothing about GPUs)", gpu.adapter().name);
        }
        Ok(gpu) => eprintln!("on {}", gpu.adapter().name),
        Err(e) => eprintln!("CPU variants only: {e}"),
    }
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // As `tesela bench` runs them; the sweep verifies them with checks first.
    Engine::new(gpu.ok().map(|gpu| gpu.with_checks(Checks::Off)), threads).expect("a thread pool")
}

/// One group of an op: each call end to end, copies included; throughput in elements of the output.
fn group(criterion: &mut Criterion, engine: &Engine, op: &str, text: &str, measuring: bool) {
    let op: &'static Op = Op::find(op).expect("an op of the list");
    let experiment = Experiment::from_bytes(Path::new("bench"), text.as_bytes()).expect("a valid experiment");
    let mut group = criterion.benchmark_group(op.name);
    // A test run needs one size only: it shows that every entry works.
    let points = if measuring { experiment.points.len() } else { 1 };
    for point in &experiment.points[..points] {
        let sizes = point.sizes.as_ref().expect("sizes with a meaning");
        let output = op.outputs(sizes).next().expect("an output").name;
        let elements = op.len(sizes, output);
        let inputs = Case::draw(op, sizes, experiment.fill, 35);
        group.throughput(Throughput::Elements(elements as u64));
        for variant in op.variants.iter().filter(|v| !v.is_per_window() || elements <= MOST_WINDOWS) {
            // What does not apply on this machine is left out here, and a row with its reason in a sweep.
            let Ok(mut prepared) = engine.prepare(op, variant, sizes) else { continue };
            let mut results = outputs(op, sizes);
            group.bench_function(BenchmarkId::new(variant.name, point.values[0].1.clone()), |bencher| {
                bencher.iter_custom(|calls| {
                    let mut call =
                        || prepared.run(&inputs, &mut results).expect("a call that works").total_ns;
                    Duration::from_nanos((0..calls).map(|_| call()).sum())
                });
            });
        }
    }
    group.finish();
}

/// The speedup tables, from interleaved samples.
fn speedups(engine: &Engine) -> String {
    let root = tempfile::tempdir().expect("a temporary folder");
    let mut folders: Vec<PathBuf> = Vec::new();
    for (_, text) in EXPERIMENTS {
        let experiment =
            Experiment::from_bytes(Path::new("bench"), text.as_bytes()).expect("a valid experiment");
        let provenance =
            Provenance { command: vec!["cargo".into(), "bench".into()], ..Provenance::default() };
        let sweep =
            Sweep { experiment: &experiment, engine, root: root.path(), seed: 35, inputs: None, provenance };
        folders.push(sweep.run(&mut Silent).expect("a sweep that works").folder);
    }
    tesela::report::speedup_tables(&folders).expect("tables")
}

/// The build folder: benches run from the package's root.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}
