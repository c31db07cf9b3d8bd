//! From a file's axes to RAS+: which stored axis runs left-right, back-front, down-up, and which way round.
//!
//! This is the "closest canonical" order: axes are permuted and flipped, never resampled, so an oblique scan stays
//! oblique by less than half a right angle in each axis.

/// Column `a` is the step in RAS+ space, in millimetres, along stored axis `a`.
pub(super) type Columns = [[f64; 3]; 3];

/// Where each stored axis goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// `to[a]` is the RAS+ axis (0 right, 1 anterior, 2 superior) along which stored axis `a` runs.
    pub(super) to: [usize; 3],
    /// Whether stored axis `a` runs the other way.
    pub(super) flip: [bool; 3],
}

/// The directions of a quaternion (b, c, d), with pixdim = [qfac, dx, dy, dz] (nifti1.h, "METHOD 2").
pub(super) fn from_quaternion([b, c, d]: [f64; 3], pixdim: [f64; 4]) -> Columns {
    let a = (1.0 - (b * b + c * c + d * d)).max(0.0).sqrt();
    let columns = [
        [a * a + b * b - c * c - d * d, 2.0 * (b * c + a * d), 2.0 * (b * d - a * c)],
        [2.0 * (b * c - a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d + a * b)],
        [2.0 * (b * d + a * c), 2.0 * (c * d - a * b), a * a + d * d - c * c - b * b],
    ];
    let qfac = if pixdim[0] < 0.0 { -1.0 } else { 1.0 };
    let steps = [pixdim[1].abs(), pixdim[2].abs(), qfac * pixdim[3].abs()];
    [0, 1, 2].map(|axis| columns[axis].map(|v| v * steps[axis]))
}

/// The directions of a file that states none: its axes are taken as RAS+ (nifti1.h, "METHOD 1").
pub(super) fn from_spacing(steps: [f64; 3]) -> Columns {
    let mut columns = [[0.0; 3]; 3];
    for axis in 0..3 {
        // A step of 0 is a writer's omission; 1 keeps the axis.
        columns[axis][axis] = if steps[axis] == 0.0 { 1.0 } else { steps[axis].abs() };
    }
    columns
}

/// The lengths of the steps along the stored axes.
pub(super) fn spacing(columns: &Columns) -> [f64; 3] {
    columns.map(|[x, y, z]| (x * x + y * y + z * z).sqrt())
}

/// The permutation and the flips nearest to `columns`: of the six permutations, the one whose axes have the largest
/// sum of direction cosines; the first of equal ones.
///
/// # Errors
/// The reason, where a direction is not finite, or is zero along an axis longer than one voxel.
pub(super) fn closest(columns: &Columns, dims: [usize; 3]) -> Result<Turn, String> {
    const PERMUTATIONS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let lengths = spacing(columns);
    for axis in 0..3 {
        if !lengths[axis].is_finite() {
            return Err(format!("the direction of its axis {} is not finite", axis + 1));
        }
        if lengths[axis] == 0.0 && dims[axis] > 1 {
            return Err(format!("its axis {} has no direction", axis + 1));
        }
    }
    let cosine = |axis: usize, to: usize| {
        if lengths[axis] == 0.0 { 0.0 } else { columns[axis][to] / lengths[axis] }
    };
    let score = |to: &[usize; 3]| (0..3).map(|axis| cosine(axis, to[axis]).abs()).sum::<f64>();
    let mut to = PERMUTATIONS[0];
    for candidate in PERMUTATIONS {
        if score(&candidate) > score(&to) {
            to = candidate;
        }
    }
    Ok(Turn { to, flip: [0, 1, 2].map(|axis| cosine(axis, to[axis]) < 0.0) })
}

/// The stored axes by the letters of the directions they run to, as `LAS`.
pub(super) fn letters(turn: Turn) -> String {
    (0..3).map(|a| [['R', 'L'], ['A', 'P'], ['S', 'I']][turn.to[a]][usize::from(turn.flip[a])]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_quaternion_is_ras_and_qfac_flips_the_third_axis() {
        let right = from_quaternion([0.0; 3], [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(right, [[2.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 4.0]]);
        let left = from_quaternion([0.0; 3], [-1.0, 2.0, 3.0, 4.0]);
        assert_eq!(letters(closest(&left, [2; 3]).unwrap()), "RAI");
    }

    #[test]
    fn a_half_turn_about_the_second_axis_flips_the_other_two() {
        // c = 1: 180 degrees about y.
        let turn = closest(&from_quaternion([0.0, 1.0, 0.0], [1.0; 4]), [2; 3]).unwrap();
        assert_eq!(letters(turn), "LAI");
    }

    #[test]
    fn a_quarter_turn_about_the_third_axis_swaps_the_first_two() {
        let half = std::f64::consts::FRAC_1_SQRT_2;
        let turn = closest(&from_quaternion([0.0, 0.0, half], [1.0; 4]), [2; 3]).unwrap();
        // x runs to the front, y to the left.
        assert_eq!(letters(turn), "ALS");
    }

    #[test]
    fn oblique_axes_go_to_the_nearest_direction() {
        // Each axis leans by less than 45 degrees.
        let columns = [[0.1, 0.3, -1.9], [-2.0, 0.4, 0.0], [0.2, 1.5, 0.9]];
        let turn = closest(&columns, [5, 6, 7]).unwrap();
        assert_eq!(turn, Turn { to: [2, 0, 1], flip: [true, true, false] });
        assert_eq!(letters(turn), "ILA");
    }

    #[test]
    fn unusable_directions_are_refused_with_the_axis() {
        let mut columns = from_spacing([1.0; 3]);
        columns[1][1] = f64::NAN;
        assert!(closest(&columns, [2; 3]).unwrap_err().contains("axis 2"));
        columns[1][1] = 0.0;
        assert!(closest(&columns, [2; 3]).unwrap_err().contains("axis 2"));
        assert!(closest(&columns, [2, 1, 2]).is_ok());
    }
}
