//! ONNX's cases: MaxPool, GlobalMaxPool, Conv, MatMul and Gemm as calls of this program's ops.

use super::case_file::CaseFile;
use super::convolution::Layer;
use super::product::Product;
use super::tensor::Tensor;
use super::window::Windows;
use super::{Check, Stop, average, layers, loss, normal};
use crate::ops::Bound;

/// The most elements of an image that is surrounded with padding on the host: 1 GiB.
const MOST_SURROUNDED: usize = 1 << 28;

/// The checks of a case.
pub(super) fn checks(case: &CaseFile) -> Result<Vec<Check>, Stop> {
    match case.op() {
        "MaxPool" => maxpool(case),
        "GlobalMaxPool" => global_maxpool(case),
        "AveragePool" => average::pool(case),
        "BatchNormalization" => normal::batchnorm(case),
        "Relu" => layers::rectified(case),
        "SoftmaxCrossEntropyLoss" => loss::cross_entropy(case),
        "Conv" => conv(case),
        "MatMul" => product(case, Product::new(case.input("A")?, case.input("B")?, false, false)?),
        "Gemm" => gemm(case),
        other => Stop::skip(format!("`{other}` is none of the operations of this program")),
    }
}

fn conv(case: &CaseFile) -> Result<Vec<Check>, Stop> {
    let (x, w) = (case.input("X")?, case.input("W")?);
    let kind = [x.shape.len(), w.shape.len()];
    let rank = match kind {
        [3, 3] => 1,
        [4, 4] => 2,
        _ => {
            return Stop::skip(format!(
                "its x is {:?}: `conv2d` has one or two axes behind N and C",
                x.shape
            ));
        }
    };
    if let Some(auto) = case.attribute("auto_pad").and_then(|v| v.as_str()).filter(|v| *v != "NOTSET") {
        return Stop::skip(format!("auto_pad = {auto}: `conv2d` is told its padding"));
    }
    let numbers = |name: &str, default: u32, count: usize| -> Result<Vec<u32>, Stop> {
        let list = case.list(name)?.unwrap_or_else(|| vec![default; count]);
        if list.len() == count { Ok(list) } else { Stop::damaged(format!("its `{name}` is {list:?}")) }
    };
    let pads = numbers("pads", 0, 2 * rank)?;
    if pads[..rank] != pads[rank..] {
        return Stop::skip(format!("its pads are {pads:?}: `conv2d` pads both sides alike"));
    }
    // One axis is a row: of height 1, not padded.
    let pair = |list: &[u32], lone: u32| match *list {
        [rows, columns] => [rows, columns],
        [columns] => [lone, columns],
        _ => [lone, lone],
    };
    let groups = u32::try_from(case.integer("group", 1)?).unwrap_or(0);
    let layer = Layer {
        x: as_planes(x),
        w: as_planes(w),
        bias: case.find_input("B")?,
        stride: pair(&numbers("strides", 1, rank)?, 1),
        padding: pair(&pads[..rank], 0),
        dilation: pair(&numbers("dilations", 1, rank)?, 1),
        groups,
    };
    Ok(vec![layer.forward(&(as_planes(case.output("Y")?), case.tolerance()?))?])
}

/// A tensor of one axis behind two others with an axis of 1 before it.
fn as_planes(mut tensor: Tensor) -> Tensor {
    if tensor.shape.len() == 3 {
        tensor.shape.insert(2, 1);
    }
    tensor
}

fn gemm(case: &CaseFile) -> Result<Vec<Check>, Stop> {
    let (alpha, beta) = (case.float("alpha", 1.0)?, case.float("beta", 1.0)?);
    if alpha != 1.0 {
        return Stop::skip(format!("alpha = {alpha}: `matmul` does not scale"));
    }
    let c = case.find_input("C")?;
    if beta != 0.0 && c.is_some_and(|c| c.doubles().iter().any(|v| *v != 0.0)) {
        return Stop::skip("it adds a matrix C: `matmul` does not");
    }
    let (a, b) = (case.input("A")?, case.input("B")?);
    product(case, Product::new(a, b, case.flag("transA")?, case.flag("transB")?)?)
}

fn product(case: &CaseFile, product: Product) -> Result<Vec<Check>, Stop> {
    let y = case.output("Y")?;
    y.must_be("Y", &product.shape())?;
    let (rtol, atol) = case.tolerance()?;
    let want = y.doubles();
    let bound = want.iter().map(|w| atol + rtol * w.abs()).collect();
    product.checks(["", "as plain products"], &want, &Bound::Absolute(bound))
}

/// N, C, H, W of a tensor with one or two axes behind N and C; one axis is a row.
pub(super) fn planes(x: &Tensor) -> Result<[usize; 4], Stop> {
    match *x.shape {
        [n, c, w] => Ok([n, c, 1, w]),
        [n, c, h, w] => Ok([n, c, h, w]),
        _ => Stop::skip(format!("its x is {:?}: `maxpool` has one or two axes behind N and C", x.shape)),
    }
}

fn global_maxpool(case: &CaseFile) -> Result<Vec<Check>, Stop> {
    let x = case.input("X")?;
    let shape = planes(&x)?;
    let Ok(side) =
        <[u32; 2]>::try_from(shape[2..].iter().filter_map(|&v| u32::try_from(v).ok()).collect::<Vec<_>>())
    else {
        return Stop::damaged(format!("its x is {shape:?}"));
    };
    let windows = Windows {
        shape,
        kernel: side,
        stride: [1, 1],
        padding: [0, 0],
        dilation: [1, 1],
        ceil: false,
        pad_zero: false,
    };
    let y = case.output("Y")?;
    windows.must_give(&planes(&y)?)?;
    windows.checks(&x.operand()?, &y.doubles(), None)
}

/// One axis of a MaxPool: ONNX's attributes, and what they come to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub(super) kernel: u32,
    pub(super) stride: u32,
    pub(super) dilation: u32,
    /// Padding before and behind.
    pub(super) pads: [u32; 2],
    /// Windows.
    pub(super) outputs: u32,
}

impl Axis {
    /// Elements that a window spans.
    fn span(&self) -> u32 {
        self.dilation * (self.kernel - 1) + 1
    }

    /// Whether PyTorch's padding says the same: equal on both sides, and no more than half the window.
    fn is_plain(&self) -> bool {
        self.pads[0] == self.pads[1] && self.pads[0] <= self.span() / 2
    }

    /// The axis of the image that exactly these windows see without padding.
    pub(super) fn extended(&self) -> usize {
        (self.outputs as usize - 1) * self.stride as usize + self.span() as usize
    }
}

fn maxpool(case: &CaseFile) -> Result<Vec<Check>, Stop> {
    let x = case.input("X")?;
    let shape = planes(&x)?;
    let ceil = case.flag("ceil_mode")?;
    let axes = axes(case, shape, x.shape.len() - 2, ceil)?;
    let pair = |of: fn(&Axis) -> u32| [of(&axes[0]), of(&axes[1])];
    let outputs = pair(|a| a.outputs).map(|v| v as usize);
    let y = case.output("Y")?;
    let given = planes(&y)?;
    if given != [shape[0], shape[1], outputs[0], outputs[1]] {
        return Stop::damaged(format!("its Y is {given:?}, its attributes give {outputs:?} windows a plane"));
    }
    let mut windows = Windows {
        shape,
        kernel: pair(|a| a.kernel),
        stride: pair(|a| a.stride),
        padding: [0, 0],
        dilation: pair(|a| a.dilation),
        ceil: false,
        pad_zero: false,
    };
    let indices = match case.find_output("Indices")? {
        Some(indices) => {
            indices.must_be("Indices", &y.shape)?;
            Some(within_planes(&indices.doubles(), shape, outputs, case.integer("storage_order", 0)? == 1))
        }
        None => None,
    };
    let values = x.operand()?;
    if axes.iter().all(Axis::is_plain) {
        windows.padding = pair(|a| a.pads[0]);
        windows.ceil = ceil;
        windows.must_give(&given)?;
        return windows.checks(&values, &y.doubles(), indices.as_deref());
    }
    // The image is surrounded with minus infinity here instead; indices would count the border, so values only.
    let extended = [axes[0].extended(), axes[1].extended()];
    let elements =
        [shape[0], shape[1], extended[0], extended[1]].iter().try_fold(1usize, |p, &n| p.checked_mul(n));
    if elements.is_none_or(|n| n > MOST_SURROUNDED) {
        return Stop::damaged(format!(
            "its pads {:?} make an image of {extended:?}",
            [axes[0].pads, axes[1].pads]
        ));
    }
    let before = pair(|a| a.pads[0]).map(|v| v as usize);
    windows.shape = [shape[0], shape[1], extended[0], extended[1]];
    windows.must_give(&given)?;
    windows.checks(&surrounded(&values, shape, before, extended, f32::NEG_INFINITY), &y.doubles(), None)
}

/// The two axes by ONNX's rules; a case of one axis has a first axis of 1.
pub(super) fn axes(
    case: &CaseFile,
    shape: [usize; 4],
    image_axes: usize,
    ceil: bool,
) -> Result<[Axis; 2], Stop> {
    let kernel = case.list("kernel_shape")?.unwrap_or_default();
    let rank = kernel.len();
    if rank != image_axes {
        return Stop::damaged(format!("its kernel_shape is {kernel:?}, its image has {image_axes} axes"));
    }
    let numbers = |name: &str, default: u32, count: usize| -> Result<Vec<u32>, Stop> {
        let list = case.list(name)?.unwrap_or_else(|| vec![default; count]);
        if list.len() == count { Ok(list) } else { Stop::damaged(format!("its `{name}` is {list:?}")) }
    };
    let (strides, dilations) = (numbers("strides", 1, rank)?, numbers("dilations", 1, rank)?);
    let pads = numbers("pads", 0, 2 * rank)?;
    let auto_pad = case.attribute("auto_pad").and_then(|v| v.as_str()).unwrap_or("NOTSET");
    let mut axes = [Axis { kernel: 1, stride: 1, dilation: 1, pads: [0, 0], outputs: 1 }; 2];
    for at in 0..rank {
        let slot = at + 2 - rank;
        let n = u32::try_from(shape[2 + slot]).unwrap_or(u32::MAX);
        let (kernel, stride, dilation) = (kernel[at], strides[at], dilations[at]);
        let span = kernel.checked_sub(1).and_then(|k| k.checked_mul(dilation)).and_then(|s| s.checked_add(1));
        let (Some(span), true) = (span, stride > 0 && n > 0) else {
            return Stop::skip("a window, a stride or an axis is empty: a typed error here");
        };
        let pads = match auto_pad {
            "SAME_UPPER" | "SAME_LOWER" => same(n, stride, span, auto_pad == "SAME_UPPER"),
            "VALID" => [0, 0],
            _ => [pads[at], pads[at + rank]],
        };
        let padded = u64::from(n) + u64::from(pads[0]) + u64::from(pads[1]);
        let Some(room) = padded.checked_sub(u64::from(span)) else {
            return Stop::skip("its window is larger than the padded image: a typed error here");
        };
        let stride_long = u64::from(stride);
        let mut outputs = if ceil { room.div_ceil(stride_long) } else { room / stride_long } + 1;
        // A last window that would start in the padding behind the image is dropped.
        if ceil && (outputs - 1) * stride_long >= u64::from(n) + u64::from(pads[0]) {
            outputs -= 1;
        }
        let outputs = u32::try_from(outputs).unwrap_or(u32::MAX);
        axes[slot] = Axis { kernel, stride, dilation, pads, outputs };
    }
    Ok(axes)
}

/// The padding of `auto_pad = SAME_*`: as many windows as strides, the odd element behind (upper) or before (lower).
fn same(n: u32, stride: u32, span: u32, upper: bool) -> [u32; 2] {
    let covered = u64::from(n.div_ceil(stride) - 1) * u64::from(stride) + u64::from(span);
    let total = u32::try_from(covered.saturating_sub(u64::from(n))).unwrap_or(u32::MAX);
    let (less, more) = (total / 2, total - total / 2);
    if upper { [less, more] } else { [more, less] }
}

/// ONNX counts positions over the whole tensor, and for `storage_order` 1 down the columns of a plane; we count along
/// the rows of the plane.
fn within_planes(positions: &[f64], shape: [usize; 4], outputs: [usize; 2], by_columns: bool) -> Vec<f64> {
    let (h, w) = (shape[2] as f64, shape[3] as f64);
    let plane = outputs[0] * outputs[1];
    let within = |(at, position): (usize, &f64)| {
        let own = position - (at / plane.max(1)) as f64 * h * w;
        if by_columns { (own % h) * w + (own / h).floor() } else { own }
    };
    positions.iter().enumerate().map(within).collect()
}

/// Planes cut or extended to `extended`, `before` rows and columns of `border` first.
pub(super) fn surrounded(
    x: &[f32],
    shape: [usize; 4],
    before: [usize; 2],
    extended: [usize; 2],
    border: f32,
) -> Vec<f32> {
    let [n, c, h, w] = shape;
    let mut out = Vec::with_capacity(n * c * extended[0] * extended[1]);
    for plane in x.chunks_exact(h * w) {
        for r in 0..extended[0] {
            for q in 0..extended[1] {
                let row = r.checked_sub(before[0]).filter(|row| *row < h);
                let column = q.checked_sub(before[1]).filter(|column| *column < w);
                let value = row.zip(column).map(|(row, column)| plane[row * w + column]);
                out.push(value.unwrap_or(border));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_padding_puts_the_odd_element_on_its_side() {
        assert_eq!(same(5, 2, 3, true), [1, 1]);
        assert_eq!(same(32, 1, 2, true), [0, 1]);
        assert_eq!(same(32, 1, 2, false), [1, 0]);
        assert_eq!(same(4, 3, 2, true), [0, 1]);
    }

    #[test]
    fn positions_count_within_the_plane() {
        // Two planes of 2 x 3, one window each.
        assert_eq!(within_planes(&[4.0, 11.0], [1, 2, 2, 3], [1, 1], false), [4.0, 5.0]);
        // Down the columns: position 3 is row 1, column 1.
        assert_eq!(within_planes(&[3.0], [1, 1, 2, 3], [1, 1], true), [4.0]);
    }

    #[test]
    fn an_image_is_surrounded_or_cut() {
        let inf = f32::NEG_INFINITY;
        let x = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(surrounded(&x, [1, 1, 2, 2], [1, 0], [2, 3], inf), [inf, inf, inf, 1.0, 2.0, inf]);
    }
}
