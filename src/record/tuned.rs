//! `tune.toml`: what searches for a kernel's constants have found, adapter by adapter, with every candidate and its fate.
//!
//! A search is known by its adapter, driver, op, variant, sizes and the text of its kernels. The samples stand in the
//! file, so that a stopped search goes on where it was, and what was decided from them can be decided again.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The version of the layout of `tune.toml` that this program writes, and the highest that it reads.
pub const TUNED_VERSION: u32 = 1;

/// The longest `tune.toml` that is read.
const MAX_BYTES: u64 = 16 << 20;

const FORMAT: &str = "file of tuned constants";

/// The whole file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TuneFile {
    /// Version of this layout.
    pub schema_version: u32,
    /// The searches.
    #[serde(default, rename = "search")]
    pub searches: Vec<TuneSearch>,
}

/// One search: a variant at one set of sizes on one adapter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TuneSearch {
    /// The adapter's name.
    pub adapter: String,
    /// The API, as in `vulkan`.
    pub backend: String,
    /// The driver's name, version and build.
    pub driver: String,
    /// Whether the adapter is a CPU that poses as a GPU.
    pub software: bool,
    /// The op.
    pub op: String,
    /// The variant.
    pub variant: String,
    /// The sizes, as `m=64 n=64 k=64`.
    pub sizes: String,
    /// The class of sizes for which the result holds: the longest side of any operand, up to the next power of two.
    pub class: u32,
    /// SHA-256 of the kernels' text, in hexadecimal: times of another text say nothing about this one.
    pub code: String,
    /// Whether kernels ran with checks of bounds; so did all that a file does not say it of.
    #[serde(default = "checked")]
    pub bounds_checks: bool,
    /// Seed of the inputs.
    pub seed: u64,
    /// Whether times are from device timestamps; else from the host's clock, from submission to completion.
    pub timestamps: bool,
    /// When it ended, in UTC; absent while candidates are open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
    /// Every candidate, the default first.
    #[serde(default, rename = "candidate")]
    pub candidates: Vec<TuneCandidate>,
}

/// Values for the constants of a variant, and what became of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TuneCandidate {
    /// The values, as `WX=8 WY=16`.
    pub constants: String,
    /// Whether they are those of the shaders' files.
    pub default: bool,
    /// What became of it.
    pub fate: Fate,
    /// Why, where the fate has a reason.
    #[serde(default)]
    pub reason: String,
    /// Whether it was right at every awkward size.
    #[serde(default)]
    pub verified: bool,
    /// Times of the race, in nanoseconds.
    #[serde(default)]
    pub race_ns: Vec<u64>,
    /// Times of the duel between the race's first and the default, which alone decide; empty for all others.
    #[serde(default)]
    pub duel_ns: Vec<u64>,
}

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Not decided yet: the time was used up before, or the search was stopped.
    Open,
    /// Its pipeline was refused: by the shader's own asserts, by the device's limits or by the driver.
    CompiledNot,
    /// It compiled, and its result was wrong.
    Wrong,
    /// Right, and slower than others.
    Slower,
    /// Right, first of the race, and not faster than the default beyond doubt.
    Unclear,
    /// What is used from now on.
    Best,
}

impl Fate {
    /// The word in files and tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::CompiledNot => "compiled_not",
            Self::Wrong => "wrong",
            Self::Slower => "slower",
            Self::Unclear => "unclear",
            Self::Best => "best",
        }
    }
}

fn checked() -> bool {
    true
}

impl TuneSearch {
    /// Whether two are the same search, of which the second may continue the first.
    pub fn is_same(&self, other: &Self) -> bool {
        let key = |s: &Self| {
            let place = [&s.adapter, &s.backend, &s.driver, &s.op, &s.variant, &s.sizes, &s.code];
            (place.map(Clone::clone), s.class, s.bounds_checks, s.seed)
        };
        key(self) == key(other)
    }

    /// The candidate to be used; `None` while the search is not finished.
    pub fn best(&self) -> Option<&TuneCandidate> {
        self.finished.as_ref()?;
        self.candidates.iter().find(|c| c.fate == Fate::Best)
    }
}

impl TuneCandidate {
    /// The constants as pairs; `None` where the text is damaged.
    pub fn pairs(&self) -> Option<Vec<(&str, u32)>> {
        let pair = |word| {
            let (name, value) = str::split_once(word, '=')?;
            Some((name, value.parse().ok()?))
        };
        self.constants.split_whitespace().map(pair).collect()
    }

    /// The samples that its fate was decided by: those of the duel where it had one, else those of the race.
    pub fn samples(&self) -> &[u64] {
        if self.duel_ns.is_empty() { &self.race_ns } else { &self.duel_ns }
    }
}

impl Default for TuneFile {
    fn default() -> Self {
        Self { schema_version: TUNED_VERSION, searches: Vec::new() }
    }
}

impl TuneFile {
    /// Reads a file; one that does not exist is empty.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::ClaimsTooMuch`] above 16 MiB, [`Error::Format`] for a damaged file or a later version's.
    pub fn read(path: &Path) -> Result<Self> {
        match super::read_bounded(path, "tuned constants", MAX_BYTES) {
            Err(Error::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self::default())
            }
            bytes => Self::from_bytes(path, &bytes?),
        }
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
        let bad = |reason: String| Error::format(path, FORMAT, reason);
        let text = std::str::from_utf8(bytes).map_err(|_| bad("it is not UTF-8 text".to_owned()))?;
        let said = |e: toml::de::Error| bad(e.to_string().trim_end().to_owned());
        // The version first: a later file may not look like this one at all.
        let Version { schema_version } = toml::from_str(text).map_err(said)?;
        if schema_version == 0 || schema_version > TUNED_VERSION {
            return Err(bad(format!(
                "its version is {schema_version}, this program knows 1 to {TUNED_VERSION}; use a newer program"
            )));
        }
        toml::from_str(text).map_err(said)
    }

    /// Puts a search in place of the same one, or behind the others.
    pub fn keep(&mut self, search: &TuneSearch) {
        match self.searches.iter_mut().find(|s| s.is_same(search)) {
            Some(place) => place.clone_from(search),
            None => self.searches.push(search.clone()),
        }
    }

    /// Writes the file in one step, and makes its folder where there is none.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = toml::to_string(self).map_err(|e| Error::write(path, std::io::Error::other(e)))?;
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| Error::write(folder, e))?;
        }
        super::write_atomically(path, text.as_bytes())
    }

    /// The table that stands beside a file: the same name, ending in `.csv`.
    pub fn table_path(path: &Path) -> PathBuf {
        path.with_extension("csv")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search() -> TuneSearch {
        let candidate = |constants: &str, fate| TuneCandidate {
            constants: constants.into(),
            default: fate == Fate::Slower,
            fate,
            reason: "a \"quoted\" reason".into(),
            verified: true,
            race_ns: vec![3, 4],
            duel_ns: vec![5],
        };
        TuneSearch {
            adapter: "a card".into(),
            backend: "vulkan".into(),
            driver: "driver 1".into(),
            software: false,
            op: "matmul".into(),
            variant: "registers_4x4".into(),
            sizes: "m=8 n=8 k=8".into(),
            bounds_checks: true,
            class: 8,
            code: "ab".into(),
            seed: 35,
            timestamps: true,
            finished: None,
            candidates: vec![candidate("WX=8 WY=8", Fate::Slower), candidate("WX=4 WY=8", Fate::Best)],
        }
    }

    #[test]
    fn a_file_comes_back_and_a_search_takes_its_own_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/folder/tune.toml");
        assert_eq!(TuneFile::read(&path).unwrap(), TuneFile::default());
        let mut file = TuneFile::default();
        file.keep(&search());
        file.keep(&TuneSearch { sizes: "m=9".into(), ..search() });
        file.keep(&TuneSearch { finished: Some("2024-05-01T10:00:00Z".into()), ..search() });
        file.write(&path).unwrap();
        let read = TuneFile::read(&path).unwrap();
        assert_eq!(read, file);
        assert_eq!(read.searches.len(), 2);
        let best = read.searches[0].best().unwrap();
        assert_eq!(best.pairs().unwrap(), [("WX", 4), ("WY", 8)]);
        assert_eq!(best.samples(), [5]);
        assert!(read.searches[1].best().is_none(), "not finished");
    }

    #[test]
    fn damaged_files_are_refused() {
        let path = Path::new("tune.toml");
        let mut file = TuneFile::default();
        file.keep(&search());
        let text = toml::to_string(&file).unwrap();
        for (from, to, said) in [
            ("schema_version = 1", "schema_version = 9", "its version is 9"),
            ("fate = \"best\"", "fate = \"happy\"", "happy"),
            ("class = 8", "class = -8", "line"),
            ("[[search]]", "[[search", "line"),
        ] {
            assert!(text.contains(from), "{text}");
            let error = TuneFile::from_bytes(path, text.replace(from, to).as_bytes()).unwrap_err();
            assert!(matches!(error, Error::Format { .. }) && error.to_string().contains(said), "{error}");
        }
        assert!(TuneFile::from_bytes(path, b"").is_err());
        assert!(TuneFile::from_bytes(path, &[0xFF]).is_err());
        let pairs = |constants: &str| {
            TuneCandidate { constants: constants.into(), ..search().candidates[0].clone() }.pairs().is_some()
        };
        assert!(pairs("A=1") && !pairs("A") && !pairs("A=-1") && !pairs("A=x"));
    }
}
