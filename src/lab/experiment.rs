//! Experiments as TOML data: the question, the axes, the variants, the budget.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::Budget;
use crate::error::{Error, Result};
use crate::ops::{Fill, How, Op, Sizes, Variant};

/// The longest experiment file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// The most points of one experiment.
const MAX_POINTS: usize = 10_000;

/// The most CPU threads of an experiment.
const MAX_THREADS: u16 = 4096;
/// The most rounds of an experiment.
const MAX_ROUNDS: u32 = 1000;

/// What to measure, and why.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// The name: of the results' folder, too.
    pub name: String,
    /// The question that it answers.
    pub question: String,
    /// What its author expects, said before measuring.
    pub expect: String,
    /// The operation.
    pub op: &'static Op,
    /// The variants, in the op's order.
    pub variants: Vec<&'static Variant>,
    /// The inputs.
    pub fill: Fill,
    /// The seed, where the file names one.
    pub seed: Option<u64>,
    /// CPU thread counts that parallel CPU variants are measured with; empty for the engine's own.
    pub threads: Vec<u16>,
    /// Whether kernels that run without checks are measured with them too, in turns with themselves.
    pub both_checks: bool,
    /// How long to measure.
    pub budget: Budget,
    /// The points, the last axis of the op's list running fastest.
    pub points: Vec<Point>,
    /// The file's text.
    pub text: String,
}

/// One point of an experiment: sizes, or why they mean nothing.
#[derive(Debug, Clone)]
pub struct Point {
    /// The axes' values as text, by name.
    pub values: Vec<(&'static str, String)>,
    /// The sizes; `Err` with the reason where the values do not make any.
    pub sizes: Result<Sizes, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    question: String,
    #[serde(default)]
    expect: String,
    op: String,
    #[serde(default)]
    variants: Variants,
    #[serde(default)]
    input: Option<String>,
    #[serde(default)]
    seed: Option<u64>,
    #[serde(default)]
    threads: Vec<u16>,
    /// `"both"`: what the checks of bounds and loops cost is part of the question.
    #[serde(default)]
    checks: Option<String>,
    #[serde(default)]
    axes: BTreeMap<String, Axis>,
    /// Values that go together, as no product of axes has them; each with every point of the axes.
    #[serde(default)]
    points: Vec<BTreeMap<String, Axis>>,
    #[serde(default)]
    budget: Budget,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Variants {
    Word(String),
    List(Vec<String>),
}

impl Default for Variants {
    fn default() -> Self {
        Self::Word("all".to_owned())
    }
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Axis {
    One(Value),
    Many(Vec<Value>),
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Value {
    Number(u32),
    Word(String),
}

impl Value {
    fn text(&self) -> String {
        match self {
            Self::Number(n) => n.to_string(),
            Self::Word(w) => w.clone(),
        }
    }
}

impl Experiment {
    /// Bytes that parsing a file may hold beside sixteen times its length: the points are the most of it.
    pub const OVERHEAD_BYTES: u64 = 64 << 20;

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::ClaimsTooMuch`] above 1 MiB; [`Error::Experiment`] with line and column for text that
    /// is no TOML or has unknown keys, and for ops, variants and axes that do not exist.
    pub fn read(path: &Path) -> Result<Self> {
        Self::from_bytes(path, &read_text(path, "experiment")?)
    }

    /// Parses the bytes of a file; `path` is named in errors only.
    ///
    /// # Errors
    /// As [`Experiment::read`].
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self> {
        let bad = |reason: String| Error::Experiment { path: path.into(), reason };
        let text = std::str::from_utf8(bytes).map_err(|e| bad(format!("it is not UTF-8 text: {e}")))?;
        let file: File = toml::from_str(text).map_err(|e| bad(e.to_string()))?;
        let op = Op::find(&file.op).map_err(|e| bad(e.to_string()))?;
        let fill = match &file.input {
            None => Fill::Uniform,
            Some(name) => Fill::named(name)
                .ok_or_else(|| bad(format!("there is no input `{name}`; known are {}", Fill::names())))?,
        };
        let budget = file.budget;
        let seconds = [budget.noise, budget.point_seconds, budget.variant_seconds, budget.total_seconds];
        if budget.max_samples == 0 || !seconds.iter().all(|s| s.is_finite() && *s >= 0.0) {
            return Err(bad("the budget needs max_samples of 1 or more and no negative numbers".to_owned()));
        }
        if !(1..=MAX_ROUNDS).contains(&budget.rounds) {
            return Err(bad(format!("rounds in the budget are from 1 to {MAX_ROUNDS}")));
        }
        if matches!(&file.variants, Variants::List(list) if list.is_empty()) {
            return Err(bad("it names no variant; leave `variants` out for all of them".to_owned()));
        }
        let repeated = |(i, t): (usize, &u16)| file.threads[..i].contains(t);
        if file.threads.iter().any(|t| !(1..=MAX_THREADS).contains(t))
            || file.threads.iter().enumerate().any(repeated)
        {
            return Err(bad(format!("threads are different counts from 1 to {MAX_THREADS}")));
        }
        if let Some(other) = file.checks.as_deref().filter(|checks| *checks != "both") {
            return Err(bad(format!(
                "checks = \"{other}\" means nothing: it is \"both\", or left out; --checked keeps them in all kernels"
            )));
        }
        if file.name.is_empty() {
            return Err(bad("it needs a name: the results' folder bears it".to_owned()));
        }
        Ok(Self {
            variants: chosen(op, &file.variants).map_err(|e| bad(e.to_string()))?,
            points: listed(op, &file.axes, &file.points).map_err(bad)?,
            name: file.name,
            question: file.question,
            expect: file.expect,
            op,
            fill,
            seed: file.seed,
            threads: file.threads,
            both_checks: file.checks.is_some(),
            budget,
            text: text.to_owned(),
        })
    }
}

/// The bytes of a small text file; a longer one, or a device without an end, is refused past 1 MiB.
pub(super) fn read_text(path: &Path, what: &'static str) -> Result<Vec<u8>> {
    use std::io::Read;
    let file = std::fs::File::open(path).map_err(|e| Error::read(path, e))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| Error::read(path, e))?;
    let claimed = bytes.len() as u64;
    if claimed > MAX_BYTES {
        return Err(Error::ClaimsTooMuch { path: path.into(), what, claimed, limit: MAX_BYTES });
    }
    Ok(bytes)
}

fn chosen(op: &'static Op, variants: &Variants) -> Result<Vec<&'static Variant>> {
    let names = match variants {
        Variants::Word(word) if word == "all" => return Ok(op.variants.iter().collect()),
        Variants::Word(word) if word == "parallel" => {
            let shared = |v: &&Variant| matches!(v.how, How::Cpu { parallel: true, .. });
            return Ok(op.variants.iter().filter(shared).collect());
        }
        // Without the thesis's host loops, which take minutes where a kernel takes milliseconds.
        Variants::Word(word) if word == "gpu" => {
            return Ok(op.variants.iter().filter(|v| matches!(v.how, How::Wgsl { .. })).collect());
        }
        Variants::Word(word) => std::slice::from_ref(word),
        Variants::List(list) => list,
    };
    let mut found: Vec<&'static Variant> = Vec::new();
    for name in names {
        for variant in op.variants_named(name)? {
            if !found.iter().any(|f| f.name == variant.name) {
                found.push(variant);
            }
        }
    }
    Ok(found)
}

/// The points of every listed entry over the axes that all of them share; those of the axes alone where none is listed.
fn listed(
    op: &'static Op,
    axes: &BTreeMap<String, Axis>,
    entries: &[BTreeMap<String, Axis>],
) -> Result<Vec<Point>, String> {
    if entries.is_empty() {
        return points(op, axes);
    }
    let mut found = Vec::new();
    for entry in entries {
        if let Some(twice) = entry.keys().find(|name| axes.contains_key(*name)) {
            return Err(format!("`{twice}` stands in `axes` and in `points`"));
        }
        let both = axes.iter().chain(entry).map(|(name, axis)| (name.clone(), axis.clone())).collect();
        found.extend(points(op, &both)?);
        if found.len() > MAX_POINTS {
            return Err(format!("the axes make more than {MAX_POINTS} points"));
        }
    }
    Ok(found)
}

/// The cartesian product of the axes. An axis may also name another one, whose value it then takes.
fn points(op: &'static Op, axes: &BTreeMap<String, Axis>) -> Result<Vec<Point>, String> {
    if let Some(unknown) = axes.keys().find(|name| !op.fields.iter().any(|f| f.name == name.as_str())) {
        let known = op.fields.iter().map(|f| f.name).collect::<Vec<_>>().join(", ");
        return Err(format!("`{}` has no size `{unknown}`; known are {known}", op.name));
    }
    let mut combinations: Vec<Vec<(&'static str, String)>> = vec![Vec::new()];
    for field in op.fields {
        let Some(axis) = axes.get(field.name) else { continue };
        let values: Vec<String> = match axis {
            Axis::One(value) => vec![value.text()],
            Axis::Many(values) => values.iter().map(Value::text).collect(),
        };
        if values.is_empty() {
            return Err(format!("the axis `{}` has no values", field.name));
        }
        if combinations.len().saturating_mul(values.len()) > MAX_POINTS {
            return Err(format!("the axes make more than {MAX_POINTS} points"));
        }
        let extended = |c: &Vec<(&'static str, String)>, v: &String| {
            let mut longer = c.clone();
            longer.push((field.name, v.clone()));
            longer
        };
        combinations = combinations.iter().flat_map(|c| values.iter().map(move |v| extended(c, v))).collect();
    }
    Ok(combinations.into_iter().map(|values| point(op, values)).collect())
}

fn point(op: &'static Op, mut values: Vec<(&'static str, String)>) -> Point {
    let named = values.clone();
    for (_, text) in &mut values {
        if let Some((_, other)) = named.iter().find(|(name, _)| name == text) {
            text.clone_from(other);
        }
    }
    let sizes = op.sizes(values.iter().map(|(name, text)| (*name, text.as_str()))).map_err(|e| e.to_string());
    Point { values, sizes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Experiment> {
        Experiment::from_bytes(Path::new("x.toml"), text.as_bytes())
    }

    const HEAD: &str = "name = 'x'\nquestion = 'q'\nop = 'matmul'\n";

    #[test]
    fn axes_multiply_and_follow() {
        let e = parsed(&format!("{HEAD}[axes]\nm = [2, 3]\nk = [5, 7]\nn = 'm'")).unwrap();
        let shown: Vec<String> = e.points.iter().map(|p| p.sizes.as_ref().unwrap().to_string()).collect();
        let plain = ["m=2 n=2 k=5", "m=2 n=2 k=7", "m=3 n=3 k=5", "m=3 n=3 k=7"];
        assert_eq!(shown, plain.map(|sizes| format!("{sizes} batch=1 ta=no tb=no")));
        assert_eq!(e.variants.len(), e.op.variants.len());
    }

    #[test]
    fn listed_points_stand_in_their_order_over_the_axes() {
        let e = parsed(&format!(
            "{HEAD}[axes]\nm = [2, 3]\n[[points]]\nk = 5\nn = 'm'\n[[points]]\nk = 7\nn = 1"
        ));
        let shown: Vec<String> =
            e.unwrap().points.iter().map(|p| p.sizes.as_ref().unwrap().to_string()).collect();
        let plain = ["m=2 n=2 k=5", "m=3 n=3 k=5", "m=2 n=1 k=7", "m=3 n=1 k=7"];
        assert_eq!(shown, plain.map(|sizes| format!("{sizes} batch=1 ta=no tb=no")));
        let alone = parsed(&format!("{HEAD}[[points]]\nm = 2\n[[points]]\nm = 4\nk = 3")).unwrap();
        assert_eq!(alone.points.len(), 2);
        let twice = parsed(&format!("{HEAD}[axes]\nm = 2\n[[points]]\nm = 3")).unwrap_err();
        assert!(twice.to_string().contains("in `axes` and in `points`"));
    }

    #[test]
    fn families_are_expanded_once() {
        let e = parsed(&format!("{HEAD}variants = ['tiled', 'tiled_16', 'serial']\n[axes]\nm = 2")).unwrap();
        let names: Vec<&str> = e.variants.iter().map(|v| v.name).collect();
        assert_eq!(names, ["tiled_16", "tiled_32", "serial"]);
    }

    #[test]
    fn words_choose_by_who_runs_a_variant() {
        let head = "name = 'x'\nquestion = 'q'\nop = 'maxpool'\n";
        let chosen = |word: &str| {
            parsed(&format!("{head}variants = '{word}'\n[axes]\nh = 4\nkh = 2")).unwrap().variants
        };
        let (all, gpu, parallel) = (chosen("all"), chosen("gpu"), chosen("parallel"));
        assert!(gpu.iter().any(|v| v.name == "direct") && parallel.iter().any(|v| v.name == "rayon"));
        let left: Vec<&str> = all
            .iter()
            .map(|v| v.name)
            .filter(|n| !gpu.iter().chain(&parallel).any(|v| v.name == *n))
            .collect();
        assert!(
            left.contains(&"serial") && left.iter().all(|n| *n == "serial" || n.starts_with("per_window"))
        );
    }

    #[test]
    fn faults_name_their_place() {
        let refused = |text: &str| parsed(text).unwrap_err().to_string();
        assert!(refused(&format!("{HEAD}colour = 1\n[axes]\nm = 1")).contains("line 4"));
        assert!(refused(&format!("{HEAD}[axes]\nq = 1")).contains("no size `q`"));
        assert!(refused(&format!("{HEAD}variants = 'quick'\n[axes]\nm = 1")).contains("known are serial"));
        assert!(refused(&format!("{HEAD}[axes]\nm = []")).contains("no values"));
        assert!(refused(&format!("{HEAD}[axes]\nm = 1\n[budget]\nmax_samples = 0")).contains("max_samples"));
        assert!(refused(&format!("{HEAD}[axes]\nm = 1\n[budget]\nrounds = 0")).contains("from 1 to 1000"));
        assert!(refused(&format!("{HEAD}threads = [1, 0]\n[axes]\nm = 1")).contains("from 1 to 4096"));
        assert!(refused(&format!("{HEAD}checks = 'none'\n[axes]\nm = 1")).contains("it is \"both\""));
        assert!(refused(&format!("{HEAD}threads = [2, 2]\n[axes]\nm = 1")).contains("different counts"));
        assert!(refused("name = ").contains("line 1"));
        let list = vec!["1"; 200].join(",");
        assert!(refused(&format!("{HEAD}[axes]\nm = [{list}]\nn = [{list}]")).contains("more than 10000"));
    }

    #[test]
    fn a_point_without_meaning_is_kept_with_its_reason() {
        let e = parsed(&format!("{HEAD}[axes]\nm = [0, 1]")).unwrap();
        assert!(e.points[0].sizes.as_ref().unwrap_err().contains("m = 0"));
        assert!(e.points[1].sizes.is_ok());
    }
}
