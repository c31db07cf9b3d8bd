//! From images to logits.

use super::backward::fitting;
use super::{Compiler, PARAMETERS, Place, Purpose, Slot};
use crate::error::Result;
use crate::nn::layer::{BatchNorm, Kind, Parameter, PoolLayer, Shape};
use crate::nn::network::Layer;
use crate::nn::shapes::{conv_sizes, pool_sizes, sizes};
use crate::ops::{DType, Sizes, avgpool, batchnorm, bias, dropout, maxpool, relu, sigmoid};

/// What a layer did: all that its gradient needs.
pub(super) struct Tape<'n> {
    pub(super) layer: &'n Layer,
    /// What it got.
    pub(super) x: Slot,
    /// What it gave.
    pub(super) y: Slot,
    /// The sizes of its call, where it has one.
    pub(super) sizes: Option<Sizes>,
    /// What the forward pass left for the backward pass: positions of maxima; mean and inverse deviation.
    pub(super) kept: Vec<Slot>,
}

impl<'n> Compiler<'n> {
    /// Calls of all layers; gives what the backward pass needs, and the logits.
    pub(super) fn forward(&mut self, x: Slot, purpose: &Purpose) -> Result<(Vec<Tape<'n>>, Slot)> {
        let network = self.network;
        let mut tape: Vec<Tape<'n>> = Vec::with_capacity(network.layers.len());
        let mut x = x;
        // Whether the last convolution or dense layer has rectified its sums already.
        let mut rectified = false;
        for (number, layer) in network.layers.iter().enumerate() {
            let mut step = Tape { layer, x, y: x, sizes: None, kept: Vec::new() };
            match &layer.kind {
                Kind::Relu if rectified => {}
                Kind::Flatten => {}
                Kind::Dropout(_) if *purpose == Purpose::Evaluation => {}
                kind => {
                    let len = usize::try_from(layer.output.len()).unwrap_or(usize::MAX);
                    let len = (self.batch as usize).saturating_mul(len);
                    step.y = self.buffer(&format!("{}.y", layer.name), DType::F32, len);
                    let next = network.layers.get(number + 1).map(|l| &l.kind);
                    self.layer(&mut step, kind, next == Some(&Kind::Relu), number, purpose)?;
                }
            }
            rectified = matches!(layer.kind, Kind::Conv2d(_) | Kind::Linear(_))
                && network.layers.get(number + 1).is_some_and(|l| l.kind == Kind::Relu);
            x = step.y;
            tape.push(step);
        }
        Ok((tape, x))
    }

    fn layer(
        &mut self,
        step: &mut Tape<'n>,
        kind: &Kind,
        relu_follows: bool,
        number: usize,
        purpose: &Purpose,
    ) -> Result<()> {
        let (layer, place, n) = (step.layer, place(step.layer), self.batch);
        let (x, y) = (step.x, step.y);
        let len = u32::try_from(y.len).unwrap_or(u32::MAX);
        match kind {
            Kind::Conv2d(conv) => {
                let op = self.products.conv2d;
                let mut sizes = fitting(op, &conv_sizes(conv, n, image(layer.input))?)?;
                sizes.set("relu", u32::from(relu_follows));
                let [w, b] = self.parameters_of(layer);
                let operands = [("x", x), ("w", w), ("b", b), ("y", y)];
                self.call(place, op, sizes.clone(), &operands);
                step.sizes = Some(sizes);
            }
            Kind::Linear(_) => self.dense(layer, [x, y], relu_follows)?,
            Kind::Maxpool(pool) => self.maximum(step, pool, purpose)?,
            Kind::Avgpool(pool) => {
                let sizes = pool_sizes(&avgpool::OP, pool, n, image(layer.input))?;
                self.call(place, &avgpool::OP, sizes.clone(), &[("x", x), ("y", y)]);
                step.sizes = Some(sizes);
            }
            Kind::GlobalAvgpool => {
                let [c, h, w] = image(layer.input);
                let numbers = [("n", n), ("c", c), ("h", h), ("w", w), ("kh", h), ("kw", w)];
                let sizes = sizes(&avgpool::OP, &numbers)?;
                self.call(place, &avgpool::OP, sizes.clone(), &[("x", x), ("y", y)]);
                step.sizes = Some(sizes);
            }
            Kind::Relu => {
                self.call(place, &relu::OP, sizes(&relu::OP, &[("len", len)])?, &[("x", x), ("y", y)])
            }
            Kind::Sigmoid => {
                self.call(place, &sigmoid::OP, sizes(&sigmoid::OP, &[("len", len)])?, &[("x", x), ("y", y)]);
            }
            Kind::Batchnorm(norm) => self.normalise(step, norm, *purpose == Purpose::Evaluation)?,
            Kind::Dropout(drop) => {
                let Purpose::Training { mask_seed, .. } = purpose else { return Ok(()) };
                let layer_number = u32::try_from(number).unwrap_or(u32::MAX);
                let numbers = [("len", len), ("mask_seed", *mask_seed), ("layer", layer_number)];
                let mut sizes = sizes(&dropout::OP, &numbers)?;
                sizes.set("p", drop.p.to_bits());
                self.call(place, &dropout::OP, sizes.clone(), &[("x", x), ("y", y)]);
                step.sizes = Some(sizes);
            }
            Kind::Flatten => {}
        }
        Ok(())
    }

    /// y = x W' + b, rectified at once where a relu follows.
    fn dense(&mut self, layer: &Layer, [x, y]: [Slot; 2], relu_follows: bool) -> Result<()> {
        let (Shape::Row(inputs), Shape::Row(outputs)) = (layer.input, layer.output) else {
            unreachable!("a dense layer takes and gives rows")
        };
        let n = self.batch;
        let [w, b] = self.parameters_of(layer);
        let sums = self.buffer("sums", DType::F32, y.len);
        let op = self.products.matmul;
        let product = sizes(op, &[("m", n), ("n", outputs), ("k", inputs), ("tb", 1)])?;
        self.call(place(layer), op, product, &[("a", x), ("b", w), ("c", sums)]);
        let op = if relu_follows { &bias::RELU } else { &bias::OP };
        let sizes = sizes(op, &[("n", n), ("c", outputs), ("l", 1)])?;
        self.call(place(layer), op, sizes, &[("x", sums), ("b", b), ("y", y)]);
        Ok(())
    }

    fn maximum(&mut self, step: &mut Tape<'n>, pool: &PoolLayer, purpose: &Purpose) -> Result<()> {
        let layer = step.layer;
        let mut sizes = pool_sizes(&maxpool::OP, pool, self.batch, image(layer.input))?;
        let mut operands = vec![("x", step.x), ("y", step.y)];
        if *purpose == Purpose::Evaluation {
            sizes.set("indices", 0);
        } else {
            let indices = self.buffer(&format!("{}.indices", layer.name), DType::I32, step.y.len);
            operands.push(("indices", indices));
            step.kept.push(indices);
        }
        self.call(place(layer), &maxpool::OP, sizes.clone(), &operands);
        step.sizes = Some(sizes);
        Ok(())
    }

    fn normalise(&mut self, step: &mut Tape<'n>, norm: &BatchNorm, evaluation: bool) -> Result<()> {
        let (layer, x, y) = (step.layer, step.x, step.y);
        let (c, l) = match layer.input {
            Shape::Image([c, h, w]) => (c, h * w),
            Shape::Row(c) => (c, 1),
        };
        let [gamma, beta] = self.parameters_of(layer);
        let channels = c as usize;
        let mean = self.buffer(&running(layer, "mean"), DType::F32, channels);
        let variance = self.buffer(&running(layer, "variance"), DType::F32, channels);
        let op = if evaluation { &batchnorm::OP } else { &batchnorm::TRAINING };
        let mut sizes = sizes(op, &[("n", self.batch), ("c", c), ("l", l)])?;
        sizes.set("eps", norm.eps.to_bits());
        if evaluation {
            let operands = [
                ("x", x),
                ("gamma", gamma),
                ("beta", beta),
                ("mean", mean),
                ("variance", variance),
                ("y", y),
            ];
            self.call(place(layer), op, sizes, &operands);
            return Ok(());
        }
        sizes.set("momentum", norm.momentum.to_bits());
        let batch_mean = self.buffer(&format!("{}.mean", layer.name), DType::F32, channels);
        let inverse = self.buffer(&format!("{}.inverse_deviation", layer.name), DType::F32, channels);
        let operands = [
            ("x", x),
            ("gamma", gamma),
            ("beta", beta),
            ("running_mean", mean),
            ("running_variance", variance),
            ("y", y),
            ("mean", batch_mean),
            ("inverse_deviation", inverse),
        ];
        self.call(place(layer), op, sizes.clone(), &operands);
        step.sizes = Some(sizes);
        step.kept.extend([batch_mean, inverse]);
        Ok(())
    }

    /// Where weight and bias of a layer lie.
    pub(super) fn parameters_of(&mut self, layer: &Layer) -> [Slot; 2] {
        self.laid_out_like(PARAMETERS, layer)
    }

    /// Weight and bias of a layer in a buffer that is laid out like the parameters.
    pub(super) fn laid_out_like(&mut self, buffer: &str, layer: &Layer) -> [Slot; 2] {
        let [weight, bias] = layer.parameters.as_slice() else { unreachable!("weight and bias") };
        [weight, bias].map(|p: &Parameter| self.like_parameter(buffer, p.at, p.len()))
    }
}

/// The name of a buffer of running means or variances.
pub(in crate::nn) fn running(layer: &Layer, what: &str) -> String {
    format!("{}.running_{what}", layer.name)
}

pub(super) fn place(layer: &Layer) -> Place {
    Place { layer: layer.name.clone(), kind: layer.kind.name() }
}

pub(super) fn image(shape: Shape) -> [u32; 3] {
    match shape {
        Shape::Image(image) => image,
        Shape::Row(len) => [len, 1, 1],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::network::Network;
    use crate::nn::plan::Plan;

    const TEXT: &str = r#"
name = "rectified"
input = [2, 8, 8]
layer = [
    { kind = "conv2d", filters = 3, kernel = 3 },
    { kind = "relu" },
    { kind = "conv2d", filters = 3, kernel = 3 },
    { kind = "maxpool", kernel = 2 },
    { kind = "relu" },
    { kind = "flatten" },
    { kind = "linear", outputs = 4 },
    { kind = "relu" },
    { kind = "linear", outputs = "classes" },
]
"#;

    #[test]
    fn a_relu_is_part_of_the_layer_before_it_where_that_can_rectify() {
        let network = Network::parse("rectified", TEXT, 3).unwrap();
        let plan = Plan::compile(&network, 2, &Purpose::Evaluation).unwrap();
        let names: Vec<&str> = plan.forward.iter().map(|call| call.op.name).collect();
        let wanted = ["conv2d", "conv2d", "maxpool", "relu", "matmul", "bias_relu", "matmul", "bias"];
        assert_eq!(names[..8], wanted);
        assert_eq!([0, 1].map(|call| plan.forward[call].sizes.get("relu")), [1, 0]);
        // The relu's own output is the convolution's: what its gradient reads.
        assert_eq!(plan.outputs[0].2, plan.outputs[1].2);
    }
}
