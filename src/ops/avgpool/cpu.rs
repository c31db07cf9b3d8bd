//! Average pooling on the CPU, plane by plane.

use rayon::prelude::*;

use super::divisors;
use crate::ops::CpuCall;
use crate::ops::maxpool::Pool;

pub(super) fn serial(call: &mut CpuCall<'_, '_>) {
    let means = Means::of(call);
    let (image, windows) = means.pool.planes();
    let planes = call.inputs[0].f32().chunks_exact(image);
    for (x, y) in planes.zip(call.outputs[0].f32_mut().chunks_exact_mut(windows)) {
        means.plane(x, y);
    }
}

pub(super) fn rayon(call: &mut CpuCall<'_, '_>) {
    let means = Means::of(call);
    let (image, windows) = means.pool.planes();
    let planes = call.inputs[0].f32().par_chunks_exact(image);
    planes.zip(call.outputs[0].f32_mut().par_chunks_exact_mut(windows)).for_each(|(x, y)| means.plane(x, y));
}

pub(super) fn serial_backward(call: &mut CpuCall<'_, '_>) {
    let means = Means::of(call);
    let (image, windows) = means.pool.planes();
    let planes = call.inputs[0].f32().chunks_exact(windows);
    for (dy, dx) in planes.zip(call.outputs[0].f32_mut().chunks_exact_mut(image)) {
        means.plane_backward(dy, dx);
    }
}

pub(super) fn rayon_backward(call: &mut CpuCall<'_, '_>) {
    let means = Means::of(call);
    let (image, windows) = means.pool.planes();
    let planes = call.inputs[0].f32().par_chunks_exact(windows);
    planes
        .zip(call.outputs[0].f32_mut().par_chunks_exact_mut(image))
        .for_each(|(dy, dx)| means.plane_backward(dy, dx));
}

/// A pooling and the divisors of its windows.
struct Means {
    pool: Pool,
    rows: Vec<u32>,
    columns: Vec<u32>,
}

impl Means {
    fn of(call: &CpuCall<'_, '_>) -> Self {
        let (rows, columns) = divisors(call.sizes);
        Self { pool: Pool::of(call.sizes), rows, columns }
    }

    /// Windows in row-major order, with their divisors.
    fn windows(&self) -> impl Iterator<Item = ([u32; 2], f32)> + '_ {
        let row = |(r, rows): (u32, &u32)| {
            let rows = *rows;
            let column = move |(q, columns): (u32, &u32)| ([r, q], rows as f32 * *columns as f32);
            (0u32..).zip(&self.columns).map(column)
        };
        (0u32..).zip(&self.rows).flat_map(row)
    }

    /// Taps of a window that lie in the image, in row-major order.
    fn taps(&self, window: [u32; 2]) -> impl Iterator<Item = usize> + '_ {
        let p = &self.pool;
        let (top, left) = p.tap(window, [0, 0]);
        let inside = |start: i64, d: u32, k: u32, n: u32| {
            let at = (0..k).map(move |i| start + i64::from(i * d));
            at.filter(move |at| (0..i64::from(n)).contains(at)).filter_map(|at| usize::try_from(at).ok())
        };
        inside(top, p.dh, p.kh, p.h)
            .flat_map(move |row| inside(left, p.dw, p.kw, p.w).map(move |column| row * p.w as usize + column))
    }

    fn plane(&self, x: &[f32], y: &mut [f32]) {
        for ((window, divisor), y) in self.windows().zip(y) {
            let (mut sum, mut any) = (0.0, false);
            for at in self.taps(window) {
                sum += x[at];
                any = true;
            }
            *y = if any { sum / divisor } else { 0.0 };
        }
    }

    fn plane_backward(&self, dy: &[f32], dx: &mut [f32]) {
        dx.fill(0.0);
        for ((window, divisor), dy) in self.windows().zip(dy) {
            for at in self.taps(window) {
                dx[at] += dy / divisor;
            }
        }
    }
}
