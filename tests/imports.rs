//! Who may import whom: every path in `src` that begins at the crate's root is held to the table of the design, and
//! only `gpu` names wgpu.

#![expect(clippy::unwrap_used, reason = "a test stops at the first fault")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A module and what it may use beside itself.
const TABLE: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("ops", &["error"]),
    ("record", &["error"]),
    ("data", &["error"]),
    ("gpu", &["ops", "error"]),
    ("engine", &["ops", "gpu", "error"]),
    ("lab", &["engine", "gpu", "ops", "record", "error"]),
    ("analysis", &["record", "error"]),
    ("report", &["analysis", "record", "error"]),
    ("nn", &["engine", "gpu", "ops", "data", "record", "error"]),
];

/// Modules that may use everything.
const FREE: &[&str] = &["cli", "main", "lib"];

/// Names at the crate's root that are re-exported from a module.
const REEXPORTED: &[(&str, &str)] = &[
    ("Error", "error"),
    ("Result", "error"),
    ("Gpu", "gpu"),
    ("Pool2d", "engine"),
    ("matmul", "engine"),
    ("max_pool2d", "engine"),
    ("max_pool2d_with_indices", "engine"),
];

/// What a file uses: modules of this crate, and the first names of other paths.
#[derive(Debug, Default)]
struct Uses {
    modules: BTreeSet<String>,
    names_wgpu: bool,
}

/// Words, `::` and punctuation of a source text, comments and literals left out.
fn tokens(source: &str) -> Vec<String> {
    let chars: Vec<char> = source.chars().collect();
    let starts = |at: usize, text: &str| text.chars().enumerate().all(|(i, c)| chars.get(at + i) == Some(&c));
    let mut out = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        if starts(at, "//") {
            while at < chars.len() && chars[at] != '\n' {
                at += 1;
            }
        } else if starts(at, "/*") {
            while at < chars.len() && !starts(at, "*/") {
                at += 1;
            }
            at += 2;
        } else if c == '"' {
            // A raw string with hashes ends at a quote and as many hashes.
            let hashes = chars[..at].iter().rev().take_while(|c| **c == '#').count();
            let is_raw = at > hashes && chars[at - hashes - 1] == 'r';
            let end = if is_raw { format!("\"{}", "#".repeat(hashes)) } else { "\"".to_owned() };
            at += 1;
            while at < chars.len() && !starts(at, &end) {
                at += if chars[at] == '\\' && !is_raw { 2 } else { 1 };
            }
            at += end.len();
        } else if c == '\'' && (chars.get(at + 2) == Some(&'\'') || chars.get(at + 1) == Some(&'\\')) {
            at += 2;
            while at < chars.len() && chars[at] != '\'' {
                at += 1;
            }
            at += 1;
        } else if c.is_alphanumeric() || c == '_' {
            let word: String = chars[at..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').collect();
            at += word.chars().count();
            out.push(word);
        } else if starts(at, "::") {
            out.push("::".to_owned());
            at += 2;
        } else {
            if !c.is_whitespace() {
                out.push(c.to_string());
            }
            at += 1;
        }
    }
    out
}

/// The modules of the crate that a file uses. `home` is the file's own module path, as `["engine", "cpu"]`.
fn uses(source: &str, home: &[String]) -> Uses {
    let tokens = tokens(source);
    let word = |at: usize| tokens.get(at).map_or("", String::as_str);
    let mut found = Uses::default();
    // The braces that are open; those of inline modules carry a name.
    let mut open: Vec<Option<String>> = Vec::new();
    for at in 0..tokens.len() {
        match word(at) {
            "{" => {
                let is_module = at >= 2 && word(at - 2) == "mod";
                open.push(is_module.then(|| word(at - 1).to_owned()));
            }
            "}" => {
                open.pop();
            }
            "wgpu" => found.names_wgpu = true,
            // A path begins here, and not in its middle.
            "crate" | "super" if word(at + 1) == "::" && (at == 0 || word(at - 1) != "::") => {
                let mut path: Vec<String> = home.to_vec();
                path.extend(open.iter().flatten().cloned());
                follow(&tokens, at, path, &mut found.modules);
            }
            _ => {}
        }
    }
    found
}

/// Follows a path, or a tree of them in braces, to the first name below the crate's root. Gives the position behind.
fn follow(tokens: &[String], mut at: usize, mut path: Vec<String>, found: &mut BTreeSet<String>) -> usize {
    let word = |at: usize| tokens.get(at).map_or("", String::as_str);
    loop {
        match word(at) {
            "crate" => path.clear(),
            "super" => {
                path.pop();
            }
            "self" => {}
            "{" => {
                at += 1;
                while at < tokens.len() && word(at) != "}" {
                    at = follow(tokens, at, path.clone(), found);
                    if word(at) == "," {
                        at += 1;
                    }
                }
                return at + 1;
            }
            name => path.push(name.to_owned()),
        }
        at += 1;
        if word(at) != "::" {
            break;
        }
        at += 1;
    }
    found.extend(path.first().cloned());
    // `x as y` and generics: on to the end of this branch.
    while at < tokens.len() && !matches!(word(at), "," | "}" | ";" | ")" | "(") {
        at += 1;
    }
    at
}

/// What a file may not use, as sentences.
fn faults(file: &str, source: &str) -> Vec<String> {
    let without = file.trim_end_matches(".rs").trim_end_matches("/mod");
    let home: Vec<String> = without.split('/').map(str::to_owned).collect();
    let module = home[0].as_str();
    let is_root = home.len() == 1 && (module == "lib" || module == "main");
    let found = uses(source, if is_root { &[] } else { &home });
    let mut faults = Vec::new();
    if found.names_wgpu && module != "gpu" {
        faults.push(format!("{file} names wgpu: only `gpu` may"));
    }
    if FREE.contains(&module) {
        return faults;
    }
    let Some((_, allowed)) = TABLE.iter().find(|(name, _)| *name == module) else {
        faults.push(format!("{file}: the module `{module}` is not in the table of imports"));
        return faults;
    };
    for used in &found.modules {
        let used = REEXPORTED.iter().find(|(name, _)| name == used).map_or(used.as_str(), |(_, home)| *home);
        if used != module && !allowed.contains(&used) {
            faults.push(format!("{file} uses `{used}`: `{module}` may use {}", allowed.join(", ")));
        }
    }
    faults
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_file_keeps_to_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    assert!(paths.len() > 50, "only {} files found", paths.len());
    let mut all = Vec::new();
    for path in paths {
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        all.extend(faults(&name, &std::fs::read_to_string(&path).unwrap()));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn forbidden_lines_are_found() {
    let forbidden = |file: &str, line: &str| {
        let faults = faults(file, line);
        assert!(!faults.is_empty(), "{file} passed with: {line}");
    };
    forbidden("ops/mod.rs", "use crate::gpu::Gpu;");
    forbidden("ops/matmul/cpu.rs", "use crate::{error::Error, engine};");
    forbidden("ops/matmul/cpu.rs", "fn f() -> crate::lab::Case { todo!() }");
    forbidden("data/npy/mod.rs", "use super::super::ops::Data;");
    forbidden("data/mod.rs", "use super::record;");
    forbidden("data/grey.rs", "mod tests { use super::super::super::gpu::Gpu; }");
    forbidden("report/mod.rs", "use crate::{analysis::stats, data::{self, grey as g}};");
    forbidden("ops/mod.rs", "use crate::Gpu;");
    forbidden("error.rs", "use crate::ops::Op;");
    forbidden("engine/gpu.rs", "use wgpu::Buffer;");
    forbidden("cli/mod.rs", "fn f(x: wgpu::Device) {}");
    forbidden("newcomer/mod.rs", "fn f() {}");
}

#[test]
fn allowed_lines_are_not() {
    let allowed = |file: &str, line: &str| assert_eq!(faults(file, line), Vec::<String>::new(), "{line}");
    allowed(
        "ops/matmul/cpu.rs",
        "use super::Dims; use super::super::Data; use crate::error::{Error, Result};",
    );
    allowed(
        "ops/mod.rs",
        "// use crate::gpu::Gpu;\n/* crate::gpu */ const S: &str = \"crate::gpu::x \\\" crate::lab\";",
    );
    allowed("ops/mod.rs", "const S: &str = r#\"\" crate::gpu::x\"#; const C: char = '\"'; use crate::Error;");
    allowed("data/grey.rs", "mod tests { use super::*; use super::super::volume; }");
    allowed("gpu/device.rs", "use wgpu::Device; use super::adapter; use crate::ops::{Caps, Op as O};");
    allowed("cli/mod.rs", "use crate::{lab, gpu, data, report};");
    allowed("lib.rs", "pub use engine::matmul;");
}
