//! What a model remembers: parameters, the optimiser's state, running means and variances, each in a buffer by name.

use super::{Model, Weights};
use crate::engine::Part;
use crate::error::{Error, Result};
use crate::nn::plan::{PARAMETERS, SCALING};
use crate::nn::precision::LossScale;
use crate::ops::{DType, Data, loss_scaling};

impl Model<'_> {
    /// All parameters, in the order of [`crate::nn::Network::parameters`].
    ///
    /// # Errors
    /// What the device reports.
    pub fn parameters(&mut self) -> Result<Vec<Data>> {
        self.tensors(PARAMETERS)
    }

    /// Where the loss scaling stands; `None` in single precision.
    ///
    /// # Errors
    /// What the device reports.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts, whole and not negative"
    )]
    pub fn loss_scale(&mut self) -> Result<Option<LossScale>> {
        if self.options.mixed.is_none() {
            return Ok(None);
        }
        let state = self.get(SCALING, loss_scaling::STATE)?;
        let count = |i: usize| state[i] as u64;
        Ok(Some(LossScale { scale: state[0], good: count(1), skipped: count(2), taken: count(3) }))
    }

    /// All that the model remembers beside the network: parameters, the optimiser's state, running means, the state of the
    /// loss scaling; by the names of [`Model::put_state`].
    ///
    /// # Errors
    /// What the device reports.
    pub fn state(&mut self) -> Result<Weights> {
        self.state_names().into_iter().map(|(name, len)| self.get(&name, len).map(|v| (name, v))).collect()
    }

    /// What a trained network is: its parameters and running means, without what only training needs. `into` is what an
    /// earlier call gave, whose memory is used again.
    ///
    /// # Errors
    /// What the device reports.
    pub fn weights(&mut self, into: Option<Weights>) -> Result<Weights> {
        let optimiser = self.options.optimiser.state();
        let of_training = |name: &str| name == SCALING || optimiser.contains(&name);
        let names = self.state_names().into_iter().filter(|(name, _)| !of_training(name));
        let names: Vec<(String, usize)> = names.collect();
        let mut weights =
            into.unwrap_or_else(|| names.iter().map(|(n, len)| (n.clone(), vec![0.0; *len])).collect());
        for ((name, len), (_, values)) in names.into_iter().zip(&mut weights) {
            let buffer = self.named(&name, DType::F32, len)?;
            self.runner.read_into(Part::first(buffer, len), bytemuck::cast_slice_mut(values))?;
        }
        Ok(weights)
    }

    /// Puts back what [`Model::state`] gave. Names that are missing keep what they have.
    ///
    /// # Errors
    /// [`Error::Shape`] for a name or a length that does not fit this network.
    pub fn put_state(&mut self, state: &[(String, Vec<f32>)]) -> Result<()> {
        let known = self.state_names();
        for (name, values) in state {
            let expected = known.iter().find(|(n, _)| n == name).map(|(_, len)| *len);
            if expected != Some(values.len()) {
                return Err(Error::Shape {
                    what: format!("`{name}` of the checkpoint"),
                    expected: expected
                        .map_or_else(|| "no such tensor".to_owned(), |len| format!("{len} numbers")),
                    got: format!("{} numbers", values.len()),
                });
            }
        }
        state.iter().try_for_each(|(name, values)| self.put(name, values))
    }

    /// Sets one tensor of parameters.
    ///
    /// # Errors
    /// [`Error::Shape`] for a name or a length that does not fit.
    pub fn set_parameter(&mut self, name: &str, values: &[f32]) -> Result<()> {
        let found = self.network.parameters().find(|p| p.name == name).map(|p| (p.at, p.len()));
        let Some((at, len)) = found.filter(|(_, len)| *len == values.len()) else {
            return Err(Error::Shape {
                what: format!("the parameter `{name}`"),
                expected: found
                    .map_or_else(|| "no such tensor".to_owned(), |(_, len)| format!("{len} numbers")),
                got: format!("{} numbers", values.len()),
            });
        };
        let (buffer, _) = self.buffers[PARAMETERS];
        self.runner.write(Part { buffer, at, len }, bytemuck::cast_slice(values));
        Ok(())
    }

    fn state_names(&self) -> Vec<(String, usize)> {
        let elements = self.network.parameter_elements;
        let mut names = vec![(PARAMETERS.to_owned(), elements)];
        names.extend(self.options.optimiser.state().iter().map(|name| ((*name).to_owned(), elements)));
        names.extend(self.options.mixed.map(|_| (SCALING.to_owned(), loss_scaling::STATE)));
        names.extend(self.running("mean"));
        names.extend(self.running("variance"));
        names
    }

    pub(super) fn running(&self, what: &str) -> Vec<(String, usize)> {
        let layers = self.network.layers.iter();
        let norms = layers.filter(|l| matches!(l.kind, crate::nn::Kind::Batchnorm(_)));
        norms.map(|l| (crate::nn::plan::running(l, what), l.parameters[0].len())).collect()
    }

    pub(super) fn tensors(&mut self, buffer: &str) -> Result<Vec<Data>> {
        let (buffer, _) = self.buffers[buffer];
        let parts: Vec<Part> =
            self.network.parameters().map(|p| Part { buffer, at: p.at, len: p.len() }).collect();
        parts.into_iter().map(|part| self.runner.read(part)).collect()
    }

    fn get(&mut self, name: &str, len: usize) -> Result<Vec<f32>> {
        let buffer = self.named(name, DType::F32, len)?;
        let Data::F32(values) = self.runner.read(Part::first(buffer, len))? else {
            unreachable!("state is floats")
        };
        Ok(values)
    }

    pub(super) fn put(&mut self, name: &str, values: &[f32]) -> Result<()> {
        let buffer = self.named(name, DType::F32, values.len())?;
        self.runner.write(Part::first(buffer, values.len()), bytemuck::cast_slice(values));
        Ok(())
    }

    /// The buffer of that name, made where there is none of that length. A plan that was compiled for an older, smaller
    /// one keeps it.
    pub(super) fn named(&mut self, name: &str, dtype: DType, len: usize) -> Result<usize> {
        if let Some((buffer, have)) = self.buffers.get(name)
            && *have >= len
        {
            return Ok(*buffer);
        }
        let buffer = self.runner.buffer(name, dtype, len)?;
        self.buffers.insert(name.to_owned(), (buffer, len));
        Ok(buffer)
    }
}
