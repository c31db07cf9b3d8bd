//! Parse, dispatch to `cli`, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    silence_the_loader();
    tesela::cli::main()
}

/// Mesa's device-select layer asks libwayland for a display, and libwayland prints "error: XDG_RUNTIME_DIR is invalid
/// or not set" on a machine without a session. There is no display to select by then, so the layer is left out.
#[expect(unsafe_code, reason = "the environment is the only switch that the layer has")]
fn silence_the_loader() {
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() && std::env::var_os("NODEVICE_SELECT").is_none() {
        // SAFETY: this is the first statement of `main`; no other thread exists that could read the environment.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}
