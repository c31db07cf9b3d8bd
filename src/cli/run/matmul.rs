//! `tesela run matmul`.

use std::path::PathBuf;

use serde_json::json;

use super::Common;
use super::in_parts::Parted;
use super::input;
use super::measured::Chosen;
use super::output::Target;
use super::show::Show;
use crate::cli::args::Global;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::{cpu, print};
use crate::engine::in_parts::InParts;
use crate::lab::Case;
use crate::ops::matmul::OP;
use crate::ops::{Data, Sizes};

/// Arguments of `tesela run matmul`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Rows of A and C
    #[arg(long, required_unless_present = "a")]
    m: Option<u32>,
    /// Columns of B and C [default: m]
    #[arg(long)]
    n: Option<u32>,
    /// Columns of A, rows of B [default: m]
    #[arg(long)]
    k: Option<u32>,
    /// A from a CSV or NPY file, m x k
    #[arg(long, value_name = "FILE", requires = "b", conflicts_with_all = ["m", "n", "k"])]
    a: Option<PathBuf>,
    /// B from a CSV or NPY file, k x n
    #[arg(long, value_name = "FILE", requires = "a")]
    b: Option<PathBuf>,
    /// Write C to a new file: .csv, .npy, or .png (stretched to 8 bits)
    #[arg(long, visible_alias = "out", value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// Without `--variant`, the first of these families that the device can run.
const DEFAULTS: &[&str] = &["blocked", "tiled_16", "naive"];

pub(super) fn run(args: &Args, global: &Global) -> Outcome {
    let target = args.output.as_deref().map(Target::new).transpose()?;
    let (sizes, given) = operands(args)?;
    let elements = |operand: &str| OP.len(&sizes, operand) as u64;
    let chosen = Chosen::new(&OP, args.common.variant.as_deref(), DEFAULTS, global)?;
    if let Some(parts) = chosen.in_parts(&OP, &sizes, args.common.device_bytes)? {
        cpu::has_room_for("the product", 4 * (elements("a") + elements("b") + elements("c")))?;
        return in_parts(args, &sizes, &parts, given, target.as_ref());
    }
    let prepared = chosen.prepare(&OP, &sizes)?;
    // A, B, two results, and the reference: a value and a bound in f64 an element.
    cpu::has_room_for(
        "the product with its reference",
        4 * (elements("a") + elements("b")) + 24 * elements("c"),
    )?;
    let case = match given {
        Some(inputs) => Case::given(&OP, &sizes, inputs, None),
        None => Case::drawn(&OP, &sizes, args.common.fill, args.common.seed),
    };
    let measured = chosen.measure(prepared, &case, args.common.repeat)?;
    let [m, n] = ["m", "n"].map(|name| sizes.get(name) as usize);
    if measured.fault.is_none()
        && let Some(target) = &target
    {
        target.write([1, 1, m, n], measured.outputs[0].f32(), false)?;
    }
    if args.common.json {
        let mut value = measured.json(&case);
        own_keys(&mut value, &sizes);
        print::emit_json(&value)?;
    } else {
        let mut show = Show::new(&args.common, &case, &measured);
        matrices(&mut show, &sizes, &case.inputs, &measured.outputs);
        print::emit(&show.finish(&case, &measured))?;
    }
    Ok(if measured.fault.is_none() { Exit::Ok } else { Exit::Mismatch })
}

/// The call in parts. A and B are given up before C is written, which takes as much memory again.
fn in_parts(
    args: &Args,
    sizes: &Sizes,
    parts: &InParts<'_>,
    given: Option<Vec<Data>>,
    target: Option<&Target>,
) -> Outcome {
    let common = &args.common;
    let done = Parted::run(parts, &OP, sizes, given, common)?;
    if common.json {
        let mut value = done.json();
        own_keys(&mut value, sizes);
        print::emit_json(&value)?;
    } else {
        let mut show = done.show(common);
        matrices(&mut show, sizes, &done.inputs, &done.outputs);
        print::emit(&done.finish(show))?;
    }
    let exit = done.exit();
    let outputs = done.into_outputs();
    if let (Exit::Ok, Some(target)) = (exit, target) {
        target.write([1, 1, sizes.get("m") as usize, sizes.get("n") as usize], outputs[0].f32(), false)?;
    }
    Ok(exit)
}

/// What the JSON of a product says beside what that of every operation says.
fn own_keys(value: &mut serde_json::Value, sizes: &Sizes) {
    let bytes = |operand: &str| 4 * OP.len(sizes, operand);
    value["input_bytes"] = json!(bytes("a") + bytes("b"));
    value["output_bytes"] = json!(bytes("c"));
    value["flops"] = json!((OP.cost)(sizes).flops);
}

/// A, B and C.
fn matrices(show: &mut Show, sizes: &Sizes, inputs: &[Data], outputs: &[Data]) {
    let [m, n, k] = ["m", "n", "k"].map(|name| sizes.get(name) as usize);
    for (name, data, rows, cols) in
        [("A", &inputs[0], m, k), ("B", &inputs[1], k, n), ("C", &outputs[0], m, n)]
    {
        let title = format!("{name}: {rows} x {cols}, {} bytes", 4 * rows * cols);
        show.matrix(&title, rows, cols, &|r, c| data.f32()[r * cols + c]);
    }
}

/// The sizes, and the operands where they come from files.
fn operands(args: &Args) -> Result<(Sizes, Option<Vec<Data>>), Failure> {
    let sizes = |pairs: [(&'static str, Option<String>); 3]| {
        OP.sizes(pairs.iter().filter_map(|(name, text)| Some((*name, text.as_deref()?))))
    };
    let (Some(a_path), Some(b_path)) = (&args.a, &args.b) else {
        let text = |size: Option<u32>| size.map(|s| s.to_string());
        return Ok((sizes([("m", text(args.m)), ("n", text(args.n)), ("k", text(args.k))])?, None));
    };
    let (a, b) = (input::planes(a_path)?, input::planes(b_path)?);
    let ([an, ac, m, k], [bn, bc, rows, n]) = (a.shape, b.shape);
    if an * ac * bn * bc != 1 {
        return Err(Failure::usage("--a and --b must hold one matrix each"));
    }
    if rows != k {
        let shapes = format!("A is {m} x {k}, B is {rows} x {n}");
        return Err(Failure::usage(format!("{shapes}: B must have as many rows as A has columns")));
    }
    let text = |size: usize| Some(size.to_string());
    let sizes = sizes([("m", text(m)), ("n", text(n)), ("k", text(k))])?;
    Ok((sizes, Some(vec![Data::F32(a.values), Data::F32(b.values)])))
}
