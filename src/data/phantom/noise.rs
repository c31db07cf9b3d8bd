//! Smooth random fields: value noise, the cubic blend of random values on a lattice (K. Perlin, "An image
//! synthesizer", 1985, describes the family).

use super::SHAPE;
use super::draw::Draws;

/// A field with values in 0..1 that varies over distances of about `step` voxels.
pub(super) struct Noise {
    step: usize,
    nodes: [usize; 3],
    values: Vec<f32>,
}

impl Noise {
    /// Draws the lattice for a whole volume.
    pub(super) fn new(draws: &mut Draws, step: usize) -> Self {
        let nodes = SHAPE.map(|n| n / step + 2);
        let values = (0..nodes.iter().product()).map(|_| draws.unit()).collect();
        Self { step, nodes, values }
    }

    /// The value at a voxel of the volume.
    pub(super) fn at(&self, voxel: [usize; 3]) -> f32 {
        let node = voxel.map(|at| at / self.step);
        let blend = voxel.map(|at| ease((at % self.step) as f32 / self.step as f32));
        let [nx, ny, _] = self.nodes;
        let first = node[0] + nx * (node[1] + ny * node[2]);
        let along_x = |at: usize| mix(self.values[at], self.values[at + 1], blend[0]);
        let along_y = |at: usize| mix(along_x(at), along_x(at + nx), blend[1]);
        mix(along_y(first), along_y(first + nx * ny), blend[2])
    }
}

/// From `a` at 0 to `b` at 1.
pub(super) fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

/// 0 below 0, 1 above 1, and between them a cubic that is flat at both ends.
pub(super) fn ease(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
