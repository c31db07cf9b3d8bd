//! `tesela tune`: a kernel's constants, found by search on this adapter and used from then on.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::args::{Global, SEED};
use super::exit::{Exit, Failure, Outcome};
use super::table::Table;
use super::watch::{Watch, stop_on_interrupt};
use super::{cache, print, sweep};
use crate::error::{Error, Result};
use crate::gpu::Choice;
use crate::lab::Observer as _;
use crate::lab::tune::{Found, Tune, lines};
use crate::ops::{Op, Sizes, Variant};
use crate::record::{Fate, TuneFile, TuneSearch};

/// The file's name in the cache.
const FILE: &str = "tune.toml";

/// Sizes where none are given: one in which a call is short, one in which it keeps a device busy.
const SIZES: &[(&str, &[&str])] = &[
    ("matmul", &["m=256", "m=1024"]),
    ("matmul_f16", &["m=256", "m=1024"]),
    ("matmul_mixed", &["m=256", "m=1024"]),
    ("maxpool", &["n=1,c=16,h=256,kh=2,sh=2", "n=1,c=16,h=1024,kh=2,sh=2"]),
    ("conv2d", &["n=8,ci=16,h=64,co=32,kh=3,ph=1"]),
    ("conv2d_grad_input", &["n=8,ci=16,h=64,co=32,kh=3,ph=1"]),
    ("conv2d_grad_weight", &["n=8,ci=16,h=64,co=32,kh=3,ph=1"]),
    ("conv2d_mixed", &["n=8,ci=16,h=64,co=32,kh=3,ph=1"]),
    ("conv2d_grad_input_mixed", &["n=8,ci=16,h=64,co=32,kh=3,ph=1"]),
    ("conv2d_grad_weight_mixed", &["n=8,ci=16,h=64,co=32,kh=3,ph=1"]),
];

/// Arguments of `tesela tune`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The operation, as matmul or maxpool
    #[arg(value_name = "OP")]
    op: String,
    /// Sizes to tune at, as m=1024,n=1024,k=1024; each stands for its class: the longest side of any operand, up to the
    /// next power of two [default: sizes of the op's own]
    #[arg(long, value_name = "NAME=VALUE,...", num_args = 1..)]
    sizes: Vec<String>,
    /// One variant, or a family: `blocked` means all blocked_* [default: all that have something to tune]
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// Time for everything; what is left open then is taken up by the same command
    #[arg(long, value_name = "SECONDS", default_value_t = 120.0)]
    budget: f64,
    /// Keep the result here [default: tune.toml in the user's cache folder, the file that every verb reads]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Seed of the inputs
    #[arg(long, value_name = "N", default_value_t = SEED)]
    seed: u64,
    /// Print JSON: a list of searches with all candidates
    #[arg(long)]
    json: bool,
}

/// The file that every verb reads: in the cache, where there is one.
pub(super) fn standard_file() -> Option<PathBuf> {
    cache::folder().map(|folder| folder.join(FILE))
}

pub(super) fn run(args: &Args, global: &Global) -> Outcome {
    let op = Op::find(&args.op)?;
    let variants = variants(op, args.variant.as_deref())?;
    let sizes = sizes(op, &args.sizes)?;
    let budget = Duration::try_from_secs_f64(args.budget)
        .map_err(|_| Failure::usage(format!("--budget {}: write seconds, as in 60", args.budget)))?;
    let nowhere = || Failure::usage("this system names no cache folder: say --out FILE");
    let file = args.out.clone().or_else(standard_file).ok_or_else(nowhere)?;
    // A damaged file is complained about now and not after the search.
    TuneFile::read(&file)?;
    if global.device == Choice::Cpu {
        return Err(Failure::usage("tune needs an adapter; --device cpu has none"));
    }
    let engine = global.plain_engine()?;
    sweep::announce(&engine, global);
    stop_on_interrupt();
    let tasks: Vec<(&'static Variant, &Sizes)> =
        variants.iter().flat_map(|v| sizes.iter().map(move |s| (*v, s))).collect();
    let end = Instant::now() + budget.min(Duration::from_secs(10 * 365 * 86_400));
    let mut watch = Watch::new(&format!("tune {}", op.name), global);
    let mut found = Vec::new();
    for (number, (variant, sizes)) in tasks.iter().enumerate() {
        // What a search leaves of its share is there for the next ones.
        let left = end.saturating_duration_since(Instant::now());
        let budget = left / u32::try_from(tasks.len() - number).unwrap_or(u32::MAX);
        let tune = Tune { engine: &engine, op, variant, sizes, seed: args.seed, budget, file: &file };
        match tune.run(&mut watch) {
            Ok(one) => found.push(one),
            Err(e @ Error::NotApplicable { .. }) if tasks.len() > 1 => watch.note(&e.to_string()),
            Err(e) => {
                watch.finish();
                return Err(e.into());
            }
        }
    }
    watch.finish();
    show(&found, &file, args.json, global)?;
    Ok(Exit::Ok)
}

/// The variants to tune.
fn variants(op: &'static Op, name: Option<&str>) -> Result<Vec<&'static Variant>, Failure> {
    let named = match name {
        None => op.variants.iter().collect(),
        Some(name) => op.variants_named(name)?,
    };
    let found: Vec<_> = named.into_iter().filter(|v| !v.space.is_empty()).collect();
    if found.is_empty() {
        let able: Vec<_> = op.variants.iter().filter(|v| !v.space.is_empty()).map(|v| v.name).collect();
        let able = if able.is_empty() { "no variant of it".to_owned() } else { able.join(", ") };
        let what = name.map_or_else(|| op.name.to_owned(), |name| format!("{}/{name}", op.name));
        return Err(Failure::usage(format!("{what} declares nothing to tune; of {}: {able}", op.name)));
    }
    Ok(found)
}

/// The sizes to tune at: no two of one class, since each would replace the other's result.
fn sizes(op: &'static Op, given: &[String]) -> Result<Vec<Sizes>, Failure> {
    let own = SIZES.iter().find(|(name, _)| *name == op.name).map_or(&[][..], |(_, sizes)| sizes);
    let texts: Vec<&str> =
        if given.is_empty() { own.to_vec() } else { given.iter().map(String::as_str).collect() };
    if texts.is_empty() {
        return Err(Failure::usage(format!(
            "say at which sizes {} is to be tuned: --sizes NAME=VALUE,...",
            op.name
        )));
    }
    let mut found: Vec<Sizes> = Vec::new();
    for text in texts {
        let pair = |part| {
            let wrong = || Failure::usage(format!("--sizes {text}: write NAME=VALUE,..., as in m=64,n=32"));
            str::split_once(part, '=').ok_or_else(wrong)
        };
        let sizes = op.sizes(text.split([',', ' ']).map(pair).collect::<Result<Vec<_>, _>>()?)?;
        let class = op.size_class(&sizes);
        if let Some(other) = found.iter().find(|s| op.size_class(s) == class) {
            return Err(Failure::usage(format!(
                "`{other}` and `{sizes}` are both of class {class} (longest side up to {class}): tune at one of them"
            )));
        }
        found.push(sizes);
    }
    Ok(found)
}

fn show(found: &[Found], file: &Path, as_json: bool, global: &Global) -> Result<(), Failure> {
    if as_json {
        print::emit_json(&Value::Array(found.iter().map(json).collect()))?;
    } else {
        for one in found {
            print::emit(&text(&one.search))?;
        }
    }
    let open = found.iter().filter(|f| f.search.finished.is_none()).count();
    if open > 0 {
        let searches = print::count(open, "search");
        global.note(&format!("{searches} not finished within --budget: the same command goes on from there"));
    }
    let new = |found: &Found| found.search.best().is_some_and(|best| !best.default);
    let table = TuneFile::table_path(file);
    global.note(&format!("kept in {}, the table in {}", file.display(), table.display()));
    if !found.iter().any(new) {
        return Ok(());
    }
    if Some(file) != standard_file().as_deref() {
        global.note(&format!("used where TESELA_TUNED={} is set", file.display()));
    } else {
        global.note("used from now on; --no-tuned leaves it out");
    }
    Ok(())
}

fn json(found: &Found) -> Value {
    let search = &found.search;
    let candidates = lines(search).into_iter().map(|line| {
        json!({
            "constants": line.constants,
            "default": line.default,
            "fate": line.fate.word(),
            "median_ns": line.median_ns,
            "low_ns": line.interval_ns.map(|i| i.0),
            "high_ns": line.interval_ns.map(|i| i.1),
            "samples": line.samples,
            "reason": line.reason,
        })
    });
    json!({
        "adapter": search.adapter,
        "driver": search.driver,
        "software": search.software,
        "op": search.op,
        "variant": search.variant,
        "sizes": search.sizes,
        "class": search.class,
        "clock": if search.timestamps { "timestamp" } else { "wall" },
        "finished": search.finished,
        "best": search.best().map(|c| &c.constants),
        "calls": found.calls,
        "candidates": candidates.collect::<Vec<_>>(),
    })
}

/// The candidates, the fastest first, then those that took no part, and what follows.
fn text(search: &TuneSearch) -> String {
    let mut lines = lines(search);
    lines.sort_by_key(|l| (l.fate != Fate::Best, l.median_ns.unwrap_or(u64::MAX)));
    let mut table = Table::new(["constants", "fate", "median", "95 % interval", "calls"]);
    for line in &lines {
        let default = if line.default { " (default)" } else { "" };
        let time = |ns: Option<u64>| ns.map_or_else(String::new, print::duration);
        let interval = line.interval_ns.map_or_else(String::new, |(low, high)| {
            format!("{} to {}", print::duration(low), print::duration(high))
        });
        table.row([
            format!("{}{default}", line.constants),
            line.fate.word().to_owned(),
            time(line.median_ns),
            interval,
            line.samples.to_string(),
        ]);
    }
    let mut text = format!("{}/{} [{}]\n{}", search.op, search.variant, search.sizes, table.render(2));
    for line in lines.iter().filter(|l| matches!(l.fate, Fate::CompiledNot | Fate::Wrong)) {
        let reason = format!("{} is {}: {}", line.constants, line.fate.word(), line.reason);
        text += &format!("  {}\n", print::wrap(&reason, print::width().saturating_sub(2), 4));
    }
    let verdict = verdict(search);
    text + &print::wrap(&verdict, print::width(), 2) + "\n\n"
}

fn verdict(search: &TuneSearch) -> String {
    let Some(best) = search.best() else { return "not finished: the defaults hold".to_owned() };
    if best.default {
        return "the default stays: nothing was faster beyond doubt".to_owned();
    }
    let of = |wanted: bool| {
        let line =
            lines(search).into_iter().find(|l| if wanted { l.default } else { l.fate == Fate::Best })?;
        Some((line.median_ns? as f64, line.interval_ns?))
    };
    let (Some((default, (low, high))), Some((own, (own_low, own_high)))) = (of(true), of(false)) else {
        return String::new();
    };
    // The bounds of the two intervals against each other: wider than an interval of the ratio itself.
    format!(
        "{} is {:.2} times as fast as the default ({:.2} to {:.2}), for sizes of class {}",
        best.constants,
        default / own,
        low as f64 / own_high.max(1) as f64,
        high as f64 / own_low.max(1) as f64,
        search.class
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::OPS;

    #[test]
    fn every_op_with_a_space_has_sizes_of_its_own() {
        for op in OPS.iter().filter(|op| op.variants.iter().any(|v| !v.space.is_empty())) {
            let found = sizes(op, &[]).unwrap_or_else(|e| panic!("{}: {e:?}", op.name));
            assert!(!found.is_empty());
        }
    }

    #[test]
    fn two_sizes_of_one_class_are_refused() {
        let given = |texts: &[&str]| {
            sizes(&crate::ops::matmul::OP, &texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(given(&["m=64,n=32", "m=65"]).unwrap().len(), 2);
        let message = format!("{:?}", given(&["m=64", "m=60"]).unwrap_err());
        assert!(message.contains("both of class 64"), "{message}");
        assert!(format!("{:?}", given(&["m64"]).unwrap_err()).contains("NAME=VALUE"));
    }
}
