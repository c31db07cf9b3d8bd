//! What several test programs need.

/// Whether there is an adapter. Without one the test is ignored, visibly; with `TESELA_REQUIRE_GPU=1` it fails.
pub fn adapter() -> bool {
    let found = !tesela::gpu::list().is_empty();
    let required = std::env::var("TESELA_REQUIRE_GPU").is_ok_and(|value| value == "1");
    assert!(found || !required, "TESELA_REQUIRE_GPU=1, and there is no adapter");
    if !found {
        println!("ignored: no adapter");
    }
    found
}
