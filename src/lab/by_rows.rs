//! Judging results that are too large for a reference beside them: some rows at a time.

use std::ops::Range;

use rayon::prelude::*;

use crate::error::{Error, Mismatch, Result};
use crate::ops::{Data, Expected, Op, Sizes, compare, matmul, maxpool};

/// Multiplications or comparisons that a judgement may take; where all rows would take more, some are judged.
const TERMS: usize = 1 << 33;
/// At least so many rows are judged, whatever they take.
const FEWEST: usize = 16;
/// Elements that are held to the reference at a time.
const CHUNK: usize = 1 << 16;

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The first fault.
    pub fault: Option<Box<Mismatch>>,
    /// Rows of the output that were judged: all of them, or some at equal distances, the first and the last among them.
    pub rows: usize,
    /// Rows that there are, over all planes or products.
    pub of: usize,
}

/// Holds outputs to the reference without holding the reference as a whole. For `maxpool` and `matmul`.
///
/// # Errors
/// [`Error::NotApplicable`] for other ops.
pub fn judge(op: &'static Op, sizes: &Sizes, inputs: &[Data], outputs: &[Data]) -> Result<Judged> {
    let get = |name: &str| op.named(sizes, name).unwrap_or(1) as usize;
    type Rows = fn(&Sizes, &[Data], Range<usize>) -> Vec<Expected>;
    let (expected, of, terms): (Rows, usize, usize) = if std::ptr::eq(op, &maxpool::OP) {
        (maxpool::expected_rows, get("n") * get("c") * get("oh"), get("ow") * get("kh") * get("kw"))
    } else if std::ptr::eq(op, &matmul::OP) {
        (matmul::expected_rows, get("batch") * get("m"), get("n") * get("k"))
    } else {
        let reason = "only maxpool and matmul are judged by rows".to_owned();
        return Err(Error::NotApplicable { variant: op.name.to_owned(), reason });
    };
    let rows = (TERMS / terms).max(FEWEST).min(of);
    let widest = outputs.iter().map(|o| o.len() / of).max().unwrap_or(0);
    let chunks = chunks(of, rows, (CHUNK / widest.max(1)).max(1));
    let judged = chunks.into_par_iter().filter_map(|chunk| {
        let expected = expected(sizes, inputs, chunk.clone());
        let faults = outputs.iter().zip(&expected).filter_map(|(output, expected)| {
            let width = output.len() / of;
            let found = compare(&part(output, chunk.start * width..chunk.end * width), expected)?;
            Some(Mismatch { index: found.index + chunk.start * width, ..found })
        });
        faults.reduce(first)
    });
    let fault = judged.reduce_with(first).map(|found| {
        let (op, sizes) = (op.name.to_owned(), sizes.to_string());
        let all = outputs.iter().map(|o| o.len() / of * rows).sum();
        Box::new(Mismatch { op, sizes, of: all, ..found })
    });
    Ok(Judged { fault, rows, of })
}

/// The rows to judge, a few at a time.
fn chunks(of: usize, rows: usize, together: usize) -> Vec<Range<usize>> {
    if rows == of {
        return (0..of).step_by(together).map(|from| from..(from + together).min(of)).collect();
    }
    (0..rows).map(|number| number * (of - 1) / (rows - 1)).map(|row| row..row + 1).collect()
}

/// Of two faults the one that comes first, with the number of both.
fn first(a: Mismatch, b: Mismatch) -> Mismatch {
    let bad = a.bad + b.bad;
    Mismatch { bad, ..if a.index <= b.index { a } else { b } }
}

fn part(data: &Data, range: Range<usize>) -> Data {
    match data {
        Data::F32(v) => Data::F32(v[range].to_vec()),
        Data::I32(v) => Data::I32(v[range].to_vec()),
        Data::F16(v) => Data::F16(v[range].to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::ops::Fill;

    fn results(op: &'static Op, sizes: &Sizes, inputs: &[Data]) -> Vec<Data> {
        let engine = Engine::new(None, 1).unwrap();
        let serial = op.variants_named("serial").unwrap()[0];
        let mut results = crate::engine::outputs(op, sizes);
        engine.prepare(op, serial, sizes).unwrap().run(inputs, &mut results).unwrap();
        results
    }

    #[test]
    fn a_single_wrong_element_is_found() {
        for (op, text) in [
            (&maxpool::OP, "n=2 c=3 h=40 w=300 kh=3 sh=2 ph=1 indices=yes"),
            (&matmul::OP, "m=70 n=90 k=11 batch=3"),
        ] {
            let op: &'static Op = op;
            let sizes = op.sizes(text.split(' ').map(|p| p.split_once('=').unwrap())).unwrap();
            let inputs = (op.draw)(op, &sizes, Fill::Uniform, 7);
            let mut outputs = results(op, &sizes, &inputs);
            let judged = judge(op, &sizes, &inputs, &outputs).unwrap();
            assert!(judged.fault.is_none() && judged.rows == judged.of, "{judged:?}");
            let at = outputs[0].len() - 5;
            outputs[0].f32_mut()[at] += 1.0;
            let fault = judge(op, &sizes, &inputs, &outputs).unwrap().fault.unwrap();
            assert_eq!((fault.index, fault.bad, fault.op.as_str()), (at, 1, op.name));
        }
    }

    #[test]
    fn rows_that_are_judged_reach_from_end_to_end() {
        assert_eq!(chunks(10, 10, 4), [0..4, 4..8, 8..10]);
        assert_eq!(chunks(100, 4, 7), [0..1, 33..34, 66..67, 99..100]);
    }
}
