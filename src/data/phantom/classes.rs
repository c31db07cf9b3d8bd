//! What the three classes show: voxels of 0 outside the brain to 1, x fastest.

use rayon::prelude::*;

use super::SHAPE;
use super::brain::Brain;
use super::draw::Draws;
use super::noise::{Noise, ease, mix};

/// The faint brain under activations and spheres.
const BASE: f32 = 0.2;

/// Evaluates `value` at every voxel.
fn fill(value: impl Fn([usize; 3]) -> f32 + Sync) -> Vec<f32> {
    let [nx, ny, _] = SHAPE;
    let mut data = vec![0.0; SHAPE.iter().product()];
    data.par_chunks_mut(nx * ny).enumerate().for_each(|(z, plane)| {
        for (at, voxel) in plane.iter_mut().enumerate() {
            *voxel = value([at % nx, at / nx, z]);
        }
    });
    data
}

/// Folded cortex around white matter, with nuclei and ventricles.
pub(super) fn anatomical(draws: &mut Draws) -> Vec<f32> {
    const FLUID: f32 = 0.1;
    const GREY: f32 = 0.6;
    const WHITE: f32 = 0.85;
    let brain = Brain::new(draws);
    let (wide, narrow) = (Noise::new(draws, 8), Noise::new(draws, 5));
    let (shade, grain) = (Noise::new(draws, 17), Noise::new(draws, 2));
    fill(|voxel| {
        let site = brain.site(voxel);
        let inside = site.inside();
        if inside == 0.0 {
            return 0.0;
        }
        // Sulci run where the noise crosses its middle value, so that they form closed, winding sheets.
        let fold = (2.0 * mix(wide.at(voxel), narrow.at(voxel), 0.35) - 1.0).abs();
        let thickness = 0.08 + 0.2 * ease(1.0 - fold / 0.3);
        let cortex = ease((thickness - site.depth) / 0.05 + 0.5);
        let nuclei = ease(4.0 * site.within([0.26, 0.08, -0.02], [0.14, 0.26, 0.2]));
        let sulcus = ease(1.0 - fold / 0.08) * ease((0.26 - site.depth) / 0.08);
        let horns = ease(3.0 * site.within([0.13, -0.05, 0.12], [0.09, 0.5, 0.17]));
        let third = ease(3.0 * site.within([0.0, 0.02, -0.08], [0.04, 0.2, 0.2]));
        let tissue = mix(WHITE, GREY, cortex.max(nuclei));
        let tissue = mix(tissue, FLUID, sulcus.max(horns).max(third));
        let tissue = tissue * mix(0.75, 1.0, shade.at(voxel));
        inside * (tissue + 0.02 * (grain.at(voxel) - 0.5))
    })
}

/// Smooth activations above a threshold, most of them on both sides.
pub(super) fn functional(draws: &mut Draws) -> Vec<f32> {
    const THRESHOLD: f32 = 0.22;
    let brain = Brain::new(draws);
    let (uneven, grain) = (Noise::new(draws, 7), Noise::new(draws, 3));
    let mut field = vec![0.0; SHAPE.iter().product()];
    for _ in 0..34 {
        let place = draws.in_ball();
        let (radius, height) = (draws.between(6.0, 15.0), draws.between(0.5, 1.0));
        let both = draws.unit() < 0.7;
        let mirrored = [-place[0], place[1], place[2]];
        for place in [Some(place), both.then_some(mirrored)].into_iter().flatten() {
            paint(&mut field, brain.voxel(place), radius, |closeness| height * closeness * closeness);
        }
    }
    fill(|voxel| {
        let inside = brain.site(voxel).inside();
        if inside == 0.0 {
            return 0.0;
        }
        let active = field[index(voxel)] * (0.5 + uneven.at(voxel)) - THRESHOLD;
        inside * (BASE + 0.06 * grain.at(voxel) + active.clamp(0.0, 1.0))
    })
}

/// Spheres of 6 mm around reported foci, in clusters; where they overlap they add up.
pub(super) fn metaanalytic(draws: &mut Draws) -> Vec<f32> {
    let brain = Brain::new(draws);
    let grain = Noise::new(draws, 3);
    let mut counts = vec![0.0; SHAPE.iter().product()];
    for _ in 0..60 {
        let middle = brain.voxel(draws.in_ball().map(|c| 0.95 * c));
        let foci = 3.0 + 9.0 * draws.unit();
        let mut painted = 0.0;
        while painted < foci {
            let jitter = draws.in_ball();
            let focus = [0, 1, 2].map(|axis| middle[axis] + 7.0 * jitter[axis]);
            paint(&mut counts, focus, 3.0, |_| 1.0);
            painted += 1.0;
        }
    }
    fill(|voxel| {
        let inside = brain.site(voxel).inside();
        if inside == 0.0 {
            return 0.0;
        }
        let count = counts[index(voxel)].min(4.0);
        inside * (BASE + 0.06 * grain.at(voxel) + 0.2 * count)
    })
}

/// Adds `height(closeness)` to the voxels of a ball, where closeness falls from 1 at its middle to 0 at its surface.
fn paint(field: &mut [f32], middle: [f32; 3], radius: f32, height: impl Fn(f32) -> f32) {
    // The first and the last voxel of the ball's box along each axis, cut to the volume.
    let range = |axis: usize| {
        let reach = |offset: f32| (middle[axis] + offset).clamp(0.0, (SHAPE[axis] - 1) as f32).floor();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the volume")]
        let range = reach(-radius) as usize..=reach(radius + 1.0) as usize;
        range
    };
    for z in range(2) {
        for y in range(1) {
            for x in range(0) {
                let [a, b, c] = [x as f32 - middle[0], y as f32 - middle[1], z as f32 - middle[2]];
                let closeness = 1.0 - (a * a + b * b + c * c) / (radius * radius);
                if closeness > 0.0 {
                    field[index([x, y, z])] += height(closeness);
                }
            }
        }
    }
}

/// The place of a voxel in memory.
fn index([x, y, z]: [usize; 3]) -> usize {
    x + SHAPE[0] * (y + SHAPE[1] * z)
}
