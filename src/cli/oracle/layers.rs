//! Cases of activations, losses and optimisers.

use super::case_file::CaseFile;
use super::tensor::Tensor;
use super::{Check, Stop};
use crate::lab::Case;
use crate::ops::{Bound, Data, Expected, Op, Sizes, adam, bce_with_logits, relu, softmax_cross_entropy};

/// Sizes from pairs of names and texts.
pub(super) fn sizes(op: &'static Op, pairs: &[(&str, String)]) -> Result<Sizes, Stop> {
    Ok(op.sizes(pairs.iter().map(|(name, text)| (*name, text.as_str())))?)
}

/// A check of one call.
pub(super) fn check(
    part: &'static str,
    op: &'static Op,
    sizes: Sizes,
    inputs: Vec<Data>,
    expected: Vec<Expected>,
) -> Check {
    Check { part, calls: vec![Case { op, sizes, inputs, expected, seed: None }] }
}

/// The number of elements, which must not be none.
fn len(tensor: &Tensor) -> Result<(&'static str, String), Stop> {
    let len: usize = tensor.shape.iter().product();
    if len == 0 {
        return Stop::skip("it has no elements: a size of zero is a typed error here");
    }
    Ok(("len", len.to_string()))
}

/// PyTorch's relu and its gradient.
pub(super) fn relu(case: &CaseFile) -> Result<Vec<Check>, Stop> {
    let (x, dy, y, dx) = (case.input("x")?, case.input("dy")?, case.output("y")?, case.output("dx")?);
    let length = [len(&x)?];
    for (name, tensor) in [("dy", &dy), ("y", &y), ("dx", &dx)] {
        tensor.must_be(name, &x.shape)?;
    }
    let forward =
        Expected { operand: "y", want: y.doubles(), bound: Bound::Absolute(vec![0.0; y.doubles().len()]) };
    let backward =
        Expected { operand: "dx", want: dx.doubles(), bound: Bound::Absolute(vec![0.0; dx.doubles().len()]) };
    let given = vec![Data::F32(y.operand()?), Data::F32(dy.operand()?)];
    Ok(vec![
        check("", &relu::OP, sizes(&relu::OP, &length)?, vec![Data::F32(x.operand()?)], vec![forward]),
        check("dx", &relu::BACKWARD, sizes(&relu::BACKWARD, &length)?, given, vec![backward]),
    ])
}

/// ONNX's Relu.
pub(super) fn rectified(case: &CaseFile) -> Result<Vec<Check>, Stop> {
    let (x, y) = (case.input("X")?, case.output("Y")?);
    y.must_be("Y", &x.shape)?;
    let want = y.doubles();
    let bound = Bound::Absolute(vec![0.0; want.len()]);
    let expected = vec![Expected { operand: "y", want, bound }];
    let sizes = sizes(&relu::OP, &[len(&x)?])?;
    Ok(vec![check("", &relu::OP, sizes, vec![Data::F32(x.operand()?)], expected)])
}

/// The weight of each of `n` rows by PyTorch's reduction.
fn weights(case: &CaseFile, n: usize) -> Result<Data, Stop> {
    match case.attribute("reduction").and_then(|v| v.as_str()) {
        Some("mean") => Ok(Data::F32(vec![1.0 / n as f32; n])),
        Some("sum") => Ok(Data::F32(vec![1.0; n])),
        other => Stop::skip(format!("its reduction is {other:?}")),
    }
}

/// What the losses give: PyTorch's names and ours.
fn outputs(case: &CaseFile) -> Result<Vec<Expected>, Stop> {
    let names = [("loss", "loss"), ("prob", "probabilities"), ("dlogits", "dlogits")];
    let output = |(name, operand): (&str, &'static str)| {
        let (tensor, bound) = case.near(name)?;
        Ok(Expected { operand, want: tensor.doubles(), bound })
    };
    names.into_iter().map(output).collect()
}

/// PyTorch's cross_entropy.
pub(super) fn cross_entropy(case: &CaseFile) -> Result<Vec<Check>, Stop> {
    let (logits, target) = (case.input("logits")?, case.input("target")?);
    let [n, c] = *logits.shape else {
        return Stop::damaged(format!("its `logits` are {:?}, not N, C", logits.shape));
    };
    target.must_be("target", &[n])?;
    let inputs = vec![Data::F32(logits.operand()?), Data::I32(target.classes()), weights(case, n)?];
    let op = &softmax_cross_entropy::OP;
    let sizes = sizes(op, &[("n", n.to_string()), ("c", c.to_string())])?;
    Ok(vec![check("", op, sizes, inputs, outputs(case)?)])
}

/// PyTorch's binary_cross_entropy_with_logits.
pub(super) fn bce_with_logits(case: &CaseFile) -> Result<Vec<Check>, Stop> {
    let (logits, target) = (case.input("logits")?, case.input("target")?);
    let rows: usize = logits.shape.iter().product();
    target.must_be("target", &logits.shape)?;
    let inputs = vec![Data::F32(logits.operand()?), Data::F32(target.operand()?), weights(case, rows)?];
    let op = &bce_with_logits::OP;
    Ok(vec![check("", op, sizes(op, &[len(&logits)?])?, inputs, outputs(case)?)])
}

/// PyTorch's Adam: each step from the state after the step before.
pub(super) fn adam(case: &CaseFile) -> Result<Vec<Check>, Stop> {
    let (start, gradients) = (case.input("p0")?.operand()?, case.input("grads")?);
    let n = start.len();
    let [steps, width] = *gradients.shape else {
        return Stop::damaged(format!("its `grads` are {:?}, not steps, n", gradients.shape));
    };
    if n == 0 || width != n {
        return Stop::damaged(format!("its `p0` has {n} elements, its `grads` {width}"));
    }
    let named = [("p", "parameters"), ("m", "m"), ("v", "v")];
    let after = named.map(|(name, _)| case.near(name));
    let [p, m, v] = after;
    let after = [p?, m?, v?];
    for ((tensor, _), (name, _)) in after.iter().zip(named) {
        tensor.must_be(name, &gradients.shape)?;
    }
    let mut numbers = vec![("len", n.to_string())];
    for name in ["lr", "beta1", "beta2", "eps", "weight_decay"] {
        numbers.push((name, case.float(name, 0.0)?.to_string()));
    }
    let row = |values: &[f32], step: usize| Data::F32(values[step * n..][..n].to_vec());
    let gradients = gradients.operand()?;
    let states = [after[0].0.operand()?, after[1].0.operand()?, after[2].0.operand()?];
    let mut checks = Vec::new();
    for step in 0..steps {
        let mut pairs = numbers.clone();
        pairs.push(("t", (step + 1).to_string()));
        // Nothing counts the steps but the caller.
        let mut inputs = vec![row(&gradients, step), Data::I32(Vec::new())];
        match step.checked_sub(1) {
            None => {
                inputs.extend([Data::F32(start.clone()), Data::F32(vec![0.0; n]), Data::F32(vec![0.0; n])])
            }
            Some(before) => inputs.extend(states.iter().map(|state| row(state, before))),
        }
        let expected = after.iter().zip(named).map(|((tensor, bound), (_, operand))| {
            let bound = match bound {
                Bound::Exact => Bound::Exact,
                Bound::Absolute(all) => Bound::Absolute(all[step * n..][..n].to_vec()),
            };
            Expected { operand, want: tensor.doubles()[step * n..][..n].to_vec(), bound }
        });
        checks.push(check("", &adam::OP, sizes(&adam::OP, &pairs)?, inputs, expected.collect()));
    }
    Ok(checks)
}
