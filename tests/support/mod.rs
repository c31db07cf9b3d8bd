//! What the tests on a device share.

use tesela::engine::Engine;
use tesela::gpu::Gpu;

/// An engine on the adapter that `WGPU_ADAPTER_NAME` chooses. Without an adapter it is `None`, and the reason is
/// printed; where `TESELA_REQUIRE_GPU` is 1, as in continuous integration, that is a failure.
pub(crate) fn engine_or_skip() -> Option<Engine> {
    match Gpu::new() {
        Ok(gpu) => Some(Engine::new(Some(gpu), 2).unwrap()),
        Err(reason) if std::env::var("TESELA_REQUIRE_GPU").is_ok_and(|v| v == "1") => {
            panic!("TESELA_REQUIRE_GPU is 1, but {reason}")
        }
        Err(reason) => {
            // Past the test harness's capture, so that it is seen although the test passes.
            use std::io::Write as _;
            let thread = std::thread::current();
            let name = thread.name().unwrap_or("a test");
            let _ = writeln!(std::io::stderr(), "test {name} ... ignored: {reason}");
            None
        }
    }
}
