//! Which examples belong together: those with equal pixels, and those of one group in a table.

use std::collections::HashMap;
use std::hash::Hash;

use super::Example;

/// Numbers the groups of `examples`, in the order in which they first appear. `label_groups` is what a table says of
/// each; an empty cell says nothing.
pub(super) fn assign(examples: &mut [Example], label_groups: &[Option<String>]) {
    let mut sets = Sets((0..examples.len()).collect());
    sets.join_equal(examples.iter().map(|example| Some(example.hash)));
    sets.join_equal(label_groups.iter().map(|group| group.as_deref().filter(|group| !group.is_empty())));
    let mut numbers = HashMap::new();
    for (at, example) in examples.iter_mut().enumerate() {
        let next = numbers.len();
        example.group = *numbers.entry(sets.find(at)).or_insert(next);
    }
}

/// Disjoint sets: each element points to another one of its set, or to itself.
struct Sets(Vec<usize>);

impl Sets {
    fn find(&mut self, mut at: usize) -> usize {
        while self.0[at] != at {
            // Paths are halved on the way, so that later walks are short.
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }

    /// Joins elements with equal keys; those without one stay where they are.
    fn join_equal<K: Hash + Eq>(&mut self, keys: impl Iterator<Item = Option<K>>) {
        let mut first = HashMap::new();
        for (at, key) in keys.enumerate() {
            let Some(key) = key else { continue };
            let with = *first.entry(key).or_insert(at);
            let (a, b) = (self.find(with), self.find(at));
            self.0[b] = a;
        }
    }
}
