//! Times `burn`, `candle`, `gemm`, `matrixmultiply` and `ndarray` at the points of one of our `samples.csv`, and writes
//! rows of the same columns.
//!
//!     tesela-peers --points OURS/samples.csv --out ROWS.csv [--on cpu|device] [--samples 5] [--seconds 2] [--threads 2]
//!
//! `--on device` times `burn` on wgpu; which adapter that is, CUBECL_WGPU_DEFAULT_DEVICE says (`Cpu` is the software
//! adapter). Inputs are drawn from a fixed seed; outputs are looked at before a time is kept.

#[cfg(feature = "burn")]
mod burn_device;
#[cfg(feature = "candle")]
mod candle_cpu;
mod inputs;
mod point;
mod products;
mod rows;

use point::Point;
use rows::Rows;
use std::error::Error;

/// How often and on what.
pub struct Options {
    /// Samples of a point at most.
    pub samples: u32,
    /// Seconds of a point from which on no further sample is taken.
    pub seconds: f64,
    /// CPU threads.
    pub threads: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let (mut points, mut out, mut on) = (None, None, "cpu".to_owned());
    let mut options = Options { samples: 5, seconds: 2.0, threads: 2 };
    while let Some(name) = words.next() {
        let value = words.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--points" => points = Some(value),
            "--out" => out = Some(value),
            "--on" => on = value,
            "--samples" => options.samples = value.parse()?,
            "--seconds" => options.seconds = value.parse()?,
            "--threads" => options.threads = value.parse()?,
            _ => return Err(format!("there is no option {name}").into()),
        }
    }
    let points = points.ok_or("say which points with --points SAMPLES.csv")?;
    let mut rows = Rows::create(&points, &out.ok_or("say where to with --out ROWS.csv")?)?;
    for point in Point::read(&points)? {
        match on.as_str() {
            "cpu" => {
                products::time(&point, &options, &mut rows)?;
                #[cfg(feature = "candle")]
                candle_cpu::time(&point, &options, &mut rows)?;
            }
            #[cfg(feature = "burn")]
            "device" => burn_device::time(&point, &options, &mut rows)?,
            other => return Err(format!("--on {other}: cpu, or device where burn was built in").into()),
        }
    }
    Ok(())
}
