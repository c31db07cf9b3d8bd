//! Networks end to end: gradients and training steps against PyTorch's, on the CPU and on the GPU; engines against each
//! other; the same bits in every run.

#![expect(clippy::unwrap_used, reason = "a test stops at the first fault")]

mod engines;
mod oracle;
mod training;

use tesela::engine::{Engine, Target};
use tesela::{Gpu, Result};

/// An engine with a GPU where there is one. `TESELA_REQUIRE_GPU=1` makes a missing adapter a failure.
pub(crate) fn engine() -> (Engine, Vec<Target>) {
    let gpu: Result<Gpu> = Gpu::new();
    if std::env::var("TESELA_REQUIRE_GPU").is_ok_and(|v| v == "1") {
        assert!(gpu.is_ok(), "{:?}", gpu.err());
    }
    let targets = if gpu.is_ok() { vec![Target::Cpu, Target::Gpu] } else { vec![Target::Cpu] };
    if gpu.is_err() {
        eprintln!("ignored on the GPU: there is no adapter");
    }
    (Engine::new(gpu.ok(), 2).unwrap(), targets)
}
