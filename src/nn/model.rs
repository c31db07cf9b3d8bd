//! A network with its parameters on an engine: training steps, predictions, and looks inside.

use std::collections::BTreeMap;

use super::layer::{Shape, Start};
use super::network::{Loss, Network};
use super::plan::{BufferSpec, Optimiser, PARAMETERS, Place, Plan, PlannedCall, Purpose, Slot};
use crate::engine::{Call, CallTime, Engine, Part, Program, Runner, Target, runs_on};
use crate::error::{Error, Result};
use crate::ops::{DType, Data, Op, Variant};

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
    /// Variants other than the preferred ones.
    pub variants: Variants,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 35, optimiser: Optimiser::default(), variants: Variants::new() }
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

/// A plan made ready: programs, where their inputs lie, and which calls change from step to step.
#[derive(Debug)]
struct Compiled {
    plan: Plan,
    forward: Program,
    backward: Program,
    update: Program,
    x: Part,
    targets: Part,
    weights: Part,
    loss: Part,
    probabilities: Part,
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
    /// [`Error::NotApplicable`], [`Error::UnknownOp`] and [`Error::UnknownVariant`] for variants that do not exist or do
    /// not run there; what the device reports.
    pub fn new(engine: &'e Engine, target: Target, network: Network, options: Options) -> Result<Self> {
        check_variants(&options.variants, target)?;
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

    /// One step's gradients, without moving the parameters.
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
        self.tensors(super::plan::GRADIENTS)
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

    /// What each layer gave for the last batch of `n` examples, of [`Model::train`] and [`Model::gradients`] or, not in
    /// `training`, of [`Model::evaluate`]: name, shape of one example, and the numbers of all.
    ///
    /// # Errors
    /// What the device reports.
    pub fn layer_outputs(&mut self, n: u32, training: bool) -> Result<Vec<(String, Shape, Vec<f32>)>> {
        self.compile(n, training)?;
        let made = if training { &self.training } else { &self.evaluation };
        let Some(compiled) = made.get(&n) else { unreachable!("it was compiled above") };
        let mut outputs = Vec::new();
        for (name, shape, slot) in &compiled.plan.outputs {
            let Data::F32(values) = self.runner.read(part(&self.buffers, &compiled.plan.buffers, *slot))?
            else {
                unreachable!("layers give floats")
            };
            outputs.push((name.clone(), *shape, values));
        }
        Ok(outputs)
    }

    /// The first layer whose output for the last training batch of `n` examples holds a NaN or an infinity.
    ///
    /// # Errors
    /// What the device reports.
    pub fn first_not_finite(&mut self, n: u32) -> Result<Option<String>> {
        let outputs = self.layer_outputs(n, true)?;
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

    /// All parameters, in the order of [`Network::parameters`].
    ///
    /// # Errors
    /// What the device reports.
    pub fn parameters(&mut self) -> Result<Vec<Data>> {
        self.tensors(PARAMETERS)
    }

    /// All that the model remembers beside the network: parameters, the optimiser's state, running means; by the names
    /// of [`Model::put_state`].
    ///
    /// # Errors
    /// What the device reports.
    pub fn state(&mut self) -> Result<Weights> {
        self.state_names().into_iter().map(|(name, len)| self.get(&name, len).map(|v| (name, v))).collect()
    }

    /// What a trained network is: its parameters and running means, without the optimiser's state. `into` is what an
    /// earlier call gave, whose memory is used again.
    ///
    /// # Errors
    /// What the device reports.
    pub fn weights(&mut self, into: Option<Weights>) -> Result<Weights> {
        let optimiser = self.options.optimiser.state();
        let names = self.state_names().into_iter().filter(|(name, _)| !optimiser.contains(&name.as_str()));
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

    /// The variants in use for a batch of `n`: op -> variants, as they were chosen.
    ///
    /// # Errors
    /// What the device reports while compiling.
    pub fn variants(&mut self, n: u32) -> Result<BTreeMap<&'static str, &'static str>> {
        self.compile(n, true)?;
        let Some(compiled) = self.training.get(&n) else { unreachable!("it was compiled above") };
        let programs = [&compiled.forward, &compiled.backward, &compiled.update];
        Ok(programs.iter().flat_map(|p| p.calls()).map(|c| (c.op.name, c.variant.name)).collect())
    }

    fn state_names(&self) -> Vec<(String, usize)> {
        let elements = self.network.parameter_elements;
        let mut names = vec![(PARAMETERS.to_owned(), elements)];
        names.extend(self.options.optimiser.state().iter().map(|name| ((*name).to_owned(), elements)));
        names.extend(self.running("mean"));
        names.extend(self.running("variance"));
        names
    }

    fn running(&self, what: &str) -> Vec<(String, usize)> {
        let layers = self.network.layers.iter();
        let norms = layers.filter(|l| matches!(l.kind, super::Kind::Batchnorm(_)));
        norms.map(|l| (super::plan::running(l, what), l.parameters[0].len())).collect()
    }

    fn tensors(&mut self, buffer: &str) -> Result<Vec<Data>> {
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

    fn put(&mut self, name: &str, values: &[f32]) -> Result<()> {
        let buffer = self.named(name, DType::F32, values.len())?;
        self.runner.write(Part::first(buffer, values.len()), bytemuck::cast_slice(values));
        Ok(())
    }

    /// The buffer of that name, made where there is none of that length. A plan that was compiled for an older, smaller
    /// one keeps it.
    fn named(&mut self, name: &str, dtype: DType, len: usize) -> Result<usize> {
        if let Some((buffer, have)) = self.buffers.get(name)
            && *have >= len
        {
            return Ok(*buffer);
        }
        let buffer = self.runner.buffer(name, dtype, len)?;
        self.buffers.insert(name.to_owned(), (buffer, len));
        Ok(buffer)
    }

    /// Makes a plan for a batch ready, unless it is.
    fn compile(&mut self, n: u32, training: bool) -> Result<()> {
        let made = if training { &self.training } else { &self.evaluation };
        if made.contains_key(&n) {
            return Ok(());
        }
        let purpose = if training {
            // The masks depend on 32 bits of the seed.
            let mask_seed = u32::try_from(self.options.seed & u64::from(u32::MAX)).unwrap_or(0);
            Purpose::Training { mask_seed, optimiser: self.options.optimiser.clone() }
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
        };
        let made = if training { &mut self.training } else { &mut self.evaluation };
        made.insert(n, compiled);
        Ok(())
    }

    /// The variant that was asked for, where it takes these sizes; else the engine's choice.
    fn variant(&self, op: &'static Op, sizes: &crate::ops::Sizes) -> Result<&'static Variant> {
        if let Some(name) = self.options.variants.get(op.name) {
            let caps = self.engine.gpu().map(|gpu| gpu.caps().clone()).unwrap_or_default();
            let named = op.variants_named(name)?;
            let fits = |v: &&&'static Variant| {
                runs_on(v, self.runner.target()) && v.knows(sizes) && (v.requires)(sizes, &caps).is_none()
            };
            if let Some(variant) = named.iter().find(fits) {
                return Ok(variant);
            }
        }
        self.engine.preferred(self.runner.target(), op, sizes)
    }
}

fn part(buffers: &BTreeMap<String, (usize, usize)>, specs: &[BufferSpec], slot: Slot) -> Part {
    let (buffer, _) = buffers[&specs[slot.buffer].name];
    Part { buffer, at: slot.at, len: slot.len }
}

fn count(examples: Examples<'_>) -> u32 {
    u32::try_from(examples.targets.len()).unwrap_or(u32::MAX)
}

fn load(runner: &mut Runner<'_>, compiled: &Compiled, loss: Loss, examples: Examples<'_>) {
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
fn check_variants(variants: &Variants, target: Target) -> Result<()> {
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
