//! Network files: a list of layers in TOML, held to shapes when it is read.
//!
//! ```toml
//! name = "tiny"
//! input = [1, 28, 28]            # channels, rows, columns
//! loss = "softmax_cross_entropy" # or "bce_with_logits" for one output
//!
//! [[layer]]
//! kind = "conv2d"
//! filters = 8
//! kernel = 3
//! padding = 1
//!
//! [[layer]]
//! kind = "relu"
//!
//! [[layer]]
//! kind = "global_avgpool"
//!
//! [[layer]]
//! kind = "linear"
//! outputs = "classes"
//! ```

use std::path::Path;

use serde::Deserialize;

use super::layer::{Kind, Outputs, Parameter, Shape};
use super::shapes;
use crate::error::{Error, Result};

/// The largest network file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The most numbers that may lie between two layers of one example, and the most parameters.
pub(super) const MAX_ELEMENTS: u64 = 1 << 31;

/// The networks that are part of the program: names and texts.
pub const BUILTIN: &[(&str, &str)] = &[
    ("small", include_str!("../../experiments/networks/small.toml")),
    ("alexnet32", include_str!("../../experiments/networks/alexnet32.toml")),
    ("mri4", include_str!("../../experiments/networks/mri4.toml")),
];

/// The text of the built-in network of that name.
pub fn builtin(name: &str) -> Option<&'static str> {
    BUILTIN.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}

/// What a network is trained to make small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// One right class an example.
    #[default]
    SoftmaxCrossEntropy,
    /// Two classes, one output: the logit of the second class.
    BceWithLogits,
}

/// One layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Its name: the file's, or the kind and a number.
    pub name: String,
    /// What it does.
    pub kind: Kind,
    /// What it gets.
    pub input: Shape,
    /// What it gives.
    pub output: Shape,
    /// Its parameters; weight first, then bias.
    pub parameters: Vec<Parameter>,
}

/// A network whose shapes fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// Channels, rows and columns of an image.
    pub input: [u32; 3],
    /// The loss.
    pub loss: Loss,
    /// The layers, in order.
    pub layers: Vec<Layer>,
    /// The file's text.
    pub text: String,
    /// Elements of the buffer that holds all parameters, gaps between the tensors included.
    pub parameter_elements: usize,
    /// How many classes it was made for.
    pub classes: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default, rename = "doc")]
    _doc: String,
    input: [u32; 3],
    #[serde(default)]
    loss: Loss,
    #[serde(default)]
    layer: Vec<toml::Table>,
}

impl Network {
    /// Reads a file; `classes` is what `outputs = "classes"` means.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::ClaimsTooMuch`] above 1 MiB; [`Error::Network`] for a file that is not there, text that is no TOML, unknown keys
    /// and kinds, and shapes that do not fit: with the layer and both shapes.
    pub fn read(path: &Path, classes: u32) -> Result<Self> {
        let missing = |e: std::io::Error| match e.kind() {
            std::io::ErrorKind::NotFound => {
                let names: Vec<&str> = BUILTIN.iter().map(|(name, _)| *name).collect();
                let reason = format!("there is no such file; built-in networks are {}", names.join(", "));
                Error::Network { source_name: path.display().to_string(), reason }
            }
            _ => Error::read(path, e),
        };
        let bytes = std::fs::metadata(path).map_err(missing)?.len();
        if bytes > MAX_BYTES {
            let what = "network";
            return Err(Error::ClaimsTooMuch { path: path.into(), what, claimed: bytes, limit: MAX_BYTES });
        }
        let text = std::fs::read_to_string(path).map_err(|e| Error::read(path, e))?;
        Self::parse(&path.display().to_string(), &text, classes)
    }

    /// The built-in network of that name, or the file of that path.
    ///
    /// # Errors
    /// As [`Network::read`].
    pub fn find(name: &str, classes: u32) -> Result<Self> {
        match builtin(name) {
            Some(text) => Self::parse(name, text, classes),
            None => Self::read(Path::new(name), classes),
        }
    }

    /// Parses a file's text; `source` names it in errors.
    ///
    /// # Errors
    /// [`Error::Network`], as [`Network::read`].
    pub fn parse(source: &str, text: &str, classes: u32) -> Result<Self> {
        let fault = |reason: String| Error::Network { source_name: source.to_owned(), reason };
        let file: File = toml::from_str(text).map_err(|e| fault(e.to_string()))?;
        if file.layer.is_empty() {
            return Err(fault("it has no layers; write one or more [[layer]] tables".to_owned()));
        }
        if file.input.contains(&0) {
            return Err(fault("input has a side of 0".to_owned()));
        }
        let mut layers: Vec<Layer> = Vec::with_capacity(file.layer.len());
        let mut shape = Shape::Image(file.input);
        let mut at = 0usize;
        for (number, keys) in (1usize..).zip(file.layer) {
            let (name, kind) = layer(keys, &layers).map_err(|e| fault(format!("layer {number}: {e}")))?;
            let described = || format!("layer {number} `{name}` ({})", kind.name());
            let kind = with_classes(&kind, classes);
            let (output, mut parameters) =
                shapes::of(&name, &kind, shape).map_err(|e| fault(format!("{}: {e}", described())))?;
            for parameter in &mut parameters {
                parameter.at = at;
                at += parameter.len().next_multiple_of(crate::engine::Part::ALIGNMENT);
            }
            if output.len() > MAX_ELEMENTS || at as u64 > MAX_ELEMENTS {
                return Err(fault(format!("{}: it gets too large ({output})", described())));
            }
            layers.push(Layer { name, kind, input: shape, output, parameters });
            shape = output;
        }
        let network = Self {
            name: file.name,
            input: file.input,
            loss: file.loss,
            layers,
            text: text.to_owned(),
            parameter_elements: at,
            classes,
        };
        network.check_outputs().map_err(fault)?;
        Ok(network)
    }

    /// How many numbers it gives for an example.
    pub fn outputs(&self) -> u32 {
        let len = self.layers.last().map_or(0, |l| l.output.len());
        u32::try_from(len).unwrap_or(u32::MAX)
    }

    /// All tensors of parameters, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.layers.iter().flat_map(|l| &l.parameters)
    }

    /// How many parameters.
    pub fn parameter_count(&self) -> usize {
        self.parameters().map(Parameter::len).sum()
    }

    fn check_outputs(&self) -> Result<(), String> {
        let (outputs, classes) = (self.outputs(), self.classes);
        let last = self.layers.last().map(|l| l.name.as_str()).unwrap_or_default();
        if !self.layers.iter().any(|l| !l.parameters.is_empty()) {
            return Err("it has no layer with parameters: there is nothing to train".to_owned());
        }
        match self.loss {
            Loss::SoftmaxCrossEntropy if outputs < classes => Err(format!(
                "the last layer `{last}` gives {outputs} numbers, the data have {classes} classes; write outputs = \
                 \"classes\" there"
            )),
            Loss::BceWithLogits if outputs != 1 || classes != 2 => Err(format!(
                "bce_with_logits is for 2 classes and one output; the last layer `{last}` gives {outputs}, the data have \
                 {classes} classes: use softmax_cross_entropy"
            )),
            _ => Ok(()),
        }
    }
}

/// Name and kind of a layer's table.
fn layer(mut keys: toml::Table, before: &[Layer]) -> Result<(String, Kind), String> {
    let mut word = |key: &str| match keys.remove(key) {
        None => Ok(None),
        Some(toml::Value::String(word)) => Ok(Some(word)),
        Some(other) => Err(format!("`{key}` is {other}, a text is expected")),
    };
    let (name, kind) = (word("name")?, word("kind")?);
    let kind = kind.ok_or("it has no `kind`")?;
    let name = name.unwrap_or_else(|| {
        let short = if kind.ends_with("pool") { "pool" } else { kind.trim_end_matches("2d") };
        let same = |l: &&Layer| l.name.trim_end_matches(|c: char| c.is_ascii_digit()) == short;
        format!("{short}{}", before.iter().filter(same).count() + 1)
    });
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        return Err(format!("the name `{name}` is not made of letters, digits, `_` and `-`"));
    }
    if before.iter().any(|l| l.name == name) {
        return Err(format!("there is another layer of the name `{name}`"));
    }
    Kind::parse(&kind, keys).map_err(|e| format!("`{name}` ({kind}): {e}")).map(|kind| (name, kind))
}

fn with_classes(kind: &Kind, classes: u32) -> Kind {
    let mut kind = kind.clone();
    if let Kind::Linear(linear) = &mut kind
        && matches!(linear.outputs, Outputs::Word(_))
    {
        linear.outputs = Outputs::Number(classes);
    }
    kind
}
