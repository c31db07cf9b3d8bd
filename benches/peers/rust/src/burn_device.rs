//! Products and max pooling by `burn` on wgpu: from the call to the end of the device's work, data on the device.

use crate::Options;
use crate::inputs::{is_pooled, is_product, uniform};
use crate::point::Point;
use crate::rows::{Entrant, Rows};
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, DeviceKind, Tensor, TensorData};
use std::cell::RefCell;
use std::error::Error;

const VARIANT: &str = "peer_burn";

/// Times what burn has at a point.
pub fn time(point: &Point, options: &Options, rows: &mut Rows) -> Result<(), Box<dyn Error>> {
    if point.adapter.is_none() {
        return Ok(());
    }
    let device = Device::wgpu(DeviceKind::DefaultDevice);
    let upload = |values: &[f32], shape: &[usize]| TensorData::new(values.to_vec(), shape.to_vec());
    let synced = || device.sync().map_err(|e| -> Box<dyn Error> { format!("{e:?}").into() });
    if let Some([m, n, k]) = point.product() {
        let (a, b) = (uniform(m * k, 1), uniform(k * n, 2));
        let left: Tensor<2> = Tensor::from_data(upload(&a, &[m, k]), &device);
        let other: Tensor<2> = Tensor::from_data(upload(&b, &[k, n]), &device);
        let out: RefCell<Option<Tensor<2>>> = RefCell::new(None);
        // The output lives until the device is done: a fused stream leaves out what nobody holds.
        let mut call = || {
            *out.borrow_mut() = Some(left.clone().matmul(other.clone()));
            synced()
        };
        let mut right = || Ok(is_product([m, n, k], &a, &b, &values(&out)?));
        return rows.take(
            point,
            options,
            Entrant { variant: VARIANT, on_device: true, call: &mut call },
            &mut right,
        );
    }
    let Some(pool) = point.pool() else { return Ok(()) };
    let x = uniform(pool.len(), 1);
    let images: Tensor<4> = Tensor::from_data(upload(&x, &[pool.images, pool.side].concat()), &device);
    let out: RefCell<Option<Tensor<4>>> = RefCell::new(None);
    let mut call = || {
        let window = MaxPoolOptions {
            kernel_size: pool.kernel,
            stride: pool.stride,
            padding: pool.pad.map(|side| (side, side)),
            dilation: [1, 1],
            ceil_mode: false,
        };
        *out.borrow_mut() = Some(max_pool2d(images.clone(), window));
        synced()
    };
    let mut right = || Ok(is_pooled(&pool, &x, &values(&out)?));
    rows.take(point, options, Entrant { variant: VARIANT, on_device: true, call: &mut call }, &mut right)
}

fn values<const D: usize>(out: &RefCell<Option<Tensor<D>>>) -> Result<Vec<f32>, Box<dyn Error>> {
    let out = out.borrow().clone().ok_or("no output")?;
    out.into_data().try_to_vec::<f32>().map_err(|e| format!("{e:?}").into())
}
