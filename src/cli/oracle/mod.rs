//! Cases computed by others: folders with a `case.json` and one NPY file a tensor, as PyTorch and ONNX cases are kept
//! in `shared/oracle`.
//!
//! | case | held to |
//! |---|---|
//! | torch `maxpool2d` | `y`, `indices` and `dx`, equal |
//! | torch `maxpool2d_zeropad`, `thesis_maxpool` | `y` and `dx`, equal, padded with zeros |
//! | torch `matmul` | `c`, equal where `exact`, else within `tol_factor * abs` |
//! | torch `relu` | `y` and `dx`, equal |
//! | torch `cross_entropy`, `bce_with_logits` | `loss`, `prob` and `dlogits`, within each one's tolerance |
//! | torch `adam` | `p`, `m` and `v` after each step from the step before, within each one's tolerance |
//! | onnx `MaxPool`, `GlobalMaxPool` of 1 and 2 axes | `Y` and, where given, `Indices`, equal |
//! | onnx `Relu` | `Y`, equal |
//! | onnx `AveragePool` of 1 and 2 axes | `Y`, within the case's tolerance |
//! | onnx `BatchNormalization` | `Y` and, in training, the running ones, within the case's tolerance |
//! | onnx `SoftmaxCrossEntropyLoss` | `output` and, where given, `log_prob`, within the case's tolerance |
//! | torch `conv2d` | `y`, `dx` and `dw`, each within its `atol + rtol * abs`; `db` is a sum, which no op computes yet |
//! | torch `linear` | `dx` and `dw` and, where no bias is added, `y`, as products; `db` as above |
//! | onnx `Conv` of 1 and 2 axes, padded alike on both sides | `Y`, within the case's `atol + rtol * abs(Y)` |
//! | onnx `MatMul`, `Gemm` without alpha and C | `Y`, within the case's `atol + rtol * abs(Y)` |
//!
//! What an op of this program does not compute is skipped with its reason. A case that is damaged (a missing file, a
//! shape other than announced) fails by its name. The expected values are the files', never our reference's.

mod average;
mod case_file;
mod convolution;
mod layers;
mod loss;
mod normal;
mod onnx;
mod product;
mod tensor;
mod torch;
mod window;

use std::path::{Path, PathBuf};

pub(super) use tensor::floats;

use self::case_file::CaseFile;
use crate::error::{Error, Result};
use crate::lab::Case;

/// One case of the oracle, ready to run or not.
#[derive(Debug)]
pub(super) struct Entry {
    /// The folder, relative to the one that was asked for.
    pub(super) name: String,
    /// Whose case of which operation, as `torch/matmul`.
    pub(super) group: String,
    /// What is to be done with it.
    pub(super) content: Content,
}

/// What a case turned out to be.
#[derive(Debug)]
pub(super) enum Content {
    /// Calls to hold every variant to.
    Checks(Vec<Check>),
    /// Outside what the program computes, and why.
    Skipped(String),
    /// Not usable as it lies there, and why: a failure.
    Damaged(String),
}

/// One thing to hold a variant to.
#[derive(Debug)]
pub(super) struct Check {
    /// What of the case, as `indices`; empty where it is all of it.
    pub(super) part: &'static str,
    /// The calls: one, or one for each product of a batch where the variant knows no batches.
    pub(super) calls: Vec<Case>,
}

/// Why a case gives no checks.
#[derive(Debug)]
enum Stop {
    Skip(String),
    Damaged(String),
}

impl Stop {
    fn skip<T>(reason: impl Into<String>) -> Result<T, Self> {
        Err(Self::Skip(reason.into()))
    }

    fn damaged<T>(reason: impl Into<String>) -> Result<T, Self> {
        Err(Self::Damaged(reason.into()))
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// Every folder with a `case.json`, `dir` itself and at any depth below, sorted. Links to folders are not followed.
///
/// # Errors
/// [`Error::Read`] for a folder that cannot be listed, [`Error::Format`] where there is no case at all.
pub(super) fn find(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|e| Error::read(&folder, e))? {
            let entry = entry.map_err(|e| Error::read(&folder, e))?;
            let kind = entry.file_type().map_err(|e| Error::read(entry.path(), e))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if entry.file_name() == case_file::NAME {
                found.push(folder.clone());
            }
        }
    }
    if found.is_empty() {
        let reason = format!("no {} lies in it or below", case_file::NAME);
        return Err(Error::format(dir, "folder of cases", reason));
    }
    found.sort();
    Ok(found)
}

/// Reads the case in `folder`; `root` is the folder that was asked for.
pub(super) fn load(root: &Path, folder: &Path) -> Entry {
    let below = folder.strip_prefix(root).unwrap_or(folder);
    let parts: Vec<_> = below.components().map(|c| c.as_os_str().to_string_lossy()).collect();
    let name = if parts.is_empty() {
        folder.file_name().map_or_else(|| "case".into(), |n| n.to_string_lossy().into_owned())
    } else {
        parts.join("/")
    };
    let file = match CaseFile::read(folder) {
        Ok(file) => file,
        Err(e) => {
            return Entry { name, group: "unreadable".into(), content: Content::Damaged(e.to_string()) };
        }
    };
    let group = format!("{}/{}", if file.is_torch() { "torch" } else { "onnx" }, file.op());
    let checks = if file.is_torch() { torch::checks(&file) } else { onnx::checks(&file) };
    let content = match checks {
        Ok(checks) => Content::Checks(checks),
        Err(Stop::Skip(reason)) => Content::Skipped(reason),
        Err(Stop::Damaged(reason)) => Content::Damaged(reason),
    };
    Entry { name, group, content }
}
