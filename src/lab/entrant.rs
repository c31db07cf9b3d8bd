//! Who takes part in a sweep: a variant, and for a parallel CPU variant with how many threads.

use crate::engine::Engine;
use crate::error::Result;
use crate::ops::{How, Variant};

/// A variant with its threads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entrant {
    pub(super) variant: &'static Variant,
    /// CPU threads; absent on the GPU.
    pub(super) threads: Option<u32>,
}

impl PartialEq for Entrant {
    /// Within one op a variant is its name.
    fn eq(&self, other: &Self) -> bool {
        self.variant.name == other.variant.name && self.threads == other.threads
    }
}

impl Entrant {
    /// Its name, with the threads where the experiment varies them.
    pub(super) fn label(self, varied: bool) -> String {
        match self.threads {
            Some(threads) if varied && is_parallel(self.variant) => {
                format!("{} ({threads} threads)", self.variant.name)
            }
            _ => self.variant.name.to_owned(),
        }
    }
}

/// Every variant; a parallel CPU variant once for each count of `threads`, or with the engine's own where there are none.
pub(super) fn entrants(variants: &[&'static Variant], threads: &[u16], engine: &Engine) -> Vec<Entrant> {
    let own = u32::try_from(engine.threads()).unwrap_or(u32::MAX);
    let of = |&variant: &&'static Variant| -> Vec<Entrant> {
        let with = |threads: Option<u32>| Entrant { variant, threads };
        match (variant.is_cpu(), is_parallel(variant)) {
            (false, _) => vec![with(None)],
            (true, false) => vec![with(Some(1))],
            (true, true) if threads.is_empty() => vec![with(Some(own))],
            (true, true) => threads.iter().map(|t| with(Some(u32::from(*t)))).collect(),
        }
    };
    variants.iter().flat_map(of).collect()
}

/// Engines of the CPU alone, one for each count: a pool of threads that sleep while another one works.
pub(super) fn crews(threads: &[u16]) -> Result<Vec<Engine>> {
    threads.iter().map(|t| Engine::new(None, usize::from(*t))).collect()
}

/// The engine that an entrant runs on: the crew of as many threads, else the sweep's own.
pub(super) fn engine_of<'e>(entrant: Entrant, crews: &'e [Engine], own: &'e Engine) -> &'e Engine {
    let fits = |crew: &&Engine| Some(crew.threads()) == entrant.threads.map(|t| t as usize);
    let crew = if is_parallel(entrant.variant) { crews.iter().find(fits) } else { None };
    crew.unwrap_or(own)
}

fn is_parallel(variant: &Variant) -> bool {
    matches!(variant.how, How::Cpu { parallel: true, .. })
}
