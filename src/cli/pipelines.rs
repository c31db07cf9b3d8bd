//! Compiled kernels on disk: what an earlier process compiled need not be compiled again. For verbs that measure nothing
//! of it; the others open their device without.

use std::path::{Path, PathBuf};

use super::args::Global;
use super::cache;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::gpu::{Choice, Gpu};

/// A larger file is left aside and written anew: drivers only ever add to it, and kernels change.
const MAX_BYTES: u64 = 64 << 20;

/// Opens the chosen adapter with the kernels that are kept for it.
///
/// # Errors
/// As [`Gpu::open`].
pub(super) fn open(choice: &Choice) -> Result<Gpu> {
    match folder() {
        Some(folder) => Gpu::open_with(choice, |name| read(&folder.join(name))),
        None => Gpu::open(choice),
    }
}

/// Keeps what was compiled since, if anything. Where that fails the next process compiles it again, and it is said.
pub(super) fn keep(engine: &Engine, global: &Global) {
    let new = engine.gpu().and_then(Gpu::compiled);
    if let (Some((name, bytes)), Some(folder)) = (new, folder())
        && let Err(e) = write(&folder.join(name), &bytes)
    {
        let off = "TESELA_PIPELINE_CACHE=off does not try";
        global.note(&format!("the compiled kernels are not kept: {e}; {off}"));
    }
}

/// Where they lie; `None` where they are not wanted, or have no place on this system.
fn folder() -> Option<PathBuf> {
    match std::env::var_os("TESELA_PIPELINE_CACHE") {
        Some(word) if word == "off" => None,
        Some(folder) if !folder.is_empty() => Some(folder.into()),
        _ => cache::folder(),
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let length = std::fs::metadata(path).ok()?.len();
    if length > MAX_BYTES { None } else { std::fs::read(path).ok() }
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Error::write(folder, e))?;
    }
    crate::record::replace(path, |file| std::io::Write::write_all(file, bytes))
}
