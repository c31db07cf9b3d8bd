//! Who takes part in a sweep: a variant, for a parallel CPU variant with how many threads, and for kernels that run without
//! checks a twin that keeps them, where the experiment asks what they cost.

use super::Experiment;
use super::verify::runs_unchecked;
use crate::engine::Engine;
use crate::error::Result;
use crate::ops::{How, Variant};
use crate::record::WITH_CHECKS;

/// A variant with its threads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entrant {
    pub(super) variant: &'static Variant,
    /// CPU threads; absent on the GPU.
    pub(super) threads: Option<u32>,
    /// Whether its kernels keep the checks of bounds and loops, though the engine's run without.
    pub(super) checked: bool,
}

impl PartialEq for Entrant {
    /// Within one op a variant is its name.
    fn eq(&self, other: &Self) -> bool {
        self.variant.name == other.variant.name
            && self.threads == other.threads
            && self.checked == other.checked
    }
}

impl Entrant {
    /// What its rows are under.
    pub(super) fn name(self) -> String {
        format!("{}{}", self.variant.name, if self.checked { WITH_CHECKS } else { "" })
    }

    /// Whether rows under this name are its own.
    pub(super) fn is_named(self, name: &str) -> bool {
        let plain = if self.checked { name.strip_suffix(WITH_CHECKS) } else { Some(name) };
        plain == Some(self.variant.name)
    }

    /// Its name, with the threads where the experiment varies them.
    pub(super) fn label(self, varied: bool) -> String {
        match self.threads {
            Some(threads) if varied && is_parallel(self.variant) => {
                format!("{} ({threads} threads)", self.variant.name)
            }
            _ => self.name(),
        }
    }
}

/// Every variant; a parallel CPU variant once for each count of threads, or with the engine's own where there are none.
pub(super) fn entrants(experiment: &Experiment, engine: &Engine) -> Vec<Entrant> {
    let threads = &experiment.threads;
    let own = u32::try_from(engine.threads()).unwrap_or(u32::MAX);
    let of = |&variant: &&'static Variant| -> Vec<Entrant> {
        let with = |threads: Option<u32>| Entrant { variant, threads, checked: false };
        match (variant.is_cpu(), is_parallel(variant)) {
            (false, _) if experiment.both_checks && runs_unchecked(engine, variant) => {
                vec![with(None), Entrant { checked: true, ..with(None) }]
            }
            (false, _) => vec![with(None)],
            (true, false) => vec![with(Some(1))],
            (true, true) if threads.is_empty() => vec![with(Some(own))],
            (true, true) => threads.iter().map(|t| with(Some(u32::from(*t)))).collect(),
        }
    };
    experiment.variants.iter().flat_map(of).collect()
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
