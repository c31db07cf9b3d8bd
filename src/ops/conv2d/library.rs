//! Convolution as products of the `gemm` crate: images as columns, a block of outputs at a time; tasks take whole
//! images. A call of fewer images than threads gives the threads to the products instead. Many small images go another
//! way, `positions`, and larger ones under windows that move by one another, `strips`.

use rayon::prelude::*;

use super::Conv;
use super::cpu::bias;
use super::im2col::{Block, COLUMNS};
use super::{positions, strips};
use crate::ops::CpuCall;
use crate::ops::gemm::{Matrix, gemm};

/// How the images are shared out: images of a task, and threads of one product.
fn shares(p: &Conv, threads: usize) -> (usize, usize) {
    let threads = threads.max(1);
    // Small images fill a block together, as far as every thread still gets one.
    let block = COLUMNS.div_ceil(p.pixels()).min(p.n.div_ceil(threads));
    let images = p.n.div_ceil(4 * threads).max(block).max(1);
    (images, if p.n.div_ceil(images) < threads { threads } else { 1 })
}

/// Y: the weights of a group times the columns of its taps.
pub(super) fn forward(call: &mut CpuCall<'_, '_>) {
    let (p, inputs) = (Conv::of(call.sizes), call.inputs);
    if positions::suits(&p) {
        return positions::forward(call);
    }
    if strips::suits(&p, call.threads) {
        return strips::forward(call);
    }
    let (x, w) = (inputs[0].f32(), inputs[1].f32());
    let (images, threads) = shares(&p, call.threads);
    let outputs = call.outputs[0].f32_mut().par_chunks_mut(images * p.co * p.pixels());
    outputs.zip(x.par_chunks(images * p.ci * p.h * p.w)).for_each(|(y, x)| {
        let mut taps = vec![0.0; p.terms() * COLUMNS];
        let mut results = vec![0.0; p.cog * COLUMNS];
        for block in Block::all(p, x.len() / (p.ci * p.h * p.w)) {
            let columns = block.columns;
            for g in 0..p.groups {
                block.gather(&p, x, g, &mut taps);
                let weights = Matrix::new(&w[g * p.cog * p.terms()..], (p.terms(), 1));
                let sizes = [p.cog, columns, p.terms()];
                let taps = Matrix::new(&taps, (columns, 1));
                gemm(sizes, weights, taps, &mut results, (columns, 1), false, threads);
                block.put(&p, &results, g, |o| bias(&p, inputs, o), y);
            }
        }
    });
}

/// dX: the weights, transposed, times the gradients of the outputs, added where the taps came from.
pub(super) fn grad_input(call: &mut CpuCall<'_, '_>) {
    let (p, dy, w) = (Conv::of(call.sizes), call.inputs[0].f32(), call.inputs[1].f32());
    if positions::suits(&p) {
        return positions::grad_input(call);
    }
    if strips::suits_grad_input(&p, call.threads) {
        return strips::grad_input(call);
    }
    let (images, threads) = shares(&p, call.threads);
    let gradients = call.outputs[0].f32_mut().par_chunks_mut(images * p.ci * p.h * p.w);
    gradients.zip(dy.par_chunks(images * p.co * p.pixels())).for_each(|(dx, dy)| {
        dx.fill(0.0);
        let mut taps = vec![0.0; p.terms() * COLUMNS];
        let mut outputs = vec![0.0; p.cog * COLUMNS];
        for block in Block::all(p, dy.len() / (p.co * p.pixels())) {
            let columns = block.columns;
            for g in 0..p.groups {
                block.outputs(&p, dy, g, &mut outputs);
                let weights = Matrix::new(&w[g * p.cog * p.terms()..], (1, p.terms()));
                let sizes = [p.terms(), columns, p.cog];
                let outputs = Matrix::new(&outputs, (columns, 1));
                gemm(sizes, weights, outputs, &mut taps, (columns, 1), false, threads);
                block.scatter(&p, &taps, g, dx);
            }
        }
    });
}

/// dW: the gradients of the outputs times the columns of the taps, transposed. Each task adds up its images; the tasks'
/// sums are added in the order of the images, so that the result does not depend on which task ends first.
pub(super) fn grad_weight(call: &mut CpuCall<'_, '_>) {
    let (p, x, dy) = (Conv::of(call.sizes), call.inputs[0].f32(), call.inputs[1].f32());
    if positions::suits(&p) {
        return positions::grad_weight(call);
    }
    if strips::suits(&p, call.threads) {
        return strips::grad_weight(call);
    }
    // One task a thread: each holds a copy of the weights.
    let images = p.n.div_ceil(call.threads.max(1));
    let threads = if p.n < call.threads { call.threads } else { 1 };
    let tasks = x.par_chunks(images * p.ci * p.h * p.w).zip(dy.par_chunks(images * p.co * p.pixels()));
    let sums: Vec<Vec<f32>> = tasks
        .map(|(x, dy)| {
            let mut sum = vec![0.0; p.co * p.terms()];
            let mut taps = vec![0.0; p.terms() * COLUMNS];
            let mut outputs = vec![0.0; p.cog * COLUMNS];
            for block in Block::all(p, dy.len() / (p.co * p.pixels())) {
                let columns = block.columns;
                for g in 0..p.groups {
                    block.outputs(&p, dy, g, &mut outputs);
                    block.gather(&p, x, g, &mut taps);
                    let sizes = [p.cog, p.terms(), columns];
                    let (outputs, taps) =
                        (Matrix::new(&outputs, (columns, 1)), Matrix::new(&taps, (1, columns)));
                    let sum = &mut sum[g * p.cog * p.terms()..];
                    gemm(sizes, outputs, taps, sum, (p.terms(), 1), true, threads);
                }
            }
            sum
        })
        .collect();
    let dw = call.outputs[0].f32_mut();
    dw.fill(0.0);
    for sum in &sums {
        dw.par_chunks_mut(4096).zip(sum.par_chunks(4096)).for_each(|(dw, sum)| {
            dw.iter_mut().zip(sum).for_each(|(dw, sum)| *dw += sum);
        });
    }
}
