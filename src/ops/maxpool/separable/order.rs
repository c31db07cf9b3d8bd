//! How two taps are compared. Every order here is associative, so that maxima may be taken of maxima, in whatever groups;
//! and of taps that follow each other in row-major order it keeps what the plain loops keep.

use crate::ops::maxpool::NO_INDEX;
use crate::ops::maxpool::larger::{larger, larger_or_nan};

/// What is compared, and how.
pub(super) trait Order {
    /// A tap, or the maximum of some.
    type Tap: Copy + Send + Default;
    /// Loses against every element: padding of minus infinity.
    const VOID: Self::Tap;
    /// Padding of zero.
    const ZERO: Self::Tap;
    /// The winner of two, of which `first` comes first. They may overlap.
    fn winner(first: Self::Tap, second: Self::Tap) -> Self::Tap;
    /// Taps of elements of one row, the first of which stands at `at` in its plane.
    fn load(row: &[f32], at: usize, taps: &mut [Self::Tap]);
    /// Whether a tap is a NaN that this order does not know.
    fn any_nan(taps: &[Self::Tap]) -> bool;
}

/// Numbers without a NaN.
pub(super) struct Numbers;

/// Values with NaN.
pub(super) struct Values;

/// Values with their positions, as integers that are ordered like them: the bits of the value above, below them the
/// position, upside down except for NaN, and the sign of a zero.
pub(super) struct Positions;

impl Order for Numbers {
    type Tap = f32;
    const VOID: f32 = f32::NEG_INFINITY;
    const ZERO: f32 = 0.0;

    #[inline(always)]
    fn winner(first: f32, second: f32) -> f32 {
        larger(first, second)
    }

    #[inline(always)]
    fn load(row: &[f32], _: usize, taps: &mut [f32]) {
        copy(row, taps);
    }

    #[inline(always)]
    fn any_nan(taps: &[f32]) -> bool {
        // The bits of a NaN without its sign are the largest integers: two operations a vector.
        let largest = taps.iter().fold(0, |largest, v| v.abs().to_bits().max(largest));
        largest > f32::INFINITY.to_bits()
    }
}

impl Order for Values {
    type Tap = f32;
    const VOID: f32 = f32::NEG_INFINITY;
    const ZERO: f32 = 0.0;

    #[inline(always)]
    fn winner(first: f32, second: f32) -> f32 {
        larger_or_nan(first, second)
    }

    #[inline(always)]
    fn load(row: &[f32], _: usize, taps: &mut [f32]) {
        copy(row, taps);
    }

    #[inline(always)]
    fn any_nan(_: &[f32]) -> bool {
        false
    }
}

/// Elements that are copied at once.
const BLOCK: usize = 16;

/// A copy without a loop over single elements, nor a call: rows may be short. The last block may copy again what the one
/// before has copied.
#[inline(always)]
fn copy(row: &[f32], taps: &mut [f32]) {
    let taps = &mut taps[..row.len()];
    let (Some(last_taps), Some(last)) = (taps.last_chunk_mut::<BLOCK>(), row.last_chunk::<BLOCK>()) else {
        return taps.iter_mut().zip(row).for_each(|(tap, v)| *tap = *v);
    };
    *last_taps = *last;
    for (taps, row) in taps.as_chunks_mut::<BLOCK>().0.iter_mut().zip(row.as_chunks::<BLOCK>().0) {
        *taps = *row;
    }
}

/// The bits of a NaN in a key: above those of every number.
const NAN: i32 = i32::MAX;

impl Order for Positions {
    type Tap = i64;
    const VOID: i64 = i64::MIN;
    // A zero of the padding counts where it stands, which a key does not know: plain loops do these.
    const ZERO: i64 = i64::MIN;

    #[inline(always)]
    fn winner(first: i64, second: i64) -> i64 {
        if second > first { second } else { first }
    }

    #[inline(always)]
    fn load(row: &[f32], at: usize, taps: &mut [i64]) {
        let first = u32::try_from(at).unwrap_or(0);
        for (at, (tap, &v)) in (first..).zip(taps.iter_mut().zip(row)) {
            *tap = key(v, at);
        }
    }

    #[inline(always)]
    fn any_nan(_: &[i64]) -> bool {
        false
    }
}

/// Planes have at most 2^31 elements, so that a position leaves one bit free.
#[inline(always)]
fn key(v: f32, at: u32) -> i64 {
    let bits = v.to_bits().cast_signed();
    let zero = v == 0.0;
    let above = if v.is_nan() { NAN } else { in_order(if zero { 0 } else { bits }) };
    let place = if v.is_nan() { at } else { !at };
    let below = (place << 1) | if zero { v.to_bits() >> 31 } else { 0 };
    (i64::from(above) << 32) | i64::from(below)
}

/// The bits of a number as an integer of the same order, and back.
#[inline(always)]
fn in_order(bits: i32) -> i32 {
    bits ^ ((bits >> 31) & i32::MAX)
}

/// The two halves of a key: what orders values, and the position.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
fn halves(key: i64) -> (i32, u32) {
    ((key >> 32) as i32, key as u32)
}

/// The values and positions that keys stand for. NaN are fetched from their plane, whatever their bits.
#[inline(always)]
pub(super) fn decode(keys: &[i64], plane: &[f32], y: &mut [f32], indices: &mut [i32]) {
    let mut nan = 0u32;
    for ((&key, y), index) in keys.iter().zip(y.iter_mut()).zip(indices.iter_mut()) {
        let (above, below) = halves(key);
        nan |= u32::from(above == NAN);
        let place = if above == NAN { below >> 1 } else { (!below >> 1) & i32::MAX.cast_unsigned() };
        let bits = if above == 0 { below << 31 } else { in_order(above).cast_unsigned() };
        let void = key == Positions::VOID;
        *y = if void { f32::NEG_INFINITY } else { f32::from_bits(bits) };
        *index = if void { NO_INDEX } else { place.cast_signed() };
    }
    if nan != 0 {
        for ((&key, y), &index) in keys.iter().zip(y).zip(indices.iter()) {
            if halves(key).0 == NAN {
                *y = usize::try_from(index).map_or(f32::NAN, |at| plane[at]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair of awkward values, in both orders of their positions.
    #[test]
    fn keys_choose_as_the_plain_loops_do() {
        let awkward = [
            f32::NEG_INFINITY,
            f32::MIN,
            -1.0,
            -1e-45,
            -0.0,
            0.0,
            1e-45,
            1.0,
            f32::MAX,
            f32::INFINITY,
            f32::NAN,
        ];
        for a in awkward {
            for b in awkward {
                let plane = [a, b];
                let wins = b > a || b.is_nan();
                let (mut y, mut index) = ([0.0], [0]);
                decode(&[Positions::winner(key(a, 0), key(b, 1))], &plane, &mut y, &mut index);
                assert_eq!(index[0], i32::from(wins), "{a} {b}");
                assert_eq!(y[0].to_bits(), plane[usize::from(wins)].to_bits(), "{a} {b}");
                assert_eq!(Values::winner(a, b).to_bits(), y[0].to_bits(), "{a} {b}");
            }
            assert_eq!(Positions::winner(Positions::VOID, key(a, 0)), key(a, 0), "{a}");
            assert_eq!(Positions::winner(key(a, 0), Positions::VOID), key(a, 0), "{a}");
        }
    }

    #[test]
    fn the_last_position_of_the_largest_plane_has_a_key() {
        let last = (1u32 << 31) - 1;
        let (mut y, mut index) = ([0.0], [0]);
        decode(&[key(-0.0, last)], &[], &mut y, &mut index);
        assert_eq!((y[0].to_bits(), index[0]), ((-0.0f32).to_bits(), i32::MAX));
    }
}
