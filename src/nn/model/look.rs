//! Looks inside a model: what layers give, where a step's time goes, who computes what.

use std::collections::{BTreeMap, BTreeSet};

use super::compiled::load;
use super::{Examples, Model, count};
use crate::engine::CallTime;
use crate::error::Result;
use crate::nn::Shape;
use crate::nn::plan::Place;
use crate::ops::Data;

/// The time of one call of a training step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepTime {
    /// Whose it is.
    pub place: Place,
    /// `forward`, `backward` or `update`.
    pub part: &'static str,
    /// The op.
    pub op: &'static str,
    /// Who computed it.
    pub variant: &'static str,
    /// How long it took.
    pub time: CallTime,
    /// What it costs at least.
    pub cost: crate::ops::Cost,
}

impl Model<'_> {
    /// What each layer gave for the last batch of `n` examples, of [`Model::train`] and [`Model::gradients`] or, not in
    /// `training`, of [`Model::evaluate`]: name, shape of one example, and the numbers of all. A convolution or a dense
    /// layer that a relu follows gives what is rectified already: the two are one call.
    ///
    /// # Errors
    /// What the device reports.
    pub fn layer_outputs(&mut self, n: u32, training: bool) -> Result<Vec<(String, Shape, Vec<f32>)>> {
        self.compile(n, training)?;
        let made = if training { &self.training } else { &self.evaluation };
        let Some(compiled) = made.get(&n) else { unreachable!("it was compiled above") };
        let mut outputs = Vec::new();
        for (name, shape, part) in &compiled.outputs {
            let Data::F32(values) = self.runner.read(*part)? else { unreachable!("layers give floats") };
            outputs.push((name.clone(), *shape, values));
        }
        Ok(outputs)
    }

    /// The first layer whose output for the last batch of `n` examples, of training or not, holds a NaN or an infinity.
    ///
    /// # Errors
    /// What the device reports.
    pub fn first_not_finite(&mut self, n: u32, training: bool) -> Result<Option<String>> {
        let outputs = self.layer_outputs(n, training)?;
        let broken = outputs.into_iter().find(|(_, _, values)| values.iter().any(|v| !v.is_finite()));
        Ok(broken.map(|(name, ..)| name))
    }

    /// The times of one training step, call by call. The step is taken.
    ///
    /// # Errors
    /// What the device reports.
    pub fn time_step(&mut self, examples: Examples<'_>) -> Result<Vec<StepTime>> {
        let n = count(examples);
        self.compile(n, true)?;
        let Some(compiled) = self.training.get(&n) else { unreachable!("it was compiled above") };
        load(&mut self.runner, compiled, self.network.loss, examples);
        let plan = &compiled.plan;
        let mut times = Vec::new();
        for (part, program, calls) in [
            ("forward", &compiled.forward, &plan.forward),
            ("backward", &compiled.backward, &plan.backward),
            ("update", &compiled.update, &plan.update),
        ] {
            let measured = self.runner.run_timed(program)?;
            for ((planned, call), time) in calls.iter().zip(program.calls()).zip(measured) {
                times.push(StepTime {
                    place: planned.place.clone(),
                    part,
                    op: call.op.name,
                    variant: call.variant.name,
                    time,
                    cost: planned.cost(),
                });
            }
        }
        Ok(times)
    }

    /// The variants in use for a training batch of `n`: by op, those that its calls have, with `, ` between.
    ///
    /// # Errors
    /// What the device reports while compiling.
    pub fn variants(&mut self, n: u32) -> Result<BTreeMap<&'static str, String>> {
        self.compile(n, true)?;
        let Some(compiled) = self.training.get(&n) else { unreachable!("it was compiled above") };
        let programs = [&compiled.forward, &compiled.backward, &compiled.update];
        let mut names: BTreeMap<&'static str, BTreeSet<&'static str>> = BTreeMap::new();
        for call in programs.iter().flat_map(|p| p.calls()) {
            names.entry(call.op.name).or_default().insert(call.variant.name);
        }
        Ok(names
            .into_iter()
            .map(|(op, names)| (op, names.into_iter().collect::<Vec<_>>().join(", ")))
            .collect())
    }
}
