//! A product on the GPU, and what it costs beside the CPU.
//!
//! `cargo run --release --example matmul -- 512`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Instant;

use ndarray::Array2;
use tesela::{Gpu, matmul};

fn main() -> tesela::Result<()> {
    let n = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(256);
    let gpu = Gpu::new()?;
    let a = Array2::from_shape_fn((n, n), |(i, j)| ((i * 7 + j * 3) % 11) as f32 - 5.0);
    let b = Array2::from_shape_fn((n, n), |(i, j)| ((i * 5 + j * 2) % 13) as f32 - 6.0);

    // The first call compiles the kernel; the second one shows what a call costs.
    let c = matmul(&gpu, &a.view(), &b.view())?;
    let start = Instant::now();
    matmul(&gpu, &a.view(), &b.view())?;
    let on_gpu = start.elapsed();

    let start = Instant::now();
    let expected = a.dot(&b);
    let on_cpu = start.elapsed();

    let error = (&c - &expected).iter().fold(0.0f32, |worst, e| worst.max(e.abs()));
    println!("{n} x {n} on {}: {on_gpu:?}, copies included", gpu.adapter().name);
    println!("{n} x {n} on one core (ndarray): {on_cpu:?}");
    println!("largest difference: {error:e}");
    Ok(())
}
