//! Networks end to end: gradients and training steps against PyTorch's, on the CPU and on the GPU; engines against each
//! other; the same bits in every run.

#![expect(clippy::unwrap_used, reason = "a test stops at the first fault")]
#![expect(
    clippy::cast_possible_truncation,
    reason = "classes and positions are small, and rounding to f32 is meant"
)]
#![expect(clippy::print_stderr, reason = "what is left out is said")]

mod by_references;
mod engines;
mod gradients;
mod mixed;
mod oracle;
#[path = "../support/mod.rs"]
mod support;
mod training;
mod untaken;

use tesela::engine::{Engine, Target};

/// An engine, and who of it can run a plan. Without an adapter that is the CPU alone, and it is said.
pub(crate) fn engine() -> (Engine, Vec<Target>) {
    match support::engine_or_skip() {
        Some(engine) => (engine, vec![Target::Cpu, Target::Gpu]),
        None => (Engine::new(None, 2).unwrap(), vec![Target::Cpu]),
    }
}
