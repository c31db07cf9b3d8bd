//! Inputs from a recorded seed. The generator is ChaCha8 by name; integers become floats by the few lines below, so that
//! a new version of the random-number crate cannot change the data.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

use super::Data;

/// What kind of numbers an input holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fill {
    /// Uniform in [-1, 1), 23 random bits each.
    Uniform,
    /// Whole numbers 0 to 9, the thesis's images.
    Digits,
    /// Uniform in [-2, -1): every element negative.
    Negative,
    /// Whole numbers 0 to 2: many equal values.
    Ties,
    /// Uniform with infinities, NaN of both signs and both zeros among them.
    Special,
}

/// Every kind, with its name in experiment files.
const NAMES: &[(&str, Fill)] = &[
    ("uniform", Fill::Uniform),
    ("digits", Fill::Digits),
    ("negative", Fill::Negative),
    ("ties", Fill::Ties),
    ("special", Fill::Special),
];

impl Fill {
    /// The generator's name, for provenance.
    pub const GENERATOR: &'static str = "ChaCha8";

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|n| n.0 == name).map(|n| n.1)
    }

    /// The names, comma-separated.
    pub fn names() -> String {
        NAMES.iter().map(|n| n.0).collect::<Vec<_>>().join(", ")
    }

    /// Whether all values are finite.
    pub fn is_finite(self) -> bool {
        self != Self::Special
    }

    /// `len` floats; `stream` numbers the operands of a call, so that they differ.
    pub fn floats(self, seed: u64, stream: u64, len: usize) -> Data {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Data::F32((0..len).map(|_| self.float(rng.next_u32())).collect())
    }

    fn float(self, bits: u32) -> f32 {
        // The top 23 bits fill the fraction of a number in [1, 2).
        let unit = f32::from_bits(0x3F80_0000 | (bits >> 9)) - 1.0;
        match self {
            Self::Uniform => 2.0 * unit - 1.0,
            Self::Digits => (unit * 10.0).floor(),
            Self::Negative => unit - 2.0,
            Self::Ties => (unit * 3.0).floor(),
            Self::Special => match bits % 16 {
                0 => f32::NAN.copysign(if bits & 16 == 0 { 1.0 } else { -1.0 }),
                1 => f32::INFINITY,
                2 | 3 => f32::NEG_INFINITY,
                4 => -0.0,
                5 => 0.0,
                _ => 2.0 * unit - 1.0,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_numbers_forever() {
        let Data::F32(v) = Fill::Digits.floats(35, 0, 8) else { unreachable!() };
        assert_eq!(v, GOLDEN);
        assert_ne!(Fill::Uniform.floats(35, 0, 8), Fill::Uniform.floats(35, 1, 8));
        assert_ne!(Fill::Uniform.floats(35, 0, 8), Fill::Uniform.floats(36, 0, 8));
    }

    const GOLDEN: [f32; 8] = [7.0, 9.0, 5.0, 2.0, 7.0, 4.0, 4.0, 4.0];

    #[test]
    fn kinds_keep_their_word() {
        let floats = |f: Fill| f.floats(1, 0, 4096).f32().to_vec();
        assert!(floats(Fill::Uniform).iter().all(|v| (-1.0..1.0).contains(v)));
        assert!(floats(Fill::Digits).iter().all(|v| v.fract() == 0.0 && (0.0..10.0).contains(v)));
        assert!((0..10u8).all(|d| floats(Fill::Digits).contains(&f32::from(d))));
        assert!(floats(Fill::Negative).iter().all(|v| *v < 0.0));
        let special = floats(Fill::Special);
        assert!(special.iter().any(|v| v.is_nan()) && special.contains(&f32::INFINITY));
        assert!(special.contains(&f32::NEG_INFINITY));
        assert!(
            [true, false]
                .iter()
                .all(|sign| special.iter().any(|v| v.is_nan() && v.is_sign_negative() == *sign))
        );
    }
}
