//! The obviously right convolution and gradients, and how far single-precision ones may be from them.

use rayon::prelude::*;

use super::Conv;
use crate::ops::{Bound, Data, Expected, Sizes};

/// Unit roundoff of f32.
const U: f64 = 1.0 / 16_777_216.0;

/// Calls `product` with the places in X, W and Y of every product that belongs to image `n` and output channel `o`:
/// `Y[y] += X[x] W[w]` is the convolution, and the two gradients are the same products added up elsewhere.
fn products(p: &Conv, n: usize, o: usize, mut product: impl FnMut(usize, usize, usize)) {
    for c in 0..p.cig {
        let channel = n * p.ci + o / p.cog * p.cig + c;
        for i in 0..p.kh {
            for j in 0..p.kw {
                let w = ((o * p.cig + c) * p.kh + i) * p.kw + j;
                for r in 0..p.oh {
                    for q in 0..p.ow {
                        let row = (r * p.sh + i * p.dh).checked_sub(p.ph).filter(|row| *row < p.h);
                        let column = (q * p.sw + j * p.dw).checked_sub(p.pw).filter(|column| *column < p.w);
                        let (Some(row), Some(column)) = (row, column) else { continue };
                        let x = (channel * p.h + row) * p.w + column;
                        product(x, w, ((n * p.co + o) * p.oh + r) * p.ow + q);
                    }
                }
            }
        }
    }
}

/// Sums in f64, and their absolute values.
struct Sums {
    want: Vec<f64>,
    abs: Vec<f64>,
}

impl Sums {
    fn new(len: usize) -> Self {
        Self { want: vec![0.0; len], abs: vec![0.0; len] }
    }

    fn add(&mut self, at: usize, term: f64) {
        self.want[at] += term;
        self.abs[at] += term.abs();
    }

    /// The parts one after the other, with the bound `|err| <= (terms + 2) u / (1 - (terms + 2) u) sum |products| +
    /// terms 2^-126`: any order of summation, fused or not (Higham, *Accuracy and Stability of Numerical Algorithms*,
    /// section 3.1), and subnormal products flushed to zero. `terms` counts the most products of an element.
    fn expected(operand: &'static str, parts: Vec<Self>, terms: usize) -> Vec<Expected> {
        let rounded = terms as f64 + 2.0;
        let gamma = rounded * U / (1.0 - rounded * U);
        let flushed = terms as f64 * f64::from(f32::MIN_POSITIVE);
        let bound = parts.iter().flat_map(|part| part.abs.iter().map(|abs| gamma * abs + flushed)).collect();
        let want = parts.into_iter().flat_map(|part| part.want).collect();
        vec![Expected { operand, want, bound: Bound::Absolute(bound) }]
    }
}

/// Y, image by image.
pub(super) fn forward(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let p = Conv::of(sizes);
    let (x, w) = (inputs[0].f32(), inputs[1].f32());
    let image = |n: usize| {
        let mut sums = Sums::new(p.co * p.pixels());
        let first = n * p.co * p.pixels();
        for o in 0..p.co {
            if p.bias {
                let own = o * p.pixels()..(o + 1) * p.pixels();
                own.for_each(|at| sums.add(at, inputs[2].at(o)));
            }
            products(&p, n, o, |xi, wi, yi| sums.add(yi - first, f64::from(x[xi]) * f64::from(w[wi])));
        }
        sums
    };
    let parts = (0..p.n).into_par_iter().map(image).collect();
    let mut expected = Sums::expected("y", parts, p.terms() + usize::from(p.bias));
    if p.relu {
        expected.iter_mut().for_each(rectify);
    }
    expected
}

/// max(y, 0); a NaN stays. Two sums are no further apart rectified than they were, so the bounds hold on; only that of minus
/// infinity, which is none, becomes that of a zero.
fn rectify(expected: &mut Expected) {
    let Bound::Absolute(bounds) = &mut expected.bound else { return };
    for (want, bound) in expected.want.iter_mut().zip(bounds) {
        if *want == f64::NEG_INFINITY {
            *bound = 0.0;
        }
        if *want <= 0.0 {
            *want = 0.0;
        }
    }
}

/// dX, image by image.
pub(super) fn grad_input(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let p = Conv::of(sizes);
    let (dy, w) = (inputs[0].f32(), inputs[1].f32());
    let image = |n: usize| {
        let mut sums = Sums::new(p.ci * p.h * p.w);
        let first = n * p.ci * p.h * p.w;
        for o in 0..p.co {
            products(&p, n, o, |xi, wi, yi| sums.add(xi - first, f64::from(dy[yi]) * f64::from(w[wi])));
        }
        sums
    };
    let parts = (0..p.n).into_par_iter().map(image).collect();
    Sums::expected("dx", parts, p.cog * p.kh * p.kw)
}

/// dW, output channel by output channel.
pub(super) fn grad_weight(sizes: &Sizes, inputs: &[Data]) -> Vec<Expected> {
    let p = Conv::of(sizes);
    let (x, dy) = (inputs[0].f32(), inputs[1].f32());
    let channel = |o: usize| {
        let mut sums = Sums::new(p.terms());
        let first = o * p.terms();
        for n in 0..p.n {
            products(&p, n, o, |xi, wi, yi| sums.add(wi - first, f64::from(dy[yi]) * f64::from(x[xi])));
        }
        sums
    };
    let parts = (0..p.co).into_par_iter().map(channel).collect();
    Sums::expected("dw", parts, p.n * p.pixels())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Op;
    use crate::ops::conv2d::{FORWARD, GRAD_INPUT, GRAD_WEIGHT};

    fn results(op: &'static Op, text: &str, inputs: &[&[f32]]) -> Vec<f64> {
        let sizes = op.sizes(text.split(' ').map(|p| p.split_once('=').unwrap())).unwrap();
        let inputs: Vec<Data> = inputs.iter().map(|v| Data::F32(v.to_vec())).collect();
        (op.reference)(&sizes, &inputs)[0].want.clone()
    }

    const X: &[f32] = &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
    const W: &[f32] = &[1.0, 0.0, -1.0, 2.0];

    #[test]
    fn a_convolution_by_hand() {
        assert_eq!(results(&FORWARD, "h=3 kh=2", &[X, W, &[]]), [7.0, 9.0, 13.0, 15.0]);
        let padded = results(&FORWARD, "h=3 kh=2 sh=3 ph=1 bias=yes", &[X, W, &[0.5]]);
        assert_eq!(padded, [2.5, -2.5, 0.5, 9.5]);
        let rectified = results(&FORWARD, "h=3 kh=2 sh=3 ph=1 bias=yes relu=yes", &[X, W, &[0.5]]);
        assert_eq!(rectified, [2.5, 0.0, 0.5, 9.5]);
        let special =
            results(&FORWARD, "h=1 w=3 kh=1 relu=yes", &[&[f32::NEG_INFINITY, f32::NAN, -0.0], &[1.0], &[]]);
        assert!(special[0] == 0.0 && special[1].is_nan() && special[2] == 0.0);
    }

    #[test]
    fn gradients_by_hand() {
        let dy = [1.0, 0.0, 0.0, 10.0];
        let dx = [1.0, 0.0, 0.0, -1.0, 12.0, 0.0, 0.0, -10.0, 20.0];
        assert_eq!(results(&GRAD_INPUT, "h=3 kh=2", &[&dy, W]), dx);
        assert_eq!(results(&GRAD_WEIGHT, "h=3 kh=2", &[X, &dy]), [51.0, 62.0, 84.0, 95.0]);
    }

    /// The gradients are what finite differences of the convolution give; it is linear in each operand, so they are
    /// exact up to rounding in f64.
    #[test]
    fn gradients_are_finite_differences() {
        let text = "n=2 ci=4 h=5 w=4 co=6 kh=3 kw=2 sh=2 sw=1 ph=1 pw=2 dh=1 dw=2 groups=2";
        let sizes = FORWARD.sizes(text.split(' ').map(|p| p.split_once('=').unwrap())).unwrap();
        let len = |name| FORWARD.len(&sizes, name);
        let floats = |stream, len| crate::ops::Fill::Digits.floats(7, stream, len).f32().to_vec();
        let (x, w, dy) = (floats(0, len("x")), floats(1, len("w")), floats(2, len("y")));
        let loss = |x: &[f32], w: &[f32]| -> f64 {
            let y = results(&FORWARD, text, &[x, w, &[]]);
            y.iter().zip(&dy).map(|(y, dy)| y * f64::from(*dy)).sum()
        };
        let at = loss(&x, &w);
        let moved = |values: &[f32], i: usize| {
            let mut values = values.to_vec();
            values[i] += 1.0;
            values
        };
        let dx: Vec<f64> = (0..x.len()).map(|i| loss(&moved(&x, i), &w) - at).collect();
        assert_eq!(results(&GRAD_INPUT, text, &[&dy, &w]), dx);
        let dw: Vec<f64> = (0..w.len()).map(|i| loss(&x, &moved(&w, i)) - at).collect();
        assert_eq!(results(&GRAD_WEIGHT, text, &[&x, &dy]), dw);
    }
}
