//! NIfTI-1 volumes (`.nii`, `.nii.gz`, either byte order) to RAS+ volumes of f32.
//!
//! The reader trusts no header. It goes over the file twice: the first pass decompresses and counts, so that nothing
//! is allocated for voxels that are not there; the second decodes each voxel straight to its place in RAS+ order. Of
//! a file with several time points the first is read, and [`Volume::time_points`] says how many there are; what lies
//! behind the first is not looked at. Where a compressed file ends with its voxels, its checksum is verified.

mod header;
mod orientation;
mod voxels;

#[cfg(test)]
pub(in crate::data) mod tests;

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use self::header::{HEADER_BYTES, Header};
use super::volume::Volume;
use crate::error::{Error, Result};

/// The most bytes that the voxels of one volume may take in memory, as f32.
pub const MAX_BYTES: u64 = 1 << 30;
/// What reading holds apart from the voxels: buffers, one row, the state of the decompressor.
pub const OVERHEAD_BYTES: u64 = 1 << 20;

const FORMAT: &str = "NIfTI-1 volume";

/// Reads the volume at `path`, compressed or not by its content, scaled by its slope and intercept.
///
/// The orientation is the file's sform, else its qform, else its axes are taken as RAS+. Voxels that are not finite
/// are kept.
///
/// # Errors
/// [`Error::Read`]; [`Error::Format`] for what is not such a volume or ends too early; [`Error::ClaimsTooMuch`] above
/// [`MAX_BYTES`].
pub fn read(path: &Path) -> Result<Volume> {
    read_from(&|| File::open(path), path, MAX_BYTES)
}

/// Reads a volume from the bytes of its file, holding at most `limit` + [`OVERHEAD_BYTES`] bytes beside them.
///
/// `path` only names the volume in messages.
///
/// # Errors
/// As [`read`], with `limit` in place of [`MAX_BYTES`].
pub fn from_bytes(bytes: &[u8], path: &Path, limit: u64) -> Result<Volume> {
    read_from(&|| Ok(bytes), path, limit)
}

/// Reads a volume from a source that can be opened twice.
fn read_from<R: Read>(open: &impl Fn() -> io::Result<R>, path: &Path, limit: u64) -> Result<Volume> {
    let mut stream = decompressed(open, path)?;
    let header = read_header(&mut stream, path)?;
    let voxels = header.dims.iter().map(|&n| n as u64).product::<u64>();
    let claimed = 4 * voxels;
    if claimed > limit {
        return Err(Error::ClaimsTooMuch { path: path.into(), what: "voxels", claimed, limit });
    }
    let turn = orientation::closest(&header.columns, header.dims).map_err(|reason| refuse(path, reason))?;
    count(&mut stream, &header, voxels, path)?;

    let mut stream = decompressed(open, path)?;
    let (mut shape, mut spacing) = ([0; 3], [0.0; 3]);
    let steps = orientation::spacing(&header.columns);
    for axis in 0..3 {
        shape[turn.to[axis]] = header.dims[axis];
        #[expect(clippy::cast_possible_truncation, reason = "millimetres, rounded to the nearest f32")]
        let step = steps[axis] as f32;
        spacing[turn.to[axis]] = step;
    }
    skip(&mut stream, header.offset, path)?;
    let data = decode(&mut stream, &header, shape, turn, path)?;
    let mut volume = Volume::new(shape, data)?;
    volume.spacing = spacing;
    volume.time_points = header.time_points;
    volume.stored_axes = orientation::letters(turn);
    Ok(volume)
}

/// The file's content, decompressed where it begins as gzip does.
fn decompressed<'a, R: Read + 'a>(
    open: &impl Fn() -> io::Result<R>,
    path: &Path,
) -> Result<Box<dyn Read + 'a>> {
    let mut raw = BufReader::new(open().map_err(|e| Error::read(path, e))?);
    let gzip = raw.fill_buf().map_err(|e| Error::read(path, e))?.starts_with(&[0x1f, 0x8b]);
    Ok(if gzip { Box::new(BufReader::new(MultiGzDecoder::new(raw))) } else { Box::new(raw) })
}

fn read_header(stream: &mut impl Read, path: &Path) -> Result<Header> {
    let mut bytes = [0; HEADER_BYTES];
    stream
        .read_exact(&mut bytes)
        .map_err(|e| broken(e, "it ends before its header of 348 bytes does", path))?;
    header::parse(&bytes, path)
}

/// Goes over the voxels (the header is behind) without keeping them.
fn count(stream: &mut impl Read, header: &Header, voxels: u64, path: &Path) -> Result<()> {
    skip(stream, header.offset - HEADER_BYTES as u64, path)?;
    let needed = voxels * u64::from(header.datatype.bytes());
    let found = io::copy(&mut stream.take(needed), &mut io::sink())
        .map_err(|e| broken(e, "its compressed voxels are damaged or end too early", path))?;
    if found < needed {
        let [nx, ny, nz] = header.dims;
        let reason = format!("{nx} x {ny} x {nz} voxels need {needed} bytes, it has {found}");
        return Err(refuse(path, reason));
    }
    if header.time_points == 1 {
        // One byte further is the end of a compressed stream, where its checksum is compared.
        stream.read(&mut [0]).map_err(|e| broken(e, "its compressed voxels are damaged", path))?;
    }
    Ok(())
}

fn skip(stream: &mut impl Read, bytes: u64, path: &Path) -> Result<()> {
    let skipped = io::copy(&mut stream.take(bytes), &mut io::sink())
        .map_err(|e| broken(e, "it ends before its voxels begin", path))?;
    if skipped < bytes {
        return Err(refuse(path, "it ends before its voxels begin"));
    }
    Ok(())
}

/// Decodes row by row of the stored order, each voxel to its place in RAS+ order.
fn decode(
    stream: &mut impl Read,
    header: &Header,
    shape: [usize; 3],
    turn: orientation::Turn,
    path: &Path,
) -> Result<Vec<f32>> {
    let strides = [1, shape[0], shape[0] * shape[1]];
    // The place of a stored coordinate along one axis, counted from the other end where the axis is flipped.
    let place = |axis: usize, at: usize| {
        let at = if turn.flip[axis] { header.dims[axis] - 1 - at } else { at };
        at * strides[turn.to[axis]]
    };
    let width = usize::from(header.datatype.bytes());
    let mut data = vec![0.0; shape.iter().product()];
    let mut row = vec![0; header.dims[0] * width];
    for k in 0..header.dims[2] {
        for j in 0..header.dims[1] {
            stream.read_exact(&mut row).map_err(|e| broken(e, "it changed while it was read", path))?;
            let start = place(2, k) + place(1, j);
            for (i, stored) in row.chunks_exact(width).enumerate() {
                let mut bytes = [0; 8];
                bytes[..width].copy_from_slice(stored);
                if header.big_endian {
                    bytes[..width].reverse();
                }
                let value = header.slope * header.datatype.value(bytes) + header.inter;
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "volumes are f32; rounded to the nearest"
                )]
                let value = value as f32;
                data[start + place(0, i)] = value;
            }
        }
    }
    Ok(data)
}

fn refuse(path: &Path, reason: impl Into<String>) -> Error {
    Error::format(path, FORMAT, reason)
}

/// An error of the stream: the file's fault where its bytes end or make no sense, else the system's.
fn broken(error: io::Error, reason: &str, path: &Path) -> Error {
    match error.kind() {
        ErrorKind::UnexpectedEof => refuse(path, reason),
        ErrorKind::InvalidData | ErrorKind::InvalidInput => refuse(path, format!("{reason} ({error})")),
        _ => Error::read(path, error),
    }
}
