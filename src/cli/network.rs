//! `tesela network`: what a network file describes, layer by layer, before anything is trained.

use std::path::Path;

use super::args::Global;
use super::exit::{Exit, Outcome};
use super::print;
use super::table::Table;
use crate::nn::plan::{PlannedCall, Purpose};
use crate::nn::{Network, Optimiser, Plan};

/// What `tesela network` is told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A network file, or a built-in one: small, alexnet32, mri4
    #[arg(value_name = "FILE|NAME")]
    network: String,
    /// Classes of the data, for `outputs = "classes"`
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    classes: u32,
    /// Images a step
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    batch: u32,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// One line of the table.
struct Line {
    layer: String,
    kind: &'static str,
    output: String,
    parameters: usize,
    flops: u64,
    bytes: u64,
}

/// Prints the table.
pub(super) fn run(args: &Args, _: &Global) -> Outcome {
    let network = Network::find(&args.network, args.classes)?;
    let one = Plan::compile(&network, 1, &Purpose::Evaluation)?;
    let purpose = Purpose::Training { mask_seed: 0, optimiser: Optimiser::default(), mixed: None };
    let training = Plan::compile(&network, args.batch, &purpose)?;
    let lines: Vec<Line> = network
        .layers
        .iter()
        .map(|layer| {
            let calls: Vec<&PlannedCall> =
                one.forward.iter().filter(|c| c.place.layer == layer.name).collect();
            Line {
                layer: layer.name.clone(),
                kind: layer.kind.name(),
                output: layer.output.to_string(),
                parameters: layer.parameters.iter().map(crate::nn::Parameter::len).sum(),
                flops: calls.iter().map(|c| c.cost().flops).sum(),
                bytes: calls.iter().map(|c| c.cost().bytes).sum(),
            }
        })
        .collect();
    let calls = [&training.forward, &training.backward, &training.update];
    let step: u64 = calls.iter().flat_map(|calls| calls.iter()).map(|c| c.cost().flops).sum();
    if args.json {
        let layers: Vec<_> = lines
            .iter()
            .map(|l| {
                serde_json::json!({
                    "layer": l.layer, "kind": l.kind, "output": l.output, "parameters": l.parameters,
                    "forward_flops": l.flops, "forward_bytes": l.bytes,
                })
            })
            .collect();
        let [c, h, w] = network.input;
        print::emit_json(&serde_json::json!({
            "network": network.name, "input": [c, h, w], "layers": layers, "batch": args.batch,
            "parameters": network.parameter_count(), "training_step_flops": step, "training_bytes": training.bytes(),
        }))?;
        return Ok(Exit::Ok);
    }
    let mut table = Table::new(["layer", "kind", "output", "parameters", "FLOP", "bytes"]);
    for l in &lines {
        let numbers = [l.parameters as u64, l.flops, l.bytes].map(|n| n.to_string());
        let [parameters, flops, bytes] = numbers;
        table.row([l.layer.clone(), l.kind.to_owned(), l.output.clone(), parameters, flops, bytes]);
    }
    let total = |f: fn(&Line) -> u64| lines.iter().map(f).sum::<u64>().to_string();
    table.row([
        "total".to_owned(),
        String::new(),
        String::new(),
        network.parameter_count().to_string(),
        total(|l| l.flops),
        total(|l| l.bytes),
    ]);
    let [c, h, w] = network.input;
    let name = Path::new(&args.network).file_name().map(|n| n.to_string_lossy().into_owned());
    print::emit(&format!(
        "{} ({}), input {c} x {h} x {w}; forward of one image:\n{}a training step of {} images: {:.2} GFLOP, {:.1} MiB of buffers\n",
        network.name,
        name.unwrap_or_default(),
        table.render(2),
        args.batch,
        step as f64 / 1e9,
        training.bytes() as f64 / f64::from(1 << 20)
    ))?;
    Ok(Exit::Ok)
}
