//! Writing a checkpoint: streamed, beside the file that it replaces.

use super::{Checkpoint, MAX_HEADER_BYTES, METADATA, NamedTensor};
use crate::error::{Error, Result};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

/// Values that are turned into bytes at a time.
const CHUNK: usize = 64 << 10;

impl Checkpoint {
    /// Writes the file in one step: beside it first, to the disk, then in its place. After any failure, a full disk
    /// included, the file that was there is whole. The values are streamed: nothing of their size is held besides them.
    /// The same content gives the same bytes.
    ///
    /// # Errors
    /// [`Error::Write`]; [`Error::Shape`] where a shape does not fit its values, or a name is taken twice or reserved;
    /// [`Error::TooLarge`] where names and metadata exceed [`MAX_HEADER_BYTES`].
    pub fn write(&self, path: &Path) -> Result<()> {
        let header = self.header()?;
        crate::record::replace(path, |file| self.stream(&header, file))
    }

    /// Header and values into a writer.
    pub(super) fn stream(&self, header: &[u8], out: &mut impl Write) -> std::io::Result<()> {
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(header)?;
        let mut bytes = Vec::with_capacity(4 * CHUNK);
        for tensor in &self.tensors {
            for chunk in tensor.data.chunks(CHUNK) {
                bytes.clear();
                bytes.extend(chunk.iter().flat_map(|v| v.to_le_bytes()));
                out.write_all(&bytes)?;
            }
        }
        out.flush()
    }

    /// The JSON header, filled with blanks to a multiple of 8 bytes so that the values are aligned.
    pub(super) fn header(&self) -> Result<Vec<u8>> {
        let mut names = BTreeSet::new();
        for tensor in &self.tensors {
            tensor.check()?;
            if tensor.name == METADATA || !names.insert(&tensor.name) {
                return Err(Error::Shape {
                    what: format!("tensor `{}`", tensor.name),
                    expected: "a name of its own".into(),
                    got: "one that is taken".into(),
                });
            }
        }
        let mut bytes = serde_json::to_vec(&Header(self)).map_err(|e| Error::Shape {
            what: "checkpoint".into(),
            expected: "names that JSON can hold".into(),
            got: e.to_string(),
        })?;
        bytes.resize(bytes.len().next_multiple_of(8), b' ');
        if bytes.len() as u64 > MAX_HEADER_BYTES {
            return Err(Error::TooLarge {
                what: "the checkpoint's header".into(),
                needed: bytes.len() as u64,
                limit: MAX_HEADER_BYTES,
                limit_name: "bytes of names and metadata",
            });
        }
        Ok(bytes)
    }
}

impl NamedTensor {
    fn check(&self) -> Result<()> {
        let values = self.shape.iter().try_fold(1_usize, |product, side| product.checked_mul(*side));
        if values == Some(self.data.len()) {
            return Ok(());
        }
        let expected = format!("as many values as the shape {:?} has", self.shape);
        let got = format!("{} values", self.data.len());
        Err(Error::Shape { what: format!("tensor `{}`", self.name), expected, got })
    }
}

/// The header as JSON, its entries in the order of the checkpoint.
struct Header<'a>(&'a Checkpoint);

/// What the format says of a tensor.
#[derive(Serialize)]
struct Entry<'a> {
    dtype: &'static str,
    shape: &'a [usize],
    data_offsets: [usize; 2],
}

impl Serialize for Header<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let Checkpoint { tensors, metadata } = self.0;
        let mut map = serializer.serialize_map(None)?;
        if !metadata.is_empty() {
            map.serialize_entry(METADATA, metadata)?;
        }
        let mut start = 0;
        for NamedTensor { name, shape, data } in tensors {
            let end = start + 4 * data.len();
            map.serialize_entry(name, &Entry { dtype: "F32", shape, data_offsets: [start, end] })?;
            start = end;
        }
        map.end()
    }
}
