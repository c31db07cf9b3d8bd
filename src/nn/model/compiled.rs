//! Plans made ready for an engine: a variant for each call, buffers for each slot.

use std::collections::BTreeMap;

use super::{Examples, Model, Options, Variants};
use crate::engine::{Call, Part, Program, Runner, Target, runs_on};
use crate::error::{Error, Result};
use crate::nn::Shape;
use crate::nn::network::Loss;
use crate::nn::plan::{BufferSpec, Plan, PlannedCall, Purpose, Slot};
use crate::ops::{Op, Sizes, Variant};

/// A plan made ready: programs, where their inputs lie, and which calls change from step to step.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) plan: Plan,
    pub(super) forward: Program,
    pub(super) backward: Program,
    pub(super) update: Program,
    pub(super) x: Part,
    pub(super) targets: Part,
    pub(super) weights: Part,
    pub(super) loss: Part,
    pub(super) probabilities: Part,
    /// What each layer gives: name, shape of one example, place.
    pub(super) outputs: Vec<(String, Shape, Part)>,
}

impl Model<'_> {
    /// Makes a plan for a batch ready, unless it is.
    pub(super) fn compile(&mut self, n: u32, training: bool) -> Result<()> {
        let made = if training { &self.training } else { &self.evaluation };
        if made.contains_key(&n) {
            return Ok(());
        }
        let purpose = if training {
            // The masks depend on 32 bits of the seed.
            let mask_seed = u32::try_from(self.options.seed & u64::from(u32::MAX)).unwrap_or(0);
            let Options { optimiser, mixed, .. } = &self.options;
            Purpose::Training { mask_seed, optimiser: optimiser.clone(), mixed: *mixed }
        } else {
            Purpose::Evaluation
        };
        let plan = Plan::compile(&self.network, n, &purpose)?;
        let specs = plan.buffers.clone();
        for BufferSpec { name, dtype, len } in &specs {
            self.named(name, *dtype, *len)?;
        }
        let part = |slot: Slot| part(&self.buffers, &specs, slot);
        let call = |planned: &PlannedCall| -> Result<Call> {
            let PlannedCall { op, sizes, operands, .. } = planned;
            let variant = self.variant(op, sizes)?;
            let operands = operands.iter().map(|(name, slot)| (*name, part(*slot))).collect();
            Ok(Call { op, variant, sizes: sizes.clone(), operands })
        };
        let calls = |planned: &[PlannedCall]| planned.iter().map(call).collect::<Result<Vec<_>>>();
        let (forward, backward, update) =
            (calls(&plan.forward)?, calls(&plan.backward)?, calls(&plan.update)?);
        let [x, targets, weights] = [plan.x, plan.targets, plan.weights].map(part);
        let [loss, probabilities] = [plan.loss, plan.probabilities].map(part);
        // The parts as they are now: a larger plan may come and take other buffers.
        let outputs =
            plan.outputs.iter().map(|(name, shape, slot)| (name.clone(), *shape, part(*slot))).collect();
        let compiled = Compiled {
            forward: self.runner.program(forward)?,
            backward: self.runner.program(backward)?,
            update: self.runner.program(update)?,
            plan,
            x,
            targets,
            weights,
            loss,
            probabilities,
            outputs,
        };
        let made = if training { &mut self.training } else { &mut self.evaluation };
        made.insert(n, compiled);
        Ok(())
    }

    /// The variant that was asked for, where it takes these sizes; else the engine's choice.
    fn variant(&self, op: &'static Op, sizes: &Sizes) -> Result<&'static Variant> {
        if let Some(name) = self.options.variants.get(op.name) {
            for variant in op.variants_named(name)? {
                if self.engine.applies(self.runner.target(), op, variant, sizes)? {
                    return Ok(variant);
                }
            }
        }
        self.engine.preferred(self.runner.target(), op, sizes)
    }
}

fn part(buffers: &BTreeMap<String, (usize, usize)>, specs: &[BufferSpec], slot: Slot) -> Part {
    let (buffer, _) = buffers[&specs[slot.buffer].name];
    Part { buffer, at: slot.at, len: slot.len }
}

pub(super) fn load(runner: &mut Runner<'_>, compiled: &Compiled, loss: Loss, examples: Examples<'_>) {
    runner.write(compiled.x, bytemuck::cast_slice(examples.x));
    match loss {
        Loss::SoftmaxCrossEntropy => runner.write(compiled.targets, bytemuck::cast_slice(examples.targets)),
        Loss::BceWithLogits => {
            let targets: Vec<f32> =
                examples.targets.iter().map(|&t| if t == 0 { 0.0 } else { 1.0 }).collect();
            runner.write(compiled.targets, bytemuck::cast_slice(&targets));
        }
    }
    runner.write(compiled.weights, bytemuck::cast_slice(examples.weights));
}

/// Refuses ops and variants that do not exist or that this target cannot run.
pub(super) fn check_variants(variants: &Variants, target: Target) -> Result<()> {
    for (op, name) in variants {
        let named = Op::find(op)?.variants_named(name)?;
        if !named.iter().any(|v| runs_on(v, target)) {
            let place = if target == Target::Cpu { "the CPU" } else { "the GPU" };
            let reason = format!("it does not run on {place}; choose another one, or another --device");
            return Err(Error::NotApplicable { variant: format!("{op}={name}"), reason });
        }
    }
    Ok(())
}
