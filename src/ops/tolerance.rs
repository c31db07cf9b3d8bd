//! How a result is judged: an expected value and a derived bound for every element, and a comparison that a NaN cannot
//! pass by accident.

use super::{Data, POISON};
use crate::error::Mismatch;

/// 2^-24: the relative error of one rounding to f32.
pub(super) const EPS: f64 = 1.0 / 16_777_216.0;

/// The smallest normal f32: a device may flush what is smaller to zero.
pub(super) const TINY: f64 = f32::MIN_POSITIVE as f64;

/// The relative error of WGSL's `exp(x)`: 3 + 2 |x| units in the last place.
pub(super) fn exp_error(x: f64) -> f64 {
    2.0 * EPS * (3.0 + 2.0 * x.abs())
}

/// The absolute error of WGSL's `log(x)`: 2^-21 between 0.5 and 2, else 3 units in the last place.
pub(super) fn log_error(x: f64) -> f64 {
    if (0.5..=2.0).contains(&x) { 8.0 * EPS } else { 6.0 * EPS * x.ln().abs() }
}

/// How far a result may be from the expected value.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// Equal as numbers, since no arithmetic is involved: +0 equals -0, any NaN equals any other.
    Exact,
    /// Element by element, an absolute error.
    Absolute(Vec<f64>),
}

/// What an output must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// The operand's name.
    pub operand: &'static str,
    /// The values, in f64.
    pub want: Vec<f64>,
    /// The error allowed.
    pub bound: Bound,
}

impl Expected {
    /// Values, each with its absolute error.
    pub(super) fn near(operand: &'static str, values: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let (want, bounds) = values.into_iter().unzip();
        Self { operand, want, bound: Bound::Absolute(bounds) }
    }

    /// Values without arithmetic.
    pub(super) fn exact(operand: &'static str, values: impl IntoIterator<Item = f32>) -> Self {
        Self { operand, want: values.into_iter().map(f64::from).collect(), bound: Bound::Exact }
    }

    fn bound_at(&self, i: usize) -> f64 {
        match &self.bound {
            Bound::Exact => 0.0,
            Bound::Absolute(bounds) => bounds[i],
        }
    }
}

/// Compares; `Some` describes the first wrong element and counts them all. The caller fills in op, variant and sizes.
/// An element that still holds [`POISON`] was never written and is wrong whatever was expected.
pub fn compare(got: &Data, expected: &Expected) -> Option<Mismatch> {
    let of = expected.want.len();
    if got.len() != of {
        return Some(fault(expected, 0, f64::NAN, of, of, format!("it has {} elements", got.len())));
    }
    let wrong = |i: &usize| {
        let (g, w) = (got.at(*i), expected.want[*i]);
        let equal = g == w || (g.is_nan() && w.is_nan());
        // Asked as "is it within?", and not as "is it beyond?": a NaN must fail.
        let right = equal || (g - w).abs() <= expected.bound_at(*i);
        got.bits(*i) == POISON || !right
    };
    let first = (0..of).find(wrong)?;
    let bad = (first..of).filter(wrong).count();
    let note = if got.bits(first) == POISON { "this element was never written" } else { "" };
    Some(fault(expected, first, got.at(first), bad, of, note.to_owned()))
}

fn fault(expected: &Expected, index: usize, got: f64, bad: usize, of: usize, note: String) -> Mismatch {
    Mismatch {
        op: String::new(),
        variant: String::new(),
        sizes: String::new(),
        seed: None,
        operand: expected.operand.to_owned(),
        index,
        got,
        want: expected.want.get(index).copied().unwrap_or(f64::NAN),
        bound: if of == 0 { 0.0 } else { expected.bound_at(index) },
        bad,
        of,
        note,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(got: f32, want: f64, bound: f64) -> bool {
        let expected = Expected { operand: "c", want: vec![want], bound: Bound::Absolute(vec![bound]) };
        compare(&Data::F32(vec![got]), &expected).is_none()
    }

    #[test]
    fn a_nan_never_passes_for_a_number() {
        assert!(!judged(f32::NAN, 1.0, 1e30));
        assert!(!judged(f32::NAN, 0.0, f64::NAN));
        assert!(!judged(1.0, f64::NAN, 1e30));
        assert!(!judged(1.0, 2.0, f64::NAN));
        assert!(judged(f32::NAN, f64::NAN, 0.0));
    }

    #[test]
    fn the_bound_is_inclusive_and_infinities_equal_only_themselves() {
        assert!(judged(1.5, 1.0, 0.5));
        assert!(!judged(1.5, 1.0, 0.49));
        assert!(judged(f32::INFINITY, f64::INFINITY, 0.0));
        assert!(!judged(f32::INFINITY, f64::NEG_INFINITY, 1e300));
        assert!(judged(-0.0, 0.0, 0.0));
    }

    #[test]
    fn exact_allows_no_error_but_the_sign_of_a_zero() {
        let judged = |got: f32, want: f64| {
            compare(&Data::F32(vec![got]), &Expected { operand: "y", want: vec![want], bound: Bound::Exact })
                .is_none()
        };
        assert!(judged(-0.0, 0.0) && judged(2.5, 2.5) && judged(-f32::NAN, f64::NAN));
        assert!(!judged(2.5, 2.500_000_1) && !judged(f32::NAN, 0.0) && !judged(0.0, f64::NAN));
        assert!(!judged(0.0, f64::from(f32::MIN_POSITIVE)));
    }

    #[test]
    fn what_was_never_written_is_wrong_even_where_a_nan_is_right() {
        let expected = Expected { operand: "y", want: vec![f64::NAN, 1.0], bound: Bound::Exact };
        let got = Data::F32(vec![f32::from_bits(POISON), 1.0]);
        let found = compare(&got, &expected).unwrap();
        assert_eq!((found.index, found.bad, found.of), (0, 1, 2));
        assert!(found.note.contains("never written"));
    }

    #[test]
    fn a_wrong_length_is_wrong() {
        let expected = Expected { operand: "c", want: vec![1.0, 2.0], bound: Bound::Exact };
        assert_eq!(compare(&Data::F32(vec![1.0]), &expected).unwrap().bad, 2);
    }
}
