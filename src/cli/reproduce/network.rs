//! The thesis's network, trained as the thesis did: time and accuracy beside its own.

use std::path::{Path, PathBuf};

use crate::cli::args::Global;
use crate::cli::train::{Job, Overrides, cold_engine_for_training, setup, summary, train};
use crate::data::SplitRule;
use crate::data::source::{Origin, SHARED};
use crate::error::{Error, Result};
use crate::nn::train::Config;

/// The run's file; the program needs none beside it.
const TEXT: &str = include_str!("../../../experiments/train_alexnet32.toml");

/// Trains once for each count of epochs by the thesis's printed counts (protocol A), whose test images are trained on,
/// and once, for the first two, by its text (protocol B), which sets them apart. Gives the run folders; none where the
/// images are too few for the thesis's counts.
pub(super) fn run(
    origin: Origin,
    data: Option<&Path>,
    epochs: &[u32],
    out: &Path,
    global: &Global,
) -> Result<Vec<PathBuf>> {
    let (engine, target) = cold_engine_for_training(global)?;
    let mut folders = Vec::new();
    for (letter, counts) in [("A", epochs), ("B", &epochs[..epochs.len().min(2)])] {
        for &count in counts {
            let mut config = Config::parse(Path::new("experiments/train_alexnet32.toml"), TEXT)?;
            config.epochs = count;
            config.split = SplitRule::protocol(letter)?;
            config.data.path = match origin {
                Origin::Given => data.map(Path::to_path_buf),
                Origin::Shared => Some(SHARED.into()),
                Origin::Phantom => None,
            };
            let job = Job { engine: &engine, target, text: TEXT, out, resume: false };
            let setup = match setup(config, &Overrides::default(), global) {
                Ok(setup) => setup,
                // Images of another kind than the thesis's are no reason to stop: pooling was reproduced on them.
                Err(e @ (Error::Shape { .. } | Error::Format { .. })) => {
                    global.note(&format!("the network is left out, protocol {letter}: {e}"));
                    break;
                }
                Err(e) => return Err(e),
            };
            let (folder, metrics) = train(&job, setup, global)?;
            global.note(&format!("alexnet32, protocol {letter}: {}", summary(&metrics).replace('\n', "; ")));
            folders.push(folder);
        }
    }
    Ok(folders)
}
