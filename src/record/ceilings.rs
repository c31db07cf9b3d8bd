//! `ceilings.json`: what the probes reached on the machine of a run, sample by sample.

use super::row::Clock;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The version of the file that this program writes.
pub const CEILINGS_VERSION: u32 = 1;

/// The longest `ceilings.json` that is read.
const MAX_BYTES: u64 = 1 << 20;

/// What the probes measured, on the adapter and on the CPU of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceilings {
    /// The file's version: [`CEILINGS_VERSION`].
    pub schema_version: u32,
    /// When, in UTC.
    pub measured: String,
    /// The adapter; absent where only the CPU was probed.
    pub adapter: Option<String>,
    /// Whether the adapter is a CPU that poses as a GPU.
    pub software: bool,
    /// The CPU.
    pub cpu: String,
    /// CPU threads of the probes.
    pub threads: u32,
    /// What was measured.
    pub probes: Vec<Probe>,
    /// What was not, and why.
    pub skipped: Vec<SkippedProbe>,
}

/// What a probe does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    /// Copies a buffer on its side: work in bytes, read and written.
    Copy,
    /// Reads a buffer on its side: work in bytes.
    Read,
    /// Multiplies and adds in registers, single precision: work in floating-point operations.
    FmaF32,
    /// The same in half precision.
    FmaF16,
    /// A matrix product by the tuned library, single precision: work in floating-point operations.
    Product,
    /// Launches of a kernel with nothing to do, in one submission: work in launches.
    Launch,
    /// Submissions of such a launch, each awaited: work in submissions.
    Submission,
    /// Copies host memory to the device: work in bytes.
    Upload,
    /// Copies device memory to the host: work in bytes.
    Download,
}

/// Where a probe ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// On the adapter.
    Gpu,
    /// On the CPU.
    Cpu,
}

/// One probe with its samples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// What it does.
    pub kind: ProbeKind,
    /// Where it ran.
    pub side: Side,
    /// Work of one sample, in the unit of its kind.
    pub work: u64,
    /// Bytes of each buffer that it goes through, where it goes through any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub buffer_bytes: Option<u64>,
    /// Where its times come from.
    pub clock: Clock,
    /// Time of each call.
    pub samples_ns: Vec<u64>,
}

/// A probe that could not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedProbe {
    /// What it would have done.
    pub kind: ProbeKind,
    /// Where.
    pub side: Side,
    /// Why it did not.
    pub reason: String,
}

impl Ceilings {
    /// The file's name in a run folder.
    pub const FILE: &str = "ceilings.json";

    /// The probe of that kind on that side.
    pub fn probe(&self, kind: ProbeKind, side: Side) -> Option<&Probe> {
        self.probes.iter().find(|p| p.kind == kind && p.side == side)
    }

    /// Writes the file in one step.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(self).map_err(|e| Error::write(path, e.into()))?;
        text.push(b'\n');
        super::write_atomically(path, &text)
    }

    /// Reads the file. Fields that this version does not know are ignored.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::ClaimsTooMuch`] above 1 MiB, [`Error::Format`] for text that is no such record or of a
    /// later version.
    pub fn read(path: &Path) -> Result<Self> {
        Self::from_bytes(path, &super::read_bounded(path, "ceilings", MAX_BYTES)?)
    }

    /// Parses the bytes of a file; `path` is named in errors only.
    ///
    /// # Errors
    /// [`Error::Format`], as [`Self::read`].
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            schema_version: u32,
        }
        let bad = |e: serde_json::Error| Error::format(path, Self::FILE, e.to_string());
        // The version first: a later file may not look like this one at all.
        let Version { schema_version } = serde_json::from_slice(bytes).map_err(bad)?;
        if schema_version > CEILINGS_VERSION {
            let reason = format!(
                "its version is {schema_version}, this program reads up to {CEILINGS_VERSION}; use a newer program"
            );
            return Err(Error::format(path, Self::FILE, reason));
        }
        serde_json::from_slice(bytes).map_err(bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ceilings() -> Ceilings {
        let probe = Probe {
            kind: ProbeKind::FmaF32,
            side: Side::Gpu,
            work: 1 << 40,
            buffer_bytes: None,
            clock: Clock::Timestamp,
            samples_ns: vec![10, 11],
        };
        let skipped =
            SkippedProbe { kind: ProbeKind::FmaF16, side: Side::Gpu, reason: "no half precision".into() };
        Ceilings {
            schema_version: CEILINGS_VERSION,
            measured: "2024-05-01T10:00:00Z".into(),
            adapter: Some("a card".into()),
            software: false,
            cpu: "a CPU".into(),
            threads: 2,
            probes: vec![probe],
            skipped: vec![skipped],
        }
    }

    #[test]
    fn they_come_back_and_later_versions_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(Ceilings::FILE);
        ceilings().write(&path).unwrap();
        assert_eq!(Ceilings::read(&path).unwrap(), ceilings());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("\"kind\": \"fma_f32\"") && text.contains("\"side\": \"gpu\""), "{text}");
        let later = text.replace("\"schema_version\": 1", "\"schema_version\": 9").replace("fma_f32", "warp");
        let error = Ceilings::from_bytes(&path, later.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("its version is 9") && error.contains("use a newer program"), "{error}");
        for cut in [0, 1, text.len() / 2] {
            let error = Ceilings::from_bytes(&path, &text.as_bytes()[..cut]).unwrap_err();
            assert!(matches!(error, Error::Format { .. }), "{error}");
        }
    }
}
