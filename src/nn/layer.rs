//! Layers as data: what a network file says of one, and the shapes that follow.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::ops::{Fans, Init};

/// What one example is between two layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Channels, rows and columns.
    Image([u32; 3]),
    /// Numbers in a row.
    Row(u32),
}

impl Shape {
    /// How many numbers.
    pub fn len(self) -> u64 {
        match self {
            Self::Image(sides) => sides.iter().map(|&s| u64::from(s)).product(),
            Self::Row(len) => u64::from(len),
        }
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image([c, h, w]) => write!(f, "{c} x {h} x {w}"),
            Self::Row(len) => write!(f, "{len}"),
        }
    }
}

/// One number for both axes, or `[rows, columns]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a whole number, or [rows, columns]")]
pub enum Pair {
    /// The same for both.
    Both(u32),
    /// Rows, columns.
    Each([u32; 2]),
}

impl Pair {
    /// Along the rows' axis and the columns' axis.
    pub fn hw(self) -> [u32; 2] {
        match self {
            Self::Both(v) => [v, v],
            Self::Each(pair) => pair,
        }
    }
}

/// How many numbers a dense layer gives.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a whole number, or \"classes\"")]
pub enum Outputs {
    /// So many.
    Number(u32),
    /// As many as there are classes: the word `classes`.
    Word(ClassesWord),
}

/// The word `classes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum ClassesWord {
    /// `classes`.
    #[serde(rename = "classes")]
    Classes,
}

/// `conv2d`: images to images.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv2d {
    /// Channels of the output.
    pub filters: u32,
    /// Window.
    pub kernel: Pair,
    /// From one window to the next.
    #[serde(default = "one")]
    pub stride: Pair,
    /// Zeros around the image.
    #[serde(default = "zero")]
    pub padding: Pair,
    /// Between the taps of a window.
    #[serde(default = "one")]
    pub dilation: Pair,
    /// Groups of channels; as many as channels for a depthwise convolution.
    #[serde(default = "one_group")]
    pub groups: u32,
    /// Initial weights; biases are zero.
    #[serde(default = "kaiming")]
    pub init: String,
}

/// `linear`: a dense layer, rows to rows.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linear {
    /// How many numbers it gives.
    pub outputs: Outputs,
    /// Initial weights; biases are zero.
    #[serde(default = "xavier")]
    pub init: String,
}

/// `maxpool` and `avgpool`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolLayer {
    /// Window.
    pub kernel: Pair,
    /// From one window to the next; the window's size unless given.
    pub stride: Option<Pair>,
    /// Around the image: minus infinity for the maximum, zeros for the mean.
    #[serde(default = "zero")]
    pub padding: Pair,
    /// Between the taps of a window.
    #[serde(default = "one")]
    pub dilation: Pair,
    /// Whether the number of windows is rounded up.
    #[serde(default)]
    pub ceil: bool,
}

/// `batchnorm`: each channel by the mean and variance of the batch; by the running ones outside training.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNorm {
    /// By what share the running numbers move to the batch's.
    #[serde(default = "tenth")]
    pub momentum: f32,
    /// Added to the variance.
    #[serde(default = "hundred_thousandth")]
    pub eps: f32,
}

/// `dropout`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropout {
    /// Probability of an element to be dropped.
    #[serde(default = "half")]
    pub p: f32,
}

/// A layer without numbers of its own.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {}

const fn one() -> Pair {
    Pair::Both(1)
}

const fn zero() -> Pair {
    Pair::Both(0)
}

const fn one_group() -> u32 {
    1
}

const fn tenth() -> f32 {
    0.1
}

const fn half() -> f32 {
    0.5
}

const fn hundred_thousandth() -> f32 {
    1e-5
}

fn kaiming() -> String {
    "kaiming_normal".to_owned()
}

fn xavier() -> String {
    "xavier_normal".to_owned()
}

/// What a layer does.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Convolution with a bias.
    Conv2d(Conv2d),
    /// Dense layer with a bias.
    Linear(Linear),
    /// Largest of each window.
    Maxpool(PoolLayer),
    /// Mean of each window; padding counts.
    Avgpool(PoolLayer),
    /// Mean of each channel.
    GlobalAvgpool,
    /// max(x, 0).
    Relu,
    /// 1 / (1 + exp(-x)).
    Sigmoid,
    /// Normalisation of each channel.
    Batchnorm(BatchNorm),
    /// Random zeros in training.
    Dropout(Dropout),
    /// An image as a row.
    Flatten,
}

/// The kinds, by the names that files use.
const KINDS: &str =
    "conv2d, linear, maxpool, avgpool, global_avgpool, relu, sigmoid, batchnorm, dropout, flatten";

impl Kind {
    /// A kind from its name and its other keys.
    pub(super) fn parse(kind: &str, keys: toml::Table) -> Result<Self, String> {
        fn of<T: DeserializeOwned>(keys: toml::Table) -> Result<T, String> {
            toml::Value::Table(keys).try_into().map_err(|e: toml::de::Error| e.message().to_owned())
        }
        let plain = |keys, kind| of::<Plain>(keys).map(|_| kind);
        match kind {
            "conv2d" => {
                let conv: Conv2d = of(keys)?;
                known_init(&conv.init).map(|()| Self::Conv2d(conv))
            }
            "linear" => {
                let linear: Linear = of(keys)?;
                known_init(&linear.init).map(|()| Self::Linear(linear))
            }
            "maxpool" => of(keys).map(Self::Maxpool),
            "avgpool" => of(keys).map(Self::Avgpool),
            "global_avgpool" => plain(keys, Self::GlobalAvgpool),
            "relu" => plain(keys, Self::Relu),
            "sigmoid" => plain(keys, Self::Sigmoid),
            "batchnorm" => of(keys).map(Self::Batchnorm),
            "dropout" => of(keys).map(Self::Dropout),
            "flatten" => plain(keys, Self::Flatten),
            other => Err(format!("there is no kind `{other}`; known are {KINDS}")),
        }
    }

    /// The name that files use.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Conv2d(_) => "conv2d",
            Self::Linear(_) => "linear",
            Self::Maxpool(_) => "maxpool",
            Self::Avgpool(_) => "avgpool",
            Self::GlobalAvgpool => "global_avgpool",
            Self::Relu => "relu",
            Self::Sigmoid => "sigmoid",
            Self::Batchnorm(_) => "batchnorm",
            Self::Dropout(_) => "dropout",
            Self::Flatten => "flatten",
        }
    }
}

fn known_init(name: &str) -> Result<(), String> {
    match Init::named(name) {
        Some(_) => Ok(()),
        None => Err(format!("there is no init `{name}`; known are {}", Init::names())),
    }
}

/// A tensor of parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// As `conv1.weight`.
    pub name: String,
    /// Its shape, PyTorch's: filters x channels of a group x rows x columns; outputs x inputs; or one number a channel.
    pub shape: Vec<usize>,
    /// How it begins.
    pub start: Start,
    /// Its first element in the buffer of all parameters.
    pub at: usize,
}

/// How a tensor of parameters begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// Drawn at random, with the gain of a relu.
    Drawn(Init, Fans),
    /// The same number everywhere.
    Constant(f32),
}

impl Parameter {
    /// How many numbers.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
