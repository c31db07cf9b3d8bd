//! The obviously right mean: for each output, look at each tap.

use super::divisors;
use crate::ops::maxpool::Pool;
use crate::ops::tolerance::{EPS, TINY};
use crate::ops::{Bound, Data, Expected, Sizes};

/// Sums of t terms err by at most t 2^-24 sum |x|, whatever the order; WGSL's division by up to 2.5 units in the last
/// place, 5 x 2^-24 of the quotient.
pub(super) fn reference(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let p = Pool::of(sizes);
    let (rows, columns) = divisors(sizes);
    let (mut want, mut bounds) = (Vec::new(), Vec::new());
    for plane in inputs[0].f32().chunks_exact(p.planes().0) {
        for r in 0..p.oh {
            for q in 0..p.ow {
                let (mut sum, mut abs, mut taps) = (0.0, 0.0, 0u32);
                for (i, j) in (0..p.kh).flat_map(|i| (0..p.kw).map(move |j| (i, j))) {
                    let (row, column) = p.tap([r, q], [i, j]);
                    if let Some(at) = p.flat(row, column) {
                        sum += f64::from(plane[at]);
                        abs += f64::from(plane[at].abs());
                        taps += 1;
                    }
                }
                let divisor = f64::from(rows[r as usize]) * f64::from(columns[q as usize]);
                want.push(if taps == 0 { 0.0 } else { sum / divisor });
                let relative = f64::from(taps + 6) * EPS;
                bounds.push(if taps == 0 { 0.0 } else { relative * abs / divisor + TINY });
            }
        }
    }
    vec![Expected { operand: "y", want, bound: Bound::Absolute(bounds) }]
}

/// The gradient: every output hands its share to each of its taps. An element shared by t windows errs by t roundings of
/// the sum and 5 x 2^-24 for the division.
pub(super) fn backward(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let p = Pool::of(sizes);
    let (rows, columns) = divisors(sizes);
    let (image, windows) = p.planes();
    let mut want = vec![0.0; p.n as usize * p.c as usize * image];
    let mut sums = vec![(0u32, 0.0); want.len()];
    for (plane, dy) in inputs[0].f32().chunks_exact(windows).enumerate() {
        for r in 0..p.oh {
            for q in 0..p.ow {
                let dy = f64::from(dy[r as usize * p.ow as usize + q as usize]);
                let share = dy / (f64::from(rows[r as usize]) * f64::from(columns[q as usize]));
                for (i, j) in (0..p.kh).flat_map(|i| (0..p.kw).map(move |j| (i, j))) {
                    let (row, column) = p.tap([r, q], [i, j]);
                    if let Some(at) = p.flat(row, column) {
                        want[plane * image + at] += share;
                        sums[plane * image + at].0 += 1;
                        sums[plane * image + at].1 += share.abs();
                    }
                }
            }
        }
    }
    let bound = |(terms, abs): (u32, f64)| f64::from(terms + 6) * EPS * abs + f64::from(terms) * TINY;
    let bounds = sums.into_iter().map(bound).collect();
    vec![Expected { operand: "dx", want, bound: Bound::Absolute(bounds) }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::avgpool::{BACKWARD, OP};
    use crate::ops::{Fill, Op};

    fn sizes(op: &'static Op, text: &str) -> Sizes {
        op.sizes(text.split(' ').filter_map(|p| p.split_once('='))).unwrap()
    }

    #[test]
    fn by_hand() {
        let mean = |text: &str| reference(&sizes(&OP, text), &[Data::F32(vec![4.0; 16])])[0].want.clone();
        assert_eq!(mean("h=4 kh=4"), [4.0]);
        assert_eq!(mean("h=4 kh=2 sh=3 ph=1"), [1.0, 2.0, 2.0, 4.0]);
        assert_eq!(mean("h=4 kh=2 sh=3 ph=1 count_include_pad=no"), [4.0; 4]);
        // The second window of a row reaches one column beyond the image: it is not counted.
        assert_eq!(mean("h=4 kh=3 sh=2 ceil=ceil"), [4.0; 4]);
    }

    /// The op is linear: sum(g * avgpool(x)) = sum(avgpool_backward(g) * x), exactly but for rounding.
    #[test]
    fn the_gradient_is_the_transposed_map() {
        for text in ["h=5 w=6 kh=3 sh=2 ph=1 ceil=ceil", "c=2 h=9 kh=2 sh=1 dh=3 ph=1 count_include_pad=no"] {
            let (forward, back) = (sizes(&OP, text), sizes(&BACKWARD, text));
            let x = Fill::Uniform.floats(1, 0, OP.len(&forward, "x"));
            let g = Fill::Uniform.floats(1, 1, OP.len(&forward, "y"));
            let dot =
                |a: &[f64], b: &Data| -> f64 { a.iter().zip(b.f32()).map(|(a, &b)| a * f64::from(b)).sum() };
            let left = dot(&reference(&forward, std::slice::from_ref(&x))[0].want, &g);
            let right = dot(&backward(&back, std::slice::from_ref(&g))[0].want, &x);
            assert!((left - right).abs() < 1e-12, "{text}: {left} {right}");
        }
    }
}
