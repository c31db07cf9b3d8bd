//! `case.json` and the tensors beside it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::Stop;
use super::convolution::Wanted;
use super::tensor::Tensor;
use crate::data::npy;
use crate::error::{Error, Result};
use crate::ops::Bound;

/// The file that makes a folder a case.
pub(super) const NAME: &str = "case.json";

/// The longest that is read.
const MAX_BYTES: u64 = 16 << 20;

/// What `case.json` says; see the README beside the cases.
#[derive(Debug, Deserialize)]
struct Described {
    source: String,
    op: String,
    #[serde(default)]
    attributes: serde_json::Map<String, Value>,
    #[serde(default)]
    inputs: Vec<Option<DescribedTensor>>,
    #[serde(default)]
    outputs: Vec<Option<DescribedTensor>>,
    rtol: Option<f64>,
    atol: Option<f64>,
}

/// One tensor of it.
#[derive(Debug, Deserialize)]
struct DescribedTensor {
    name: String,
    /// The formal name, in ONNX cases.
    param: Option<String>,
    file: String,
    dtype: String,
    shape: Vec<usize>,
    /// The tolerance of this tensor, in PyTorch's cases.
    rtol: Option<f64>,
    atol: Option<f64>,
}

impl DescribedTensor {
    fn formal_name(&self) -> &str {
        self.param.as_deref().unwrap_or(&self.name)
    }
}

/// A case: what its file says, and where it lies.
#[derive(Debug)]
pub(super) struct CaseFile {
    folder: PathBuf,
    described: Described,
}

impl CaseFile {
    /// Reads the `case.json` of a folder.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::ClaimsTooMuch`] above 16 MiB, [`Error::Format`].
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let file = File::open(&path).map_err(|e| Error::read(&path, e))?;
        let mut text = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(|e| Error::read(&path, e))?;
        if text.len() as u64 > MAX_BYTES {
            let claimed = text.len() as u64;
            return Err(Error::ClaimsTooMuch { path, what: "text", claimed, limit: MAX_BYTES });
        }
        let described =
            serde_json::from_slice(&text).map_err(|e| Error::format(&path, "case.json", e.to_string()))?;
        Ok(Self { folder: folder.to_owned(), described })
    }

    /// Whether it is one of PyTorch's; the others are ONNX's.
    pub(super) fn is_torch(&self) -> bool {
        self.described.source == "torch"
    }

    /// The operation.
    pub(super) fn op(&self) -> &str {
        &self.described.op
    }

    /// The tolerance `(rtol, atol)` of the whole case.
    pub(super) fn tolerance(&self) -> Result<(f64, f64), Stop> {
        match (self.described.rtol, self.described.atol) {
            (Some(rtol), Some(atol)) => Ok((rtol, atol)),
            _ => Stop::damaged("its case.json has no rtol and atol"),
        }
    }

    /// An output of PyTorch's with its own tolerance: values and bounds.
    pub(super) fn near(&self, name: &str) -> Result<(Tensor, Bound), Stop> {
        let described = self.described.outputs.iter().flatten().find(|t| t.formal_name() == name);
        let tolerance = described.and_then(|t| Some((t.rtol?, t.atol?)));
        let Some((rtol, atol)) = tolerance else {
            return Stop::damaged(format!("its output `{name}` has no rtol and atol"));
        };
        let tensor = self.output(name)?;
        let bounds = tensor.doubles().iter().map(|want| atol + rtol * want.abs()).collect();
        Ok((tensor, Bound::Absolute(bounds)))
    }

    /// The output of that name and its own tolerance `(rtol, atol)`, if the case has it.
    pub(super) fn wanted(&self, name: &str) -> Result<Option<Wanted>, Stop> {
        let Some(tensor) = self.find_output(name)? else { return Ok(None) };
        let described = self.described.outputs.iter().flatten().find(|t| t.formal_name() == name);
        match described.map(|t| (t.rtol, t.atol)) {
            Some((Some(rtol), Some(atol))) => Ok(Some((tensor, (rtol, atol)))),
            _ => Stop::damaged(format!("its case.json has no rtol and atol for `{name}`")),
        }
    }

    /// An attribute, if it is there.
    pub(super) fn attribute(&self, name: &str) -> Option<&Value> {
        self.described.attributes.get(name).filter(|v| !v.is_null())
    }

    /// A whole number of an attribute; `default` where it is absent.
    pub(super) fn integer(&self, name: &str, default: i64) -> Result<i64, Stop> {
        self.attribute(name).map_or(Ok(default), |v| v.as_i64().ok_or_else(|| self.misread(name)))
    }

    /// A number of an attribute; `default` where it is absent.
    pub(super) fn float(&self, name: &str, default: f64) -> Result<f64, Stop> {
        self.attribute(name).map_or(Ok(default), |v| v.as_f64().ok_or_else(|| self.misread(name)))
    }

    /// A truth value of an attribute; false where it is absent.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Stop> {
        let read = |v: &Value| v.as_bool().or_else(|| v.as_i64().map(|n| n != 0));
        self.attribute(name).map_or(Ok(false), |v| read(v).ok_or_else(|| self.misread(name)))
    }

    /// The numbers of a list; `None` where it is absent.
    pub(super) fn list(&self, name: &str) -> Result<Option<Vec<u32>>, Stop> {
        let number = |v: &Value| v.as_u64().and_then(|n| u32::try_from(n).ok());
        let numbers = |v: &Value| v.as_array()?.iter().map(number).collect::<Option<Vec<u32>>>();
        let Some(value) = self.attribute(name) else { return Ok(None) };
        numbers(value).map(Some).ok_or_else(|| self.misread(name))
    }

    fn misread(&self, name: &str) -> Stop {
        let value = self.attribute(name).map(ToString::to_string).unwrap_or_default();
        Stop::Damaged(format!("its attribute `{name}` cannot be used: {value}"))
    }

    /// The input of that formal name.
    pub(super) fn input(&self, name: &str) -> Result<Tensor, Stop> {
        self.find_input(name)?.ok_or_else(|| Stop::Damaged(format!("it has no input `{name}`")))
    }

    /// The input of that formal name, if the case has it.
    pub(super) fn find_input(&self, name: &str) -> Result<Option<Tensor>, Stop> {
        self.find(&self.described.inputs, name)
    }

    /// The output of that formal name.
    pub(super) fn output(&self, name: &str) -> Result<Tensor, Stop> {
        self.find_output(name)?.ok_or_else(|| Stop::Damaged(format!("it has no output `{name}`")))
    }

    /// The output of that formal name, if the case has it.
    pub(super) fn find_output(&self, name: &str) -> Result<Option<Tensor>, Stop> {
        self.find(&self.described.outputs, name)
    }

    fn find(&self, list: &[Option<DescribedTensor>], name: &str) -> Result<Option<Tensor>, Stop> {
        let found = list.iter().flatten().find(|t| t.formal_name() == name);
        found.map(|t| self.tensor(t)).transpose()
    }

    /// Reads a tensor and holds it to what `case.json` says of it.
    fn tensor(&self, described: &DescribedTensor) -> Result<Tensor, Stop> {
        let dtype = described.dtype.as_str();
        if !["float32", "float64", "int32", "int64", "uint8", "bool"].contains(&dtype) {
            return Stop::skip(format!("its `{}` has elements of type {dtype}", described.name));
        }
        let array = npy::read(&self.folder.join(&described.file))?;
        let tensor = Tensor { shape: array.shape, data: array.data };
        if tensor.shape != described.shape || tensor.dtype() != dtype {
            return Stop::damaged(format!(
                "{} is {} {:?}, case.json says {dtype} {:?}",
                described.file,
                tensor.dtype(),
                tensor.shape,
                described.shape
            ));
        }
        Ok(tensor)
    }
}
