//! Ratios that the project promises, measured in one run each and shown with the promise. They are no tests: a loaded
//! machine may miss one.

use std::time::Instant;

use rayon::prelude::*;
use tesela::analysis::stats::median;
use tesela::engine::{Engine, outputs};
use tesela::lab::{Experiment, Provenance, Silent, Sweep};
use tesela::ops::{Fill, Op};

/// Rounds in which the two sides take turns.
const ROUNDS: usize = 15;

/// The table, as Markdown.
pub(crate) fn table(engine: &Engine) -> String {
    let mut text =
        String::from("\n# What the project promises\n\n| ratio | promised | measured |\n|---|---|---|\n");
    let mut row = |what: &str, promised: &str, measured: f64| {
        text += &format!("| {what} | {promised} | {measured:.2} |\n");
    };
    let n = 1024;
    row(
        "`library` matmul n=1024: speed against the `gemm` crate called directly",
        "at least 0.8",
        ratio(&mut gemm_direct(n, engine.threads()), &mut variant(engine, "matmul", &[("m", n)], "library")),
    );
    for n in [512, 1024] {
        row(
            &format!("`rayon` matmul n={n}: speed against `serial`"),
            "at least 1.7 on 2 cores",
            ratio(
                &mut variant(engine, "matmul", &[("m", n)], "serial"),
                &mut variant(engine, "matmul", &[("m", n)], "rayon"),
            ),
        );
    }
    row(
        "`rayon` maxpool 4096 x 4096 k2 s2: time against a parallel copy of the image",
        "at most 2",
        ratio(
            &mut variant(engine, "maxpool", &[("h", 4096), ("kh", 2)], "rayon"),
            &mut parallel_copy(4096 * 4096, engine.threads()),
        ),
    );
    if engine.gpu().is_some() {
        // A pass of one launch a window takes half a minute, so its one warm call stands against the others' median.
        let sizes = [("h", 1024), ("kh", 2)];
        let mut direct = variant(engine, "maxpool", &sizes, "direct");
        direct();
        let quick: Vec<f64> = (0..ROUNDS).map(|_| direct()).collect();
        let slow = variant(engine, "maxpool", &sizes, "per_window_naive_constant")();
        row(
            "maxpool n=1024 end to end: time of `per_window_naive_constant` against `direct`",
            "at least 1000",
            slow / median(&quick).unwrap_or(f64::NAN),
        );
    }
    row("harness: share of a 10 ms call that recording a sample adds, percent", "below 5", overhead(engine));
    text
}

/// Median time of `a` over median time of `b`, in turns.
fn ratio(a: &mut dyn FnMut() -> f64, b: &mut dyn FnMut() -> f64) -> f64 {
    let mut samples = (Vec::new(), Vec::new());
    a();
    b();
    for _ in 0..ROUNDS {
        samples.0.push(a());
        samples.1.push(b());
    }
    let middle = |v: &[f64]| median(v).unwrap_or(f64::NAN);
    middle(&samples.0) / middle(&samples.1)
}

/// Nanoseconds of one call of a variant, end to end.
fn variant<'e>(
    engine: &'e Engine,
    op: &str,
    sizes: &[(&str, usize)],
    name: &str,
) -> impl FnMut() -> f64 + use<'e> {
    let op: &'static Op = Op::find(op).expect("an op of the list");
    let text: Vec<(&str, String)> = sizes.iter().map(|(n, v)| (*n, v.to_string())).collect();
    let sizes = op.sizes(text.iter().map(|(n, v)| (*n, v.as_str()))).expect("sizes with a meaning");
    let variant = op.variants_named(name).expect("a variant of the list")[0];
    let mut prepared = engine.prepare(op, variant, &sizes).expect("a variant that applies");
    let inputs = tesela::lab::Case::draw(op, &sizes, Fill::Uniform, 35);
    let mut results = outputs(op, &sizes);
    move || prepared.run(&inputs, &mut results).expect("a call that works").total_ns as f64
}

/// The `gemm` crate without anything of ours around it, on the same kind of thread pool.
fn gemm_direct(n: usize, threads: usize) -> impl FnMut() -> f64 {
    let a: Vec<f32> = (0..n * n).map(|i| (i % 17) as f32 - 8.0).collect();
    let mut c = vec![0.0f32; n * n];
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool");
    move || {
        let (lhs, dst) = (a.as_slice(), c.as_mut_slice());
        pool.install(|| {
            let start = Instant::now();
            // SAFETY: the three square matrices have n x n elements and are row-major; C is not read.
            #[expect(unsafe_code, reason = "the crate takes raw pointers")]
            unsafe {
                gemm::gemm(
                    n,
                    n,
                    n,
                    dst.as_mut_ptr(),
                    1,
                    n as isize,
                    false,
                    lhs.as_ptr(),
                    1,
                    n as isize,
                    lhs.as_ptr(),
                    1,
                    n as isize,
                    0.0f32,
                    1.0f32,
                    false,
                    false,
                    false,
                    gemm::Parallelism::Rayon(threads),
                );
            }
            start.elapsed().as_nanos() as f64
        })
    }
}

/// Copies as many floats as an image has, chunks shared out over threads.
fn parallel_copy(elements: usize, threads: usize) -> impl FnMut() -> f64 {
    let from: Vec<f32> = (0..elements).map(|i| i as f32).collect();
    let mut to = vec![0.0f32; elements];
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool");
    move || {
        pool.install(|| {
            let start = Instant::now();
            to.par_chunks_mut(1 << 16).zip(from.par_chunks(1 << 16)).for_each(|(t, f)| t.copy_from_slice(f));
            start.elapsed().as_nanos() as f64
        })
    }
}

/// What a sweep adds to each sample of a call of about 10 ms: its wall time per sample less the call's own, in percent
/// of 10 ms.
fn overhead(engine: &Engine) -> f64 {
    const SAMPLES: usize = 100;
    let text = format!(
        "name = 'overhead'\nquestion = 'what does a sample cost besides the call?'\nop = 'matmul'\n\
         variants = ['serial']\n[axes]\nm = 64\n[budget]\nmin_samples = {SAMPLES}\nmax_samples = {SAMPLES}\n\
         point_seconds = 60\nwarmup = 0\n"
    );
    let experiment =
        Experiment::from_bytes("overhead".as_ref(), text.as_bytes()).expect("a valid experiment");
    let root = tempfile::tempdir().expect("a temporary folder");
    let provenance = Provenance::default();
    let sweep =
        Sweep { experiment: &experiment, engine, root: root.path(), seed: 35, inputs: None, provenance };
    let start = Instant::now();
    let outcome = sweep.run(&mut Silent).expect("a sweep that works");
    let wall = start.elapsed().as_nanos() as f64;
    let rows = tesela::record::Folder::read(&outcome.folder).expect("a run folder").rows;
    let calls: u64 = rows.iter().filter_map(|r| r.total_ns).sum();
    // Making the inputs, the reference and the folder are counted in: they are what a user waits for too.
    (wall - calls as f64) / rows.len() as f64 / 10e6 * 100.0
}
