//! A model in a file: tensors by name, and in the metadata all that is needed to use them.

use std::collections::BTreeMap;
use std::path::Path;

use crate::data::Prepare;
use crate::error::{Error, Result};
use crate::nn::checkpoint::{Checkpoint, NamedTensor};
use crate::nn::plan::PARAMETERS;
use crate::nn::{Model, Network};

/// The file of a run that was stopped, or may be.
pub const STATE_FILE: &str = "state.safetensors";

/// Keys of the metadata.
const NETWORK: &str = "tesela.network";
const CLASSES: &str = "tesela.classes";
const PREPARE: &str = "tesela.prepare";
const PROTOCOL: &str = "tesela.training";

/// What goes with a model's numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    /// The network file's text.
    pub network: String,
    /// The classes, in the order of the outputs.
    pub classes: Vec<String>,
    /// How pictures become numbers.
    pub prepare: Prepare,
    /// Other texts, by a name of the caller's.
    pub training: String,
    /// Numbers by name: the network's tensors, running means and variances; of a state also what the optimiser keeps.
    pub tensors: Vec<NamedTensor>,
}

impl Saved {
    /// The network, its shapes checked.
    ///
    /// # Errors
    /// [`Error::Network`].
    pub fn parse_network(&self, path: &Path) -> Result<Network> {
        let classes = u32::try_from(self.classes.len()).unwrap_or(u32::MAX);
        Network::parse(&path.display().to_string(), &self.network, classes)
    }

    /// Writes the file; what was there before stays whole until the new one is.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write(self, path: &Path) -> Result<()> {
        let json = |value: serde_json::Result<String>| value.map_err(|e| Error::write(path, e.into()));
        let metadata = BTreeMap::from([
            (NETWORK.to_owned(), self.network),
            (CLASSES.to_owned(), json(serde_json::to_string(&self.classes))?),
            (PREPARE.to_owned(), json(serde_json::to_string(&self.prepare))?),
            (PROTOCOL.to_owned(), self.training),
        ]);
        Checkpoint { tensors: self.tensors, metadata }.write(path)
    }

    /// Reads a file that [`Saved::write`] wrote.
    ///
    /// # Errors
    /// What the reader of checkpoints says; [`Error::Format`] for a file without what is needed.
    pub fn read(path: &Path) -> Result<Self> {
        let checkpoint = Checkpoint::read(path)?;
        let text = |key: &str| {
            let reason = format!("its metadata have no `{key}`; was it written by this program?");
            checkpoint.metadata.get(key).cloned().ok_or_else(|| Error::format(path, "model", reason))
        };
        let wrong = |key: &'static str| {
            move |e: serde_json::Error| Error::format(path, "model", format!("`{key}` in its metadata: {e}"))
        };
        Ok(Self {
            network: text(NETWORK)?,
            classes: serde_json::from_str(&text(CLASSES)?).map_err(wrong(CLASSES))?,
            prepare: serde_json::from_str(&text(PREPARE)?).map_err(wrong(PREPARE))?,
            training: text(PROTOCOL)?,
            tensors: checkpoint.tensors,
        })
    }

    /// Puts the tensors of a trained model into a model of the same network.
    ///
    /// # Errors
    /// [`Error::Shape`] for a tensor that is missing, is not the network's, or has another shape.
    pub fn put_into(&self, model: &mut Model<'_>) -> Result<()> {
        let parameters: Vec<(String, Vec<usize>)> =
            model.network().parameters().map(|p| (p.name.clone(), p.shape.clone())).collect();
        let mut rest: Vec<&NamedTensor> = self.tensors.iter().collect();
        for (name, shape) in parameters {
            let found = rest.iter().position(|t| t.name == name);
            let tensor = found.map(|at| rest.swap_remove(at)).filter(|t| t.shape == shape);
            let Some(tensor) = tensor else {
                let have = self.tensors.iter().find(|t| t.name == name);
                return Err(Error::Shape {
                    what: format!("`{name}` of the model file"),
                    expected: format!("{shape:?}, as the network `{}` has it", model.network().name),
                    got: have.map_or_else(|| "no such tensor".to_owned(), |t| format!("{:?}", t.shape)),
                });
            };
            model.set_parameter(&name, &tensor.data)?;
        }
        let running: Vec<_> = rest.into_iter().map(|t| (t.name.clone(), t.data.clone())).collect();
        model.put_state(&running)
    }

    /// The tensors of a model as [`Saved::put_into`] wants them, made of what [`Model::state`] gives; what the optimiser
    /// keeps is left out.
    pub fn tensors_of(network: &Network, state: &[(String, Vec<f32>)]) -> Vec<NamedTensor> {
        let mut tensors = Vec::new();
        for (name, values) in state {
            if name == PARAMETERS {
                let of = |p: &crate::nn::Parameter| NamedTensor {
                    name: p.name.clone(),
                    shape: p.shape.clone(),
                    data: values[p.at..p.at + p.len()].to_vec(),
                };
                tensors.extend(network.parameters().map(of));
            } else if name.contains('.') {
                // Running means and variances bear their layer's name.
                tensors.push(flat(name, values));
            }
        }
        tensors
    }

    /// All of a model's state as tensors, for a run that is stopped.
    pub fn state_of(state: &[(String, Vec<f32>)]) -> Vec<NamedTensor> {
        state.iter().map(|(name, values)| flat(name, values)).collect()
    }
}

fn flat(name: &str, values: &[f32]) -> NamedTensor {
    NamedTensor { name: name.to_owned(), shape: vec![values.len()], data: values.to_vec() }
}
