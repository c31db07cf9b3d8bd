//! The rules of splitting, as a run's file names them.

use serde::{Deserialize, Serialize};

use super::super::prepare::misfit;
use crate::error::Result;

/// How a data set is split: the table `[split]` of a run's file, with `rule = "fractions"` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum SplitRule {
    /// Shares of each class, at random; groups are kept on one side. Large groups are placed first, on a side that
    /// still has room for all of it, so the shares are met as nearly as the groups allow.
    Fractions {
        /// Share for test.
        #[serde(default = "a_fifth")]
        test: f64,
        /// Share for validation, of all images.
        #[serde(default = "a_tenth")]
        valid: f64,
    },
    /// Protocol A, the thesis's printed counts: all images are shuffled and divided into `train` and `valid`, and the
    /// test images, the same number a class, are drawn out of the training ones. Groups are ignored. Every test image
    /// was trained on: that is the flaw which this rule is there to show.
    ThesisCounts {
        /// Images for training.
        #[serde(default = "two_hundred_and_forty_five")]
        train: usize,
        /// Images for validation.
        #[serde(default = "twenty_eight")]
        valid: usize,
        /// Images for test, all of them among the training ones.
        #[serde(default = "ninety_nine")]
        test: usize,
    },
    /// Protocol B, the thesis's text: so many images of each class set apart at random, then a share of the rest of
    /// each class for validation.
    PerClass {
        /// Test images of each class.
        #[serde(default = "thirty_two")]
        test: usize,
        /// Share of each class's rest for validation.
        #[serde(default = "a_tenth")]
        valid_share: f64,
        /// Whether groups are kept on one side. Off by default: all blank slices are one group over all classes, and
        /// would all be on one side.
        #[serde(default)]
        groups: bool,
    },
    /// Protocol C: a block of neighbouring slices of each class for test, a random share of the rest for validation.
    /// Groups are ignored.
    Block {
        /// Test images of each class.
        #[serde(default = "thirty_two")]
        test: usize,
        /// The first place of the block within its class. Without it, 20 + 10 times the remainder of the seed by 3:
        /// three seeds in a row give 20, 30 and 40, in some order.
        #[serde(default)]
        start: Option<usize>,
        /// Share of each class's rest for validation.
        #[serde(default = "a_tenth")]
        valid_share: f64,
    },
}

fn a_fifth() -> f64 {
    0.2
}
fn a_tenth() -> f64 {
    0.1
}
fn two_hundred_and_forty_five() -> usize {
    245
}
fn twenty_eight() -> usize {
    28
}
fn ninety_nine() -> usize {
    99
}
fn thirty_two() -> usize {
    32
}

impl Default for SplitRule {
    /// A fifth for test, a tenth for validation, groups kept on one side.
    fn default() -> Self {
        Self::Fractions { test: a_fifth(), valid: a_tenth() }
    }
}

/// Which sides a rule asks for.
pub(super) struct Wanted {
    pub(super) valid: bool,
    pub(super) test: bool,
}

impl SplitRule {
    /// The rule of a protocol of the thesis: `A` the printed counts, `B` the text, `C` blocks of neighbours.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] for another letter; either case is read.
    pub fn protocol(letter: &str) -> Result<Self> {
        match letter {
            "A" | "a" => Ok(Self::ThesisCounts { train: 245, valid: 28, test: 99 }),
            "B" | "b" => Ok(Self::PerClass { test: 32, valid_share: a_tenth(), groups: false }),
            "C" | "c" => Ok(Self::Block { test: 32, start: None, valid_share: a_tenth() }),
            _ => Err(misfit("protocol", "A, B or C", format!("`{letter}`"))),
        }
    }

    /// The rule's name in a run's file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fractions { .. } => "fractions",
            Self::ThesisCounts { .. } => "thesis_counts",
            Self::PerClass { .. } => "per_class",
            Self::Block { .. } => "block",
        }
    }

    /// The rule in a sentence, for reports.
    pub fn describe(&self) -> String {
        let percent = |share: f64| format!("{} %", (1000.0 * share).round() / 10.0);
        match *self {
            Self::Fractions { test, valid } => format!(
                "{} of each class for test, {} for validation, at random; equal images and groups on one side",
                percent(test),
                percent(valid)
            ),
            Self::ThesisCounts { train, valid, test } => format!(
                "A, the thesis's printed counts: {train} + {valid} of all images, and {test} test images that are among the \
                 training images"
            ),
            Self::PerClass { test, valid_share, groups } => format!(
                "B, the thesis's text: {test} of each class set apart at random for test, {} of the rest for validation{}",
                percent(valid_share),
                if groups { "; groups on one side" } else { "" }
            ),
            Self::Block { test, valid_share, .. } => format!(
                "C: {test} neighbouring slices of each class for test, {} of the rest for validation",
                percent(valid_share)
            ),
        }
    }

    /// Refuses shares that are none.
    pub(super) fn check(&self) -> Result<()> {
        let share = |name: &str, value: f64| {
            // A NaN is in no range.
            if (0.0..1.0).contains(&value) {
                return Ok(());
            }
            Err(misfit(&format!("{} split, `{name}`", self.name()), "a share from 0 to below 1", value))
        };
        match *self {
            Self::Fractions { test, valid } => {
                share("test", test)?;
                share("valid", valid)?;
                share("test + valid", test + valid)
            }
            Self::PerClass { valid_share, .. } | Self::Block { valid_share, .. } => {
                share("valid_share", valid_share)
            }
            Self::ThesisCounts { .. } => Ok(()),
        }
    }

    /// Sides whose share or count is not 0.
    pub(super) fn wants(&self) -> Wanted {
        match *self {
            Self::Fractions { test, valid } => Wanted { valid: valid > 0.0, test: test > 0.0 },
            Self::ThesisCounts { valid, test, .. } => Wanted { valid: valid > 0, test: test > 0 },
            Self::PerClass { test, valid_share, .. } | Self::Block { test, valid_share, .. } => {
                Wanted { valid: valid_share > 0.0, test: test > 0 }
            }
        }
    }
}

/// The place where the test block of a seed begins.
pub(super) fn block_start(start: Option<usize>, seed: u64) -> usize {
    start.unwrap_or(match seed % 3 {
        0 => 20,
        1 => 30,
        _ => 40,
    })
}

/// `share` of `n`, to the nearest whole number.
pub(super) fn rounded(n: usize, share: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0..n, since the share is in 0..1"
    )]
    let part = (n as f64 * share).round() as usize;
    part.min(n)
}
