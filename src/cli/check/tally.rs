//! Counting pairs of case and variant.

use crate::ops::{Op, Variant};

/// An op's and a variant's name.
type Pair = (&'static str, &'static str);

/// Everything that happened.
#[derive(Debug)]
pub(super) struct Tally {
    /// One entry a variant under test.
    pub(super) variants: Vec<OfVariant>,
    /// One entry a group of cases, in order of appearance.
    pub(super) groups: Vec<OfGroup>,
    /// What failed.
    pub(super) failures: Vec<Remark>,
    /// What was skipped.
    pub(super) skipped: Vec<Remark>,
}

/// Pairs of one variant.
#[derive(Debug)]
pub(super) struct OfVariant {
    pub(super) pair: Pair,
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
}

/// Cases of one group. A case is passed when a variant passed it and none failed, skipped when none ran it.
#[derive(Debug)]
pub(super) struct OfGroup {
    pub(super) name: String,
    pub(super) cases: usize,
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
}

/// A case, a variant unless it concerns them all, and what there is to say.
#[derive(Debug)]
pub(super) struct Remark {
    pub(super) case: String,
    pub(super) pair: Option<Pair>,
    pub(super) reason: String,
}

/// The pairs of one case.
#[must_use]
pub(super) struct OfCase<'t> {
    tally: &'t mut Tally,
    group: usize,
    passed: bool,
    failed: bool,
}

impl Tally {
    pub(super) fn new(variants: &[(&'static Op, &'static Variant)]) -> Self {
        let zero = |(op, variant): &(&'static Op, &'static Variant)| OfVariant {
            pair: (op.name, variant.name),
            passed: 0,
            failed: 0,
            skipped: 0,
        };
        let variants = variants.iter().map(zero).collect();
        Self { variants, groups: Vec::new(), failures: Vec::new(), skipped: Vec::new() }
    }

    /// Pairs that passed.
    pub(super) fn passed(&self) -> usize {
        self.variants.iter().map(|v| v.passed).sum()
    }

    /// Pairs, and damaged cases, that failed.
    pub(super) fn failed(&self) -> usize {
        self.failures.len()
    }

    /// Begins a case.
    pub(super) fn case(&mut self, group: &str) -> OfCase<'_> {
        let at = self.groups.iter().position(|g| g.name == group).unwrap_or_else(|| {
            let name = group.to_owned();
            self.groups.push(OfGroup { name, cases: 0, passed: 0, failed: 0, skipped: 0 });
            self.groups.len() - 1
        });
        OfCase { tally: self, group: at, passed: false, failed: false }
    }

    fn count(&mut self, pair: Pair, which: fn(&mut OfVariant) -> &mut usize) {
        if let Some(variant) = self.variants.iter_mut().find(|v| v.pair == pair) {
            *which(variant) += 1;
        }
    }
}

impl OfCase<'_> {
    pub(super) fn passed(&mut self, pair: Pair) {
        self.passed = true;
        self.tally.count(pair, |v| &mut v.passed);
    }

    pub(super) fn failed(&mut self, pair: Option<Pair>, case: &str, reason: String) {
        self.failed = true;
        if let Some(pair) = pair {
            self.tally.count(pair, |v| &mut v.failed);
        }
        self.tally.failures.push(Remark { case: case.to_owned(), pair, reason });
    }

    pub(super) fn skipped(&mut self, pair: Option<Pair>, case: &str, reason: String) {
        if let Some(pair) = pair {
            self.tally.count(pair, |v| &mut v.skipped);
        }
        self.tally.skipped.push(Remark { case: case.to_owned(), pair, reason });
    }

    /// Ends the case.
    pub(super) fn finish(self) {
        let group = &mut self.tally.groups[self.group];
        group.cases += 1;
        match (self.failed, self.passed) {
            (true, _) => group.failed += 1,
            (false, true) => group.passed += 1,
            (false, false) => group.skipped += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::matmul::OP;

    #[test]
    fn one_failure_fails_the_case_and_a_skip_alone_skips_it() {
        let variants: Vec<_> = OP.variants.iter().take(2).map(|v| (&OP, v)).collect();
        let mut tally = Tally::new(&variants);
        let (first, second) = (tally.variants[0].pair, tally.variants[1].pair);
        let mut case = tally.case("g");
        case.passed(first);
        case.failed(Some(second), "one", "wrong".into());
        case.finish();
        let mut case = tally.case("g");
        case.skipped(Some(first), "two", "no".into());
        case.finish();
        let mut case = tally.case("g");
        case.skipped(Some(first), "three", "no".into());
        case.passed(second);
        case.finish();
        let group = &tally.groups[0];
        assert_eq!((group.cases, group.passed, group.failed, group.skipped), (3, 1, 1, 1));
        assert_eq!((tally.passed(), tally.failed(), tally.skipped.len()), (2, 1, 2));
    }
}
