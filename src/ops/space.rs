//! What of a kernel may be varied without changing its result: the search space of `tesela tune`.

use super::{Op, Sizes, Variant};

/// A constant of a variant's shaders and the values that are worth a try, the file's own among them.
///
/// The name of a variant says the values of its files (`blocked_64x64_4x4`); a run with others says so in its notes. Any
/// combination of values keeps what the shader's comments ask for (a BK is a multiple of four, a tile fits CAPACITY);
/// what a device cannot hold, threads or shared memory, is refused when the pipeline is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// An `override`, or a `const` of type `u32`. It is set in each kernel of the variant that declares it.
    pub name: &'static str,
    /// The values, ascending.
    pub values: &'static [u32],
}

/// Values for constants, by name.
pub type Constants = Vec<(&'static str, u32)>;

impl Choice {
    /// A constant and its values.
    pub(super) const fn new(name: &'static str, values: &'static [u32]) -> Self {
        Self { name, values }
    }
}

impl Variant {
    /// The same variant with a space to search.
    #[must_use]
    pub(super) const fn searched(self, space: &'static [Choice]) -> Self {
        Self { space, ..self }
    }

    /// Every combination of the space's values, the last constant varying fastest; none where there is no space.
    pub fn combinations(&self) -> Vec<Constants> {
        if self.space.is_empty() {
            return Vec::new();
        }
        self.space.iter().fold(vec![Vec::new()], |found, choice| {
            let with = |begun: &Constants, value: u32| {
                begun.iter().copied().chain([(choice.name, value)]).collect::<Constants>()
            };
            found.iter().flat_map(|begun| choice.values.iter().map(|v| with(begun, *v))).collect()
        })
    }
}

impl Op {
    /// The class of sizes that share tuned constants: the longest side of any operand, rounded up to a power of two.
    /// 1024 stands for 513 to 1024.
    pub fn size_class(&self, sizes: &Sizes) -> u32 {
        let sides = self.operands.iter().flat_map(|o| (self.shape)(sizes, o.name));
        let longest = sides.max().and_then(|side| u32::try_from(side).ok()).unwrap_or(1);
        longest.checked_next_power_of_two().unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{Pass, matmul};

    #[test]
    fn combinations_are_the_product_of_the_choices() {
        const SPACE: &[Choice] = &[Choice::new("A", &[1, 2]), Choice::new("B", &[3, 4, 5])];
        const PASSES: &[Pass] = &[];
        let variant = Variant::kernels("none", "for this test", PASSES).searched(SPACE);
        let all = variant.combinations();
        assert_eq!(all.len(), 6);
        assert_eq!((&all[0], &all[5]), (&vec![("A", 1), ("B", 3)], &vec![("A", 2), ("B", 5)]));
        assert!(Variant::kernels("none", "for this test", PASSES).combinations().is_empty());
    }

    #[test]
    fn a_class_ends_at_a_power_of_two_of_the_longest_side() {
        let class = |text: &str| {
            let pairs = text.split(' ').map(|pair| pair.split_once('=').unwrap());
            matmul::OP.size_class(&matmul::OP.sizes(pairs).unwrap())
        };
        assert_eq!(class("m=1"), 1);
        assert_eq!(class("m=513 n=2 k=3"), 1024);
        assert_eq!(class("m=2 n=1024 k=3"), 1024);
        assert_eq!(class("m=2 n=2 k=1025"), 2048);
    }
}
