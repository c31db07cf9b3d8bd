//! Data on standard output, nothing else; standard error silent where there is nothing to say.

use std::path::Path;

use super::support::adapter;
use super::{fails, passes, run, stderr, stdout, tesela};

/// Where Debian's package of chromium puts the second software driver.
const SWIFTSHADER: &str = "/usr/lib/chromium/vk_swiftshader_icd.json";

#[test]
fn nothing_but_data_is_printed() {
    if !adapter() {
        return;
    }
    for driver in [None, Some(SWIFTSHADER).filter(|path| Path::new(path).exists())] {
        for line in [
            "devices --quiet",
            "check --variant direct --quiet",
            "run matmul --m 4 --quiet",
            "devices",
            "check matmul --variant naive",
        ] {
            let mut command = tesela(line.split_whitespace());
            command.env_remove("XDG_RUNTIME_DIR").env_remove("NODEVICE_SELECT");
            if let Some(driver) = driver {
                // The name that the tester asks for is another driver's.
                command.env("VK_DRIVER_FILES", driver).env_remove("WGPU_ADAPTER_NAME");
            }
            let output = command.output().unwrap();
            passes(&output);
            assert_eq!(stderr(&output), "", "{line} with {driver:?}");
            assert!(!stdout(&output).is_empty());
        }
    }
}

#[test]
fn lines_fit_the_terminal() {
    for columns in ["60", "200"] {
        for line in
            ["devices --device cpu", "check --device cpu", "run maxpool --random 99 --print --device cpu"]
        {
            let output = tesela(line.split_whitespace()).env("COLUMNS", columns).output().unwrap();
            passes(&output);
            let width = columns.parse().unwrap();
            for text in stdout(&output).lines() {
                assert!(text.chars().count() <= width, "{line} at {columns}: {text}");
            }
        }
    }
}

#[test]
fn matrices_are_elided_in_the_middle() {
    let output = run("run maxpool --random 99 --print --device cpu");
    passes(&output);
    assert!(stdout(&output).lines().any(|line| line.trim_start().starts_with("...")));
    let output = run("run maxpool --random 99 --device cpu");
    assert!(stdout(&output).contains("--print shows it"));
}

#[test]
fn the_thesis_in_its_own_words() {
    let output = run("run maxpool --random 4 --padding 1 --pad-value zero --device cpu");
    passes(&output);
    let text = stdout(&output);
    for part in [
        "input: 4 x 4, 64 bytes\n  7 9 5 2\n",
        "padded input: 6 x 6, 144 bytes\n  0 0 0 0 0 0\n  0 7 9 5 2 0\n",
        "output: 3 x 3, 36 bytes\n  7 9 2\n",
        "windows: 9\n",
        "verified: equal to the reference",
    ] {
        assert!(text.contains(part), "`{part}` is missing in: {text}");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_who_leaves_is_no_failure() {
    use std::process::{Command, Stdio};
    for line in ["devices --device cpu --json", "--help", "check --device cpu --json", "completions zsh"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tesela"));
        command.args(line.split_whitespace()).env_remove("TESELA_DEVICE");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        passes(&output);
        assert_eq!(stderr(&output), "", "{line}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    use std::process::Command;
    for line in ["devices --device cpu", "--help", "check matmul --device cpu --json", "completions zsh"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_tesela"));
        command.args(line.split_whitespace()).env_remove("TESELA_DEVICE").stdout(full);
        fails(&command.output().unwrap(), 1, "cannot write to standard output");
    }
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&format!("completions {shell}"));
        passes(&output);
        assert!(stdout(&output).contains("devices"), "{shell}");
    }
}
