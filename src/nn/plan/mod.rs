//! A network compiled for a batch: calls over named buffers, forward, backward and update.
//!
//! Nothing here knows who runs the calls, nor how: a [`Plan`] names ops and sizes, and the model adds variants. Gradients
//! of what lies between layers live in two buffers that take turns, for each is read once, by the layer below.

mod backward;
mod forward;
mod products;
mod update;

use self::products::Products;
use super::layer::Shape;
use super::network::{Loss, Network};
use super::precision::LossScaling;
use crate::error::Result;
use crate::ops::{Cost, DType, Op, Sizes, bce_with_logits, loss_scaling, softmax_cross_entropy};

pub(super) use forward::running;
pub use update::{Optimiser, OptimiserKind};

/// A buffer of a plan, by its name; plans of one model share buffers of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BufferSpec {
    /// As `conv1.y`.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Elements.
    pub len: usize,
}

/// What an operand sees of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The buffer's number in the plan.
    pub buffer: usize,
    /// First element.
    pub at: usize,
    /// Elements.
    pub len: usize,
}

/// To which layer, and to which part of the step, a call belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The layer's name, `loss` or `optimiser`.
    pub layer: String,
    /// The layer's kind, or the same word.
    pub kind: &'static str,
}

/// One call of a plan.
#[derive(Debug, Clone)]
pub struct PlannedCall {
    /// Whose it is.
    pub place: Place,
    /// What is computed.
    pub op: &'static Op,
    /// Its sizes.
    pub sizes: Sizes,
    /// Where the operands lie.
    pub operands: Vec<(&'static str, Slot)>,
}

impl PlannedCall {
    /// What it costs at least.
    pub fn cost(&self) -> Cost {
        (self.op.cost)(&self.sizes)
    }
}

/// What a plan is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Purpose {
    /// Forward in training mode, backward and update. Dropout takes its masks from the seed.
    Training {
        /// Seed of the dropout masks.
        mask_seed: u32,
        /// What moves the parameters.
        optimiser: Optimiser,
        /// How the loss is scaled in mixed precision; `None` in single precision.
        mixed: Option<LossScaling>,
    },
    /// Forward only: no dropout, running means, single precision, as a finished model is used.
    Evaluation,
}

/// A network compiled for a batch.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Examples.
    pub batch: u32,
    /// The buffers that the calls use.
    pub buffers: Vec<BufferSpec>,
    /// From images to loss.
    pub forward: Vec<PlannedCall>,
    /// From loss to gradients; empty in evaluation.
    pub backward: Vec<PlannedCall>,
    /// From gradients to new parameters; empty in evaluation.
    pub update: Vec<PlannedCall>,
    /// The images.
    pub x: Slot,
    /// The right classes: integers, or numbers for binary cross entropy.
    pub targets: Slot,
    /// A weight for each example.
    pub weights: Slot,
    /// The weighted loss, one number.
    pub loss: Slot,
    /// Probabilities, examples x outputs.
    pub probabilities: Slot,
    /// The outputs of the layers, in order, for looking at them.
    pub outputs: Vec<(String, Shape, Slot)>,
}

/// Names of the buffers that hold parameters and what belongs to them.
pub const PARAMETERS: &str = "parameters";
/// Their gradients.
pub const GRADIENTS: &str = "gradients";
/// The buffer that holds the state of the loss scaling.
pub const SCALING: &str = "scaling";

/// Collects buffers and calls.
struct Compiler<'n> {
    network: &'n Network,
    batch: u32,
    products: Products,
    buffers: Vec<BufferSpec>,
    calls: Vec<PlannedCall>,
}

impl Plan {
    /// Compiles a network for a batch of `batch` examples.
    ///
    /// # Errors
    /// What the ops say of sizes that are too large for them.
    pub fn compile(network: &Network, batch: u32, purpose: &Purpose) -> Result<Self> {
        let products = match purpose {
            Purpose::Training { mixed: Some(_), .. } => Products::MIXED,
            _ => Products::SINGLE,
        };
        let mut compiler = Compiler { network, batch, products, buffers: Vec::new(), calls: Vec::new() };
        let len = batch as usize;
        let sides = network.input.map(|s| s as usize);
        let x = compiler.buffer("x", DType::F32, len * sides.iter().product::<usize>());
        let (tape, logits) = compiler.forward(x, purpose)?;
        let losses = compiler.loss(logits)?;
        let forward = std::mem::take(&mut compiler.calls);
        let (mut backward, mut update) = (Vec::new(), Vec::new());
        if let Purpose::Training { optimiser, mixed, .. } = purpose {
            if mixed.is_some() {
                compiler.scale(losses.gradient)?;
            }
            compiler.backward(&tape, losses.gradient)?;
            backward = std::mem::take(&mut compiler.calls);
            compiler.update(optimiser, *mixed)?;
            update = std::mem::take(&mut compiler.calls);
        }
        let outputs = tape.iter().map(|t| (t.layer.name.clone(), t.layer.output, t.y)).collect();
        Ok(Self {
            batch,
            buffers: compiler.buffers,
            forward,
            backward,
            update,
            x,
            targets: losses.targets,
            weights: losses.weights,
            loss: losses.loss,
            probabilities: losses.probabilities,
            outputs,
        })
    }

    /// Bytes of all its buffers.
    pub fn bytes(&self) -> u64 {
        self.buffers.iter().map(|b| 4 * b.len as u64).sum()
    }
}

/// Where the loss and what goes with it lie.
struct Losses {
    targets: Slot,
    weights: Slot,
    loss: Slot,
    probabilities: Slot,
    gradient: Slot,
}

impl Compiler<'_> {
    /// The buffer of that name, made or grown to hold `len` elements; gives its first `len` elements.
    fn buffer(&mut self, name: &str, dtype: DType, len: usize) -> Slot {
        let buffer = match self.buffers.iter().position(|b| b.name == name) {
            Some(at) => at,
            None => {
                self.buffers.push(BufferSpec { name: name.to_owned(), dtype, len });
                self.buffers.len() - 1
            }
        };
        let spec = &mut self.buffers[buffer];
        spec.len = spec.len.max(len);
        Slot { buffer, at: 0, len }
    }

    /// A tensor of the parameters, or of what is laid out like them.
    fn like_parameter(&mut self, buffer: &str, at: usize, len: usize) -> Slot {
        let whole = self.buffer(buffer, DType::F32, self.network.parameter_elements);
        Slot { buffer: whole.buffer, at, len }
    }

    fn call(&mut self, place: Place, op: &'static Op, sizes: Sizes, operands: &[(&'static str, Slot)]) {
        self.calls.push(PlannedCall { place, op, sizes, operands: operands.to_vec() });
    }

    /// The gradient of the loss, times the scale.
    fn scale(&mut self, gradient: Slot) -> Result<()> {
        let op = &loss_scaling::SCALE;
        let len = u32::try_from(gradient.len).unwrap_or(u32::MAX);
        let scaling = self.buffer(SCALING, DType::F32, loss_scaling::STATE);
        let place = Place { layer: "loss".to_owned(), kind: "loss" };
        let sizes = super::shapes::sizes(op, &[("len", len)])?;
        self.call(place, op, sizes, &[("scaling", scaling), ("x", gradient)]);
        Ok(())
    }

    fn loss(&mut self, logits: Slot) -> Result<Losses> {
        let (n, outputs) = (self.batch, self.network.outputs());
        let rows = n as usize;
        let (op, target) = match self.network.loss {
            Loss::SoftmaxCrossEntropy => (&softmax_cross_entropy::OP, DType::I32),
            Loss::BceWithLogits => (&bce_with_logits::OP, DType::F32),
        };
        let sizes = super::shapes::sizes(op, &[("n", n), ("c", outputs), ("len", n)])?;
        let targets = self.buffer("targets", target, rows);
        let weights = self.buffer("weights", DType::F32, rows);
        let row_loss = self.buffer("row_loss", DType::F32, rows);
        let probabilities = self.buffer("probabilities", DType::F32, rows * outputs as usize);
        let gradient = self.buffer("gradient.even", DType::F32, rows * outputs as usize);
        let loss = self.buffer("loss", DType::F32, 1);
        let place = Place { layer: "loss".to_owned(), kind: "loss" };
        let names = op.operands.iter().map(|o| o.name);
        let slots = [logits, targets, weights, row_loss, probabilities, gradient, loss];
        self.call(place, op, sizes, &names.zip(slots).collect::<Vec<_>>());
        Ok(Losses { targets, weights, loss, probabilities, gradient })
    }
}
