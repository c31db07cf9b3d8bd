//! The winner of two values, of which the first comes first.

/// Of numbers: one instruction on most processors. The first of equals stays, so also the sign of a zero.
#[inline(always)]
pub(super) fn larger(first: f32, second: f32) -> f32 {
    if second > first { second } else { first }
}

/// Where there may be NaN, of which the last wins.
#[inline(always)]
pub(super) fn larger_or_nan(first: f32, second: f32) -> f32 {
    if (second > first) | second.is_nan() { second } else { first }
}
