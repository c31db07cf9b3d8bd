//! `tesela devices`: every adapter, and the one that would be taken.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::args::Global;
use super::exit::{Exit, Outcome};
use super::{cpu, print};
use crate::gpu::{self, Adapter, Choice, Gpu};

/// Arguments of `tesela devices`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print JSON: `devices` (a list), `choice` (what was asked for), `chosen` (the position in the list, or null), `cpu`
    #[arg(long)]
    json: bool,
}

/// Lists adapters. Opens the chosen one, so that what is printed as chosen is known to work; without one, the list is
/// printed all the same and the exit code is that of a missing adapter.
pub(super) fn run(args: &Args, global: &Global) -> Outcome {
    let adapters = gpu::list();
    let opened = if global.device == Choice::Cpu { None } else { Some(Gpu::open(&global.device)) };
    let (chosen, stop) = match opened {
        Some(Ok(gpu)) => (adapters.iter().position(|a| a == gpu.adapter()), None),
        Some(Err(e)) => (None, Some(e)),
        None => (None, None),
    };
    if args.json {
        print::emit_json(&as_json(&adapters, &global.device, chosen, global.threads()))?;
    } else {
        print::emit(&as_text(&adapters, &global.device, chosen, global.threads()))?;
    }
    stop.map_or(Ok(Exit::Ok), |e| Err(e.into()))
}

fn as_json(adapters: &[Adapter], choice: &Choice, chosen: Option<usize>, threads: usize) -> Value {
    let one = |(position, a): (usize, &Adapter)| {
        let limits: Map<String, Value> =
            a.limits.iter().map(|(name, v)| ((*name).to_owned(), json!(v))).collect();
        json!({
            "name": a.name,
            "kind": a.kind,
            "backend": a.backend,
            "driver": a.driver,
            "driver_info": a.driver_info,
            "vendor_id": a.vendor_id,
            "device_id": a.device_id,
            "software": a.software,
            "chosen": chosen == Some(position),
            "subgroup_size": a.caps.subgroup_size,
            "limits": limits,
            "features": a.features,
        })
    };
    json!({
        "choice": choice.to_string(),
        "chosen": chosen,
        "devices": adapters.iter().enumerate().map(one).collect::<Vec<_>>(),
        "cpu": { "name": cpu::name(), "threads": threads },
    })
}

fn as_text(adapters: &[Adapter], choice: &Choice, chosen: Option<usize>, threads: usize) -> String {
    let width = print::width();
    let mut text = String::new();
    for (position, adapter) in adapters.iter().enumerate() {
        let mark =
            if chosen == Some(position) { format!("  (taken by --device {choice})") } else { String::new() };
        let driver = format!("{} {}", adapter.driver, adapter.driver_info);
        let limits: Vec<String> = adapter.limits.iter().map(|(name, v)| format!("{name} {v},")).collect();
        let [smallest, largest] = adapter.caps.subgroup_size;
        let yes = |b| if b { "yes" } else { "no" };
        let lines = [
            ("kind", adapter.kind.to_owned()),
            ("software", format!("{}{}", yes(adapter.software), software_note(adapter))),
            ("backend", adapter.backend.clone()),
            ("driver", driver),
            ("subgroups", if largest == 0 { "none".to_owned() } else { format!("{smallest} to {largest}") }),
            ("f16", yes(adapter.caps.f16).to_owned()),
            ("timestamps", yes(adapter.caps.timestamps).to_owned()),
            ("limits", limits.join(" ").trim_end_matches(',').to_owned()),
            ("features", adapter.features.join(", ")),
        ];
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", print::wrap(&format!("{}{mark}", adapter.name), width, 2));
        for (name, value) in lines {
            let line = print::wrap_behind(&format!("  {name:<11}"), &value, width, 13);
            let _ = writeln!(text, "{line}");
        }
        text.push('\n');
    }
    let cpu_mark = if *choice == Choice::Cpu { "  (taken by --device cpu)" } else { "" };
    let _ = writeln!(text, "{}{cpu_mark}\n  {:<11}cpu\n  {:<11}{threads}", cpu::name(), "kind", "threads");
    text
}

fn software_note(adapter: &Adapter) -> &'static str {
    if adapter.software { ": a CPU that poses as a GPU; no claim about GPUs rests on its times" } else { "" }
}
