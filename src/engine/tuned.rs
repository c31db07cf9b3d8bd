//! Constants of kernels that a search has found for this adapter, and how they get into a pipeline.

use crate::ops::{Constants, Op, Pass, Sizes, Variant};

/// Tuned constants by op, variant and class of sizes ([`Op::size_class`]). Sizes of a class that is not in the table
/// keep the values of the shaders' files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tuned {
    entries: Vec<TunedEntry>,
}

/// The constants of one variant for one class of sizes.
#[derive(Debug, Clone, PartialEq)]
pub struct TunedEntry {
    /// The op's name.
    pub op: &'static str,
    /// The variant's name.
    pub variant: &'static str,
    /// The class of sizes.
    pub class: u32,
    /// The constants.
    pub constants: Constants,
}

impl Tuned {
    /// Adds constants; those that stood there for the same class are replaced. No constants at all mean the defaults.
    pub fn insert(&mut self, entry: TunedEntry) {
        let same = |e: &TunedEntry| e.op == entry.op && e.variant == entry.variant && e.class == entry.class;
        self.entries.retain(|e| !same(e));
        if !entry.constants.is_empty() {
            self.entries.push(entry);
        }
    }

    /// All of them.
    pub fn entries(&self) -> &[TunedEntry] {
        &self.entries
    }

    /// The entries of a variant. A variant without a space, as a kernel of the user's, has none, whatever its name.
    pub fn of(&self, op: &Op, variant: &Variant) -> impl Iterator<Item = &TunedEntry> {
        let searched = !variant.space.is_empty();
        let (op, variant) = (op.name, variant.name);
        self.entries.iter().filter(move |e| searched && e.op == op && e.variant == variant)
    }

    /// The constants of a variant at these sizes; none where the defaults hold.
    pub fn constants(&self, op: &Op, variant: &Variant, sizes: &Sizes) -> &[(&'static str, u32)] {
        if self.entries.is_empty() {
            return &[];
        }
        let class = op.size_class(sizes);
        self.of(op, variant).find(|e| e.class == class).map_or(&[], |e| &e.constants)
    }
}

/// What a pass sets: its own values, those in `constants` in their place, and what else its shader declares of them.
pub(super) fn merged(pass: &Pass, constants: &[(&'static str, u32)]) -> Constants {
    let found = |name: &str| constants.iter().find(|c| c.0 == name).map(|c| c.1);
    let own = pass.set.iter().map(|(name, value)| (*name, found(name).unwrap_or(*value)));
    let is_own = |name: &str| pass.set.iter().any(|s| s.0 == name);
    let new = constants.iter().filter(|c| !is_own(c.0) && pass.shader.declares(c.0));
    own.chain(new.copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{How, conv2d, matmul};

    fn sizes(text: &str) -> Sizes {
        matmul::OP.sizes(text.split(' ').map(|p| p.split_once('=').unwrap())).unwrap()
    }

    #[test]
    fn constants_hold_for_their_class_and_variant_only() {
        let variant = |name: &str| matmul::OP.variants_named(name).unwrap()[0];
        let registers = variant("registers_4x4");
        let mut tuned = Tuned::default();
        let entry = |constants: Constants| TunedEntry {
            op: "matmul",
            variant: "registers_4x4",
            class: 64,
            constants,
        };
        tuned.insert(entry(vec![("WX", 4)]));
        tuned.insert(entry(vec![("WX", 16)]));
        assert_eq!(tuned.constants(&matmul::OP, registers, &sizes("m=64 n=33 k=2")), [("WX", 16)]);
        assert!(tuned.constants(&matmul::OP, registers, &sizes("m=65")).is_empty());
        assert!(tuned.constants(&matmul::OP, variant("naive"), &sizes("m=64")).is_empty());
        let own = Variant { space: &[], how: How::Wgsl { passes: &[], scratch: &[] }, ..*registers };
        assert!(tuned.constants(&matmul::OP, &own, &sizes("m=64")).is_empty());
        tuned.insert(entry(Vec::new()));
        assert_eq!(tuned, Tuned::default());
    }

    #[test]
    fn a_pass_takes_what_its_shader_declares() {
        let variant = conv2d::GRAD_WEIGHT.variants_named("implicit_gemm_64x64").unwrap()[0];
        let How::Wgsl { passes, .. } = &variant.how else { panic!() };
        let constants = [("WX", 8), ("BK", 32)];
        assert_eq!(merged(&passes[0], &constants), constants);
        assert!(merged(&passes[1], &constants).is_empty());
        let variant = conv2d::FORWARD.variants_named("implicit_gemm_32x64").unwrap()[0];
        let How::Wgsl { passes, .. } = &variant.how else { panic!() };
        assert_eq!(merged(&passes[0], &[]), [("WY", 8)]);
        assert_eq!(merged(&passes[0], &[("BK", 8), ("WY", 16)]), [("WY", 16), ("BK", 8)]);
    }
}
