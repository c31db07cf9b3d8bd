//! Products and max pooling by `candle` on the CPU; its threads are those of RAYON_NUM_THREADS. It has no padding.

use crate::Options;
use crate::inputs::{is_pooled, is_product, uniform};
use crate::point::Point;
use crate::rows::{Entrant, Rows};
use candle_core::{Device, Tensor};
use std::cell::RefCell;
use std::error::Error;

const VARIANT: &str = "peer_candle";

/// Times what candle has at a point.
pub fn time(point: &Point, options: &Options, rows: &mut Rows) -> Result<(), Box<dyn Error>> {
    let out: RefCell<Option<Tensor>> = RefCell::new(None);
    let values = || -> Result<Vec<f32>, Box<dyn Error>> {
        let out = out.borrow();
        Ok(out.as_ref().ok_or("no output")?.flatten_all()?.to_vec1()?)
    };
    if let Some([m, n, k]) = point.product() {
        let (a, b) = (uniform(m * k, 1), uniform(k * n, 2));
        let (left, other) =
            (Tensor::from_slice(&a, (m, k), &Device::Cpu)?, Tensor::from_slice(&b, (k, n), &Device::Cpu)?);
        let mut call = || {
            *out.borrow_mut() = Some(left.matmul(&other)?);
            Ok(())
        };
        let mut right = || Ok(is_product([m, n, k], &a, &b, &values()?));
        return rows.take(
            point,
            options,
            Entrant { variant: VARIANT, on_device: false, call: &mut call },
            &mut right,
        );
    }
    let Some(pool) = point.pool() else { return Ok(()) };
    if pool.pad != [0, 0] {
        return rows.trouble(
            point,
            options,
            (VARIANT, false),
            ("skipped", "candle's max pooling has no padding"),
        );
    }
    let x = uniform(pool.len(), 1);
    let [n, c] = pool.images;
    let images = Tensor::from_slice(&x, (n, c, pool.side[0], pool.side[1]), &Device::Cpu)?;
    let pairs = [pool.kernel, pool.stride].map(|[rows, columns]| (rows, columns));
    let mut call = || {
        *out.borrow_mut() = Some(images.max_pool2d_with_stride(pairs[0], pairs[1])?);
        Ok(())
    };
    let mut right = || Ok(is_pooled(&pool, &x, &values()?));
    rows.take(point, options, Entrant { variant: VARIANT, on_device: false, call: &mut call }, &mut right)
}
