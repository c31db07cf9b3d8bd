//! A device for the tests of this module.

use std::io::Write as _;

use super::{Choice, Gpu};

/// The device, or `None` where there is none, which is said past the test harness's capture; with `TESELA_REQUIRE_GPU=1` that
/// is a failure.
pub(super) fn device_or_skip() -> Option<Gpu> {
    let reason = match Gpu::open(&Choice::Auto) {
        Ok(gpu) => return Some(gpu),
        Err(reason) => reason.to_string(),
    };
    let required = std::env::var("TESELA_REQUIRE_GPU").is_ok_and(|value| value == "1");
    assert!(!required, "TESELA_REQUIRE_GPU is 1, but {reason}");
    skipped(&reason);
    None
}

/// Says why a test ends here.
pub(super) fn skipped(reason: &str) {
    let thread = std::thread::current();
    let _ = writeln!(std::io::stderr(), "test {} ... ignored: {reason}", thread.name().unwrap_or("a test"));
}
