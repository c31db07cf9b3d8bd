//! The licences and the duplicates among the dependencies, held to the lists of `deny.toml`.
//!
//! cargo-deny reads the same file and sees more (licence texts, sources); this test needs nothing but cargo, so that
//! the rule holds on every machine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every package that any feature on any platform can bring, as `cargo metadata` lists it.
fn packages() -> Vec<serde_json::Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--all-features", "--locked", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    metadata["packages"].as_array().expect("cargo metadata lists packages").clone()
}

fn rules() -> toml::Table {
    let text = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml is in the repository");
    text.parse().expect("deny.toml is TOML")
}

fn allowed(rules: &toml::Table) -> BTreeSet<&str> {
    let list = rules["licenses"]["allow"].as_array().expect("licenses.allow is a list");
    list.iter().map(|v| v.as_str().expect("a licence is a string")).collect()
}

/// The words of a licence expression: identifiers, operators and parentheses. A slash is the form of `OR` that old
/// manifests have.
fn words(expression: &str) -> Vec<String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// A reader of SPDX licence expressions: `OR` binds loosest, then `AND`, then `WITH`.
struct Licence<'a> {
    words: &'a [String],
    at: usize,
    allowed: &'a BTreeSet<&'a str>,
}

impl Licence<'_> {
    fn next_is(&mut self, word: &str) -> bool {
        let found = self.words.get(self.at).is_some_and(|w| w == word);
        self.at += usize::from(found);
        found
    }

    fn either(&mut self) -> Result<bool, String> {
        let mut held = self.both()?;
        while self.next_is("OR") {
            // Both sides are read whatever the first says, so that what cannot be read is always seen.
            held |= self.both()?;
        }
        Ok(held)
    }

    fn both(&mut self) -> Result<bool, String> {
        let mut held = self.one()?;
        while self.next_is("AND") {
            held &= self.one()?;
        }
        Ok(held)
    }

    fn one(&mut self) -> Result<bool, String> {
        if self.next_is("(") {
            let held = self.either()?;
            return if self.next_is(")") { Ok(held) } else { Err("a parenthesis is open".to_owned()) };
        }
        let mut name = self.identifier()?;
        if self.next_is("WITH") {
            name = format!("{name} WITH {}", self.identifier()?);
        }
        Ok(self.allowed.contains(name.as_str()))
    }

    fn identifier(&mut self) -> Result<String, String> {
        let word = self.words.get(self.at).ok_or("it ends early")?;
        if ["OR", "AND", "WITH", "(", ")"].contains(&word.as_str()) {
            return Err(format!("`{word}` stands where a licence should"));
        }
        self.at += 1;
        Ok(word.clone())
    }
}

/// Whether some choice that the expression offers is on the list.
fn satisfied(expression: &str, allowed: &BTreeSet<&str>) -> Result<bool, String> {
    let words = words(expression);
    let mut licence = Licence { words: &words, at: 0, allowed };
    let held = licence.either()?;
    match words.get(licence.at) {
        None => Ok(held),
        Some(rest) => Err(format!("`{rest}` is one word too many")),
    }
}

#[test]
fn every_licence_can_be_met_from_the_list() {
    let rules = rules();
    let allowed = allowed(&rules);
    let mut faults = Vec::new();
    let packages = packages();
    assert!(packages.len() > 10, "the list of packages is whole");
    for package in &packages {
        let name = format!("{} {}", package["name"], package["version"]);
        match package["license"].as_str().map(|l| (l, satisfied(l, &allowed))) {
            Some((_, Ok(true))) => {}
            Some((licence, Ok(false))) => faults.push(format!("{name}: `{licence}` is not on the list")),
            Some((licence, Err(e))) => faults.push(format!("{name}: `{licence}` cannot be read: {e}")),
            None => faults.push(format!("{name}: states no licence")),
        }
    }
    assert!(faults.is_empty(), "see [licenses] in deny.toml:\n{}", faults.join("\n"));
}

#[test]
fn duplicates_are_those_that_are_listed_with_a_reason() {
    let rules = rules();
    let mut listed = BTreeSet::new();
    for entry in rules["bans"]["skip"].as_array().expect("bans.skip is a list") {
        let name = entry["crate"].as_str().expect("an entry names its crate");
        let reason = entry.get("reason").and_then(toml::Value::as_str).unwrap_or_default();
        assert!(!reason.is_empty(), "deny.toml gives no reason for `{name}`");
        listed.insert(name.to_owned());
    }
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages() {
        let text = |key: &str| package[key].as_str().expect("a package has a name and a version").to_owned();
        versions.entry(text("name")).or_default().push(text("version"));
    }
    versions.retain(|_, versions| versions.len() > 1);

    let unlisted: Vec<_> = versions.iter().filter(|(name, _)| !listed.contains(*name)).collect();
    let stale: Vec<_> = listed.iter().filter(|name| !versions.contains_key(*name)).collect();
    assert!(unlisted.is_empty(), "in more than one version, and not in [bans] of deny.toml: {unlisted:?}");
    assert!(stale.is_empty(), "in [bans] of deny.toml, but no longer in more than one version: {stale:?}");
}

#[test]
fn expressions_are_read_as_spdx_means_them() {
    let allowed = BTreeSet::from(["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"]);
    for (expression, want) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("GPL-3.0-only OR MIT", true),
        ("GPL-3.0-only/MIT", true),
        ("MIT AND GPL-3.0-only", false),
        ("MIT AND Zlib", true),
        ("Apache-2.0", false),
        ("Apache-2.0 WITH LLVM-exception", true),
        // AND binds closer than OR, parentheses closer than both.
        ("MIT OR Zlib AND GPL-3.0-only", true),
        ("(MIT OR Zlib) AND GPL-3.0-only", false),
        ("(MIT OR GPL-3.0-only) AND Zlib", true),
    ] {
        assert_eq!(satisfied(expression, &allowed), Ok(want), "{expression}");
    }
    for broken in ["", "MIT OR", "MIT Zlib", "(MIT", "MIT)", "AND MIT", "MIT WITH"] {
        assert!(satisfied(broken, &allowed).is_err(), "{broken:?}");
    }
}
