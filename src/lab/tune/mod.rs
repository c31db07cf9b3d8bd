//! Constants of a kernel found by search: every combination that its variant declares ([`crate::ops::Choice`]) is built,
//! verified at awkward sizes and at those asked for, and measured in turns with the default; what is faster beyond doubt
//! replaces the default on this adapter, for this class of sizes.

mod load;
mod race;
mod space;
mod table;
mod trial;

use std::path::Path;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use self::race::Step;
use self::trial::{Out, Trial};
use super::{Observer, utc_now};
use crate::engine::{Engine, Phases};
use crate::error::{Error, Result};
use crate::ops::{Constants, Op, Sizes, Variant};
use crate::record::{TuneFile, TuneSearch};

pub use self::load::{Loaded, load};
pub use self::space::defaults;
pub use self::table::{Line, lines};

/// Calls of a candidate at one go: in the race, and in the duel, where the turns are shorter.
const VISIT: [usize; 2] = [5, 2];

/// A search to be run: one variant at one set of sizes.
#[derive(Debug, Clone, Copy)]
pub struct Tune<'a> {
    /// On what.
    pub engine: &'a Engine,
    /// The op.
    pub op: &'static Op,
    /// The variant.
    pub variant: &'static Variant,
    /// The sizes.
    pub sizes: &'a Sizes,
    /// Seed of the inputs.
    pub seed: u64,
    /// Time after which no further candidate is begun.
    pub budget: Duration,
    /// Where the result is kept; a table of the candidates stands beside it.
    pub file: &'a Path,
}

/// What a search has found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The search as it stands in the file. Without [`TuneSearch::finished`] its time was used up; the same search goes
    /// on from there.
    pub search: TuneSearch,
    /// Timed calls of this run; those of earlier ones are not made again.
    pub calls: usize,
}

impl Tune<'_> {
    /// Runs it, or what an earlier one left undone.
    ///
    /// # Errors
    /// [`Error::NotApplicable`] where the variant has no space, where there is no adapter, and where the default itself
    /// cannot run; [`Error::Mismatch`] where the default is wrong; [`Error::Interrupted`] when the observer stops it,
    /// [`Error::DeviceLost`], and what [`TuneFile`] says of a damaged file: it is not written over.
    pub fn run(&self, observer: &mut dyn Observer) -> Result<Found> {
        let (fresh, constants) = space::begin(self)?;
        let known = TuneFile::read(self.file)?;
        let search = space::continued(fresh, known.searches);
        if search.finished.is_some() {
            return Ok(Found { search, calls: 0 });
        }
        let trial = Trial::new(self.engine, self.op, self.variant, self.sizes, self.seed)?;
        let verified = vec![false; constants.len()];
        let end = Instant::now().checked_add(self.budget);
        let mut run = Run { tune: self, trial, search, constants, verified, calls: 0, end };
        let result = run.race_on(observer);
        // What was measured is kept, however it ended.
        run.save()?;
        result?;
        Ok(Found { search: run.search, calls: run.calls })
    }
}

/// A search under way.
struct Run<'a> {
    tune: &'a Tune<'a>,
    trial: Trial<'a>,
    search: TuneSearch,
    /// The candidates' constants; none for the default.
    constants: Vec<Constants>,
    /// Who was found right in this run.
    verified: Vec<bool>,
    calls: usize,
    end: Option<Instant>,
}

/// How a turn ended.
enum Turn {
    Done,
    TimeIsUp,
}

impl Run<'_> {
    fn race_on(&mut self, observer: &mut dyn Observer) -> Result<()> {
        self.default_first()?;
        let mut rng = ChaCha8Rng::seed_from_u64(self.tune.seed);
        loop {
            let (mut who, duel) = match race::next(&self.search.candidates) {
                Step::Race { who, .. } => (who, false),
                Step::Duel { who } => (who.to_vec(), true),
                Step::Decided => break,
            };
            // Shuffled, so that none always follows the same other one.
            who.shuffle(&mut rng);
            if let Turn::TimeIsUp = self.turn(&who, duel, observer)? {
                return Ok(());
            }
            self.save()?;
        }
        race::decide(&mut self.search.candidates);
        self.search.finished = Some(utc_now());
        Ok(())
    }

    /// The default must be right before anything can be compared with it. It says which clock there is, too.
    fn default_first(&mut self) -> Result<()> {
        match self.trial.verify(&[])? {
            Ok(phases) => {
                self.verified[0] = true;
                if self.search.candidates.iter().all(|c| c.race_ns.is_empty() && c.duel_ns.is_empty()) {
                    self.search.timestamps = phases.timestamps;
                }
                Ok(())
            }
            Err((_, reason)) => {
                let variant = format!("{} with its default constants", self.tune.variant.name);
                Err(Error::NotApplicable { variant, reason })
            }
        }
    }

    /// Verifies those who have not been in this run, then pays one visit to each. A candidate that goes out ends the turn:
    /// the race is another one without it.
    fn turn(&mut self, who: &[usize], duel: bool, observer: &mut dyn Observer) -> Result<Turn> {
        for &i in who {
            if self.verified[i] {
                continue;
            }
            if self.time_is_up(i, observer)? {
                return Ok(Turn::TimeIsUp);
            }
            if let Err(out) = self.trial.verify(&self.constants[i])? {
                self.leaves(i, out, observer);
                return Ok(Turn::Done);
            }
            self.verified[i] = true;
        }
        for &i in who {
            if self.time_is_up(i, observer)? {
                return Ok(Turn::TimeIsUp);
            }
            let had = self.search.candidates[i].duel_ns.len();
            let calls = if duel { VISIT[1].min(race::DUEL.saturating_sub(had)) } else { VISIT[0] };
            match self.trial.visit(&self.constants[i], calls)? {
                Ok(phases) => self.counted(i, duel, &phases),
                Err(out) => {
                    self.leaves(i, out, observer);
                    return Ok(Turn::Done);
                }
            }
        }
        Ok(Turn::Done)
    }

    /// Asked before every candidate's verification and visit.
    fn time_is_up(&self, i: usize, observer: &mut dyn Observer) -> Result<bool> {
        if observer.stopped() {
            return Err(Error::Interrupted);
        }
        let candidates = &self.search.candidates;
        let settled = candidates.iter().zip(&self.verified).filter(|(c, right)| **right || race::is_out(c));
        observer.point(settled.count(), candidates.len(), &candidates[i].constants);
        Ok(self.end.is_some_and(|end| Instant::now() >= end))
    }

    fn leaves(&mut self, i: usize, (fate, reason): Out, observer: &mut dyn Observer) {
        let candidate = &mut self.search.candidates[i];
        observer.note(&format!("{} is {}: {reason}", candidate.constants, fate.word()));
        (candidate.fate, candidate.reason) = (fate, reason);
        // The next one to meet the default meets it anew.
        self.search.candidates.iter_mut().for_each(|c| c.duel_ns.clear());
    }

    fn counted(&mut self, i: usize, duel: bool, phases: &[Phases]) {
        self.calls += phases.len();
        let timestamps = self.search.timestamps;
        let kept = phases.iter().filter(|p| p.timestamps || !timestamps);
        let times: Vec<u64> = kept.map(|p| if timestamps { p.kernel_ns } else { p.resident_ns }).collect();
        if times.is_empty() {
            // The device's timestamps are no longer to be believed: everything anew, by the host's clock.
            self.search.timestamps = false;
            for candidate in &mut self.search.candidates {
                candidate.race_ns.clear();
                candidate.duel_ns.clear();
            }
            return;
        }
        let candidate = &mut self.search.candidates[i];
        if duel { &mut candidate.duel_ns } else { &mut candidate.race_ns }.extend(times);
    }

    /// Puts the search into its file as it is now there: another search may have written since.
    fn save(&self) -> Result<()> {
        let mut file = TuneFile::read(self.tune.file)?;
        file.keep(&self.search);
        file.write(self.tune.file)?;
        table::write(&file, &TuneFile::table_path(self.tune.file))
    }
}
