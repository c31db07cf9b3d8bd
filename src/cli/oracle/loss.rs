//! ONNX's SoftmaxCrossEntropyLoss: classes' weights, an ignored class and axes behind the classes become rows and their
//! weights.

use super::case_file::CaseFile;
use super::{Check, Stop, layers};
use crate::ops::softmax_cross_entropy::OP;
use crate::ops::{Bound, Data, Expected};

/// `scores` are N, C, D1, ...; a row is an N and a D.
pub(super) fn cross_entropy(case: &CaseFile) -> Result<Vec<Check>, Stop> {
    let (scores, labels) = (case.input("scores")?, case.input("labels")?);
    let [n, c, ref inner @ ..] = *scores.shape else {
        return Stop::damaged(format!("its `scores` are {:?}, not N, C, ...", scores.shape));
    };
    labels.must_be("labels", &[&[n], inner].concat())?;
    let d: usize = inner.iter().product();
    let rows = n * d;
    let targets = labels.classes();
    // A class's weight, 0 for the one that is ignored.
    let by_class = case.find_input("weights")?.map(|w| w.operand()).transpose()?;
    let ignored = case.attribute("ignore_index").and_then(serde_json::Value::as_i64);
    let weight = |&t: &i32| {
        if Some(i64::from(t)) == ignored {
            return 0.0;
        }
        let of_class = |w: &Vec<f32>| usize::try_from(t).ok().and_then(|t| w.get(t).copied());
        by_class.as_ref().map_or(1.0, |w| of_class(w).unwrap_or(0.0))
    };
    let mut weights: Vec<f32> = targets.iter().map(weight).collect();
    let reduction = case.attribute("reduction").and_then(|v| v.as_str()).unwrap_or("mean");
    if reduction == "mean" {
        let sum: f32 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
    }
    let (rtol, atol) = case.tolerance()?;
    let near = |operand, want: Vec<f64>| {
        let bound = Bound::Absolute(want.iter().map(|w| atol + rtol * w.abs()).collect());
        Expected { operand, want, bound }
    };
    let output = case.output("output")?;
    let operand = if reduction == "none" { "row_loss" } else { "loss" };
    let mut expected = vec![near(operand, output.doubles())];
    if let Some(log) = case.find_output("log_prob")? {
        log.must_be("log_prob", &scores.shape)?;
        // A probability's logarithm is given: its error there is a relative one here.
        let logs = by_rows(&log.doubles(), c, d);
        let bound = logs.iter().map(|l| l.exp() * (atol + rtol * l.abs())).collect();
        let want = logs.iter().map(|l| l.exp()).collect();
        expected.push(Expected { operand: "probabilities", want, bound: Bound::Absolute(bound) });
    }
    let sizes = layers::sizes(&OP, &[("n", rows.to_string()), ("c", c.to_string())])?;
    let inputs = vec![Data::F32(by_rows(&scores.operand()?, c, d)), Data::I32(targets), Data::F32(weights)];
    Ok(vec![layers::check("", &OP, sizes, inputs, expected)])
}

/// N, C, D with the classes last.
fn by_rows<T: Copy>(values: &[T], c: usize, d: usize) -> Vec<T> {
    let images = values.chunks_exact((c * d).max(1));
    images
        .flat_map(|image| (0..d).flat_map(move |at| (0..c).map(move |class| image[class * d + at])))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_classes_come_last() {
        assert_eq!(by_rows(&[1, 2, 3, 4, 5, 6], 3, 2), [1, 3, 5, 2, 4, 6]);
        assert_eq!(by_rows(&[1, 2, 3, 4], 2, 1), [1, 2, 3, 4]);
    }
}
