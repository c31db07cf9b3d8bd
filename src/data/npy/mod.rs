//! NumPy's `.npy` arrays: versions 1.0 and 2.0, six element types, C order.
//!
//! Layout as NumPy's `numpy.lib.format` describes it: six magic bytes, two version bytes, the header's length (2 bytes
//! in version 1, 4 in version 2, little-endian), a Python dictionary, then the elements without gaps.

mod dictionary;

#[cfg(test)]
mod tests;

use std::path::Path;

use self::dictionary::Dictionary;
use super::bounded;
use crate::error::{Error, Result};

/// The most bytes of one file; its elements take as many again in memory, and never more.
pub const MAX_FILE_BYTES: u64 = 1 << 30;
/// What reading holds apart from the elements: the header's text and messages.
pub const OVERHEAD_BYTES: u64 = 1 << 18;

const FORMAT: &str = "NPY array";
const MAGIC: &[u8] = b"\x93NUMPY";
/// Headers end well before this; NumPy itself refuses longer ones (its `max_header_size`).
const MAX_HEADER_BYTES: usize = 10_000;

/// An array of any rank.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// The size of each axis, the slowest first; empty for a single number.
    pub shape: Vec<usize>,
    /// The elements in C order (the last axis is the fastest), as many as the product of `shape`.
    pub data: ArrayData,
}

/// Elements by their stored type.
#[derive(Debug, Clone, PartialEq)]
pub enum ArrayData {
    /// `<f4`
    F32(Vec<f32>),
    /// `<f8`
    F64(Vec<f64>),
    /// `<i4`
    I32(Vec<i32>),
    /// `<i8`
    I64(Vec<i64>),
    /// `|b1`; any byte but 0 is true.
    Bool(Vec<bool>),
    /// `|u1`
    U8(Vec<u8>),
}

impl ArrayData {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::U8(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Reads the array at `path`.
///
/// # Errors
/// [`Error::Read`]; [`Error::Format`] for what is not such an array, has another element type, is in Fortran order,
/// or has more or fewer bytes than its shape needs; [`Error::ClaimsTooMuch`] above [`MAX_FILE_BYTES`].
pub fn read(path: &Path) -> Result<Array> {
    from_bytes(&bounded::read_file(path, "NPY file", MAX_FILE_BYTES)?, path)
}

/// Reads an array from the bytes of its file, holding at most as many bytes again, and [`OVERHEAD_BYTES`].
///
/// `path` only names the array in messages.
///
/// # Errors
/// As [`read`]: [`Error::ClaimsTooMuch`] where the shape is bigger than any array may be.
pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Array> {
    let refuse = |reason: String| Error::format(path, FORMAT, reason);
    let (header, body) = split(bytes).map_err(refuse)?;
    let Dictionary { descr, fortran_order, shape } = dictionary::parse(header).map_err(refuse)?;
    if fortran_order && shape.iter().filter(|&&n| n > 1).count() > 1 {
        return Err(refuse("it is in Fortran order; save numpy.ascontiguousarray(x) instead".into()));
    }
    let width: usize = match descr.as_str() {
        "|b1" | "|u1" => 1,
        "<f4" | "<i4" => 4,
        "<f8" | "<i8" => 8,
        other => {
            return Err(refuse(format!(
                "its element type `{other}` is not read (<f4, <f8, <i4, <i8, |b1 and |u1 are)"
            )));
        }
    };
    // An axis of 0 makes an array empty, whatever the others are.
    let elements =
        if shape.contains(&0) { Some(0) } else { shape.iter().try_fold(1u64, |n, &a| n.checked_mul(a)) };
    let claimed = elements.and_then(|n| n.checked_mul(width as u64)).unwrap_or(u64::MAX);
    if claimed > MAX_FILE_BYTES {
        return Err(Error::ClaimsTooMuch {
            path: path.into(),
            what: "elements",
            claimed,
            limit: MAX_FILE_BYTES,
        });
    }
    if claimed != body.len() as u64 {
        return Err(refuse(format!(
            "its shape {shape:?} needs {claimed} bytes of elements, it has {}",
            body.len()
        )));
    }
    let Some(shape) = shape.iter().map(|&n| usize::try_from(n).ok()).collect() else {
        return Err(refuse(format!("its shape {shape:?} does not fit this machine's addresses")));
    };
    let data = match descr.as_str() {
        "<f4" => ArrayData::F32(elements_of(body, f32::from_le_bytes)),
        "<f8" => ArrayData::F64(elements_of(body, f64::from_le_bytes)),
        "<i4" => ArrayData::I32(elements_of(body, i32::from_le_bytes)),
        "<i8" => ArrayData::I64(elements_of(body, i64::from_le_bytes)),
        "|b1" => ArrayData::Bool(elements_of(body, |[b]| b != 0)),
        _ => ArrayData::U8(body.to_vec()),
    };
    Ok(Array { shape, data })
}

/// The header's text and the bytes behind it.
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let Some(rest) = bytes.strip_prefix(MAGIC) else {
        return Err("it does not begin with the mark of an NPY file".into());
    };
    let (length, rest) = match *rest {
        [1, 0, a, b, ref rest @ ..] => (usize::from(u16::from_le_bytes([a, b])), rest),
        [2, 0, a, b, c, d, ref rest @ ..] => (u32::from_le_bytes([a, b, c, d]) as usize, rest),
        [1 | 2, 0, ..] => return Err("it ends within its header".into()),
        [major, minor, ..] => return Err(format!("it has version {major}.{minor}; 1.0 and 2.0 are read")),
        _ => return Err("it ends within its header".into()),
    };
    if length > MAX_HEADER_BYTES {
        return Err(format!("its header has {length} bytes; at most {MAX_HEADER_BYTES} are read"));
    }
    rest.split_at_checked(length).ok_or_else(|| "it ends within its header".into())
}

/// The elements of `body`, a whole number of them.
fn elements_of<const N: usize, T>(body: &[u8], element: impl Fn([u8; N]) -> T) -> Vec<T> {
    body.as_chunks::<N>().0.iter().map(|&bytes| element(bytes)).collect()
}

/// The file of an f32 array in C order, version 1.0, its elements beginning at a multiple of 64 bytes.
///
/// # Errors
/// [`Error::Shape`] where `data` does not have as many elements as the product of `shape`, or `shape` has more than
/// 64 axes.
pub fn to_bytes_f32(shape: &[usize], data: &[f32]) -> Result<Vec<u8>> {
    let elements = shape.iter().try_fold(1usize, |n, &axis| n.checked_mul(axis));
    if elements != Some(data.len()) || shape.len() > dictionary::MAX_RANK {
        return Err(Error::Shape {
            what: "NPY array".into(),
            expected: format!("as many values as {shape:?} has elements"),
            got: format!("{} values", data.len()),
        });
    }
    let axes: String = shape.iter().map(|n| format!("{n}, ")).collect();
    // (3, 4) and (3,) as Python writes them.
    let axes = if shape.len() == 1 { axes.trim_end() } else { axes.trim_end_matches(", ") };
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({axes}), }}");
    let before = MAGIC.len() + 4;
    let padded = (before + header.len() + 1).next_multiple_of(64) - before;
    header.push_str(&" ".repeat(padded - 1 - header.len()));
    header.push('\n');
    let Ok(length) = u16::try_from(header.len()) else {
        return Err(Error::Shape {
            what: "NPY array".into(),
            expected: "a header of at most 65535 bytes".into(),
            got: format!("{} axes", shape.len()),
        });
    };
    let mut file = Vec::with_capacity(before + header.len() + 4 * data.len());
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&[1, 0]);
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(header.as_bytes());
    file.extend(data.iter().flat_map(|v| v.to_le_bytes()));
    Ok(file)
}

/// Writes an f32 array to a new file.
///
/// # Errors
/// Those of [`to_bytes_f32`]; [`Error::Write`] where the file exists or cannot be written.
pub fn write_f32(path: &Path, shape: &[usize], data: &[f32]) -> Result<()> {
    bounded::write_new(path, &to_bytes_f32(shape, data)?)
}
