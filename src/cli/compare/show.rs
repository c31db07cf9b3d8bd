//! A comparison as tables and as JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::print;
use super::super::table::Table;
use super::{Args, Both};
use crate::analysis::compare::{Matched, Pair, Verdict};
use crate::analysis::points::{Point, Sizes, Time};

/// One table a pair of runs.
pub(super) fn as_text(runs: &[Both], all: &[Matched<'_>]) -> String {
    let mut text = String::new();
    for (run, members) in runs.iter().zip(all).map(|(r, m)| (r, &m.pairs)).filter(|(_, p)| !p.is_empty()) {
        let names = varying(members);
        let mut table =
            Table::new(["op", "variant", "sizes", "A", "B", "B / A", "95 % interval", "p", "verdict"]);
        for pair in members {
            let interval = pair.ratio.and_then(|r| r.interval);
            let threads = pair.a.threads.filter(|t| *t > 1).map(|t| format!(" ({t} threads)"));
            table.row([
                pair.a.op.clone(),
                format!("{}{}", pair.a.variant, threads.unwrap_or_default()),
                sizes(&pair.a.sizes, &names),
                median(pair.a, pair.time),
                median(pair.b, pair.time),
                pair.ratio.map_or_else(|| "-".to_owned(), |r| format!("{:.3}", r.value)),
                interval.map_or_else(|| "-".to_owned(), |i| format!("{:.3} to {:.3}", i.low, i.high)),
                pair.p.map_or_else(|| "-".to_owned(), p_value),
                pair.verdict.word().to_owned(),
            ]);
        }
        let [a, b] = run.folders.each_ref().map(|f| f.path.display());
        text.push_str(&format!("{}: A = {a}, B = {b}\n{}\n", run.experiment, table.render(2)));
    }
    text
}

fn p_value(p: f64) -> String {
    if p < 0.0001 { "<0.0001".to_owned() } else { format!("{p:.4}") }
}

fn median(point: &Point, time: Time) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a median of whole nanoseconds"
    )]
    point.time(time).map_or_else(|| "-".to_owned(), |t| print::duration(t.value.round() as u64))
}

/// The sizes that are not the same in all pairs.
fn varying<'a>(pairs: &[Pair<'a>]) -> Vec<&'a str> {
    let mut values: BTreeMap<&str, &str> = BTreeMap::new();
    let mut names: Vec<&str> = Vec::new();
    for (name, value) in pairs.iter().flat_map(|p| &p.a.sizes) {
        if *values.entry(name).or_insert(value) != value && !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

fn sizes(of: &Sizes, names: &[&str]) -> String {
    let shown = of.iter().filter(|(name, _)| names.contains(&name.as_str()));
    shown.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

/// Everything, without rounding.
pub(super) fn as_json(args: &Args, runs: &[Both], all: &[Matched<'_>], differences: &[String]) -> Value {
    let named = |experiment: &str, point: &Point| {
        let sizes: Map<String, Value> = point.sizes.iter().map(|(n, v)| (n.clone(), json!(v))).collect();
        json!({
            "experiment": experiment, "op": point.op, "variant": point.variant, "threads": point.threads,
            "sizes": sizes,
        })
    };
    let one = |experiment: &str, pair: &Pair<'_>| {
        let mut value = named(experiment, pair.a);
        let interval = pair.ratio.and_then(|r| r.interval);
        value["a_ns"] = json!(pair.a.time(pair.time).map(|t| t.value));
        value["b_ns"] = json!(pair.b.time(pair.time).map(|t| t.value));
        value["ratio"] = json!(pair.ratio.map(|r| r.value));
        value["ratio_low"] = json!(interval.map(|i| i.low));
        value["ratio_high"] = json!(interval.map(|i| i.high));
        value["p"] = json!(pair.p);
        value["verdict"] = json!(pair.verdict.word());
        value
    };
    let alone = |side: for<'m> fn(&'m Matched<'_>) -> &'m [&'m Point]| -> Vec<Value> {
        let of = |(run, matched): (&Both, _)| {
            side(matched).iter().map(|p| named(&run.experiment, p)).collect::<Vec<_>>()
        };
        runs.iter().zip(all).flat_map(of).collect()
    };
    let together = |(run, matched): (&Both, &Matched<'_>)| -> Vec<Value> {
        matched.pairs.iter().map(|p| one(&run.experiment, p)).collect()
    };
    let counts: Map<String, Value> =
        Verdict::ALL.iter().map(|v| (v.word().to_owned(), json!(count(all, *v)))).collect();
    json!({
        "runs": runs.iter().map(|r| json!({
            "experiment": r.experiment, "a": r.folders[0].path, "b": r.folders[1].path,
        })).collect::<Vec<_>>(),
        "time": args.time.name(),
        "threshold_percent": args.threshold,
        "unlike": differences,
        "points": runs.iter().zip(all).flat_map(together).collect::<Vec<_>>(),
        "only_a": alone(|m| &m.only_a),
        "only_b": alone(|m| &m.only_b),
        "summary": counts,
    })
}

fn count(all: &[Matched<'_>], verdict: Verdict) -> usize {
    all.iter().flat_map(|m| &m.pairs).filter(|p| p.verdict == verdict).count()
}

/// How many points became what, in one line.
pub(super) fn summary(all: &[Matched<'_>]) -> String {
    let counts: Vec<String> =
        Verdict::ALL.iter().map(|v| format!("{} {}", count(all, *v), v.word())).collect();
    let total = all.iter().map(|m| m.pairs.len()).sum();
    let (a, b) = all.iter().fold((0, 0), |(a, b), m| (a + m.only_a.len(), b + m.only_b.len()));
    let alone = if a + b > 0 { format!("; {a} only in A, {b} only in B") } else { String::new() };
    format!("{}: {}{alone}", print::count(total, "point"), counts.join(", "))
}
