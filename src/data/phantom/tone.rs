//! One law of brightness for all classes, so that the mean of a slice says nothing about its class.
//!
//! The mean of a slice is made `area * level`: the part of the slice that the brain covers, the same in kind for all
//! classes, times a level drawn from one distribution. The tone curve that gets it there, `v t / (v t + (1 - v)(1 -
//! t))`, keeps 0 and the order of values (C. Schlick's rational "bias" in another form), and t is found by
//! bisection. Only then are greys of 0 to 255 made of it.

use rayon::prelude::*;

use super::SHAPE;
use super::draw::Draws;

/// A slice with less brain than this part of it is left blank: the outermost tips are no images.
const LEAST_AREA: f32 = 0.02;
/// The white of a slice before the tone curve: below 1, where a dark curve is so steep that noise would be all there
/// is to see.
const HEADROOM: f32 = 0.85;
/// The levels: the mean within the brain, where white is 1.
const LEVELS: (f32, f32) = (0.4, 0.7);

/// Sets the tone of each axial slice and scales it to 0..=255.
pub(super) fn equalise(data: &mut [f32], draws: &mut Draws) {
    let [nx, ny, nz] = SHAPE;
    let levels: Vec<f32> = (0..nz).map(|_| draws.between(LEVELS.0, LEVELS.1)).collect();
    data.par_chunks_mut(nx * ny).zip(levels).for_each(|(plane, level)| slice(plane, level));
}

fn slice(plane: &mut [f32], level: f32) {
    let area = plane.iter().filter(|&&v| v > 0.0).count();
    if (area as f32) < LEAST_AREA * plane.len() as f32 {
        plane.fill(0.0);
        return;
    }
    let white = plane.iter().copied().fold(0.0, f32::max);
    plane.iter_mut().for_each(|v| *v *= HEADROOM / white);
    let wanted = level * area as f32;
    // The ends are no curves: they would divide zero by zero.
    let (mut low, mut high) = (1.0 / 1024.0, 1.0);
    for _ in 0..20 {
        let middle = 0.5 * (low + high);
        let sum = plane.iter().map(|&v| curve(v, middle)).sum::<f32>();
        *(if sum < wanted * curve(HEADROOM, middle) { &mut low } else { &mut high }) = middle;
    }
    let white = curve(HEADROOM, low);
    plane.iter_mut().for_each(|v| *v = 255.0 * (curve(*v, low) / white).min(1.0));
}

/// The tone curve: brighter for `t` above a half, darker below.
fn curve(v: f32, t: f32) -> f32 {
    v * t / (v * t + (1.0 - v) * (1.0 - t))
}
