//! A comparison as JSON.

use serde_json::{Map, Value, json};

use super::sides::{Both, Sides};
use super::{Args, show};
use crate::analysis::compare::{Matched, Pair, Verdict};
use crate::analysis::points::Point;

/// Everything, without rounding.
pub(super) fn value(
    args: &Args,
    read: &Sides,
    all: &[Matched<'_>],
    differences: &[String],
    broken: &[Vec<(&Both, &Point)>; 2],
) -> Value {
    let runs = &read.both;
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
        value["unit"] = json!(if pair.by_rounds { "round" } else { "call" });
        value["rounds_a"] = json!(pair.rounds[0]);
        value["rounds_b"] = json!(pair.rounds[1]);
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
    let failed = |side: usize| -> Vec<Value> {
        broken[side].iter().map(|(run, point)| named(&run.experiment, point)).collect()
    };
    let counts: Map<String, Value> =
        Verdict::ALL.iter().map(|v| (v.word().to_owned(), json!(show::count(all, *v)))).collect();
    json!({
        "runs": runs.iter().map(|r| json!({
            "experiment": r.experiment, "a": r.paths(0), "b": r.paths(1), "copies": r.copies,
        })).collect::<Vec<_>>(),
        "time": args.time.name(),
        "threshold_percent": args.threshold,
        "unlike": differences,
        "points": runs.iter().zip(all).flat_map(together).collect::<Vec<_>>(),
        "only_a": alone(|m| &m.only_a),
        "only_b": alone(|m| &m.only_b),
        "failed_a": failed(0),
        "failed_b": failed(1),
        "experiments_only_a": read.alone[0],
        "experiments_only_b": read.alone[1],
        "shifts_not_covered": show::not_covered(all),
        "summary": counts,
    })
}
