//! Weights in a file: the safetensors format, which PyTorch and others read, with what is needed to use them beside.
//!
//! The file is an 8-byte little-endian length, so many bytes of JSON (name, `F32`, shape and place of every tensor, and
//! a map of texts), then the values, little-endian, row-major, in the order of the tensors. See
//! <https://github.com/huggingface/safetensors>.

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;

/// The format's name in messages.
const FORMAT: &str = "safetensors file";

/// The longest header, in bytes, that is read or written: thousands of tensors, and the metadata.
pub const MAX_HEADER_BYTES: u64 = 16 << 20;

/// The most bytes of values that are read: a thousand million weights.
pub const MAX_DATA_BYTES: u64 = 4 << 30;

/// The key under which the format keeps the map of texts.
const METADATA: &str = "__metadata__";

/// A tensor by name.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor {
    /// Its name, as `1.weight`.
    pub name: String,
    /// Its sizes; none for a single value.
    pub shape: Vec<usize>,
    /// As many values as the shape says, row-major.
    pub data: Vec<f32>,
}

/// A file's content.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checkpoint {
    /// The tensors, in the order of the file.
    pub tensors: Vec<NamedTensor>,
    /// Texts by name: the network, the classes, the normalisation, the state of the training.
    pub metadata: BTreeMap<String, String>,
}

impl Checkpoint {
    /// The tensor of a name.
    pub fn tensor(&self, name: &str) -> Option<&NamedTensor> {
        self.tensors.iter().find(|t| t.name == name)
    }
}
