//! What the tests on a device share. Without an adapter they are ignored, visibly; with `TESELA_REQUIRE_GPU=1`, as in
//! continuous integration, they fail.

#![allow(dead_code, reason = "each test program uses its part")]

use std::io::Write as _;

use tesela::engine::Engine;
use tesela::gpu::Gpu;

/// An engine on the adapter that `WGPU_ADAPTER_NAME` chooses, or `None`, and the reason is shown.
pub(crate) fn engine_or_skip() -> Option<Engine> {
    match Gpu::new() {
        Ok(gpu) => Some(Engine::new(Some(gpu), 2).expect("two threads")),
        Err(reason) => {
            ignored(&reason.to_string());
            None
        }
    }
}

/// Whether there is an adapter; where there is none, that is shown.
pub(crate) fn adapter() -> bool {
    let found = !tesela::gpu::list().is_empty();
    if !found {
        ignored("this machine has no adapter");
    }
    found
}

fn ignored(reason: &str) {
    let required = std::env::var("TESELA_REQUIRE_GPU").is_ok_and(|value| value == "1");
    assert!(!required, "TESELA_REQUIRE_GPU is 1, but {reason}");
    shown(reason);
}

/// Says that a test is not for this adapter, past the test harness's capture, so that it is seen although the test passes.
pub(crate) fn shown(reason: &str) {
    let thread = std::thread::current();
    let _ = writeln!(std::io::stderr(), "test {} ... ignored: {reason}", thread.name().unwrap_or("a test"));
}
