//! The sections of a report: the top, one for each experiment, the end.

use super::checks;
use super::doubts;
use super::figures;
use super::format;
use super::page::{Block, heading, text};
use super::pair;
use super::peers;
use super::results;
use super::roofline;
use super::scaling;
use super::shares;
use super::source::{Source, slug};
use super::speedup_bars;
use super::table::Table;
use super::training::Training;
use crate::analysis::axis::{Panel, panels};
use crate::analysis::points::Time;
use crate::record::{Run, RunStatus, Status};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// At most so many panels of an op get figures; the rest is in the tables.
const MAX_PANELS: usize = 6;

/// What the reader must know first: how to rebuild the page, what was run, on which machine.
pub(super) fn top(sources: &[Source], trainings: &[Training], dirs: &[PathBuf]) -> Vec<Block> {
    let mut words: Vec<String> = vec!["tesela".into(), "report".into()];
    words.extend(dirs.iter().map(|d| d.display().to_string()));
    let mut blocks = vec![
        text(
            "This page is rebuilt from the run folders alone, without a GPU, by this command and `--out` with the folder that \
             the page is to stand in:",
        ),
        Block::Code(Run::shell_line(&words)),
    ];
    if sources.iter().any(Source::software) {
        blocks.push(Block::Note(
            "The GPU variants ran on a **software adapter**: a CPU that poses as a GPU. Their times say how the \
             software driver performs on this CPU. No claim about GPUs rests on them."
                .into(),
        ));
    }
    if trainings.iter().any(Training::software) {
        blocks.push(Block::Note(
            "A network was trained on a **software adapter**: a CPU that poses as a GPU. No claim about GPUs rests on its \
             times; what it learns is the same."
                .into(),
        ));
    }
    let mut shown: Vec<Vec<Vec<String>>> = Vec::new();
    for Shown { slug, run, records, sweep } in runs(sources, trainings) {
        let number = slug.strip_prefix(run.experiment.as_str()).unwrap_or_default();
        blocks.push(heading(2, format!("The run of {}{number}", run.experiment)));
        blocks.push(Block::Code(run.command_line()));
        let finished = run.finished.as_deref().map_or("not finished".into(), |f| format!("finished {f}"));
        blocks.push(text(format!("Started {}, {finished}. Records: `{}`.", run.started, records.display())));
        if run.status != RunStatus::Complete {
            blocks.push(Block::Note(
                "This run is not complete. The same command goes on from where it stopped; what is shown here is what \
                 it measured so far."
                    .into(),
            ));
        }
        let table = machine(slug, run);
        if shown.contains(&table.rows) {
            blocks.push(text("Machine and code are those of an earlier run on this page."));
            continue;
        }
        shown.push(table.rows.clone());
        blocks.push(Block::Table(table));
        blocks.extend(sweep.map(roofline::ceilings).unwrap_or_default());
    }
    blocks
}

/// A run, as the top of the page shows it.
struct Shown<'a> {
    /// What its file names begin with.
    slug: &'a str,
    run: &'a Run,
    /// The file of its numbers.
    records: PathBuf,
    sweep: Option<&'a Source>,
}

/// Every run: sweeps first.
fn runs<'a>(sources: &'a [Source], trainings: &'a [Training]) -> impl Iterator<Item = Shown<'a>> {
    let sweep = |s: &'a Source| {
        let records = s.folder.path.join("samples.csv");
        Shown { slug: &s.slug, run: &s.folder.run, records, sweep: Some(s) }
    };
    let training = |t: &'a Training| {
        let records = t.folder.path.join("training.csv");
        Shown { slug: &t.slug, run: &t.folder.run, records, sweep: None }
    };
    sources.iter().map(sweep).chain(trainings.iter().map(training))
}

fn machine(slug: &str, run: &Run) -> Table {
    let mut table = Table::new(format!("{slug}-machine"), "Machine and code", &["what", "value"]);
    let mut row = |what: &str, value: String| table.push(vec![what.to_string(), value]);
    match &run.adapter {
        Some(a) => {
            let kind =
                if a.software { "software adapter: a CPU that poses as a GPU" } else { a.kind.as_str() };
            row("adapter", format!("{} ({kind}; {}; {} {})", a.name, a.backend, a.driver, a.driver_info));
        }
        None => row("adapter", "none: CPU variants only".to_string()),
    }
    row("CPU", format!("{}, {} logical cores", run.cpu, run.cores));
    row("memory", format!("{} GiB", format::number(run.memory_bytes as f64 / f64::from(1 << 30))));
    row("system", run.os.clone());
    row("compiler", run.rustc.clone());
    if let Some(constants) = run.constants() {
        row("constants of the kernels", constants);
    }
    let dirty = match run.dirty {
        Some(true) => ", with changes that were not committed",
        _ => "",
    };
    row("code", format!("{}{dirty}", run.commit.as_deref().unwrap_or("commit not known")));
    row("shader bounds checks", if run.bounds_checks { "on" } else { "off" }.to_string());
    row("inputs", format!("seed {}, generator {}", run.seed, run.generator));
    if let Some(images) = &run.images {
        row("images", images.clone());
    }
    table
}

/// The results of one run.
pub(super) fn experiment(source: &Source) -> Vec<Block> {
    let run = &source.folder.run;
    let mut blocks = vec![
        heading(2, format!("Results of {}", run.experiment)),
        text(match &run.adapter {
            Some(_) => format!("GPU variants: {}. CPU variants: {}.", source.adapter(), run.cpu),
            None => format!("CPU variants alone: {}.", run.cpu),
        }),
    ];
    if source.points.is_empty() {
        blocks.push(Block::Note("No point was measured; the reasons are at the end.".into()));
    }
    if let Some((before, after)) = &source.images {
        let facts = &source.folder.facts;
        let captions = [
            (before, facts.image_before.as_deref().unwrap_or("before pooling")),
            (after, facts.image_after.as_deref().unwrap_or("after max pooling")),
        ];
        let subtitle = run.images.clone().unwrap_or_default();
        blocks.push(Block::Figure {
            stem: format!("{}-slice", source.slug),
            scene: pair::scene("A slice before and after max pooling", &subtitle, captions),
            caption: "Each output pixel is the largest of its window: bright structures stay, a quarter of the pixels \
                      remains. Both are drawn to the same width."
                .into(),
        });
    }
    let all = panels(&source.points);
    let mut ops: Vec<&str> = Vec::new();
    for panel in &all {
        let new = !ops.contains(&panel.op.as_str());
        if new {
            ops.push(&panel.op);
        }
        let number = all.iter().filter(|p| p.op == panel.op).position(|p| p == panel).unwrap_or(0);
        if new || !panel.fixed.is_empty() {
            blocks.push(heading(3, panel_title(panel)));
        }
        let stem = panel_stem(source, panel, number);
        if number < MAX_PANELS {
            panel_figures(&mut blocks, source, panel, &stem);
            blocks.extend(shares::blocks(source, panel, &stem));
            blocks.extend(roofline::blocks(source, panel, &stem));
        }
        results::tables(&mut blocks, source, panel, &stem);
    }
    blocks.extend(peers::section(source));
    blocks.extend(checks::section(source));
    blocks.extend(scaling::section(source));
    blocks.extend(doubts::section(source));
    blocks.extend(run.other_notes().map(|n| Block::Note(n.to_string())));
    blocks
}

fn panel_title(panel: &Panel<'_>) -> String {
    let fixed: Vec<String> = panel.fixed.iter().map(|(n, v)| format!("{n} = {v}")).collect();
    if fixed.is_empty() { panel.op.clone() } else { format!("{}, {}", panel.op, fixed.join(", ")) }
}

fn panel_stem(source: &Source, panel: &Panel<'_>, number: usize) -> String {
    let op = slug(&panel.op);
    if panel.fixed.is_empty() {
        format!("{}-{op}", source.slug)
    } else {
        format!("{}-{op}-{}", source.slug, number + 1)
    }
}

fn panel_figures(blocks: &mut Vec<Block>, source: &Source, panel: &Panel<'_>, stem: &str) {
    let adapter = source.adapter();
    let fixed: Vec<String> = panel.fixed.iter().map(|(n, v)| format!("{n} = {v}")).collect();
    let subtitle = if fixed.is_empty() { adapter } else { format!("{}. {adapter}", fixed.join(", ")) };
    let mut push = |name: &str, scene, caption: String| {
        blocks.push(Block::Figure { stem: format!("{stem}-{name}"), scene, caption });
    };
    if let Some(chart) = figures::time_chart(panel, Time::EndToEnd, &subtitle) {
        push(
            "time-end-to-end",
            chart.scene(),
            "Lower is faster. End to end: from the first byte copied to the device to the last byte copied back; on the \
             CPU, the call. Each point is the median of the warm calls, the band its 95 % interval. Both axes are \
             logarithmic: a straight line is a power law."
                .into(),
        );
    }
    // On the CPU the call is all there is.
    if let Some(chart) = figures::time_chart(panel, Time::Kernel, &subtitle).filter(|_| panel.on_device()) {
        push(
            "time-kernel",
            chart.scene(),
            format!(
                "The kernels alone, with the data already on the device{}. What the copies cost is the difference to \
                 the figure before.",
                results::clock_words(panel)
            ),
        );
    }
    if let Some((chart, unit)) = figures::throughput_chart(panel, &subtitle) {
        push(
            "throughput",
            chart.scene(),
            format!(
                "Higher is better. {unit} of the kernel alone: the work that the operation needs at least, divided by \
                 the median kernel time. Work that a variant repeats does not count in its favour."
            ),
        );
    }
    if let Some(chart) = figures::speedup_chart(panel, &source.points, "serial", &subtitle) {
        push(
            "speedup",
            chart.scene(),
            "How many times as fast as the plain loop on one CPU thread, everything included. Above the dashed line a \
             variant wins, below it loses. The band is the 95 % interval of the ratio of the two medians. `serial` is \
             plain code, not the best a CPU can do: the tables compare with `rayon` and `library` too."
                .into(),
        );
    }
    if let Some(scene) = speedup_bars::scene(panel, &source.points, "serial", &subtitle) {
        push(
            "speedup-bars",
            scene,
            "The same at one size, the fastest first: bars to the right win, bars to the left lose.".into(),
        );
    }
    if let Some((scene, _)) = figures::phases(panel, &subtitle) {
        push(
            "phases",
            scene,
            "The parts of one call, in the order in which they happen. Launch + wait is the time between submission and \
             completion in which the kernel does not run. Where the green part is small, a faster kernel cannot help \
             much."
                .into(),
        );
    }
}

/// What was skipped or failed, and the fine print of each run.
pub(super) fn end(sources: &[Source], trainings: &[Training]) -> Vec<Block> {
    let mut blocks = if sources.is_empty() { vec![heading(2, "Fine print")] } else { of_sweeps(sources) };
    for Shown { slug, run, .. } in runs(sources, trainings) {
        let other = sources.iter().find(|s| s.slug == slug).map(|s| &s.folder.facts.other);
        blocks.push(Block::Details(format!("Provenance of {slug}"), fine_print(slug, run, other)));
    }
    blocks
}

/// What sweeps skipped, and how their numbers are to be read.
fn of_sweeps(sources: &[Source]) -> Vec<Block> {
    let mut blocks = vec![heading(2, "Skipped and failed")];
    let mut table = Table::new(
        "skipped",
        "Points without a time, and why",
        &["run", "op", "variant", "sizes", "status", "reason"],
    );
    for source in sources {
        for trouble in &source.troubles {
            let sizes: Vec<String> = trouble.sizes.iter().map(|(n, v)| format!("{n}={v}")).collect();
            let status = if trouble.status == Status::Failed { "**failed**" } else { trouble.status.word() };
            table.push(vec![
                source.slug.clone(),
                trouble.op.clone(),
                trouble.variant.clone(),
                sizes.join(" "),
                status.to_string(),
                trouble.reason.clone(),
            ]);
        }
    }
    if table.rows.is_empty() {
        blocks.push(text("Nothing: every point of every run was verified and measured."));
    } else {
        blocks.push(Block::Table(table));
    }
    blocks.push(heading(2, "Fine print"));
    blocks.push(Block::List(
        [
            "Every variant of ours was verified at each size, on the same inputs, before it was timed.",
            "Medians are of warm calls; first calls, which include compilation, stand apart.",
            "Intervals hold the true value in 95 % of cases, if samples are independent: of a median from interpolated order \
             statistics, of a speedup from the BCa bootstrap with 2000 resamples and a fixed seed. With fewer than five \
             samples there is none, and the count is given instead.",
            "Outliers are kept and counted; a median hardly moves with them.",
            "A speedup is a ratio of two medians from one run in which the variants took turns.",
            "Kernel, resident and end-to-end times are never mixed. On the CPU the three are one.",
        ]
        .map(String::from)
        .to_vec(),
    ));
    blocks
}

fn fine_print(slug: &str, run: &Run, other: Option<&BTreeMap<String, serde_json::Value>>) -> Vec<Block> {
    let mut blocks = vec![text(format!("Cargo.lock: SHA-256 `{}`.", run.lock_sha256))];
    if !run.environment.is_empty() {
        let set = run.environment.iter().map(|(n, v)| format!("`{n}={v}`")).collect();
        blocks.extend([text("Environment:"), Block::List(set)]);
    }
    if !run.shaders.is_empty() {
        let mut table = Table::new(format!("{slug}-shaders"), "Shaders", &["file", "SHA-256"]);
        run.shaders
            .iter()
            .for_each(|(file, hash)| table.push(vec![format!("`{file}`"), format!("`{hash}`")]));
        blocks.push(Block::Table(table));
    }
    if let Some(adapter) = run.adapter.as_ref().filter(|a| !a.limits.is_empty()) {
        let mut table = Table::new(format!("{slug}-limits"), "Limits of the adapter", &["limit", "value"]);
        adapter
            .limits
            .iter()
            .for_each(|(name, value)| table.push(vec![name.clone(), format::grouped(*value)]));
        blocks.push(Block::Table(table));
        blocks.push(text(format!("Features: {}.", adapter.features.join(", "))));
    }
    if let Some(other) = other.filter(|o| !o.is_empty()) {
        let mut table = Table::new(format!("{slug}-facts"), "Further facts", &["fact", "value"]);
        for (name, value) in other {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_string);
            table.push(vec![name.clone(), value]);
        }
        blocks.push(Block::Table(table));
    }
    blocks.extend([text("The experiment:"), Block::Code(run.experiment_text.clone())]);
    blocks
}
