//! A comparison as tables and in sentences.

use std::collections::BTreeMap;

use super::super::print;
use super::super::table::Table;
use super::Both;
use crate::analysis::compare::{Matched, Pair, Verdict};
use crate::analysis::points::{Point, Sizes, Time};

/// One table a pair of runs.
pub(super) fn as_text(runs: &[Both], all: &[Matched<'_>]) -> String {
    let mut text = String::new();
    for (run, members) in runs.iter().zip(all).map(|(r, m)| (r, &m.pairs)).filter(|(_, p)| !p.is_empty()) {
        let names = varying(members);
        let mut table = Table::new([
            "op",
            "variant",
            "sizes",
            "A",
            "B",
            "B / A",
            "95 % interval",
            "p",
            "from",
            "verdict",
        ]);
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
                unit(pair),
                pair.verdict.word().to_owned(),
            ]);
        }
        let [a, b] = [0, 1].map(|side| {
            let paths = run.paths(side);
            let more =
                if paths.len() > 1 { format!(" and {} before it", paths.len() - 1) } else { String::new() };
            format!("{}{more}", run.latest[side].path.display())
        });
        text.push_str(&format!("{}: A = {a}, B = {b}\n{}\n", run.experiment, table.render(2)));
    }
    if all.iter().flat_map(|m| &m.pairs).any(|p| p.by_rounds) {
        text.push_str(
            "A and B are medians of all calls; from rounds B / A compares the means of the rounds, so it need not be their \
             quotient.\n",
        );
    }
    text
}

/// A point in a sentence.
pub(super) fn point(point: &Point) -> String {
    let sizes: Vec<String> = point.sizes.iter().map(|(n, v)| format!("{n}={v}")).collect();
    format!("{} {} {}", point.op, point.variant, sizes.join(" "))
}

/// What the verdict rests on: as many rounds, or calls, of A and of B.
fn unit(pair: &Pair<'_>) -> String {
    if pair.by_rounds {
        let [a, b] = pair.rounds;
        return format!("{a} + {b} rounds");
    }
    let [a, b] = [pair.a, pair.b].map(|p| p.resamples(pair.time).map_or(0, |r| r.samples().len()));
    format!("{a} + {b} calls")
}

/// What the comparison says nothing about, and how to have it said; nothing where all points are judged by rounds.
pub(super) fn not_covered(all: &[Matched<'_>]) -> Option<String> {
    let by_calls = all.iter().flat_map(|m| &m.pairs).filter(|p| p.ratio.is_some() && !p.by_rounds).count();
    let points = print::count(by_calls, "point");
    (by_calls > 0).then(|| {
        format!(
            "{points} judged by calls, with one round on a side: what shifts a whole run, several percent on a shared machine, \
             is not covered and can look like a change; to cover it measure each side in rounds (rounds = 7 under [budget] \
             in the experiment), or run it several times and name the parent folders"
        )
    })
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

/// How many points have a verdict.
pub(super) fn count(all: &[Matched<'_>], verdict: Verdict) -> usize {
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
