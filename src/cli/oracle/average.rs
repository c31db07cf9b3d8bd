//! ONNX's AveragePool as calls of `avgpool`.

use super::case_file::CaseFile;
use super::onnx::{Axis, axes, planes, surrounded};
use super::window::Windows;
use super::{Check, Stop, layers};
use crate::ops::avgpool::OP;
use crate::ops::{Bound, Data, Expected};

/// Padding that is the same on both sides is ours; other padding that counts is a border of zeros. What is left, padding
/// of one side that does not count, is skipped.
pub(super) fn pool(case: &CaseFile) -> Result<Vec<Check>, Stop> {
    let x = case.input("X")?;
    let shape = planes(&x)?;
    let ceil = case.flag("ceil_mode")?;
    let include = case.flag("count_include_pad")?;
    let axes = axes(case, shape, x.shape.len() - 2, ceil)?;
    let pair = |of: fn(&Axis) -> u32| [of(&axes[0]), of(&axes[1])];
    let outputs = pair(|a| a.outputs).map(|v| v as usize);
    let y = case.output("Y")?;
    if planes(&y)? != [shape[0], shape[1], outputs[0], outputs[1]] {
        return Stop::damaged(format!(
            "its Y is {:?}, its attributes give {outputs:?} windows a plane",
            y.shape
        ));
    }
    let even = axes.iter().all(|a| a.pads[0] == a.pads[1]);
    let counted = axes.iter().all(|a| a.pads == [0, 0]) || include;
    let mut windows = Windows {
        shape,
        kernel: pair(|a| a.kernel),
        stride: pair(|a| a.stride),
        padding: pair(|a| a.pads[0]),
        dilation: pair(|a| a.dilation),
        ceil,
        pad_zero: false,
    };
    let mut values = x.operand()?;
    if !even {
        if !counted || ceil {
            return Stop::skip(format!(
                "its pads {:?} differ from side to side and do not count in the divisor",
                [axes[0].pads, axes[1].pads]
            ));
        }
        let extended = [axes[0].extended(), axes[1].extended()];
        let before = pair(|a| a.pads[0]).map(|v| v as usize);
        values = surrounded(&values, shape, before, extended, 0.0);
        windows.shape = [shape[0], shape[1], extended[0], extended[1]];
        windows.padding = [0, 0];
    }
    let sizes = windows.sizes_of(&OP, &[("count_include_pad", if include { "yes" } else { "no" })])?;
    let (rtol, atol) = case.tolerance()?;
    let want = y.doubles();
    let bound = Bound::Absolute(want.iter().map(|w| atol + rtol * w.abs()).collect());
    let expected = vec![Expected { operand: "y", want, bound }];
    Ok(vec![layers::check("", &OP, sizes, vec![Data::F32(values)], expected)])
}
