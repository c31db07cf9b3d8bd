//! PyTorch's cases, and the thesis's images in the same format.

use super::case_file::CaseFile;
use super::convolution::Layer;
use super::product::Product;
use super::window::Windows;
use super::{Check, Stop, layers};
use crate::ops::Bound;

/// The checks of a case.
pub(super) fn checks(case: &CaseFile) -> Result<Vec<Check>, Stop> {
    match case.op() {
        "maxpool2d" | "maxpool2d_zeropad" | "thesis_maxpool" => maxpool(case),
        "matmul" => matmul(case),
        "relu" => layers::relu(case),
        "cross_entropy" => layers::cross_entropy(case),
        "bce_with_logits" => layers::bce_with_logits(case),
        "adam" => layers::adam(case),
        "conv2d" => conv2d(case),
        "linear" => linear(case),
        other => Stop::skip(format!("`{other}` is none of the operations of this program")),
    }
}

fn maxpool(case: &CaseFile) -> Result<Vec<Check>, Stop> {
    let x = case.input("x")?;
    let y = case.output("y")?;
    let pair = |name: &str| pair(case, name);
    // The thesis's images have two axes.
    let lead = if x.shape.len() == 2 { vec![1, 1] } else { Vec::new() };
    let axes = |shape: &[usize]| [lead.clone(), shape.to_vec()].concat();
    let Ok(shape) = <[usize; 4]>::try_from(axes(&x.shape)) else {
        return Stop::damaged(format!("its `x` is {:?}, not N, C, H, W", x.shape));
    };
    let windows = Windows {
        shape,
        kernel: pair("kernel")?,
        stride: pair("stride")?,
        padding: pair("padding")?,
        dilation: pair("dilation")?,
        ceil: case.flag("ceil_mode")?,
        pad_zero: case.attribute("pad_value").and_then(|v| v.as_str()) == Some("zero"),
    };
    let indices = match case.find_output("indices")? {
        Some(indices) => {
            indices.must_be("indices", &y.shape)?;
            Some(indices.doubles())
        }
        None => None,
    };
    windows.must_give(&axes(&y.shape))?;
    let values = x.operand()?;
    let mut checks = windows.checks(&values, &y.doubles(), indices.as_deref())?;
    if let Some(dx) = case.find_output("dx")? {
        let dy = case.input("dy")?;
        dx.must_be("dx", &x.shape)?;
        dy.must_be("dy", &y.shape)?;
        checks.push(windows.gradient(&values, dy.operand()?, dx.doubles())?);
    }
    Ok(checks)
}

fn matmul(case: &CaseFile) -> Result<Vec<Check>, Stop> {
    let c = case.output("c")?;
    let product =
        Product::new(case.input("a")?, case.input("b")?, case.flag("trans_a")?, case.flag("trans_b")?)?;
    c.must_be("c", &product.shape())?;
    let bound = if case.flag("exact")? {
        Bound::Exact
    } else {
        let factor = case.float("tol_factor", f64::NAN)?;
        let abs = case.output("abs")?;
        abs.must_be("abs", &c.shape)?;
        Bound::Absolute(abs.doubles().iter().map(|abs| factor * abs).collect())
    };
    product.checks(["", "as plain products"], &c.doubles(), &bound)
}

/// An attribute `[h, w]`.
fn pair(case: &CaseFile, name: &str) -> Result<[u32; 2], Stop> {
    let numbers = case.list(name)?.unwrap_or_default();
    <[u32; 2]>::try_from(numbers).map_err(|_| Stop::Damaged(format!("its `{name}` is not [h, w]")))
}

fn conv2d(case: &CaseFile) -> Result<Vec<Check>, Stop> {
    let layer = Layer {
        x: case.input("x")?,
        w: case.input("w")?,
        bias: case.find_input("b")?,
        stride: pair(case, "stride")?,
        padding: pair(case, "padding")?,
        dilation: pair(case, "dilation")?,
        groups: u32::try_from(case.integer("groups", 1)?).unwrap_or(0),
    };
    let Some(y) = case.wanted("y")? else { return Stop::damaged("it has no output `y`") };
    let mut checks = vec![layer.forward(&y)?];
    if let Some(dy) = case.find_input("dy")? {
        dy.must_be("dy", &y.0.shape)?;
        if let Some(dx) = case.wanted("dx")? {
            checks.push(layer.grad_input(&dy, &dx)?);
        }
        if let Some(dw) = case.wanted("dw")? {
            checks.push(layer.grad_weight(&dy, &dw)?);
        }
    }
    Ok(checks)
}

/// y = x w^T where no bias is added, dx = dy w, dw = dy^T x.
fn linear(case: &CaseFile) -> Result<Vec<Check>, Stop> {
    let (x, w, dy) = (case.input("x")?, case.input("w")?, case.input("dy")?);
    let mut checks = Vec::new();
    let mut add = |name: &str, parts: [&'static str; 2], product: Product| -> Result<(), Stop> {
        let Some((wanted, (rtol, atol))) = case.wanted(name)? else { return Ok(()) };
        wanted.must_be(name, &product.shape())?;
        let want = wanted.doubles();
        let bound = Bound::Absolute(want.iter().map(|w| atol + rtol * w.abs()).collect());
        checks.extend(product.checks(parts, &want, &bound)?);
        Ok(())
    };
    if case.find_input("b")?.is_none() {
        add("y", ["y", "y as plain products"], Product::new(x.clone(), w.clone(), false, true)?)?;
    }
    add("dx", ["dx", "dx as plain products"], Product::new(dy.clone(), w, false, false)?)?;
    add("dw", ["dw", "dw as plain products"], Product::new(dy, x, true, false)?)?;
    Ok(checks)
}
