//! From the gradient of the logits to the gradients of all parameters.

use super::forward::{Tape, image, place};
use super::{Compiler, GRADIENTS, Slot};
use crate::error::Result;
use crate::nn::layer::{Kind, Shape};
use crate::nn::shapes::{conv_sizes, sizes};
use crate::ops::{DType, Op, Sizes, avgpool, batchnorm, bias, dropout, maxpool_backward, relu, sigmoid};

impl<'n> Compiler<'n> {
    /// Calls of all layers, from the last to the first that has parameters.
    pub(super) fn backward(&mut self, tape: &[Tape<'n>], gradient: Slot) -> Result<()> {
        let first = tape.iter().position(|t| !t.layer.parameters.is_empty()).unwrap_or(0);
        let mut dy = gradient;
        let mut even = true;
        for (number, step) in tape.iter().enumerate().skip(first).rev() {
            let passes_on = matches!(step.layer.kind, Kind::Flatten);
            if passes_on {
                continue;
            }
            even = !even;
            let name = if even { "gradient.even" } else { "gradient.odd" };
            // Nobody asks for the gradient of the images.
            let dx = if number > first { Some(self.buffer(name, DType::F32, step.x.len)) } else { None };
            self.gradients(step, dy, dx)?;
            if let Some(dx) = dx {
                dy = dx;
            }
        }
        Ok(())
    }

    fn gradients(&mut self, step: &Tape<'n>, dy: Slot, dx: Option<Slot>) -> Result<()> {
        let (layer, place) = (step.layer, place(step.layer));
        let len = u32::try_from(step.y.len).unwrap_or(u32::MAX);
        match &layer.kind {
            Kind::Conv2d(conv) => {
                let forward = conv_sizes(conv, self.batch, image(layer.input))?;
                let [dw, db] = self.laid_out_like(GRADIENTS, layer);
                let [w, _] = self.parameters_of(layer);
                let op = self.products.conv2d_grad_weight;
                let weight = fitting(op, &forward)?;
                self.call(place.clone(), op, weight, &[("x", step.x), ("dy", dy), ("dw", dw)]);
                let [co, oh, ow] = image(layer.output);
                self.bias_gradient(step, [co, oh * ow], dy, db)?;
                if let Some(dx) = dx {
                    let op = self.products.conv2d_grad_input;
                    self.call(place, op, fitting(op, &forward)?, &[("dy", dy), ("w", w), ("dx", dx)]);
                }
            }
            Kind::Linear(_) => self.dense_gradients(step, dy, dx)?,
            Kind::Batchnorm(_) => {
                let (Some(sizes), [mean, inverse]) = (&step.sizes, step.kept.as_slice()) else {
                    unreachable!("the forward pass kept them")
                };
                let [gamma, _] = self.parameters_of(layer);
                let [dgamma, dbeta] = self.laid_out_like(GRADIENTS, layer);
                // The op gives it whether somebody asks or not.
                let dx = dx.unwrap_or_else(|| self.buffer("gradient.unused", DType::F32, step.x.len));
                let operands = [
                    ("x", step.x),
                    ("dy", dy),
                    ("gamma", gamma),
                    ("mean", *mean),
                    ("inverse_deviation", *inverse),
                    ("dx", dx),
                    ("dgamma", dgamma),
                    ("dbeta", dbeta),
                ];
                self.call(place, &batchnorm::BACKWARD, fitting(&batchnorm::BACKWARD, sizes)?, &operands);
            }
            // Layers without parameters: only the gradient of their input.
            kind => {
                let Some(dx) = dx else { return Ok(()) };
                let elements = |op| sizes(op, &[("len", len)]);
                let given = || step.sizes.as_ref().unwrap_or_else(|| unreachable!("the layer has a call"));
                let pair = [("y", step.y), ("dy", dy), ("dx", dx)];
                match kind {
                    Kind::Relu => self.call(place, &relu::BACKWARD, elements(&relu::BACKWARD)?, &pair),
                    Kind::Sigmoid => {
                        self.call(place, &sigmoid::BACKWARD, elements(&sigmoid::BACKWARD)?, &pair)
                    }
                    Kind::Dropout(_) => {
                        self.call(place, &dropout::OP, given().clone(), &[("x", dy), ("y", dx)]);
                    }
                    Kind::Maxpool(_) => {
                        let op = &maxpool_backward::OP;
                        let operands = [("dy", dy), ("indices", step.kept[0]), ("dx", dx)];
                        self.call(place, op, fitting(op, given())?, &operands);
                    }
                    _ => {
                        let op = &avgpool::BACKWARD;
                        self.call(place, op, fitting(op, given())?, &[("dy", dy), ("dx", dx)]);
                    }
                }
            }
        }
        Ok(())
    }

    /// dW = dy' x, db = sum of dy, dx = dy W.
    fn dense_gradients(&mut self, step: &Tape<'n>, dy: Slot, dx: Option<Slot>) -> Result<()> {
        let (layer, n) = (step.layer, self.batch);
        let (Shape::Row(inputs), Shape::Row(outputs)) = (layer.input, layer.output) else {
            unreachable!("a dense layer takes and gives rows")
        };
        let [dw, db] = self.laid_out_like(GRADIENTS, layer);
        let [w, _] = self.parameters_of(layer);
        let op = self.products.matmul;
        let weight = sizes(op, &[("m", outputs), ("n", inputs), ("k", n), ("ta", 1)])?;
        self.call(place(layer), op, weight, &[("a", dy), ("b", step.x), ("c", dw)]);
        self.bias_gradient(step, [outputs, 1], dy, db)?;
        if let Some(dx) = dx {
            let input = sizes(op, &[("m", n), ("n", inputs), ("k", outputs)])?;
            self.call(place(layer), op, input, &[("a", dy), ("b", w), ("c", dx)]);
        }
        Ok(())
    }

    fn bias_gradient(&mut self, step: &Tape<'n>, [c, l]: [u32; 2], dy: Slot, db: Slot) -> Result<()> {
        let sizes = sizes(&bias::BACKWARD, &[("n", self.batch), ("c", c), ("l", l)])?;
        self.call(place(step.layer), &bias::BACKWARD, sizes, &[("dy", dy), ("db", db)]);
        Ok(())
    }
}

/// The sizes of `op` that bear the names of `other`'s.
pub(super) fn fitting(op: &'static Op, other: &Sizes) -> Result<Sizes> {
    let entries: Vec<(&str, String)> =
        other.entries().filter(|(name, _)| op.fields.iter().any(|f| f.name == *name)).collect();
    op.sizes(entries.iter().map(|(name, text)| (*name, text.as_str())))
}
