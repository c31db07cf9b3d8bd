//! A search before its first call: its candidates, and what an earlier run knows of them.

use super::Tune;
use crate::error::{Error, Result};
use crate::gpu::{Adapter, reflect};
use crate::lab::provenance::hex;
use crate::ops::{Constants, How, Op, Variant};
use crate::record::{Fate, TuneCandidate, TuneSearch};

/// The values that the constants of a variant's space have in its files and passes; none where it has no space.
///
/// # Errors
/// [`Error::ShaderInvalid`], [`Error::ShaderInterface`]: also where no kernel of the variant declares one of them.
pub fn defaults(op: &'static Op, variant: &Variant) -> Result<Constants> {
    let How::Wgsl { passes, scratch } = &variant.how else { return Ok(Vec::new()) };
    let scratch: Vec<&str> = scratch.iter().map(|s| s.name).collect();
    let value = |name: &'static str| -> Result<(&'static str, u32)> {
        for pass in passes.iter().filter(|pass| pass.shader.declares(name)) {
            let knobs = reflect(&pass.shader, op, &scratch, pass.set)?.knobs;
            if let Some(value) = knobs.get(name) {
                return Ok((name, value));
            }
        }
        let file = variant.name.to_owned();
        Err(Error::ShaderInterface {
            file,
            op: op.name,
            reason: format!("no kernel of it declares `{name}`"),
        })
    };
    variant.space.iter().map(|choice| value(choice.name)).collect()
}

/// A new search, and the constants of its candidates: the default, for which nothing is set, first.
pub(super) fn begin(tune: &Tune<'_>) -> Result<(TuneSearch, Vec<Constants>)> {
    let Tune { op, variant, sizes, seed, .. } = *tune;
    let not =
        |reason: &str| Error::NotApplicable { variant: variant.name.to_owned(), reason: reason.to_owned() };
    if variant.space.is_empty() {
        return Err(not("it declares no constants to search"));
    }
    let gpu = tune.engine.gpu().ok_or_else(|| not("there is no adapter"))?;
    let default = defaults(op, variant)?;
    let others = variant.combinations().into_iter().filter(|c| *c != default);
    let all: Vec<Constants> = std::iter::once(Vec::new()).chain(others).collect();
    let candidate = |(i, constants): (usize, &Constants)| TuneCandidate {
        constants: text(if i == 0 { &default } else { constants }),
        default: i == 0,
        fate: Fate::Open,
        reason: String::new(),
        verified: false,
        race_ns: Vec::new(),
        duel_ns: Vec::new(),
    };
    let adapter = gpu.adapter();
    let search = TuneSearch {
        adapter: adapter.name.clone(),
        backend: adapter.backend.clone(),
        driver: driver(adapter),
        software: adapter.software,
        op: op.name.to_owned(),
        variant: variant.name.to_owned(),
        sizes: sizes.to_string(),
        class: op.size_class(sizes),
        code: code(variant),
        bounds_checks: !tune.engine.is_unchecked(),
        seed,
        timestamps: adapter.caps.timestamps,
        finished: None,
        candidates: all.iter().enumerate().map(candidate).collect(),
    };
    Ok((search, all))
}

/// The search with what an earlier run of the same one knows: every candidate's samples and fate. It is finished only
/// where no candidate is new.
pub(super) fn continued(fresh: TuneSearch, known: Vec<TuneSearch>) -> TuneSearch {
    let Some(mut old) = known.into_iter().find(|s| s.is_same(&fresh)) else { return fresh };
    let mut search = TuneSearch { timestamps: old.timestamps, finished: old.finished.take(), ..fresh };
    for candidate in &mut search.candidates {
        match old.candidates.iter().position(|c| c.constants == candidate.constants) {
            Some(at) => {
                *candidate = TuneCandidate { default: candidate.default, ..old.candidates.swap_remove(at) }
            }
            None => search.finished = None,
        }
    }
    if search.finished.is_none() {
        // Only what cannot take part is settled; the rest follows from the samples.
        let open = search.candidates.iter_mut().filter(|c| !super::race::is_out(c));
        open.for_each(|c| (c.fate, c.reason) = (Fate::Open, String::new()));
    }
    search
}

/// Constants as `WX=8 WY=16`.
pub(super) fn text(constants: &[(&'static str, u32)]) -> String {
    constants.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

/// The driver's name, version and build: times of another driver say little about this one.
pub(super) fn driver(adapter: &Adapter) -> String {
    format!("{} {}", adapter.driver, adapter.driver_info).trim().to_owned()
}

/// SHA-256 of the text of a variant's kernels.
pub(super) fn code(variant: &Variant) -> String {
    hex(variant.shaders().iter().map(|s| s.source).collect::<String>().as_bytes())
}
