//! Named numbers. One list of [`Field`]s an op is at once its TOML keys, its command-line options, its CSV columns and
//! the names that a shader's parameter block may use.

use std::fmt;

use crate::error::{Error, Result};

/// One size of an op.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// The field's standard letter, as `kh`.
    pub name: &'static str,
    /// What it is when not given; `None` where it must be.
    pub default: Option<Default>,
    /// Words for the values 0, 1, ... of a choice; empty for a plain number.
    pub words: &'static [&'static str],
    /// Whether the value is the bits of an f32: a learning rate, a probability. Written as a decimal number, an `f32`
    /// in a shader's parameter block.
    pub real: bool,
    /// What it means, with its unit.
    pub doc: &'static str,
    /// Whether only kernels that name it know of it: in their parameter block, or as the constant `SIZE_<NAME>`, which
    /// is compiled in. The others are run where it has its default, and skipped with that reason elsewhere.
    pub named: bool,
}

/// What a size is when it is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// This number.
    Value(u32),
    /// The same as another size, which stands before it in the list.
    Same(&'static str),
}

impl Field {
    /// A size that must be given.
    pub const fn required(name: &'static str, doc: &'static str) -> Self {
        Self { name, default: None, words: &[], real: false, doc, named: false }
    }

    /// A size with a default.
    pub const fn or(name: &'static str, value: u32, doc: &'static str) -> Self {
        Self { name, default: Some(Default::Value(value)), words: &[], real: false, doc, named: false }
    }

    /// A real number with a default.
    pub const fn real(name: &'static str, value: f32, doc: &'static str) -> Self {
        let default = Some(Default::Value(value.to_bits()));
        Self { name, default, words: &[], real: true, doc, named: false }
    }

    /// A size that equals an earlier one unless given.
    pub const fn same(name: &'static str, as_: &'static str, doc: &'static str) -> Self {
        Self { name, default: Some(Default::Same(as_)), words: &[], real: false, doc, named: false }
    }

    /// A choice between words, the first being the default; its value is the word's position.
    pub const fn choice(name: &'static str, words: &'static [&'static str], doc: &'static str) -> Self {
        Self { name, default: Some(Default::Value(0)), words, real: false, doc, named: false }
    }

    /// The same size, known only to kernels that name it.
    #[must_use]
    pub const fn by_name(self) -> Self {
        Self { named: true, ..self }
    }

    /// Whether this is its default.
    fn is_default(&self, value: u32) -> bool {
        matches!(self.default, Some(Default::Value(default)) if default == value)
    }

    fn value(&self, op: &'static str, text: &str) -> Result<u32> {
        if let Some(position) = self.words.iter().position(|w| *w == text) {
            return Ok(u32::try_from(position).unwrap_or(u32::MAX));
        }
        let bad = |reason: String| Error::BadSize { op, name: self.name.into(), value: text.into(), reason };
        if self.real {
            return match text.parse::<f32>() {
                Ok(value) if value.is_finite() => Ok(value.to_bits()),
                _ => Err(bad("is not a finite decimal number".to_owned())),
            };
        }
        let Ok(value) = text.parse::<u32>() else {
            let wanted = if self.words.is_empty() {
                format!("is not a whole number from 0 to {}", u32::MAX)
            } else {
                format!("is none of {}", self.words.join(", "))
            };
            return Err(bad(wanted));
        };
        if !self.words.is_empty() && value as usize >= self.words.len() {
            return Err(bad(format!("is none of {}", self.words.join(", "))));
        }
        Ok(value)
    }

    /// The text of a value: the word of a choice, else the number. For a real number the shortest decimal that reads
    /// back to the same bits.
    pub fn text(&self, value: u32) -> String {
        if self.real {
            return f32::from_bits(value).to_string();
        }
        self.words.get(value as usize).map_or_else(|| value.to_string(), |w| (*w).to_owned())
    }
}

/// The sizes of one call.
#[derive(Clone, PartialEq, Eq)]
pub struct Sizes {
    fields: &'static [Field],
    values: Vec<u32>,
}

impl Sizes {
    /// Sizes from `(name, value)` pairs; missing ones take their defaults. Values are not judged here.
    pub(super) fn parse<'a>(
        op: &'static str,
        fields: &'static [Field],
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self> {
        let mut given: Vec<Option<u32>> = vec![None; fields.len()];
        for (name, text) in pairs {
            let Some(at) = fields.iter().position(|f| f.name == name) else {
                let known = fields.iter().map(|f| f.name).collect::<Vec<_>>().join(", ");
                return Err(Error::UnknownSize { op, name: name.to_owned(), known });
            };
            given[at] = Some(fields[at].value(op, text)?);
        }
        let mut sizes = Self { fields, values: Vec::with_capacity(fields.len()) };
        for (field, value) in fields.iter().zip(given) {
            let value = match (value, field.default) {
                (Some(v), _) | (None, Some(Default::Value(v))) => v,
                (None, Some(Default::Same(other))) => sizes.get(other),
                (None, None) => return Err(Error::MissingSize { op, name: field.name, doc: field.doc }),
            };
            sizes.values.push(value);
        }
        Ok(sizes)
    }

    /// The value of a size, if there is one of that name.
    pub fn find(&self, name: &str) -> Option<u32> {
        let at = self.fields.iter().position(|f| f.name == name)?;
        self.values.get(at).copied()
    }

    /// The value of a size of the op.
    ///
    /// # Panics
    /// If the op has no such size: a fault of this crate, not of its user.
    pub fn get(&self, name: &str) -> u32 {
        self.find(name).unwrap_or_else(|| unreachable!("no size is called {name}"))
    }

    /// The value of a real number of the op, as kernels get it.
    ///
    /// # Panics
    /// As [`Sizes::get`].
    pub fn real(&self, name: &str) -> f32 {
        f32::from_bits(self.get(name))
    }

    /// The value of a real number of the op as its decimal text says it, to f64: 0.999 and not the f32 next to it,
    /// whose distance from 1 is off by one part in 20 000.
    ///
    /// # Panics
    /// As [`Sizes::get`].
    pub fn decimal(&self, name: &str) -> f64 {
        let value = self.real(name);
        value.to_string().parse().unwrap_or(f64::from(value))
    }

    /// Sizes other than their default that only kernels that name them know of.
    pub fn to_be_named(&self) -> impl Iterator<Item = &'static str> + '_ {
        let special = self.fields.iter().zip(&self.values).filter(|(f, v)| f.named && !f.is_default(**v));
        special.map(|(f, _)| f.name)
    }

    /// Sets a size to the bits of a value. It is for the caller to hold the result to the op's check.
    ///
    /// # Panics
    /// As [`Sizes::get`].
    pub fn set(&mut self, name: &str, bits: u32) {
        let at = self.fields.iter().position(|f| f.name == name);
        let at = at.unwrap_or_else(|| unreachable!("no size is called {name}"));
        self.values[at] = bits;
    }

    /// Names and values, in the op's order.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, u32)> + '_ {
        self.fields.iter().zip(&self.values).map(|(f, &v)| (f.name, v))
    }

    /// Names and values as text, in the op's order.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        self.fields.iter().zip(&self.values).map(|(f, &v)| (f.name, f.text(v)))
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.entries().map(|(name, text)| format!("{name}={text}")).collect();
        f.write_str(&parts.join(" "))
    }
}

impl fmt::Debug for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sizes({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[Field] = &[Field::required("len", "elements"), Field::real("beta", 0.999, "decay")];

    #[test]
    fn real_numbers_keep_their_decimals() {
        let sizes = Sizes::parse("op", FIELDS, [("len", "3")]).unwrap();
        assert_eq!(sizes.to_string(), "len=3 beta=0.999");
        assert_eq!(sizes.get("beta"), 0.999f32.to_bits());
        assert_eq!(sizes.decimal("beta"), 0.999f64);
        let sizes = Sizes::parse("op", FIELDS, [("len", "3"), ("beta", "1e-8")]).unwrap();
        assert_eq!((sizes.real("beta"), sizes.decimal("beta")), (1e-8f32, 1e-8f64));
        for bad in ["nan", "inf", "1e39", "a", ""] {
            let error = Sizes::parse("op", FIELDS, [("len", "3"), ("beta", bad)]).unwrap_err();
            assert!(error.to_string().contains("finite decimal"), "{error}");
        }
        assert!(Sizes::parse("op", FIELDS, [("len", "0.5")]).is_err());
    }
}
