//! Which examples a network learns from, which choose the best of its states, and which judge it.
//!
//! | rule | what | groups |
//! |---|---|---|
//! | `fractions` | shares of each class, at random: the default | kept on one side |
//! | `thesis_counts` | protocol A: the thesis's printed counts; it is tested on images that it was trained on | ignored |
//! | `per_class` | protocol B: so many a class for test, a share of the rest for validation | ignored, unless asked for |
//! | `block` | protocol C: neighbouring slices of each class for test | ignored |
//!
//! Every split counts its [`Leaks`]: test and validation images whose pixels are in the training set.

mod allot;
mod leaks;
mod rule;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::leaks::{Leak, Leaks};
pub use self::rule::SplitRule;
use self::rule::{block_start, rounded};
use super::dataset::Dataset;
use super::prepare::misfit;
use super::random::Stream;
use crate::error::{Error, Result};

/// The three sides of a split, as places in the data set, each in ascending order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// For learning.
    pub train: Vec<usize>,
    /// For choosing the best state and stopping early.
    pub valid: Vec<usize>,
    /// For judging, once.
    pub test: Vec<usize>,
    /// Pixels that are on two sides.
    pub leaks: Leaks,
}

impl Split {
    /// How many images of each class are for training, validation and test.
    pub fn counts(&self, dataset: &Dataset) -> Vec<[usize; 3]> {
        let mut counts = vec![[0; 3]; dataset.classes.len()];
        for (side, indices) in [&self.train, &self.valid, &self.test].into_iter().enumerate() {
            for &at in indices {
                counts[dataset.examples[at].class][side] += 1;
            }
        }
        counts
    }
}

impl Dataset {
    /// Splits the examples; the same seed gives the same split.
    ///
    /// # Errors
    /// [`Error::Shape`] for shares outside 0..1, a class with fewer images than the rule takes of it (both numbers
    /// are named), a side that would be empty although its share is not 0, or a class without a training image.
    pub fn split(&self, rule: &SplitRule, seed: u64) -> Result<Split> {
        rule.check()?;
        let mut stream = Stream::new(*b"split   ", [seed, 0, 0]);
        let sides = match *rule {
            SplitRule::Fractions { test, valid } => {
                let targets: Vec<[usize; 3]> = self
                    .counts()
                    .iter()
                    .map(|&n| {
                        let (test, valid) = (rounded(n, test), rounded(n, valid));
                        [n.saturating_sub(test + valid), valid, test]
                    })
                    .collect();
                allot::allot(&self.groups(), self, &targets, &mut stream)
            }
            SplitRule::ThesisCounts { train, valid, test } => {
                self.thesis_counts([train, valid, test], &mut stream)?
            }
            SplitRule::PerClass { test, valid_share, groups } => {
                let targets = self.per_class_targets(test, valid_share)?;
                let groups = if groups { self.groups() } else { self.singles() };
                allot::allot(&groups, self, &targets, &mut stream)
            }
            SplitRule::Block { test, start, valid_share } => {
                self.block(test, block_start(start, seed), valid_share, &mut stream)?
            }
        };
        self.finish(sides, rule)
    }

    /// The members of each group.
    fn groups(&self) -> Vec<Vec<usize>> {
        let count = self.examples.iter().map(|example| example.group + 1).max().unwrap_or(0);
        let mut groups = vec![Vec::new(); count];
        for (at, example) in self.examples.iter().enumerate() {
            groups[example.group].push(at);
        }
        groups.retain(|group| !group.is_empty());
        groups
    }

    /// Every example by itself.
    fn singles(&self) -> Vec<Vec<usize>> {
        (0..self.examples.len()).map(|at| vec![at]).collect()
    }

    /// The members of each class, in their order.
    fn members(&self) -> Vec<Vec<usize>> {
        let mut members = vec![Vec::new(); self.classes.len()];
        for (at, example) in self.examples.iter().enumerate() {
            members[example.class].push(at);
        }
        for class in &mut members {
            class.sort_by_key(|&at| self.examples[at].order);
        }
        members
    }

    /// Protocol A: all images at random into training and validation, then the test images out of the training ones.
    fn thesis_counts(
        &self,
        [train, valid, test]: [usize; 3],
        stream: &mut Stream,
    ) -> Result<[Vec<usize>; 3]> {
        let n = self.examples.len();
        if train.saturating_add(valid) > n {
            let expected = format!("{train} images for training and {valid} for validation");
            return Err(misfit("thesis_counts split", &expected, format!("{n} images in all")));
        }
        let mut all: Vec<usize> = (0..n).collect();
        stream.shuffle(&mut all);
        all.truncate(train + valid);
        let valid = all.split_off(train);
        let mut drawn = Vec::with_capacity(test);
        let k = self.classes.len();
        for (class, name) in self.classes.iter().enumerate() {
            // What does not divide evenly goes to the first classes.
            let wanted = test / k + usize::from(class < test % k);
            let mut of_class: Vec<usize> =
                all.iter().copied().filter(|&at| self.examples[at].class == class).collect();
            if of_class.len() < wanted {
                return Err(misfit(
                    "thesis_counts split",
                    &format!("{wanted} training images of the class `{name}` to test on"),
                    of_class.len(),
                ));
            }
            stream.shuffle(&mut of_class);
            drawn.extend(of_class.into_iter().take(wanted));
        }
        Ok([all, valid, drawn])
    }

    /// Protocol B: how many of each class go to training, validation and test.
    fn per_class_targets(&self, test: usize, valid_share: f64) -> Result<Vec<[usize; 3]>> {
        let targets = self.counts().into_iter().zip(&self.classes).map(|(n, name)| {
            let rest = n.checked_sub(test).filter(|&rest| rest > 0);
            let rest = rest.ok_or_else(|| too_few("per_class", test + 1, name, n))?;
            let valid = rounded(rest, valid_share);
            Ok([rest - valid, valid, test])
        });
        targets.collect()
    }

    /// Protocol C: `test` neighbours of each class from place `start` on, then a share of the rest at random.
    fn block(
        &self,
        test: usize,
        start: usize,
        valid_share: f64,
        stream: &mut Stream,
    ) -> Result<[Vec<usize>; 3]> {
        let mut sides = [const { Vec::new() }; 3];
        for (members, name) in self.members().into_iter().zip(&self.classes) {
            let end = start.saturating_add(test);
            if end > members.len() || test == members.len() {
                return Err(too_few("block", end.max(test.saturating_add(1)), name, members.len()));
            }
            sides[2].extend(&members[start..end]);
            let mut rest = [&members[..start], &members[end..]].concat();
            stream.shuffle(&mut rest);
            let train = rest.split_off(rounded(rest.len(), valid_share));
            sides[0].extend(train);
            sides[1].extend(rest);
        }
        Ok(sides)
    }

    /// Sorts the sides, holds them to the rule, and counts the leaks.
    fn finish(&self, mut sides: [Vec<usize>; 3], rule: &SplitRule) -> Result<Split> {
        for side in &mut sides {
            side.sort_unstable();
        }
        let [train, valid, test] = sides;
        let n = self.examples.len();
        let refuse = |what: &str| {
            let expected =
                format!("at least one image for {what}; add images, or change the shares of [split]");
            Err(misfit(&format!("{} split of {n} images", rule.name()), &expected, 0))
        };
        let wanted = rule.wants();
        if train.is_empty() {
            return refuse("training");
        }
        if wanted.valid && valid.is_empty() {
            return refuse("validation");
        }
        if wanted.test && test.is_empty() {
            return refuse("test");
        }
        let untrained = |class: &usize| train.iter().all(|&at| self.examples[at].class != *class);
        if let Some(class) = self.examples.iter().map(|example| example.class).find(untrained) {
            let name = &self.classes[class];
            let expected = format!("at least one image of the class `{name}` for training; add images of it");
            return Err(misfit(&format!("{} split of {n} images", rule.name()), &expected, 0));
        }
        let leaks = Leaks::count(self, &train, &valid, &test);
        Ok(Split { train, valid, test, leaks })
    }
}

fn too_few(rule: &str, needed: usize, class: &str, has: usize) -> Error {
    let expected = format!("at least {needed} images of the class `{class}`");
    misfit(&format!("{rule} split"), &expected, has)
}
