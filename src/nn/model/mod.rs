//! A network with its parameters on an engine: training steps, predictions, and looks inside.

mod compiled;
mod look;
mod state;

use std::collections::BTreeMap;

use self::compiled::{Compiled, check_variants, load};
pub use self::look::StepTime;
use super::layer::Start;
use super::network::Network;
use super::plan::{GRADIENTS, Optimiser, PARAMETERS, SCALING};
use super::precision::{LossScale, LossScaling, check_halves};
use crate::engine::{Engine, Runner, Target};
use crate::error::Result;
use crate::gpu::Gpu;
use crate::ops::Data;

/// Which variant runs an op, where the engine's own choice is not wanted: op -> name.
pub type Variants = BTreeMap<String, String>;

/// Numbers by the names of a model's buffers.
pub type Weights = Vec<(String, Vec<f32>)>;

/// How a model is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Seed of the initial parameters and of the dropout masks.
    pub seed: u64,
    /// What moves the parameters.
    pub optimiser: Optimiser,
    /// How the loss is scaled in mixed precision; `None` to train in single precision.
    pub mixed: Option<LossScaling>,
    /// Variants other than the preferred ones.
    pub variants: Variants,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 35, optimiser: Optimiser::default(), mixed: None, variants: Variants::new() }
    }
}

/// A batch as the kernels take it.
#[derive(Debug, Clone, Copy)]
pub struct Examples<'b> {
    /// Images, n x c x h x w.
    pub x: &'b [f32],
    /// The right class of each.
    pub targets: &'b [i32],
    /// The weight of each in the loss; 1/n for the mean.
    pub weights: &'b [f32],
}

/// What a run over a batch gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The weighted loss.
    pub loss: f32,
    /// Examples x outputs: what the softmax gives, or the sigmoid of the one output.
    pub probabilities: Vec<f32>,
}

/// A network with its parameters on an engine.
#[derive(Debug)]
pub struct Model<'e> {
    engine: &'e Engine,
    runner: Runner<'e>,
    network: Network,
    options: Options,
    /// Buffers by name: number and length.
    buffers: BTreeMap<String, (usize, usize)>,
    training: BTreeMap<u32, Compiled>,
    evaluation: BTreeMap<u32, Compiled>,
    /// Sizes of the batches whose results are in the log, in order.
    logged: Vec<u32>,
    steps: u32,
}

impl<'e> Model<'e> {
    /// A network with initial parameters.
    ///
    /// # Errors
    /// [`crate::Error::NotApplicable`], [`crate::Error::UnknownOp`] and [`crate::Error::UnknownVariant`] for variants that do not exist or do
    /// not run there, and for mixed precision where shaders have no halves; what the device reports.
    pub fn new(engine: &'e Engine, target: Target, network: Network, options: Options) -> Result<Self> {
        check_variants(&options.variants, target)?;
        if options.mixed.is_some() {
            check_halves(target, engine.gpu().map(Gpu::caps))?;
        }
        let mut model = Self {
            engine,
            runner: Runner::new(engine, target)?,
            network,
            options,
            buffers: BTreeMap::new(),
            training: BTreeMap::new(),
            evaluation: BTreeMap::new(),
            logged: Vec::new(),
            steps: 0,
        };
        let mut all = vec![0.0f32; model.network.parameter_elements];
        for (stream, parameter) in (0u64..).zip(model.network.parameters()) {
            let values = match parameter.start {
                // The gain of a relu, as the thesis has it for all its layers.
                Start::Drawn(init, fans) => {
                    init.floats(fans, std::f64::consts::SQRT_2, model.options.seed, stream, parameter.len())
                }
                Start::Constant(value) => vec![value; parameter.len()],
            };
            all[parameter.at..parameter.at + parameter.len()].copy_from_slice(&values);
        }
        model.put(PARAMETERS, &all)?;
        if let Some(LossScaling { start, .. }) = model.options.mixed {
            model.put(SCALING, &[start, 0.0, 0.0, 0.0])?;
        }
        let variances: Vec<(String, usize)> = model.running("variance");
        for (name, len) in variances {
            model.put(&name, &vec![1.0; len])?;
        }
        Ok(model)
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Who runs it.
    pub fn target(&self) -> Target {
        self.runner.target()
    }

    /// Training steps taken.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Sets the count of steps, which dropout masks and the optimiser depend on: for going on from a checkpoint.
    pub fn set_steps(&mut self, steps: u32) {
        self.steps = steps;
    }

    /// Bytes of its buffers.
    pub fn bytes(&self) -> u64 {
        self.runner.bytes()
    }

    /// One step of training. Nothing is waited for: [`Model::outcomes`] gives loss and probabilities later.
    ///
    /// # Errors
    /// What the device reports.
    pub fn train(&mut self, examples: Examples<'_>, learning_rate: f32) -> Result<()> {
        let n = count(examples);
        self.compile(n, true)?;
        let (Some(compiled), runner) = (self.training.get_mut(&n), &mut self.runner) else {
            unreachable!("it was compiled above")
        };
        let step = self.steps;
        self.steps += 1;
        for (program, calls) in [
            (&mut compiled.forward, &compiled.plan.forward),
            (&mut compiled.backward, &compiled.plan.backward),
            (&mut compiled.update, &compiled.plan.update),
        ] {
            for (number, call) in calls.iter().enumerate() {
                match call.op.name {
                    "dropout" => runner.set(program, number, "step", step)?,
                    "adam" => {
                        runner.set(program, number, "t", step + 1)?;
                        runner.set(program, number, "lr", learning_rate.to_bits())?;
                    }
                    "sgd" => runner.set(program, number, "lr", learning_rate.to_bits())?,
                    _ => {}
                }
            }
        }
        load(runner, compiled, self.network.loss, examples);
        let programs = [&compiled.forward, &compiled.backward, &compiled.update];
        runner.run(&programs, &[compiled.loss, compiled.probabilities])?;
        self.logged.push(n);
        Ok(())
    }

    /// One step's gradients, without moving the parameters; in mixed precision without the scale, which stays as it is.
    ///
    /// # Errors
    /// What the device reports.
    pub fn gradients(&mut self, examples: Examples<'_>) -> Result<Vec<Data>> {
        let n = count(examples);
        self.compile(n, true)?;
        let Some(compiled) = self.training.get(&n) else { unreachable!("it was compiled above") };
        load(&mut self.runner, compiled, self.network.loss, examples);
        self.runner
            .run(&[&compiled.forward, &compiled.backward], &[compiled.loss, compiled.probabilities])?;
        self.logged.push(n);
        let mut gradients = self.tensors(GRADIENTS)?;
        if let Some(LossScale { scale, .. }) = self.loss_scale()? {
            gradients.iter_mut().flat_map(Data::f32_mut).for_each(|g| *g /= scale);
        }
        Ok(gradients)
    }

    /// Forward only, without dropout and by running means. [`Model::outcomes`] gives loss and probabilities.
    ///
    /// # Errors
    /// What the device reports.
    pub fn evaluate(&mut self, examples: Examples<'_>) -> Result<()> {
        let n = count(examples);
        self.compile(n, false)?;
        let Some(compiled) = self.evaluation.get(&n) else { unreachable!("it was compiled above") };
        load(&mut self.runner, compiled, self.network.loss, examples);
        self.runner.run(&[&compiled.forward], &[compiled.loss, compiled.probabilities])?;
        self.logged.push(n);
        Ok(())
    }

    /// Waits for all that was asked for since the last time and gives the outcomes, in order.
    ///
    /// # Errors
    /// What the device reports.
    pub fn outcomes(&mut self) -> Result<Vec<Outcome>> {
        let kept = self.runner.kept()?;
        let outputs = self.network.outputs() as usize;
        let mut rest = kept.as_slice();
        let mut outcomes = Vec::with_capacity(self.logged.len());
        for n in self.logged.drain(..) {
            let (mine, tail) = rest.split_at(1 + n as usize * outputs);
            outcomes.push(Outcome { loss: mine[0], probabilities: mine[1..].to_vec() });
            rest = tail;
        }
        Ok(outcomes)
    }
}

fn count(examples: Examples<'_>) -> u32 {
    u32::try_from(examples.targets.len()).unwrap_or(u32::MAX)
}
