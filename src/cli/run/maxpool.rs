//! `tesela run maxpool`: the thesis's interactive program for today's terminal.

use std::path::PathBuf;

use serde_json::json;

use super::Common;
use super::in_parts::Parted;
use super::input::{self, Planes};
use super::measured::{Chosen, Measured};
use super::output::Target;
use super::show::Show;
use crate::cli::args::{Global, Pair};
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::{cpu, print};
use crate::engine::in_parts::InParts;
use crate::lab::Case;
use crate::ops::maxpool::{OP, Pool};
use crate::ops::{Data, Sizes};

/// Arguments of `tesela run maxpool`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The image: PNG, JPEG, CSV or NPY
    #[arg(long, value_name = "FILE", required_unless_present = "random", conflicts_with = "random")]
    input: Option<PathBuf>,
    /// Random digits 0 to 9, as in the thesis (or what --fill says): N or ROWSxCOLS
    #[arg(long, value_name = "ROWSxCOLS")]
    random: Option<Pair>,
    /// Random images
    #[arg(long, value_name = "N", requires = "random")]
    images: Option<u32>,
    /// Channels of a random image
    #[arg(long, value_name = "C", requires = "random")]
    channels: Option<u32>,
    /// The window: K or KHxKW
    #[arg(long, value_name = "K", default_value = "2")]
    kernel: Pair,
    /// Between windows [default: the kernel]
    #[arg(long, value_name = "S")]
    stride: Option<Pair>,
    /// On each side
    #[arg(long, value_name = "P", default_value = "0")]
    padding: Pair,
    /// Between the taps of a window
    #[arg(long, value_name = "D", default_value = "1")]
    dilation: Pair,
    /// Round the number of windows up: the last one may lie partly outside
    #[arg(long)]
    ceil: bool,
    /// The padding: minus infinity, which never wins, or the thesis's zeros
    #[arg(long, default_value = "neg_inf", value_parser = ["neg_inf", "zero"])]
    pad_value: String,
    /// Find the positions of the maxima too: flat within each plane, -1 where the padding won
    #[arg(long)]
    indices: bool,
    /// Write the result to a new file: .csv, .npy or .png (8 bits)
    #[arg(long, visible_alias = "out", value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args, global: &Global) -> Outcome {
    let target = args.output.as_deref().map(Target::new).transpose()?;
    let given = args.input.as_deref().map(input::planes).transpose()?;
    let sizes = sizes(args, given.as_ref())?;
    let pool = Pool::of(&sizes);
    let elements = |operand: &str| OP.len(&sizes, operand) as u64;
    let chosen = Chosen::new(&OP, args.common.variant.as_deref(), &["direct"], global)?;
    if let Some(parts) = chosen.in_parts(&OP, &sizes, args.common.device_bytes)? {
        cpu::has_room_for("the image and its pooling", 4 * elements("x") + 4 * outputs_of(&sizes))?;
        return in_parts(args, &sizes, &parts, given, target.as_ref());
    }
    let prepared = chosen.prepare(&OP, &sizes)?;
    // The image, two results, and the reference: values and positions in f64.
    cpu::has_room_for("the pooling with its reference", 4 * elements("x") + 32 * elements("y"))?;
    let is_image = given.as_ref().is_some_and(|planes| planes.is_image);
    let case = match given {
        Some(planes) => Case::given(&OP, &sizes, vec![Data::F32(planes.values)], None),
        None => Case::drawn(&OP, &sizes, args.common.fill, args.common.seed),
    };
    let measured = chosen.measure(prepared, &case, args.common.repeat)?;
    if measured.fault.is_none()
        && let Some(target) = &target
    {
        let shape = [pool.n, pool.c, pool.oh, pool.ow].map(|v| v as usize);
        target.write(shape, measured.outputs[0].f32(), is_image)?;
    }
    if args.common.json {
        let mut value = measured.json(&case);
        own_keys(&mut value, &sizes);
        print::emit_json(&value)?;
    } else {
        print::emit(&text(&args.common, &pool, &case, &measured))?;
    }
    Ok(if measured.fault.is_none() { Exit::Ok } else { Exit::Mismatch })
}

/// The call in parts. The image is given up before the result is written, which takes as much memory again.
fn in_parts(
    args: &Args,
    sizes: &Sizes,
    parts: &InParts<'_>,
    given: Option<Planes>,
    target: Option<&Target>,
) -> Outcome {
    let (common, pool) = (&args.common, Pool::of(sizes));
    let is_image = given.as_ref().is_some_and(|planes| planes.is_image);
    let inputs = given.map(|planes| vec![Data::F32(planes.values)]);
    let done = Parted::run(parts, &OP, sizes, inputs, common)?;
    if common.json {
        let mut value = done.json();
        own_keys(&mut value, sizes);
        print::emit_json(&value)?;
    } else {
        let mut show = done.show(common);
        matrices(&mut show, &pool, done.inputs[0].f32(), &done.outputs);
        print::emit(&done.finish(show))?;
    }
    let exit = done.exit();
    let outputs = done.into_outputs();
    if let (Exit::Ok, Some(target)) = (exit, target) {
        target.write([pool.n, pool.c, pool.oh, pool.ow].map(|v| v as usize), outputs[0].f32(), is_image)?;
    }
    Ok(exit)
}

/// Elements of everything that comes out.
fn outputs_of(sizes: &Sizes) -> u64 {
    (OP.len(sizes, "y") + OP.len(sizes, "indices")) as u64
}

/// What the JSON of a pooling says beside what that of every operation says.
fn own_keys(value: &mut serde_json::Value, sizes: &Sizes) {
    let pool = Pool::of(sizes);
    value["input_bytes"] = json!(4 * OP.len(sizes, "x"));
    value["padded_bytes"] = json!(padded_bytes(&pool));
    value["output_bytes"] = json!(4 * outputs_of(sizes));
    value["windows"] = json!(OP.len(sizes, "y"));
}

/// The sizes that the arguments and the input's shape give.
fn sizes(args: &Args, given: Option<&Planes>) -> Result<Sizes, Failure> {
    let shape = match (given, args.random) {
        (Some(planes), _) => planes.shape.map(|axis| axis.to_string()),
        (None, Some(random)) => [args.images.unwrap_or(1), args.channels.unwrap_or(1), random.h, random.w]
            .map(|axis| axis.to_string()),
        (None, None) => return Err(Failure::usage("give --input FILE or --random ROWSxCOLS")),
    };
    let stride = args.stride.unwrap_or(args.kernel);
    let windows = [
        ("kh", args.kernel.h),
        ("kw", args.kernel.w),
        ("sh", stride.h),
        ("sw", stride.w),
        ("ph", args.padding.h),
        ("pw", args.padding.w),
        ("dh", args.dilation.h),
        ("dw", args.dilation.w),
    ]
    .map(|(name, value)| (name, value.to_string()));
    let words = [
        ("ceil", if args.ceil { "ceil" } else { "floor" }),
        ("pad_value", args.pad_value.as_str()),
        ("indices", if args.indices { "yes" } else { "no" }),
    ];
    let axes = ["n", "c", "h", "w"].into_iter().zip(shape.iter().map(String::as_str));
    let numbers = windows.iter().map(|(name, text)| (*name, text.as_str()));
    Ok(OP.sizes(axes.chain(numbers).chain(words))?)
}

/// Bytes of the image with its padding; no kernel stores it, the thesis's program did.
fn padded_bytes(p: &Pool) -> u64 {
    let axis = |size: u32, padding: u32| u64::from(size) + 2 * u64::from(padding);
    let planes = u64::from(p.n) * u64::from(p.c);
    axis(p.h, p.ph).saturating_mul(axis(p.w, p.pw)).saturating_mul(4 * planes)
}

fn text(common: &Common, p: &Pool, case: &Case, measured: &Measured) -> String {
    let mut show = Show::new(common, case, measured);
    matrices(&mut show, p, case.inputs[0].f32(), &measured.outputs);
    show.finish(case, measured)
}

/// The image, the padded image, and what came out.
fn matrices(show: &mut Show, p: &Pool, x: &[f32], outputs: &[Data]) {
    let (h, w, ph, pw) = (p.h as usize, p.w as usize, p.ph as usize, p.pw as usize);
    let (oh, ow) = (p.oh as usize, p.ow as usize);
    let planes = p.n as usize * p.c as usize;
    let of = if planes == 1 { String::new() } else { format!(", the first of {planes} planes") };
    let title = |name: &str, rows: usize, cols: usize, bytes: u64| {
        format!("{name}: {rows} x {cols}{of}, {bytes} bytes")
    };
    show.matrix(&title("input", h, w, 4 * x.len() as u64), h, w, &|r, c| x[r * w + c]);
    if ph + pw > 0 {
        let (rows, cols) = (h + 2 * ph, w + 2 * pw);
        let outside = if p.pad_zero { 0.0 } else { f32::NEG_INFINITY };
        show.matrix(&title("padded input", rows, cols, padded_bytes(p)), rows, cols, &|r, c| {
            let inside = (ph..ph + h).contains(&r) && (pw..pw + w).contains(&c);
            if inside { x[(r - ph) * w + c - pw] } else { outside }
        });
    }
    let y = outputs[0].f32();
    show.matrix(&title("output", oh, ow, 4 * y.len() as u64), oh, ow, &|r, c| y[r * ow + c]);
    if let Some(indices) = outputs.get(1) {
        #[expect(clippy::cast_possible_truncation, reason = "only printed: positions above 2^24 lose digits")]
        let value = |r: usize, c: usize| indices.at(r * ow + c) as f32;
        show.matrix(&title("indices", oh, ow, 4 * indices.len() as u64), oh, ow, &value);
    }
    show.line(&format!("windows: {}", y.len()));
}
