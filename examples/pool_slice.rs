//! Max pooling of a synthetic MRI slice on the GPU: values, and where each came from.
//!
//! `cargo run --release --example pool_slice`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use ndarray::Array4;
use tesela::data::phantom;
use tesela::{Gpu, Pool2d, max_pool2d_with_indices};

fn main() -> tesela::Result<()> {
    let gpu = Gpu::new()?;
    let slices = phantom::slices(phantom::SEED);
    let image = &slices[45].image;
    let Ok(x) = Array4::from_shape_vec((1, 1, image.h, image.w), image.pixels.clone()) else {
        unreachable!("an image has h x w pixels");
    };
    let pool = Pool2d::new(8).stride(8);
    let (y, indices) = max_pool2d_with_indices(&gpu, &x.view(), &pool)?;

    println!("{}: {} x {} pixels, pooled on {}", slices[45].name, image.w, image.h, gpu.adapter().name);
    let (_, _, rows, columns) = y.dim();
    for r in 0..rows {
        let shade = |q| {
            let brighter = [25.0, 50.0, 75.0, 100.0, 125.0, 150.0, 175.0, 200.0, 225.0];
            char::from(b" .:-=+*#%@"[brighter.iter().filter(|level| y[[0, 0, r, q]] > **level).count()])
        };
        println!("{}", (0..columns).flat_map(|q| [shade(q), shade(q)]).collect::<String>());
    }
    let brightest = y.iter().zip(&indices).max_by(|a, b| a.0.total_cmp(b.0));
    if let Some((value, &at)) = brightest {
        let at = usize::try_from(at).unwrap_or(0);
        println!("brightest: {value} at row {}, column {}", at / image.w, at % image.w);
    }
    Ok(())
}
