//! `run.json`: what was run, from which state of the code, on which machine.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The version of the layout of `run.json` that this program writes, and the highest that it reads.
pub const SCHEMA_VERSION: u32 = 1;

/// The longest `run.json` that is read.
const MAX_BYTES: u64 = 8 << 20;

/// How far a run came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// Under way, or killed.
    Running,
    /// Every point has its rows.
    Complete,
    /// Stopped by the user; the same command goes on from there.
    Interrupted,
}

/// The adapter as the graphics API describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterInfo {
    /// Its name.
    pub name: String,
    /// Its kind, as in `DiscreteGpu`.
    pub kind: String,
    /// The API, as in `vulkan`.
    pub backend: String,
    /// The driver's name.
    pub driver: String,
    /// The driver's version and build.
    pub driver_info: String,
    /// The vendor's PCI number.
    pub vendor_id: u32,
    /// The device's PCI number.
    pub device_id: u32,
    /// Whether it is a CPU that poses as a GPU.
    pub software: bool,
    /// The limits by their WebGPU names.
    #[serde(default)]
    pub limits: BTreeMap<String, u64>,
    /// The features in use.
    #[serde(default)]
    pub features: Vec<String>,
}

/// The provenance of one run. Times are UTC in ISO 8601; fields that a later version adds are ignored on reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Version of this layout.
    pub schema_version: u32,
    /// The command line, word by word.
    pub command: Vec<String>,
    /// The experiment's name.
    pub experiment: String,
    /// The experiment's full text.
    pub experiment_text: String,
    /// How far it came.
    pub status: RunStatus,
    /// When it was started.
    pub started: String,
    /// When it ended; absent while it has not.
    #[serde(default)]
    pub finished: Option<String>,
    /// What makes two runs the same run, hashed: a run is resumed only by a command with the same key.
    pub resume_key: String,
    /// The commit of the code, where it is known.
    #[serde(default)]
    pub commit: Option<String>,
    /// Whether the code differed from the commit.
    #[serde(default)]
    pub dirty: Option<bool>,
    /// SHA-256 of `Cargo.lock`, in hexadecimal.
    pub lock_sha256: String,
    /// SHA-256 of each shader used, by file name.
    #[serde(default)]
    pub shaders: BTreeMap<String, String>,
    /// The compiler.
    pub rustc: String,
    /// The operating system.
    pub os: String,
    /// The CPU's name.
    pub cpu: String,
    /// Logical cores.
    pub cores: u32,
    /// Main memory in bytes.
    pub memory_bytes: u64,
    /// The adapter; absent where only the CPU was used.
    #[serde(default)]
    pub adapter: Option<AdapterInfo>,
    /// Whether shaders ran with bounds checks.
    pub bounds_checks: bool,
    /// Seed of the inputs.
    pub seed: u64,
    /// The generator of the inputs, as in `ChaCha8`.
    pub generator: String,
    /// The environment variables that matter and were set.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Where the images came from, where images were used.
    #[serde(default)]
    pub images: Option<String>,
    /// What a reader must know besides, one sentence each: points where a time budget ran out, fallbacks taken.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl Run {
    /// Writes the file in one step: a reader sees the old text or the new one.
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
    /// [`Error::Read`], [`Error::ClaimsTooMuch`] above 8 MiB, [`Error::Format`].
    pub fn read(path: &Path) -> Result<Self> {
        Self::from_bytes(path, &super::read_bounded(path, "provenance", MAX_BYTES)?)
    }

    /// Parses the bytes of a `run.json`; `path` is named in errors only.
    ///
    /// # Errors
    /// [`Error::Format`] with line and column.
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self> {
        let bad = |reason: String| Error::format(path, "run.json", reason);
        let run: Self = serde_json::from_slice(bytes).map_err(|e| bad(e.to_string()))?;
        if run.schema_version == 0 || run.schema_version > SCHEMA_VERSION {
            let reason = format!(
                "its schema version is {}, this program knows 1 to {SCHEMA_VERSION}; use a newer program",
                run.schema_version
            );
            return Err(bad(reason));
        }
        Ok(run)
    }

    /// What a note begins with that names tuned constants of a kernel.
    pub const TUNED: &str = "tuned constants: ";

    /// What a note begins with that says that the kernels had the constants of their files.
    pub const NOT_TUNED: &str = "constants of the kernels: ";

    /// Which constants the kernels had, tuned or default; `None` where the run does not say.
    pub fn constants(&self) -> Option<String> {
        let tuned: Vec<&str> = self.notes.iter().filter_map(|n| n.strip_prefix(Self::TUNED)).collect();
        if !tuned.is_empty() {
            return Some(format!("tuned: {}", tuned.join("; ")));
        }
        self.notes.iter().find_map(|n| n.strip_prefix(Self::NOT_TUNED)).map(str::to_string)
    }

    /// The notes on anything else.
    pub fn other_notes(&self) -> impl Iterator<Item = &str> {
        let of_constants = |note: &str| note.starts_with(Self::TUNED) || note.starts_with(Self::NOT_TUNED);
        self.notes.iter().map(String::as_str).filter(move |note| !of_constants(note))
    }

    /// Whether an environment variable matters to a run and belongs into [`Run::environment`].
    pub fn environment_matters(name: &str) -> bool {
        const NAMES: [&str; 5] =
            ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "RAYON_NUM_THREADS", "RUST_LOG", "LP_NUM_THREADS"];
        NAMES.contains(&name) || name.starts_with("WGPU_") || name.starts_with("MESA_")
    }

    /// The command as one line that a shell reads back as the same words.
    pub fn command_line(&self) -> String {
        Self::shell_line(&self.command)
    }

    /// Words as one line that a shell reads back as the same words.
    pub fn shell_line(words: &[String]) -> String {
        let plain = |w: &str| {
            !w.is_empty() && w.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c))
        };
        let quote = |w: &String| {
            if plain(w) { w.clone() } else { format!("'{}'", w.replace('\'', "'\\''")) }
        };
        words.iter().map(quote).collect::<Vec<_>>().join(" ")
    }
}
