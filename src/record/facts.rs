//! `facts.json`: what an experiment computed besides times, for the report to quote.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The longest `facts.json` that is read.
const MAX_BYTES: u64 = 1 << 20;

/// Results of live computations that the corrections of the thesis quote. Each is optional: what is absent is
/// reported as not measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// What was pooled to compare the paddings, as "functional slice 45 of 91, 91 x 109, k=2 s=2 p=1".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zero_padding_input: Option<String>,
    /// Windows of that input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zero_padding_windows: Option<u64>,
    /// Windows whose maximum under zero padding differs from that under padding with minus infinity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zero_padding_changed: Option<u64>,
    /// What was multiplied by the identity to show 0 x inf, as "the same slice with one infinity".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infinity_input: Option<String>,
    /// Windows that hold the infinity or NaN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infinity_windows: Option<u64>,
    /// Windows whose maximum after the product with the identity differs from the plain maximum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infinity_changed: Option<u64>,
    /// Windows compared between pooling with and without the identity product, all values finite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_windows: Option<u64>,
    /// Of these, windows whose maximum differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_changed: Option<u64>,
    /// The slice before pooling, as "anatomical slice 45 of 91, 91 x 109".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_before: Option<String>,
    /// The slice after pooling, as "max pooling k=2 s=2: 45 x 54".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_after: Option<String>,
    /// Anything else: a name and a number or a text, listed as it is.
    #[serde(flatten)]
    pub other: BTreeMap<String, serde_json::Value>,
}

impl Facts {
    /// Writes the file in one step.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(self).map_err(|e| Error::write(path, e.into()))?;
        text.push(b'\n');
        super::write_atomically(path, &text)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::ClaimsTooMuch`] above 1 MiB, [`Error::Format`].
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = super::read_bounded(path, "facts", MAX_BYTES)?;
        serde_json::from_slice(&bytes).map_err(|e| Error::format(path, "facts.json", e.to_string()))
    }
}
