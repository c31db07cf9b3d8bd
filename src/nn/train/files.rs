//! What a run leaves on the disk to go on from: the best weights and the state.

use std::path::Path;

use super::saved::{STATE_FILE, Saved};
use super::trainer::Trainer;
use crate::error::{Error, Result};
use crate::nn::checkpoint::NamedTensor;
use crate::record::MODEL_FILE;

impl Trainer<'_> {
    /// Goes on where the run in `folder` was stopped.
    ///
    /// # Errors
    /// [`Error::Read`] without a saved state, [`Error::Format`] for one of another run, and what the readers say.
    pub fn resume(&mut self, folder: &Path) -> Result<()> {
        let path = folder.join(STATE_FILE);
        let saved = Saved::read(&path)?;
        let [ours, theirs] = [&self.model.network().text, &saved.network];
        if ours != theirs || saved.classes != self.setup.dataset.classes {
            let reason = "it belongs to another network or to other classes; resume with the same files";
            return Err(Error::format(path, "state of this run", reason));
        }
        self.state = serde_json::from_str(&saved.training)
            .map_err(|e| Error::format(&path, "state of a run", e.to_string()))?;
        let state: Vec<_> = saved.tensors.into_iter().map(|t| (t.name, t.data)).collect();
        self.model.put_state(&state)?;
        self.model.set_steps(self.state.steps);
        if self.state.best.is_some() {
            let path = folder.join(MODEL_FILE);
            let best = Saved::read(&path)?;
            // Read through the model, so that names and shapes are checked.
            best.put_into(&mut self.model)?;
            self.kept = Some(self.model.weights(None)?);
            self.model.put_state(&state)?;
        }
        Ok(())
    }

    pub(super) fn save_best(&self, folder: &Path) -> Result<()> {
        let Some(kept) = &self.kept else { return Ok(()) };
        let network = self.model.network();
        let training = serde_json::to_string(&self.state.best).unwrap_or_default();
        let tensors = Saved::tensors_of(network, kept);
        self.saved(training, tensors).write(&folder.join(MODEL_FILE))
    }

    pub(super) fn save_state(&mut self, folder: &Path) -> Result<()> {
        let path = folder.join(STATE_FILE);
        let training = serde_json::to_string(&self.state).map_err(|e| Error::write(&path, e.into()))?;
        let tensors = Saved::state_of(&self.model.state()?);
        self.saved(training, tensors).write(&path)
    }

    fn saved(&self, training: String, tensors: Vec<NamedTensor>) -> Saved {
        Saved {
            network: self.model.network().text.clone(),
            classes: self.setup.dataset.classes.clone(),
            prepare: self.prepare.clone(),
            training,
            tensors,
        }
    }
}
