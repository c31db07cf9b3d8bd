//! From the file of tuned constants to what an engine uses.

use std::path::Path;

use super::space::{code, driver};
use crate::engine::{Engine, Tuned, TunedEntry};
use crate::error::Result;
use crate::ops::{Constants, Op, Variant};
use crate::record::{TuneFile, TuneSearch};

/// What a file holds for an adapter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loaded {
    /// The constants.
    pub tuned: Tuned,
    /// What was left out, and why: one sentence each.
    pub notes: Vec<String>,
}

/// The tuned constants for the engine's adapter. It never fails: of a file that cannot be read, or an entry that does not
/// fit this program, a note is made, and the defaults hold. A file that does not exist holds nothing.
///
/// Where a class of sizes was tuned twice, the later search counts.
pub fn load(file: &Path, engine: &Engine) -> Loaded {
    let mut loaded = Loaded::default();
    let Some(adapter) = engine.gpu().map(|gpu| gpu.adapter()) else { return loaded };
    let mut searches = match TuneFile::read(file) {
        Ok(file) => file.searches,
        Err(e) => {
            loaded.notes.push(format!("no tuned constants, the defaults hold: {e}"));
            return loaded;
        }
    };
    let driver = driver(adapter);
    searches.retain(|s| {
        let here = s.adapter == adapter.name && s.backend == adapter.backend && s.driver == driver;
        here && s.bounds_checks != engine.is_unchecked() && s.finished.is_some()
    });
    searches.sort_by(|a, b| a.finished.cmp(&b.finished));
    for search in &searches {
        match entry(search) {
            Ok(entry) => loaded.tuned.insert(entry),
            Err(reason) => loaded.notes.push(format!(
                "tuned constants of {}/{} [{}] left out, the defaults hold: {reason}",
                search.op, search.variant, search.sizes
            )),
        }
    }
    loaded
}

fn entry(search: &TuneSearch) -> Result<TunedEntry, String> {
    let op = Op::find(&search.op).map_err(|e| e.to_string())?;
    let is_it = |v: &&Variant| v.name == search.variant;
    let variant = op.variants.iter().find(is_it).ok_or("there is no such variant")?;
    if search.code != code(variant) {
        return Err("its kernels have changed since; run `tesela tune` again".to_owned());
    }
    let best = search.best().ok_or("none of its candidates is the best")?;
    let constants = if best.default {
        Constants::new()
    } else {
        let pairs = best.pairs().ok_or_else(|| format!("`{}` is no list of constants", best.constants))?;
        let known = |(name, value): &(&str, u32)| {
            let choice = variant.space.iter().find(|c| c.name == *name && c.values.contains(value));
            choice.map(|c| (c.name, *value)).ok_or_else(|| format!("{name}={value} is not in its space"))
        };
        pairs.iter().map(known).collect::<Result<_, _>>()?
    };
    Ok(TunedEntry { op: op.name, variant: variant.name, class: search.class, constants })
}
