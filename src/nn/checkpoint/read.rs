//! Reading a checkpoint: the header first, then the values straight into their place.

use super::{Checkpoint, FORMAT, MAX_DATA_BYTES, MAX_HEADER_BYTES, NamedTensor};
use crate::error::{Error, Result};
use safetensors::Dtype;
use safetensors::tensor::Metadata;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes that are turned into values at a time.
const CHUNK: usize = 256 << 10;

impl Checkpoint {
    /// Reads a file of at most [`MAX_HEADER_BYTES`] of header and [`MAX_DATA_BYTES`] of values. Nothing is allocated
    /// before the file's length has confirmed it.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::ClaimsTooMuch`]; [`Error::Format`] for a file that is no safetensors file, is cut short,
    /// or holds values that are not 32-bit floats.
    pub fn read(path: &Path) -> Result<Self> {
        let mut file = File::open(path).map_err(|e| Error::read(path, e))?;
        let length = file.metadata().map_err(|e| Error::read(path, e))?.len();
        let header = header(path, &mut file, length)?;
        let mut tensors = Vec::new();
        for name in header.offset_keys() {
            let Some(info) = header.info(&name) else { continue };
            if info.dtype != Dtype::F32 {
                let reason = format!(
                    "tensor `{name}` is {:?}, and only F32 is read; save the model as 32-bit floats",
                    info.dtype
                );
                return Err(Error::format(path, FORMAT, reason));
            }
            let bytes = info.data_offsets.1 - info.data_offsets.0;
            let data = values(&mut file, bytes / 4).map_err(|e| Error::read(path, e))?;
            tensors.push(NamedTensor { name, shape: info.shape.clone(), data });
        }
        let metadata = header.metadata().clone().unwrap_or_default().into_iter().collect();
        Ok(Self { tensors, metadata })
    }
}

/// The header, once the file is known to be as long as it says.
fn header(path: &Path, file: &mut File, length: u64) -> Result<Metadata> {
    let bad = |reason: String| Error::format(path, FORMAT, reason);
    let cut = |wanted: u64| {
        bad(format!(
            "it is cut short: {length} bytes of {wanted}; copy it again, or use an earlier checkpoint"
        ))
    };
    if length < 8 {
        return Err(cut(8));
    }
    let mut prefix = [0; 8];
    file.read_exact(&mut prefix).map_err(|e| Error::read(path, e))?;
    let claimed = u64::from_le_bytes(prefix);
    if claimed > MAX_HEADER_BYTES {
        // Nearly always another format, whose first bytes are taken for a length.
        return Err(bad(format!(
            "its header would have {claimed} bytes, above the limit of {MAX_HEADER_BYTES}: it is damaged, or another \
             format; name the model.safetensors of a training run"
        )));
    }
    if length < 8 + claimed {
        return Err(cut(8 + claimed));
    }
    let mut bytes = Vec::new();
    Read::take(&mut *file, claimed).read_to_end(&mut bytes).map_err(|e| Error::read(path, e))?;
    let header: Metadata = serde_json::from_slice(&bytes).map_err(|e| {
        bad(format!("its header does not parse ({e}); name the model.safetensors of a training run"))
    })?;
    let data = header.data_len() as u64;
    if data > MAX_DATA_BYTES {
        let (what, limit) = ("values", MAX_DATA_BYTES);
        return Err(Error::ClaimsTooMuch { path: path.into(), what, claimed: data, limit });
    }
    let whole = 8 + claimed + data;
    if length < whole {
        return Err(cut(whole));
    }
    if length > whole {
        return Err(bad(format!("{} bytes follow the last tensor; copy it again", length - whole)));
    }
    Ok(header)
}

/// So many little-endian values.
fn values(file: &mut File, count: usize) -> std::io::Result<Vec<f32>> {
    let mut data = Vec::with_capacity(count);
    let mut bytes = vec![0; CHUNK.min(4 * count)];
    while data.len() < count {
        let part = &mut bytes[..CHUNK.min(4 * (count - data.len()))];
        file.read_exact(part)?;
        data.extend(part.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])));
    }
    Ok(data)
}
