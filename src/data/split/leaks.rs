//! Pixels that are on two sides of a split.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::super::dataset::Dataset;

/// How many images of one side are in the training set too, by the hash of their pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leak {
    /// Images on this side.
    pub images: usize,
    /// Those that show something, and whose pixels are in the training set.
    pub equal: usize,
    /// Those that are blank, and whose pixels are in the training set.
    pub blank: usize,
    /// Those, blank or not, that are the very same file as a training image.
    pub same: usize,
}

impl Leak {
    /// All images of this side whose pixels are in the training set.
    pub fn total(&self) -> usize {
        self.equal + self.blank
    }
}

/// Leaks from the training set into the two sides that judge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaks {
    /// Into the test set.
    pub test: Leak,
    /// Into the validation set.
    pub valid: Leak,
}

impl Leaks {
    pub(super) fn count(dataset: &Dataset, train: &[usize], valid: &[usize], test: &[usize]) -> Self {
        let files: HashSet<usize> = train.iter().copied().collect();
        let pixels: HashSet<&[u8; 32]> = train.iter().map(|&at| &dataset.examples[at].hash).collect();
        let of = |side: &[usize]| {
            let mut leak = Leak { images: side.len(), ..Leak::default() };
            for at in side {
                let example = &dataset.examples[*at];
                leak.same += usize::from(files.contains(at));
                if pixels.contains(&example.hash) {
                    *(if example.blank { &mut leak.blank } else { &mut leak.equal }) += 1;
                }
            }
            leak
        };
        Self { test: of(test), valid: of(valid) }
    }
}
