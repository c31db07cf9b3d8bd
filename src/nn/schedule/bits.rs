//! A double as its bits: JSON has no infinity, and readers of JSON may be off by the last bit.

use serde::{Deserialize, Deserializer, Serializer, de};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{:016x}", value.to_bits()))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bits = u64::from_str_radix(&text, 16);
    bits.map(f64::from_bits).map_err(|_| de::Error::custom(format!("`{text}` is not 16 hexadecimal digits")))
}
