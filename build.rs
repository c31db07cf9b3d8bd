//! Records what the program was built from: compiler, commit, and whether the tree differed from it. Absent facts (no
//! git, no repository) stay absent.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for watched in ["src", "shaders", "Cargo.toml", "Cargo.lock", ".git/HEAD", ".git/index"] {
        if std::path::Path::new(watched).exists() {
            println!("cargo:rerun-if-changed={watched}");
        }
    }
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    if let Some(version) = output(&rustc, &["--version"]) {
        println!("cargo:rustc-env=TESELA_RUSTC={version}");
    }
    // A crate unpacked inside some other repository must not take that one's commit for its own.
    let own = output("git", &["rev-parse", "--show-prefix"]).is_some_and(|prefix| prefix.is_empty());
    if own && let Some(commit) = output("git", &["rev-parse", "HEAD"]) {
        let code = ["status", "--porcelain", "--", "src", "shaders", "Cargo.toml", "Cargo.lock", "build.rs"];
        let dirty = output("git", &code).is_none_or(|changes| !changes.is_empty());
        println!("cargo:rustc-env=TESELA_COMMIT={commit}");
        println!("cargo:rustc-env=TESELA_DIRTY={dirty}");
    }
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let done = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(done.stdout).ok()?;
    done.status.success().then(|| text.trim().to_owned())
}
