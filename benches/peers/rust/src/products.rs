//! Products by `gemm`, `matrixmultiply` and `ndarray`, outputs allocated ahead.

use crate::Options;
use crate::inputs::{is_product, uniform};
use crate::point::Point;
use crate::rows::{Entrant, Rows};
use ndarray::{Array2, linalg::general_mat_mul};
use std::cell::RefCell;
use std::error::Error;

/// Times the three at a plain product; does nothing at other points.
pub fn time(point: &Point, options: &Options, rows: &mut Rows) -> Result<(), Box<dyn Error>> {
    let Some([m, n, k]) = point.product() else { return Ok(()) };
    let (a, b) = (uniform(m * k, 1), uniform(k * n, 2));
    let c = RefCell::new(vec![f32::NAN; m * n]);
    let mut right = || Ok(is_product([m, n, k], &a, &b, &c.borrow()));
    let (row_of_a, row_of_b, row_of_c) = (k.cast_signed(), n.cast_signed(), n.cast_signed());
    let parallelism =
        if options.threads > 1 { gemm::Parallelism::Rayon(options.threads) } else { gemm::Parallelism::None };
    let mut by_gemm = || {
        let out = c.borrow_mut().as_mut_ptr();
        // SAFETY: the three buffers hold m k, k n and m n numbers in rows, and the output is borrowed by nobody else.
        unsafe {
            gemm::gemm(
                m,
                n,
                k,
                out,
                1,
                row_of_c,
                false,
                a.as_ptr(),
                1,
                row_of_a,
                b.as_ptr(),
                1,
                row_of_b,
                0.0,
                1.0,
                false,
                false,
                false,
                parallelism,
            );
        }
        Ok(())
    };
    rows.take(
        point,
        options,
        Entrant { variant: "peer_gemm", on_device: false, call: &mut by_gemm },
        &mut right,
    )?;
    c.borrow_mut().fill(f32::NAN);
    // Its threads are those of MATMUL_NUM_THREADS.
    let mut by_matrixmultiply = || {
        let out = c.borrow_mut().as_mut_ptr();
        // SAFETY: as above.
        unsafe {
            matrixmultiply::sgemm(
                m,
                k,
                n,
                1.0,
                a.as_ptr(),
                row_of_a,
                1,
                b.as_ptr(),
                row_of_b,
                1,
                0.0,
                out,
                row_of_c,
                1,
            );
        }
        Ok(())
    };
    let entrant = Entrant { variant: "peer_matrixmultiply", on_device: false, call: &mut by_matrixmultiply };
    rows.take(point, options, entrant, &mut right)?;

    let (left, other) =
        (Array2::from_shape_vec((m, k), a.clone())?, Array2::from_shape_vec((k, n), b.clone())?);
    let product = RefCell::new(Array2::from_elem((m, n), f32::NAN));
    let mut by_ndarray = || {
        general_mat_mul(1.0, &left, &other, 0.0, &mut product.borrow_mut());
        Ok(())
    };
    let mut right = || Ok(is_product([m, n, k], &a, &b, product.borrow().as_slice().unwrap_or_default()));
    rows.take(
        point,
        options,
        Entrant { variant: "peer_ndarray", on_device: false, call: &mut by_ndarray },
        &mut right,
    )
}
