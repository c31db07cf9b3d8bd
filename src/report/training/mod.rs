//! Training runs in the report: what a network achieves, how it got there, and where its time went.

mod confusion;
mod curves;
mod layers;
mod runs;
mod summary;
#[cfg(test)]
mod tests;

pub(super) use summary::{percent, share};

use super::page::{Block, heading, text};
use super::source::{Source, slug};
use crate::error::{Error, Result};
use crate::record::{LayerRow, Metrics, RunStatus, TrainingFolder};
use std::path::PathBuf;

/// One training run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Training {
    /// Told apart from every other run of the report; begins every file name.
    pub(super) slug: String,
    pub(super) folder: TrainingFolder,
    /// The outcome; empty where the run has not ended.
    pub(super) metrics: Metrics,
}

impl Training {
    /// The network's name, or the experiment's where it was not recorded.
    pub(super) fn network(&self) -> &str {
        self.metrics.network.as_deref().unwrap_or(&self.folder.run.experiment)
    }

    /// The device that trained.
    pub(super) fn device(&self) -> String {
        let run = &self.folder.run;
        let name = self.metrics.device.clone().or_else(|| run.adapter.as_ref().map(|a| a.name.clone()));
        let name = name.unwrap_or_else(|| run.cpu.clone());
        if self.software() { format!("{name}, a software adapter: no claim about GPUs") } else { name }
    }

    /// Whether it trained on a CPU that poses as a GPU.
    pub(super) fn software(&self) -> bool {
        let adapter = || self.folder.run.adapter.as_ref().is_some_and(|a| a.software);
        self.metrics.software_adapter.unwrap_or_else(adapter)
    }

    /// Epochs that were trained.
    pub(super) fn epochs(&self) -> Option<u32> {
        self.metrics.epochs.or_else(|| self.folder.epochs.last().map(|e| e.epoch))
    }

    /// A file of its folder, as rows of tables name where their numbers stand.
    pub(super) fn file(&self, name: &str) -> String {
        self.folder.path.join(name).display().to_string()
    }

    /// Which rows of `layers.csv` hold the numbers of the layer rows that are kept.
    fn layer_rows(&self, keep: impl Fn(&LayerRow) -> bool) -> String {
        let rows = self.folder.layers.iter().enumerate().filter(|(_, row)| keep(row));
        let numbers: Vec<usize> = rows.map(|(i, _)| i + 1).collect();
        let mut spans: Vec<String> = Vec::new();
        for span in numbers.chunk_by(|a, b| a + 1 == *b) {
            spans.extend(match span {
                [] => None,
                [only] => Some(only.to_string()),
                [first, .., last] => Some(format!("{first} to {last}")),
            });
        }
        let rows = if numbers.len() == 1 { "row" } else { "rows" };
        format!("{}, {rows} {}", self.file("layers.csv"), spans.join(", "))
    }

    /// Its seed.
    pub(super) fn seed(&self) -> u64 {
        self.metrics.seed.unwrap_or(self.folder.run.seed)
    }

    /// Whether the two runs differ by their seeds, and by nothing else that was chosen.
    fn is_kin(&self, other: &Self) -> bool {
        let planned = |t: &Self| t.metrics.epochs_planned.or_else(|| t.epochs());
        let outcome = |t: &Self| (planned(t), t.metrics.protocol.clone(), t.device());
        self.seed() != other.seed()
            && self.network() == other.network()
            && outcome(self) == outcome(other)
            && self.metrics.variants == other.metrics.variants
            && self.settings() == other.settings()
    }

    /// The file's lines less the seed, the images, and the size of a batch where the command said it.
    fn settings(&self) -> (Vec<&str>, Option<&str>, Option<&str>) {
        let run = &self.folder.run;
        let lines = run.experiment_text.lines().map(str::trim).filter(|line| !line.starts_with("seed"));
        let mut words = run.command.iter().map(String::as_str);
        let batch = words
            .find_map(|word| word.strip_prefix("--batch"))
            .and_then(|rest| rest.strip_prefix('=').or_else(|| words.next()));
        (lines.collect(), run.images.as_deref(), batch)
    }
}

/// Reads the folders; `sources` are the sweeps of the same report, whose names are taken.
///
/// # Errors
/// Those of [`TrainingFolder::read`]; [`Error::Records`] for a folder without an epoch and without a range test.
pub(super) fn read(dirs: &[PathBuf], sources: &[Source]) -> Result<Vec<Training>> {
    let mut trainings: Vec<Training> = Vec::new();
    for dir in dirs {
        let folder = TrainingFolder::read(dir)?;
        if folder.epochs.is_empty() && folder.range.is_empty() {
            let reason =
                "its training.csv holds no row: the run was stopped before the end of its first epoch";
            return Err(Error::Records { what: dir.display().to_string(), reason: reason.into() });
        }
        let base = slug(&folder.run.experiment);
        let taken =
            |name: &str| sources.iter().any(|s| s.slug == name) || trainings.iter().any(|t| t.slug == name);
        let number = (2..).map(|i| format!("{base}-{i}"));
        let slug = std::iter::once(base.clone()).chain(number).find(|n| !taken(n)).unwrap_or(base);
        let metrics = folder.metrics.clone().unwrap_or_default();
        trainings.push(Training { slug, folder, metrics });
    }
    Ok(trainings)
}

/// The results of all training runs: one section for those that differ by their seeds only.
pub(super) fn section(trainings: &[Training]) -> Vec<Block> {
    let mut groups: Vec<Vec<&Training>> = Vec::new();
    for training in trainings {
        match groups.iter_mut().find(|g| g.iter().all(|t| t.is_kin(training))) {
            Some(group) => group.push(training),
            None => groups.push(vec![training]),
        }
    }
    let mut blocks = Vec::new();
    for group in &groups {
        let Some(first) = group.first() else { continue };
        blocks.push(heading(2, title(first, &groups)));
        if group.len() > 1 {
            blocks.push(text(format!("{} runs that differ by their seeds only.", group.len())));
            blocks.push(Block::Table(runs::table(group)));
        }
        blocks.extend(of(first, group.len() > 1));
        blocks.extend(layers::blocks(first));
        for other in group.iter().skip(1) {
            let mut inner = of(other, true);
            inner.extend(layers::elsewhere(other, first));
            blocks.push(Block::Details(format!("The run with seed {}", other.seed()), inner));
        }
    }
    blocks.extend(runs::swaps(trainings));
    blocks
}

/// The heading of a group: as much as tells it from the others.
fn title(first: &Training, groups: &[Vec<&Training>]) -> String {
    let network = first.network();
    if first.folder.epochs.is_empty() {
        return format!("A learning rate for {network}");
    }
    let alike = groups.iter().filter(|g| g.first().is_some_and(|t| t.network() == network)).count();
    let Some(epochs) = first.epochs().filter(|_| alike > 1) else { return format!("Training of {network}") };
    let same = |t: &&Training| t.network() == network && t.epochs() == Some(epochs);
    match groups.iter().filter(|g| g.first().is_some_and(same)).count() {
        0 | 1 => format!("Training of {network}, {epochs} epochs"),
        _ => format!("Training of {network}, {epochs} epochs: {}", first.slug),
    }
}

/// One run.
fn of(training: &Training, named: bool) -> Vec<Block> {
    let mut blocks = Vec::new();
    if named {
        blocks.push(heading(3, format!("Seed {}", training.seed())));
    }
    blocks.extend(summary::notes(training));
    if !training.folder.epochs.is_empty() {
        blocks.push(Block::Table(summary::table(training)));
        blocks.extend(curves::blocks(training));
    }
    blocks.extend(confusion::blocks(training));
    blocks.extend(curves::range(training));
    if training.folder.run.status != RunStatus::Complete && training.folder.metrics.is_none() {
        blocks.push(text("There is no metrics.json: the run has not reached its test."));
    }
    blocks.extend(training.folder.run.other_notes().map(|n| Block::Note(n.to_string())));
    blocks
}
