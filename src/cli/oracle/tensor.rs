//! A tensor of a case, its elements as the kernels take them.

use super::Stop;
use crate::data::npy::ArrayData;

/// A tensor: C order, the last axis fastest.
#[derive(Debug, Clone)]
pub(super) struct Tensor {
    /// The size of each axis.
    pub(super) shape: Vec<usize>,
    /// The elements.
    pub(super) data: ArrayData,
}

impl Tensor {
    /// The element type by its NumPy name.
    pub(super) fn dtype(&self) -> &'static str {
        match self.data {
            ArrayData::F32(_) => "float32",
            ArrayData::F64(_) => "float64",
            ArrayData::I32(_) => "int32",
            ArrayData::I64(_) => "int64",
            ArrayData::Bool(_) => "bool",
            ArrayData::U8(_) => "uint8",
        }
    }

    /// An operand of a kernel: f32.
    pub(super) fn operand(&self) -> Result<Vec<f32>, Stop> {
        if let ArrayData::F64(_) | ArrayData::Bool(_) = self.data {
            return Stop::skip(format!("its operands are {}, the kernels' are float32", self.dtype()));
        }
        floats(&self.data).map_err(Stop::Skip)
    }

    /// An operand of a kernel: classes as i32. Classes beyond its range are no class: -1.
    pub(super) fn classes(&self) -> Vec<i32> {
        #[expect(clippy::cast_possible_truncation, reason = "whole numbers, held to the range first")]
        let class = |v: &f64| if v.abs() < 2f64.powi(31) { *v as i32 } else { -1 };
        self.doubles().iter().map(class).collect()
    }

    /// Expected values.
    pub(super) fn doubles(&self) -> Vec<f64> {
        match &self.data {
            ArrayData::F32(v) => v.iter().map(|&v| f64::from(v)).collect(),
            ArrayData::F64(v) => v.clone(),
            ArrayData::I32(v) => v.iter().map(|&v| f64::from(v)).collect(),
            // Positions and counts: below 2^53 in any file that fits the reader's limit.
            ArrayData::I64(v) => v.iter().map(|&v| v as f64).collect(),
            ArrayData::Bool(v) => v.iter().map(|&v| f64::from(u8::from(v))).collect(),
            ArrayData::U8(v) => v.iter().map(|&v| f64::from(v)).collect(),
        }
    }

    /// Refuses a shape other than `expected`, as damage.
    pub(super) fn must_be(&self, name: &str, expected: &[usize]) -> Result<(), Stop> {
        if self.shape == expected {
            return Ok(());
        }
        Stop::damaged(format!("its `{name}` is {:?}, its sizes give {expected:?}", self.shape))
    }
}

/// Elements as f32, where each of them is exactly one.
///
/// # Errors
/// A reason that names the first element that is not.
pub(in crate::cli) fn floats(data: &ArrayData) -> Result<Vec<f32>, String> {
    #[expect(clippy::cast_possible_truncation, reason = "the result is compared with the original")]
    let exact = |value: f64| {
        let single = value as f32;
        let same = f64::from(single) == value || value.is_nan();
        same.then_some(single).ok_or_else(|| format!("the element {value} has no exact float32"))
    };
    match data {
        ArrayData::F32(v) => Ok(v.clone()),
        ArrayData::F64(v) => v.iter().map(|&v| exact(v)).collect(),
        ArrayData::I32(v) => v.iter().map(|&v| exact(f64::from(v))).collect(),
        ArrayData::I64(v) => v.iter().map(|&v| exact(v as f64)).collect(),
        ArrayData::Bool(v) => Ok(v.iter().map(|&v| f32::from(u8::from(v))).collect()),
        ArrayData::U8(v) => Ok(v.iter().map(|&v| f32::from(v)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_floats_pass() {
        assert_eq!(floats(&ArrayData::I32(vec![-3, 1 << 24])).unwrap(), [-3.0, 16_777_216.0]);
        assert!(floats(&ArrayData::I32(vec![(1 << 24) + 1])).unwrap_err().contains("16777217"));
        assert!(floats(&ArrayData::F64(vec![0.1])).is_err());
        assert!(floats(&ArrayData::F64(vec![f64::NAN])).unwrap()[0].is_nan());
    }
}
