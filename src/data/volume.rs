//! A volume in memory, always in RAS+ order.

use crate::error::{Error, Result};

/// A volume of `nx * ny * nz` voxels whose axes run to the **r**ight, the front (**a**nterior) and the top
/// (**s**uperior) of the head: RAS+, in NIfTI's terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume {
    /// `[nx, ny, nz]`.
    pub shape: [usize; 3],
    /// The voxels, x fastest: voxel (x, y, z) is at `x + nx * (y + ny * z)`.
    pub data: Vec<f32>,
    /// The distance between neighbouring voxels along x, y, z, in the file's unit (millimetres, in practice).
    pub spacing: [f32; 3],
    /// How many volumes the file holds; the first is the one in `data`.
    pub time_points: u64,
    /// The directions of the axes as the file stores them, the fastest first: `LAS` for a file whose first axis runs
    /// to the left. `RAS` where nothing had to be turned.
    pub stored_axes: String,
}

impl Volume {
    /// A single RAS+ volume with a spacing of 1.
    ///
    /// # Errors
    /// [`Error::Shape`] unless `data` has `nx * ny * nz` values and at least one.
    pub fn new(shape: [usize; 3], data: Vec<f32>) -> Result<Self> {
        let [nx, ny, nz] = shape;
        let voxels = nx.checked_mul(ny).and_then(|n| n.checked_mul(nz));
        if data.is_empty() || voxels != Some(data.len()) {
            return Err(Error::Shape {
                what: "volume".into(),
                expected: format!("{nx} x {ny} x {nz} values and at least one"),
                got: format!("{} values", data.len()),
            });
        }
        Ok(Self { shape, data, spacing: [1.0; 3], time_points: 1, stored_axes: "RAS".into() })
    }

    /// The voxel (x, y, z); `None` outside the volume.
    pub fn get(&self, x: usize, y: usize, z: usize) -> Option<f32> {
        let [nx, ny, nz] = self.shape;
        let inside = x < nx && y < ny && z < nz;
        inside.then(|| self.data.get(x + nx * (y + ny * z)).copied()).flatten()
    }

    /// The smallest and the largest finite voxel; `None` where no voxel is finite.
    pub fn finite_range(&self) -> Option<(f32, f32)> {
        finite_range(&self.data)
    }
}

/// The smallest and the largest finite value; `None` where there is none.
pub(super) fn finite_range(values: &[f32]) -> Option<(f32, f32)> {
    values.iter().filter(|v| v.is_finite()).fold(None, |range, &v| {
        let (lo, hi) = range.unwrap_or((v, v));
        Some((lo.min(v), hi.max(v)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x_is_the_fastest_axis() {
        let volume = Volume::new([2, 3, 4], (0u8..24).map(f32::from).collect()).unwrap();
        assert_eq!(volume.get(1, 0, 0), Some(1.0));
        assert_eq!(volume.get(0, 1, 0), Some(2.0));
        assert_eq!(volume.get(1, 2, 3), Some(23.0));
        assert_eq!(volume.get(2, 0, 0), None);
    }

    #[test]
    fn the_range_ignores_what_is_not_finite() {
        assert_eq!(finite_range(&[f32::NAN, 2.0, f32::INFINITY, -1.0]), Some((-1.0, 2.0)));
        assert_eq!(finite_range(&[f32::NAN]), None);
    }
}
