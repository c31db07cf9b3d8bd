//! The program from outside: what it prints, where, and how it ends.

#![expect(clippy::unwrap_used, reason = "a test stops at the first fault")]

mod bench;
mod compare;
mod damaged;
mod files;
mod in_parts;
mod json;
mod kernels;
mod streams;
#[path = "../support/mod.rs"]
mod support;
mod train;
mod train_mixed;
mod tune;
mod usage;

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;

/// The program, not led astray by the tester's environment.
fn tesela<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::cargo_bin("tesela").unwrap();
    command
        .args(args)
        .env("TESELA_TUNED", "off")
        .env("TESELA_PIPELINE_CACHE", "off")
        .env_remove("TESELA_DEVICE")
        .env_remove("RUST_LOG")
        .env_remove("COLUMNS");
    command
}

/// Runs a line of arguments without blanks in them.
fn run(line: &str) -> Output {
    tesela(line.split_whitespace()).output().unwrap()
}

/// Runs arguments that end in a path.
fn run_with(line: &str, path: &Path) -> Output {
    tesela(line.split_whitespace().map(Path::new).chain([path])).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Holds an output to an exit code, and what it complains about to words.
fn fails(output: &Output, code: i32, words: &str) {
    let message = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{message}");
    assert!(message.contains(words), "expected `{words}` in: {message}");
    assert!(!message.contains("panicked"), "{message}");
}

/// Holds an output to success.
fn passes(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(output), stderr(output));
}

/// The JSON that a line of arguments prints.
fn json_of(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", stdout(output)))
}
