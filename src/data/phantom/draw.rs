//! Random numbers whose values no update of a dependency can change.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// A stream of random numbers.
pub(super) struct Draws(ChaCha8Rng);

impl Draws {
    /// The stream number `stream` of `seed`. The 32 bytes of the generator's key are written here, since the
    /// expansion of a 64-bit seed is the library's own and may change.
    pub(super) fn new(seed: u64, stream: usize) -> Self {
        let mut key = *b"seed    stream  tesela phantom 1";
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&(stream as u64).to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A multiple of 2^-24 in 0..1, exact in f32.
    pub(super) fn unit(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 / 16_777_216.0
    }

    /// A number in `low..high`.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// A point in the ball of radius 1.
    pub(super) fn in_ball(&mut self) -> [f32; 3] {
        loop {
            let p = [(); 3].map(|()| self.between(-1.0, 1.0));
            if p[0] * p[0] + p[1] * p[1] + p[2] * p[2] <= 1.0 {
                return p;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_in_range_and_streams_differ() {
        let mut draws = Draws::new(1, 0);
        assert!((0..10_000).map(|_| draws.unit()).all(|v| (0.0..1.0).contains(&v)));
        let first = |seed, stream| Draws::new(seed, stream).unit();
        assert_eq!(first(1, 0), first(1, 0));
        assert!(first(1, 0) != first(1, 1) && first(1, 0) != first(2, 0));
    }
}
