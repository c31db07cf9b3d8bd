//! Random numbers as a pure function of a purpose and a few integers, the same on any machine and in any order of
//! work: what is drawn for one image does not depend on which thread draws it, or on what was drawn before.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// A stream of random numbers of its own.
#[derive(Debug)]
pub(super) struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream for `purpose` and three numbers (a seed, an epoch, an image). The generator's key is written here,
    /// since the expansion of a 64-bit seed is the library's own and may change.
    pub(super) fn new(purpose: [u8; 8], numbers: [u64; 3]) -> Self {
        let mut key = [0; 32];
        for (part, number) in key.chunks_exact_mut(8).zip(numbers) {
            part.copy_from_slice(&number.to_le_bytes());
        }
        key[24..].copy_from_slice(&purpose);
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A multiple of 2^-24 in 0..1, exact in f32.
    pub(super) fn unit(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 / 16_777_216.0
    }

    /// A number in `low..high`; `low` where the two are equal.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// A number in `0..n`; 0 for an `n` of 0. The bias, below n / 2^64, is beyond what can be observed.
    pub(super) fn below(&mut self, n: usize) -> usize {
        let wide = u128::from(self.0.next_u64()) * n as u128;
        #[expect(clippy::cast_possible_truncation, reason = "below n after the shift")]
        let drawn = (wide >> 64) as usize;
        drawn
    }

    /// Puts `items` in a random order, every one as likely (Fisher and Yates).
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last + 1);
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_reproducible_and_differ() {
        let first = |purpose: &[u8; 8], numbers| Stream::new(*purpose, numbers).unit();
        assert_eq!(first(b"a purpos", [1, 2, 3]), first(b"a purpos", [1, 2, 3]));
        for other in [[2, 2, 3], [1, 3, 3], [1, 2, 4]] {
            assert!(first(b"a purpos", [1, 2, 3]) != first(b"a purpos", other));
        }
        assert!(first(b"a purpos", [1, 2, 3]) != first(b"another.", [1, 2, 3]));
    }

    #[test]
    fn draws_are_in_range_and_even() {
        let mut stream = Stream::new(*b"a purpos", [0; 3]);
        let mut seen = [0; 5];
        for _ in 0..5000 {
            seen[stream.below(5)] += 1;
            assert!((-2.0..3.0).contains(&stream.between(-2.0, 3.0)));
        }
        // Six standard deviations of a binomial count of 5000 draws at 1/5.
        assert!(seen.iter().all(|&n| (830..=1170).contains(&n)), "{seen:?}");
        assert_eq!(stream.below(0), 0);
    }

    #[test]
    fn a_shuffle_keeps_every_item_and_reaches_every_order() {
        let mut orders = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let mut items = [0, 1, 2];
            Stream::new(*b"a purpos", [seed, 0, 0]).shuffle(&mut items);
            orders.insert(items);
        }
        assert_eq!(orders.len(), 6);
    }
}
