//! A trained model from a file, for looking at pictures.

use std::path::Path;

use super::model::Examples;
use super::train::Saved;
use super::{Model, Network, Options, Shape, Variants};
use crate::data::{Picture, Prepare, prepare_one};
use crate::engine::{Engine, Target};
use crate::error::{Error, Result};

/// Pictures that go through the network together.
const BATCH: usize = 64;

/// A trained model.
#[derive(Debug)]
pub struct Predictor<'e> {
    model: Model<'e>,
    classes: Vec<String>,
    prepare: Prepare,
}

impl<'e> Predictor<'e> {
    /// Reads a model file and puts it on an engine.
    ///
    /// # Errors
    /// What the reader says of the file; [`Error::Format`] for one whose parts do not fit each other, or with weights
    /// that are no numbers; what the device reports.
    pub fn open(engine: &'e Engine, target: Target, path: &Path, variants: Variants) -> Result<Self> {
        let saved = Saved::read(path)?;
        let network = saved.parse_network(path)?;
        check(&saved, &network, path)?;
        let options = Options { variants, ..Options::default() };
        let mut model = Model::new(engine, target, network, options)?;
        saved.put_into(&mut model)?;
        Ok(Self { model, classes: saved.classes, prepare: saved.prepare })
    }

    /// The network.
    pub fn network(&self) -> &Network {
        self.model.network()
    }

    /// The classes, in the order of the outputs.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// How pictures become numbers.
    pub fn prepare(&self) -> &Prepare {
        &self.prepare
    }

    /// What the network gives for each picture: pictures x outputs.
    ///
    /// # Errors
    /// What the device reports.
    pub fn predict<'p>(&mut self, pictures: impl IntoIterator<Item = &'p Picture>) -> Result<Vec<f32>> {
        let pictures: Vec<&Picture> = pictures.into_iter().collect();
        for batch in pictures.chunks(BATCH) {
            let x: Vec<f32> = batch.iter().flat_map(|picture| prepare_one(picture, &self.prepare)).collect();
            let (targets, weights) = (vec![0; batch.len()], vec![0.0; batch.len()]);
            self.model.evaluate(Examples { x: &x, targets: &targets, weights: &weights })?;
        }
        Ok(self.model.outcomes()?.into_iter().flat_map(|o| o.probabilities).collect())
    }

    /// What every layer gives for one picture: name, shape, numbers.
    ///
    /// # Errors
    /// What the device reports.
    pub fn features(&mut self, picture: &Picture) -> Result<Vec<(String, Shape, Vec<f32>)>> {
        let x = prepare_one(picture, &self.prepare);
        self.model.evaluate(Examples { x: &x, targets: &[0], weights: &[0.0] })?;
        self.model.outcomes()?;
        self.model.layer_outputs(1, false)
    }

    /// The filters of the first convolution: their shape (filters, channels, rows, columns) and numbers.
    ///
    /// # Errors
    /// What the device reports.
    pub fn first_filters(&mut self) -> Result<Option<(Vec<usize>, Vec<f32>)>> {
        let names = self.model.network().parameters().map(|p| p.shape.clone()).collect::<Vec<_>>();
        let Some(at) = names.iter().position(|shape| shape.len() == 4) else { return Ok(None) };
        let values = self.model.parameters()?;
        Ok(Some((names[at].clone(), values[at].f32().to_vec())))
    }

    /// Probabilities of the classes from what the network gives for one picture: of one output, its complement and
    /// itself; of more, the first of them, one a class, scaled to a sum of 1 where some outputs belong to no class.
    pub fn class_probabilities(&self, outputs: &[f32]) -> Vec<f32> {
        if let [second] = outputs {
            return vec![1.0 - second, *second];
        }
        let named = &outputs[..self.classes.len().min(outputs.len())];
        let sum: f32 = named.iter().sum();
        named.iter().map(|p| p / sum).collect()
    }
}

/// Refuses a file whose network, classes, pictures and numbers do not go together.
fn check(saved: &Saved, network: &Network, path: &Path) -> Result<()> {
    saved.prepare.check()?;
    let bad = |reason: String| Err(Error::format(path, "model", reason));
    let Prepare { mode, h, w, .. } = &saved.prepare;
    let given = [mode.channels(), *h, *w];
    let wanted = network.input.map(|side| side as usize);
    if given != wanted {
        let shown = |[c, h, w]: [usize; 3]| format!("{c} x {h} x {w}");
        let (given, wanted) = (shown(given), shown(wanted));
        return bad(format!("its pictures become {given} numbers, and its network takes {wanted}"));
    }
    if saved.classes.len() < 2 {
        return bad(format!("it has {} classes; two or more are needed", saved.classes.len()));
    }
    match saved.tensors.iter().find(|t| t.data.iter().any(|v| !v.is_finite())) {
        Some(tensor) => bad(format!("`{}` holds a value that is no finite number", tensor.name)),
        None => Ok(()),
    }
}
