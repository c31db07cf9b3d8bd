//! The 348 bytes of a NIfTI-1 header, in either byte order.
//!
//! Field positions and meanings from the format's definition, `nifti1.h` (R. W. Cox and others, NIfTI DFWG).

use std::path::Path;

use super::orientation::{self, Columns};
use super::voxels::Datatype;
use super::{FORMAT, refuse};
use crate::error::{Error, Result};

/// The length of a NIfTI-1 header in bytes.
pub(super) const HEADER_BYTES: usize = 348;
/// The first byte behind the header and its four extension flags: voxels never begin before.
const FIRST_VOXEL: u64 = 352;
/// No file is believed that puts its voxels behind this many bytes of header extensions.
const MAX_OFFSET: u64 = 1 << 30;

/// What the reader needs to know.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) big_endian: bool,
    /// Voxels along the stored axes, the fastest first.
    pub(super) dims: [usize; 3],
    /// The product of the dimensions beyond the third.
    pub(super) time_points: u64,
    pub(super) datatype: Datatype,
    /// Bytes before the first voxel.
    pub(super) offset: u64,
    /// `value = slope * stored + inter`.
    pub(super) slope: f64,
    /// See `slope`.
    pub(super) inter: f64,
    /// Column `a` is the step in RAS+ millimetres along stored axis `a`.
    pub(super) columns: Columns,
}

/// Fields by their position in the header.
struct Fields<'a> {
    bytes: &'a [u8; HEADER_BYTES],
    big: bool,
}

impl Fields<'_> {
    fn two(&self, at: usize) -> [u8; 2] {
        let mut b = [self.bytes[at], self.bytes[at + 1]];
        if self.big {
            b.reverse();
        }
        b
    }

    fn four(&self, at: usize) -> [u8; 4] {
        let mut b = [self.bytes[at], self.bytes[at + 1], self.bytes[at + 2], self.bytes[at + 3]];
        if self.big {
            b.reverse();
        }
        b
    }

    fn i16(&self, at: usize) -> i16 {
        i16::from_le_bytes(self.two(at))
    }

    fn i32(&self, at: usize) -> i32 {
        i32::from_le_bytes(self.four(at))
    }

    fn f64(&self, at: usize) -> f64 {
        f64::from(f32::from_le_bytes(self.four(at)))
    }
}

/// Reads the header; `path` only names the file in messages.
///
/// # Errors
/// [`Error::Format`] with the field that cannot be used.
pub(super) fn parse(bytes: &[u8; HEADER_BYTES], path: &Path) -> Result<Header> {
    let fields = byte_order(bytes, path)?;
    match &bytes[344..348] {
        b"n+1\0" => {}
        b"ni1\0" => {
            return Err(refuse(path, "its voxels are in a second file (.img); join them into one .nii file"));
        }
        _ => return Err(refuse(path, "it has no NIfTI-1 mark (an ANALYZE file?); convert it to .nii")),
    }
    let (dims, time_points) = dimensions(&fields, path)?;
    let datatype = Datatype::from_code(fields.i16(70)).map_err(|reason| refuse(path, reason))?;
    let bitpix = fields.i16(72);
    if i32::from(bitpix) != 8 * i32::from(datatype.bytes()) {
        let reason = format!("its data type {datatype:?} contradicts its {bitpix} bits a voxel");
        return Err(Error::format(path, FORMAT, reason));
    }
    let (slope, inter) = scaling(&fields, path)?;
    let columns = match (fields.i16(254) > 0, fields.i16(252) > 0) {
        (true, _) => [0, 1, 2].map(|a| [0, 1, 2].map(|row| fields.f64(280 + 16 * row + 4 * a))),
        (false, true) => {
            let pixdim = [0, 1, 2, 3].map(|i| fields.f64(76 + 4 * i));
            orientation::from_quaternion([256, 260, 264].map(|at| fields.f64(at)), pixdim)
        }
        (false, false) => orientation::from_spacing([80, 84, 88].map(|at| fields.f64(at))),
    };
    Ok(Header {
        big_endian: fields.big,
        dims,
        time_points,
        datatype,
        offset: offset(fields.f64(108), path)?,
        slope,
        inter,
        columns,
    })
}

/// The header's own length, at its start, tells the byte order.
fn byte_order<'a>(bytes: &'a [u8; HEADER_BYTES], path: &Path) -> Result<Fields<'a>> {
    for big in [false, true] {
        let fields = Fields { bytes, big };
        match fields.i32(0) {
            348 => return Ok(fields),
            540 => return Err(refuse(path, "it is NIfTI-2, which is not read; convert it to NIfTI-1")),
            _ => {}
        }
    }
    Err(refuse(path, "it does not begin with the header's length, 348"))
}

/// The first three dimensions, and the product of the others.
fn dimensions(fields: &Fields<'_>, path: &Path) -> Result<([usize; 3], u64)> {
    let rank = fields.i16(40);
    if !(1..=7).contains(&rank) {
        return Err(refuse(path, format!("it has {rank} dimensions; 1 to 7 are possible")));
    }
    let mut sizes = [1u64; 7];
    for (axis, at) in (1..=rank).zip((42..).step_by(2)) {
        let size = fields.i16(at);
        let Ok(positive) = u16::try_from(size) else {
            return Err(refuse(path, format!("its dimension {axis} is {size}")));
        };
        if positive == 0 {
            return Err(refuse(path, format!("its dimension {axis} is 0")));
        }
        sizes[usize::from(axis.unsigned_abs()) - 1] = u64::from(positive);
    }
    // At most 32 767 to the power of 4: below 2^60.
    let time_points = sizes[3..].iter().product();
    Ok(([0, 1, 2].map(|a| usize::try_from(sizes[a]).unwrap_or(usize::MAX)), time_points))
}

/// Slope and intercept; a slope of 0, or one that is not a number, means "as stored" (nifti1.h, "DATA SCALING").
fn scaling(fields: &Fields<'_>, path: &Path) -> Result<(f64, f64)> {
    let (slope, inter) = (fields.f64(112), fields.f64(116));
    if slope == 0.0 || !slope.is_finite() {
        return Ok((1.0, 0.0));
    }
    if !inter.is_finite() {
        return Err(refuse(path, format!("its intercept is {inter}")));
    }
    Ok((slope, inter))
}

/// Where the voxels begin; 0 is taken as "directly behind the header".
fn offset(stored: f64, path: &Path) -> Result<u64> {
    if stored == 0.0 {
        return Ok(FIRST_VOXEL);
    }
    #[expect(clippy::cast_precision_loss, reason = "both bounds are small powers of two and sums of such")]
    let possible = stored >= FIRST_VOXEL as f64 && stored <= MAX_OFFSET as f64 && stored.fract() == 0.0;
    if !possible {
        return Err(refuse(path, format!("its voxels begin at byte {stored}; 352 or later is possible")));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number in 352..=2^30"
    )]
    Ok(stored as u64)
}
