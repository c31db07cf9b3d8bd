//! The obviously right pooling: for each output, look at each tap.

use std::ops::Range;

use super::{NO_INDEX, Pool};
use crate::ops::{Bound, Data, Expected, Sizes};

/// The maximum of one window and its flat position in the plane.
///
/// Taps are visited row by row. The first of equal values wins, a NaN beats every number, and of several NaN the last
/// one stays, as in PyTorch. Padding is skipped (minus infinity never wins) or counts as a zero without a position.
pub(in crate::ops) fn window(p: &Pool, plane: &[f32], r: u32, q: u32) -> (f32, i32) {
    let mut best: Option<(f32, i32)> = None;
    for i in 0..p.kh {
        for j in 0..p.kw {
            let row = i64::from(r * p.sh) - i64::from(p.ph) + i64::from(i * p.dh);
            let column = i64::from(q * p.sw) - i64::from(p.pw) + i64::from(j * p.dw);
            let inside = (0..i64::from(p.h)).contains(&row) && (0..i64::from(p.w)).contains(&column);
            let candidate = if inside {
                let at = row * i64::from(p.w) + column;
                (plane[usize::try_from(at).unwrap_or(0)], i32::try_from(at).unwrap_or(NO_INDEX))
            } else if p.pad_zero {
                (0.0, NO_INDEX)
            } else {
                continue;
            };
            if best.is_none_or(|(value, _)| candidate.0 > value || candidate.0.is_nan()) {
                best = Some(candidate);
            }
        }
    }
    best.unwrap_or((f32::NEG_INFINITY, NO_INDEX))
}

/// Values and, where asked for, indices. There is no arithmetic, so results must be equal.
pub(super) fn reference(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let p = Pool::of(sizes);
    rows(sizes, inputs, 0..(p.n * p.c) as usize * p.oh as usize)
}

/// The same for some rows of the output, counted over all planes.
pub fn rows(sizes: &Sizes, inputs: &[Data], rows: Range<usize>) -> Vec<Expected> {
    let p = Pool::of(sizes);
    let (x, (image, _)) = (inputs[0].f32(), p.planes());
    let mut values = Vec::new();
    let mut indices = Vec::new();
    for row in rows {
        let plane = &x[row / p.oh as usize * image..][..image];
        let r = u32::try_from(row % p.oh as usize).unwrap_or(u32::MAX);
        for q in 0..p.ow {
            let (value, index) = window(&p, plane, r, q);
            values.push(f64::from(value));
            indices.push(f64::from(index));
        }
    }
    let mut expected = vec![Expected { operand: "y", want: values, bound: Bound::Exact }];
    if p.indices {
        expected.push(Expected { operand: "indices", want: indices, bound: Bound::Exact });
    }
    expected
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::maxpool::OP;

    fn pooled(text: &str, x: &[f32]) -> (Vec<f64>, Vec<f64>) {
        let pairs = text.split(' ').map(|p| p.split_once('=').unwrap());
        let sizes = OP.sizes(pairs.chain([("indices", "yes")])).unwrap();
        let mut expected = reference(&sizes, &[Data::F32(x.to_vec())]);
        let indices = expected.pop().unwrap().want;
        (expected.pop().unwrap().want, indices)
    }

    #[test]
    fn by_hand() {
        let image: Vec<f32> = (0..16u8).map(f32::from).collect();
        assert_eq!(pooled("h=4 kh=2", &image), (vec![5.0, 7.0, 13.0, 15.0], vec![5.0, 7.0, 13.0, 15.0]));
    }

    #[test]
    fn the_first_of_equals_the_last_of_nans() {
        assert_eq!(pooled("h=1 w=3 kh=1 kw=3", &[2.0, 2.0, 1.0]).1, [0.0]);
        let (values, indices) = pooled("h=1 w=4 kh=1 kw=4", &[f32::NAN, 9.0, f32::NAN, 1.0]);
        assert!(values[0].is_nan());
        assert_eq!(indices, [2.0]);
        // -0 and +0 are equal: the first stays.
        assert_eq!(pooled("h=1 w=2 kh=1 kw=2", &[-0.0, 0.0]).1, [0.0]);
    }

    #[test]
    fn padding_never_wins_unless_it_is_zero() {
        let negative = [-1.0, -2.0, -3.0, -4.0];
        assert_eq!(pooled("h=2 kh=2 sh=2 ph=1", &negative).0, [-1.0, -2.0, -3.0, -4.0]);
        let (values, indices) = pooled("h=2 kh=2 sh=2 ph=1 pad_value=zero", &negative);
        assert_eq!(values, [0.0; 4]);
        assert_eq!(indices, [-1.0; 4]);
    }

    #[test]
    fn a_window_of_minus_infinities_has_an_index() {
        let (values, indices) = pooled("h=2 kh=2 sh=1 ph=1", &[f32::NEG_INFINITY; 4]);
        assert!(values.iter().all(|v| *v == f64::NEG_INFINITY));
        assert_eq!(indices, [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 2.0, 2.0, 3.0]);
    }
}
