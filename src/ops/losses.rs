//! What the losses have in common: the outputs, how weights take part, and how inputs are drawn.
//!
//! A loss takes a weight a row: 1/n for the mean, 1 for the sum, times a class's weight, and 0 for a row that fills a
//! batch up and takes no part. It gives the weighted loss of each row, their sum, the probabilities, and the gradient of
//! the sum by the logits. A logit that is NaN or infinite makes the loss, the probabilities and the gradient of its row
//! NaN; the loss and the gradient of a row of weight 0 are 0 whatever it holds.

use super::tolerance::EPS;
use super::{Data, Expected, Fill};

/// One row's result in f64, each value with its error.
pub(super) struct Row {
    pub(super) loss: (f64, f64),
    pub(super) probabilities: Vec<(f64, f64)>,
    pub(super) gradient: Vec<(f64, f64)>,
}

/// The four outputs, in the order of the ops' operands.
pub(super) fn expected(rows: Vec<Row>) -> Vec<Expected> {
    let total: f64 = rows.iter().map(|r| r.loss.0).sum();
    let abs: f64 = rows.iter().map(|r| r.loss.0.abs()).sum();
    let errors: f64 = rows.iter().map(|r| r.loss.1).sum();
    // A sum of t terms errs by at most t 2^-24 sum |term|.
    let bound = errors + rows.len() as f64 * EPS * abs;
    let loss = vec![(total, if total.is_finite() { bound } else { 0.0 })];
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        columns.0.push(row.loss);
        columns.1.extend(row.probabilities);
        columns.2.extend(row.gradient);
    }
    vec![
        Expected::near("row_loss", columns.0),
        Expected::near("probabilities", columns.1),
        Expected::near("dlogits", columns.2),
        Expected::near("loss", loss),
    ]
}

/// Logits of a kind, eight times as wide.
pub(super) fn logits(len: usize, fill: Fill, seed: u64) -> Data {
    Data::F32(fill.floats(seed, 0, len).f32().iter().map(|v| 8.0 * v).collect())
}

/// Numbers in [0, 1): classes, probabilities or weights are made of them.
pub(super) fn shares(len: usize, seed: u64, stream: u64) -> Vec<f32> {
    Fill::Uniform.floats(seed, stream, len).f32().iter().map(|v| 0.5 * v + 0.5).collect()
}

/// Weights about the mean's; one in eight is 0.
pub(super) fn weights(len: usize, seed: u64) -> Data {
    let weight = |v: f32| if v < 0.125 { 0.0 } else { 2.0 * v / len as f32 };
    Data::F32(shares(len, seed, 2).into_iter().map(weight).collect())
}
