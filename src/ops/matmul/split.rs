//! How the terms of a product are divided where its patches alone would leave a GPU idle (split-K).

use super::Dims;
use crate::ops::Sizes;

/// Rows and columns of a patch.
const PATCH: usize = 64;
/// So many workgroups are wanted: no fewer than large GPUs have processors.
const WORKGROUPS: usize = 128;
/// A part is worth its sums from so many terms on; its length is a multiple of any slice's.
const TERMS: usize = 256;
const SLICE: usize = 32;
/// Elements of all partial sums: 64 MiB.
const PARTIAL: usize = 1 << 24;

/// How many parts, and how many terms each but the last has.
fn split(sizes: &Sizes) -> (usize, usize) {
    let Dims { m, n, k, batch, .. } = Dims::of(sizes);
    let patches = batch * m.div_ceil(PATCH) * n.div_ceil(PATCH);
    let parts = WORKGROUPS.div_ceil(patches.max(1)).min(k.div_ceil(TERMS));
    let parts = parts.min(PARTIAL / (batch * m * n).max(1)).max(1);
    let length = k.div_ceil(parts).next_multiple_of(SLICE);
    (k.div_ceil(length), length)
}

/// Sizes that kernels may name beside the fields.
pub(super) fn derived(sizes: &Sizes) -> Vec<(&'static str, u32)> {
    let (splits, length) = split(sizes);
    let number = |value| u32::try_from(value).unwrap_or(u32::MAX);
    vec![("splits", number(splits)), ("split_len", number(length))]
}

/// Partial sums: splits x batch x m x n.
pub(super) fn partial_sums(sizes: &Sizes) -> u64 {
    let Dims { m, n, batch, .. } = Dims::of(sizes);
    (split(sizes).0 * batch * m * n) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::matmul::OP;

    fn of(m: &str, n: &str, k: &str) -> (usize, usize) {
        split(&OP.sizes([("m", m), ("n", n), ("k", k)]).unwrap())
    }

    #[test]
    fn only_skinny_products_are_divided() {
        assert_eq!(of("1024", "1024", "1024"), (1, 1024));
        assert_eq!(of("64", "64", "100"), (1, 128));
        assert_eq!(of("64", "64", "65536"), (128, 512));
        assert_eq!(of("1", "1", "1000"), (4, 256));
    }

    #[test]
    fn parts_hold_every_term_once_and_none_is_empty() {
        for k in 1..2000usize {
            let (parts, length) = of("3", "70", &k.to_string());
            assert!(length % SLICE == 0 && parts * length >= k && (parts - 1) * length < k, "{k}");
        }
    }
}
