//! The outline that the three classes share in kind, each with its own size, place and bumps.

use super::draw::Draws;
use super::noise::{Noise, ease};

/// An irregular ellipsoid in a volume of voxels of 2 mm.
pub(super) struct Brain {
    centre: [f32; 3],
    axes: [f32; 3],
    bumps: Noise,
}

/// A voxel as the brain sees it.
pub(super) struct Site {
    /// The place relative to the centre, in half axes: x to the right, y to the front, z up.
    pub(super) place: [f32; 3],
    /// 0 on the surface, rising to about 1 at the centre; negative outside.
    pub(super) depth: f32,
}

impl Site {
    /// 0 outside the brain, 1 inside, and a soft edge between.
    pub(super) fn inside(&self) -> f32 {
        ease(self.depth / 0.04)
    }

    /// How far inside an ellipsoid the place is: 1 at its middle, 0 on its surface, negative outside. Left and right
    /// are alike.
    pub(super) fn within(&self, middle: [f32; 3], half: [f32; 3]) -> f32 {
        let [x, y, z] = self.place;
        let [a, b, c] =
            [(x.abs() - middle[0]) / half[0], (y - middle[1]) / half[1], (z - middle[2]) / half[2]];
        1.0 - (a * a + b * b + c * c)
    }
}

impl Brain {
    /// Draws one.
    pub(super) fn new(draws: &mut Draws) -> Self {
        let centre = [45.0, 53.0, 45.0].map(|c| c + draws.between(-1.5, 1.5));
        let axes = [34.0, 43.0, 40.0].map(|a| a * draws.between(0.97, 1.03));
        Self { centre, axes, bumps: Noise::new(draws, 13) }
    }

    /// The voxel of the volume nearest to a place.
    pub(super) fn voxel(&self, place: [f32; 3]) -> [f32; 3] {
        [0, 1, 2].map(|axis| self.centre[axis] + self.axes[axis] * place[axis])
    }

    /// Where a voxel lies.
    pub(super) fn site(&self, voxel: [usize; 3]) -> Site {
        let place = [0, 1, 2].map(|axis| (voxel[axis] as f32 - self.centre[axis]) / self.axes[axis]);
        let [x, y, z] = place;
        // Narrower in front, flatter below.
        let x_wide = x * (1.0 + 0.12 * y.max(0.0));
        let z_flat = if z < 0.0 { 1.12 * z } else { z };
        let radius = (x_wide * x_wide + y * y + z_flat * z_flat).sqrt();
        // The cleft between the hemispheres: from above and behind, to two thirds of the way in.
        let cleft = ease(1.0 - x.abs() / 0.06) * ease((radius - 0.55) / 0.3) * ease(z + 0.6);
        let bumps = 0.12 * (self.bumps.at(voxel) - 0.5);
        Site { place, depth: 1.0 - radius - bumps - 0.3 * cleft }
    }
}
