//! `tesela check`: variants, or a kernel of the user's, held to the reference or to an oracle.
//!
//! Every pair of a case and a variant is passed, failed or skipped. A failure, a damaged oracle case among them, makes
//! the exit code 4. A file that cannot be read is exit code 2, a shader that is not valid or does not fit the op 1.

mod report;
mod source;
mod tally;

use std::path::PathBuf;

use indicatif::ProgressBar;

use self::source::Source;
use self::tally::Tally;
use super::args::{Global, SEED, constant};
use super::exit::{Exit, Failure, Outcome};
use super::oracle::{Content, Entry};
use super::print;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::gpu::{Checks, Choice, Gpu};
use crate::lab::{self, Verdict};
use crate::ops::{OPS, Op, Variant};

/// Arguments of `tesela check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One operation, as matmul or maxpool, or all of them
    #[arg(default_value = "all", value_name = "OP")]
    op: String,
    /// One variant, or a family: `tiled` means tiled_16 and tiled_32
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// Check this WGSL kernel instead of the built-in variants; needs an OP
    #[arg(long, value_name = "FILE", conflicts_with = "variant")]
    shader: Option<PathBuf>,
    /// Set a constant of that kernel; may be repeated
    #[arg(long, value_name = "NAME=VALUE", requires = "shader", value_parser = constant, num_args = 1..)]
    set: Vec<(String, u32)>,
    /// Run the cases in this folder (and below) instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    oracle: Option<PathBuf>,
    /// After every pair with checks of bounds and loops in the kernels, the same without them
    #[arg(long, conflicts_with = "checked")]
    unchecked: bool,
    /// The seed of the built-in cases' inputs
    #[arg(long, value_name = "N", default_value_t = SEED)]
    seed: u64,
    /// Print JSON: checked, passed, failed, failures, skipped, by_variant, by_group
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, global: &Global) -> Outcome {
    let ops = if args.op == "all" { OPS.to_vec() } else { vec![Op::find(&args.op)?] };
    let variants = variants(args, &ops, global)?;
    let source = match &args.oracle {
        Some(dir) => Source::oracle(dir)?,
        None => Source::built_in(&ops, args.seed)?,
    };
    let on_cpu = variants.iter().all(|(_, variant)| variant.is_cpu());
    let engine = if on_cpu { global.cpu_engine()? } else { global.engine()? };
    let engine = engine.with_checks(if args.unchecked { Checks::Off } else { Checks::On });
    let bar = global.bar(source.count);
    let tally = check(source, &ops, &variants, &engine, args.shader.is_some(), &bar);
    bar.finish_and_clear();
    let tally = tally?;
    let adapter = engine.gpu().map(Gpu::adapter);
    if args.json {
        print::emit_json(&report::json(&tally, adapter))?;
    } else {
        print::emit(&report::text(&tally, adapter, args.oracle.is_some()))?;
    }
    if tally.failed() > 0 {
        return Ok(Exit::Mismatch);
    }
    if tally.passed() == 0 && args.shader.is_some() {
        let reason = tally.skipped.first().map_or("there are no cases", |skip| skip.reason.as_str());
        return Err(Failure::fault(format!("the kernel ran on no case: {reason}")));
    }
    Ok(Exit::Ok)
}

/// The variants to check, each with its op.
fn variants(
    args: &Args,
    ops: &[&'static Op],
    global: &Global,
) -> Result<Vec<(&'static Op, &'static Variant)>, Failure> {
    let on_cpu = global.device == Choice::Cpu;
    if let Some(path) = &args.shader {
        let [op] = ops else {
            return Err(Failure::usage("--shader needs the operation: tesela check matmul --shader FILE"));
        };
        if on_cpu {
            return Err(Failure::usage("--shader needs an adapter; --device cpu has none"));
        }
        return Ok(vec![(op, lab::user_variant(path, &args.set)?)]);
    }
    let mut found = Vec::new();
    let mut unknown = None;
    for op in ops {
        let named = match &args.variant {
            None => op.variants.iter().collect(),
            Some(name) => op.variants_named(name).unwrap_or_else(|e| {
                unknown.get_or_insert(e);
                Vec::new()
            }),
        };
        found.extend(named.into_iter().map(|variant| (*op, variant)));
    }
    match unknown {
        Some(e) if found.is_empty() && ops.len() == 1 => return Err(e.into()),
        Some(_) if found.is_empty() => {
            let name = args.variant.as_deref().unwrap_or_default();
            let known = |op: &&Op| op.variants.iter().map(|v| v.name).collect::<Vec<_>>().join(", ");
            let lists: Vec<_> = ops.iter().map(|op| format!("{} has {}", op.name, known(op))).collect();
            return Err(Failure::usage(format!("no op has a variant `{name}`; {}", lists.join("; "))));
        }
        _ => {}
    }
    if on_cpu {
        found.retain(|(_, variant)| variant.is_cpu());
        if let (true, Some(name)) = (found.is_empty(), &args.variant) {
            return Err(Failure::usage(format!("variant `{name}` needs an adapter; --device cpu has none")));
        }
    }
    Ok(found)
}

/// Every variant on every check of every case.
///
/// # Errors
/// A shader of the user's that is not valid or does not fit, and a lost device, end the work; any other error is a
/// failure of the pair that met it.
fn check(
    source: Source,
    ops: &[&'static Op],
    variants: &[(&'static Op, &'static Variant)],
    engine: &Engine,
    by_user: bool,
    bar: &ProgressBar,
) -> Result<Tally> {
    let mut tally = Tally::new(variants);
    for Entry { name, group, content } in source.entries {
        bar.set_message(name.clone());
        let mut case = tally.case(&group);
        match content {
            Content::Skipped(reason) => case.skipped(None, &name, reason),
            Content::Damaged(reason) => case.failed(None, &name, reason),
            Content::Checks(checks) => {
                for check in &checks {
                    let Some(op) = check.calls.first().map(|call| call.op) else { continue };
                    let part = if check.part.is_empty() { "" } else { " " };
                    let name = format!("{name}{part}{}", check.part);
                    if !ops.iter().any(|asked| asked.name == op.name) {
                        case.skipped(None, &name, format!("`{}` was not asked for", op.name));
                        continue;
                    }
                    for (_, variant) in variants.iter().filter(|(of, _)| of.name == op.name) {
                        let pair = (op.name, variant.name);
                        match verdict(engine, &check.calls, variant) {
                            Ok(Verdict::Passed(_)) => case.passed(pair),
                            Ok(Verdict::Failed(mismatch)) => {
                                case.failed(Some(pair), &name, mismatch.to_string())
                            }
                            Ok(Verdict::Skipped(reason)) => case.skipped(Some(pair), &name, reason),
                            Err(e) if ends_the_work(&e, by_user) => return Err(e),
                            Err(e) => case.failed(Some(pair), &name, e.to_string()),
                        }
                    }
                }
            }
        }
        case.finish();
        bar.inc(1);
    }
    Ok(tally)
}

/// Whether no other pair could fare better: the device is gone, or the one kernel under test is not usable at all.
fn ends_the_work(error: &Error, by_user: bool) -> bool {
    match error {
        Error::DeviceLost { .. } | Error::Interrupted => true,
        Error::ShaderInvalid { .. } | Error::ShaderInterface { .. } | Error::Validation { .. } => by_user,
        _ => false,
    }
}

/// The first verdict that is not a pass, with the constants of the files and with each set of tuned ones, whatever the
/// class of sizes that it is for.
fn verdict(engine: &Engine, calls: &[lab::Case], variant: &'static Variant) -> Result<Verdict> {
    let mut last = Verdict::Skipped("it has no calls".to_owned());
    for call in calls {
        last = lab::verify_with(engine, call, variant, &[])?;
        if !matches!(last, Verdict::Passed(_)) {
            break;
        }
        for tuned in engine.tuned().of(call.op, variant) {
            let verdict = lab::verify_with(engine, call, variant, &tuned.constants)?;
            if let Verdict::Failed(mut mismatch) = verdict {
                mismatch.note = format!("{} with the tuned constants {:?}", mismatch.note, tuned.constants);
                return Ok(Verdict::Failed(mismatch));
            }
        }
    }
    Ok(last)
}
