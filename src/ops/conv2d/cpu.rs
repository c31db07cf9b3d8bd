//! Plain convolution on the CPU: `serial`, and the same loops shared out over threads, `rayon`.
//!
//! A weight is held while its products run along rows of the image and of the output; the taps outside the image are
//! cut off before the loops instead of tested inside.

use rayon::prelude::*;

use super::Conv;
use crate::ops::CpuCall;
use crate::ops::relu::rectify;

/// One channel of one image of Y.
fn output_plane(p: &Conv, x: &[f32], w: &[f32], bias: f32, (n, o): (usize, usize), y: &mut [f32]) {
    y.fill(bias);
    let first = n * p.ci + o / p.cog * p.cig;
    let weights = w[o * p.terms()..][..p.terms()].chunks_exact(p.kh * p.kw);
    for (x, kernel) in x[first * p.h * p.w..].chunks_exact(p.h * p.w).zip(weights) {
        for (tap, &weight) in kernel.iter().enumerate() {
            let (i, (columns, start)) = (tap / p.kw, p.columns(tap % p.kw));
            for (r, y_row) in y.chunks_exact_mut(p.ow).enumerate() {
                let Some(row) = p.row(r, i) else { continue };
                let x_row = &x[row * p.w..][..p.w];
                let outputs = &mut y_row[columns.clone()];
                if p.sw == 1 {
                    outputs.iter_mut().zip(&x_row[start.min(p.w)..]).for_each(|(y, x)| *y += weight * x);
                } else {
                    let taps = x_row.iter().skip(start).step_by(p.sw);
                    outputs.iter_mut().zip(taps).for_each(|(y, x)| *y += weight * x);
                }
            }
        }
    }
    if p.relu {
        rectify(y);
    }
}

/// One channel of one image of dX.
fn input_plane(p: &Conv, dy: &[f32], w: &[f32], (n, c): (usize, usize), dx: &mut [f32]) {
    dx.fill(0.0);
    let (group, within) = (c / p.cig, c % p.cig);
    for o in group * p.cog..(group + 1) * p.cog {
        let dy = &dy[(n * p.co + o) * p.pixels()..][..p.pixels()];
        let kernel = &w[(o * p.cig + within) * p.kh * p.kw..][..p.kh * p.kw];
        for (tap, &weight) in kernel.iter().enumerate() {
            let (i, (columns, start)) = (tap / p.kw, p.columns(tap % p.kw));
            for (r, dy_row) in dy.chunks_exact(p.ow).enumerate() {
                let Some(row) = p.row(r, i) else { continue };
                let dx_row = &mut dx[row * p.w..][..p.w];
                let gradients = &dy_row[columns.clone()];
                if p.sw == 1 {
                    let taps = &mut dx_row[start.min(p.w)..];
                    taps.iter_mut().zip(gradients).for_each(|(dx, dy)| *dx += weight * dy);
                } else {
                    let taps = dx_row.iter_mut().skip(start).step_by(p.sw);
                    taps.zip(gradients).for_each(|(dx, dy)| *dx += weight * dy);
                }
            }
        }
    }
}

/// The window of dW between one channel of the images and one of the outputs.
fn window(p: &Conv, x: &[f32], dy: &[f32], (o, within): (usize, usize), dw: &mut [f32]) {
    let c = o / p.cog * p.cig + within;
    for (tap, dw) in dw.iter_mut().enumerate() {
        let (i, (columns, start)) = (tap / p.kw, p.columns(tap % p.kw));
        *dw = 0.0;
        for n in 0..p.n {
            let x = &x[(n * p.ci + c) * p.h * p.w..][..p.h * p.w];
            let dy = &dy[(n * p.co + o) * p.pixels()..][..p.pixels()];
            for (r, dy_row) in dy.chunks_exact(p.ow).enumerate() {
                let Some(row) = p.row(r, i) else { continue };
                let taps = x[row * p.w..][..p.w].iter().skip(start).step_by(p.sw);
                *dw += dy_row[columns.clone()].iter().zip(taps).map(|(dy, x)| dy * x).sum::<f32>();
            }
        }
    }
}

/// Y, plane by plane.
pub(super) fn serial(call: &mut CpuCall<'_, '_>) {
    let (p, inputs) = (Conv::of(call.sizes), call.inputs);
    for (plane, y) in call.outputs[0].f32_mut().chunks_exact_mut(p.pixels()).enumerate() {
        let (n, o) = (plane / p.co, plane % p.co);
        output_plane(&p, inputs[0].f32(), inputs[1].f32(), bias(&p, call.inputs, o), (n, o), y);
    }
}

/// Y, planes shared out.
pub(super) fn rayon(call: &mut CpuCall<'_, '_>) {
    let (p, inputs) = (Conv::of(call.sizes), call.inputs);
    let planes = call.outputs[0].f32_mut().par_chunks_exact_mut(p.pixels());
    planes.enumerate().for_each(|(plane, y)| {
        let (n, o) = (plane / p.co, plane % p.co);
        output_plane(&p, inputs[0].f32(), inputs[1].f32(), bias(&p, inputs, o), (n, o), y);
    });
}

/// The number that is added to output channel `o`.
pub(super) fn bias(p: &Conv, inputs: &[crate::ops::View<'_>], o: usize) -> f32 {
    if p.bias { inputs[2].f32()[o] } else { 0.0 }
}

/// dX, plane by plane.
pub(super) fn serial_grad_input(call: &mut CpuCall<'_, '_>) {
    let (p, dy, w) = (Conv::of(call.sizes), call.inputs[0].f32(), call.inputs[1].f32());
    for (plane, dx) in call.outputs[0].f32_mut().chunks_exact_mut(p.h * p.w).enumerate() {
        input_plane(&p, dy, w, (plane / p.ci, plane % p.ci), dx);
    }
}

/// dX, planes shared out.
pub(super) fn rayon_grad_input(call: &mut CpuCall<'_, '_>) {
    let (p, dy, w) = (Conv::of(call.sizes), call.inputs[0].f32(), call.inputs[1].f32());
    let planes = call.outputs[0].f32_mut().par_chunks_exact_mut(p.h * p.w);
    planes.enumerate().for_each(|(plane, dx)| input_plane(&p, dy, w, (plane / p.ci, plane % p.ci), dx));
}

/// dW, window by window.
pub(super) fn serial_grad_weight(call: &mut CpuCall<'_, '_>) {
    let (p, x, dy) = (Conv::of(call.sizes), call.inputs[0].f32(), call.inputs[1].f32());
    for (number, dw) in call.outputs[0].f32_mut().chunks_exact_mut(p.kh * p.kw).enumerate() {
        window(&p, x, dy, (number / p.cig, number % p.cig), dw);
    }
}

/// dW, windows shared out.
pub(super) fn rayon_grad_weight(call: &mut CpuCall<'_, '_>) {
    let (p, x, dy) = (Conv::of(call.sizes), call.inputs[0].f32(), call.inputs[1].f32());
    let windows = call.outputs[0].f32_mut().par_chunks_exact_mut(p.kh * p.kw);
    windows.enumerate().for_each(|(number, dw)| window(&p, x, dy, (number / p.cig, number % p.cig), dw));
}
