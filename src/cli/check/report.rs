//! The outcome of a check as text and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::tally::{Remark, Tally};
use crate::cli::print;
use crate::cli::table::Table;
use crate::gpu::Adapter;

/// Failures printed in full.
const IN_FULL: usize = 5;
/// Reasons printed; the others are counted.
const REASONS: usize = 12;

/// `checked` = `passed` + `failed` pairs; `failures` and `skipped` name each case, with a null variant where the whole
/// case is meant.
pub(super) fn json(tally: &Tally, adapter: Option<&Adapter>) -> Value {
    let remark = |key: &'static str| {
        move |r: &Remark| {
            json!({
                "case": r.case,
                "op": r.pair.map(|p| p.0),
                "variant": r.pair.map(|p| p.1),
                (key): r.reason,
            })
        }
    };
    let by_variant = tally.variants.iter().map(|v| {
        let (op, variant) = v.pair;
        json!({ "op": op, "variant": variant, "passed": v.passed, "failed": v.failed, "skipped": v.skipped })
    });
    let by_group: Map<String, Value> = tally
        .groups
        .iter()
        .map(|g| {
            let counts =
                json!({ "cases": g.cases, "passed": g.passed, "failed": g.failed, "skipped": g.skipped });
            (g.name.clone(), counts)
        })
        .collect();
    json!({
        "adapter": adapter.map(|a| &a.name),
        "software": adapter.is_some_and(|a| a.software),
        "checked": tally.passed() + tally.failed(),
        "passed": tally.passed(),
        "failed": tally.failed(),
        "failures": tally.failures.iter().map(remark("message")).collect::<Vec<_>>(),
        "skipped": tally.skipped.iter().map(remark("reason")).collect::<Vec<_>>(),
        "by_variant": by_variant.collect::<Vec<_>>(),
        "by_group": by_group,
    })
}

/// Tables by variant and, for an oracle, by group of cases; then what failed and why pairs were skipped.
pub(super) fn text(tally: &Tally, adapter: Option<&Adapter>, is_oracle: bool) -> String {
    let width = print::width();
    let software = adapter.filter(|a| a.software).map_or("", |_| " (software: a CPU that poses as a GPU)");
    let name = adapter.map_or("the CPU alone", |a| a.name.as_str());
    let mut text = format!("checked on {name}{software}\n\n");
    // The op stands on a line of its own above its variants: side by side they would not fit a narrow terminal.
    let mut table = Table::new(["op, variant", "passed", "failed", "skipped"]);
    let mut last = "";
    for v in &tally.variants {
        if v.pair.0 != last {
            last = v.pair.0;
            table.row([last.to_owned(), String::new(), String::new(), String::new()]);
        }
        let [passed, failed, skipped] = [v.passed, v.failed, v.skipped].map(|n| n.to_string());
        table.row([format!("  {}", v.pair.1), passed, failed, skipped]);
    }
    text.push_str(&table.render(0));
    if is_oracle {
        let mut table = Table::new(["cases of", "cases", "passed", "failed", "skipped"]);
        for g in &tally.groups {
            let [cases, passed, failed, skipped] =
                [g.cases, g.passed, g.failed, g.skipped].map(|n| n.to_string());
            table.row([g.name.clone(), cases, passed, failed, skipped]);
        }
        let _ = write!(text, "\n{}", table.render(0));
    }
    for failure in tally.failures.iter().take(IN_FULL) {
        let variant = failure.pair.map(|p| format!(" {}/{}", p.0, p.1)).unwrap_or_default();
        let line = format!("FAILED{variant}, case {}: {}", failure.case, failure.reason);
        let _ = write!(text, "\n{}\n", print::wrap(&line, width, 2));
    }
    if tally.failures.len() > IN_FULL {
        let _ =
            writeln!(text, "\nand {} failures more; --json lists them all", tally.failures.len() - IN_FULL);
    }
    text.push_str(&reasons(tally, width));
    let verdict = format!(
        "{} passed, {} failed, {} skipped",
        print::count(tally.passed(), "pair"),
        tally.failed(),
        tally.skipped.len()
    );
    let _ = writeln!(text, "\n{verdict}");
    text
}

/// Reasons of one kind: they differ in numbers and names only.
struct Kind<'t> {
    example: &'t str,
    count: usize,
    differ: bool,
    who: Vec<&'t str>,
}

/// Why pairs and cases were skipped: reasons of one kind together, the commonest first.
fn reasons(tally: &Tally, width: usize) -> String {
    let mut kinds: BTreeMap<String, Kind<'_>> = BTreeMap::new();
    for skip in &tally.skipped {
        let reason = bare(&skip.reason);
        let new = || Kind { example: reason, count: 0, differ: false, who: Vec::new() };
        let kind = kinds.entry(masked(reason)).or_insert_with(new);
        kind.count += 1;
        kind.differ |= kind.example != reason;
        let name = skip.pair.map_or("whole cases", |p| p.1);
        if !kind.who.contains(&name) {
            kind.who.push(name);
        }
    }
    let mut sorted: Vec<_> = kinds.into_values().collect();
    sorted.sort_by_key(|kind| std::cmp::Reverse(kind.count));
    let mut text = if sorted.is_empty() { String::new() } else { "\nskipped, and why:\n".to_owned() };
    for kind in sorted.iter().take(REASONS) {
        let alike = if kind.differ { ", and alike" } else { "" };
        let line = format!("{}{alike} ({})", kind.example, kind.who.join(", "));
        let _ = writeln!(text, "{}", print::wrap_behind(&format!("{:>6} x ", kind.count), &line, width, 9));
    }
    if sorted.len() > REASONS {
        let _ = writeln!(text, "  and {} reasons more; --json lists them all", sorted.len() - REASONS);
    }
    text
}

/// A reason without the variant's name before it: that is printed behind it.
fn bare(reason: &str) -> &str {
    reason.split_once("does not apply: ").map_or(reason, |(_, rest)| rest)
}

/// A reason with its numbers and quoted names left out, to tell kinds of reasons apart.
fn masked(reason: &str) -> String {
    let unquoted = reason.split('`').step_by(2);
    unquoted.collect::<Vec<_>>().join("`").chars().filter(|c| !c.is_ascii_digit()).collect()
}
