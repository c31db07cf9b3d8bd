//! Cases computed by others, through the program: those in `../shared/oracle`, and a few made here that are damaged or
//! wrong on purpose.

#![expect(clippy::unwrap_used, reason = "a test stops at the first fault")]

mod made;
mod shared;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;

use serde_json::Value;

/// What `tesela check --oracle` makes of a folder: the exit code and the JSON.
fn check(folder: &Path, device: &str) -> (i32, Value) {
    let mut command = assert_cmd::Command::cargo_bin("tesela").unwrap();
    command.args(["check", "--json", "--quiet", "--device", device, "--oracle"]).arg(folder);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let value = serde_json::from_str(&text)
        .unwrap_or_else(|e| panic!("{e}: {text}{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), value)
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}
