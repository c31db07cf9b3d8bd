//! Initial values of parameters: the schemes of Kaiming (He and others, ICCV 2015) and Xavier (Glorot and Bengio,
//! AISTATS 2010), normal and uniform, from a seed. The generator is ChaCha8 by name; floats are made of its words by the
//! lines below, so that a new version of the random-number crate cannot change them.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// How parameters are drawn. The standard deviation is gain / sqrt(fan_in) for Kaiming and
/// gain sqrt(2 / (fan_in + fan_out)) for Xavier; a uniform draw has the same, its range is sqrt(3) times as wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Init {
    /// Normal, by the inputs of a neuron.
    KaimingNormal,
    /// Uniform, by the inputs of a neuron.
    KaimingUniform,
    /// Normal, by inputs and outputs.
    XavierNormal,
    /// Uniform, by inputs and outputs.
    XavierUniform,
    /// Zeros, for biases.
    Zeros,
}

const NAMES: &[(&str, Init)] = &[
    ("kaiming_normal", Init::KaimingNormal),
    ("kaiming_uniform", Init::KaimingUniform),
    ("xavier_normal", Init::XavierNormal),
    ("xavier_uniform", Init::XavierUniform),
    ("zeros", Init::Zeros),
];

/// The connections of a layer: for a convolution with k taps, k times its input and output channels of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fans {
    /// Inputs of one output.
    pub inputs: usize,
    /// Outputs that one input reaches.
    pub outputs: usize,
}

impl Init {
    /// The scheme of that name.
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|n| n.0 == name).map(|n| n.1)
    }

    /// The names, comma-separated.
    pub fn names() -> String {
        NAMES.iter().map(|n| n.0).collect::<Vec<_>>().join(", ")
    }

    /// The standard deviation; `gain` is sqrt(2) for layers before a relu. 0 where there are no connections.
    pub fn deviation(self, fans: Fans, gain: f64) -> f64 {
        let variance = match self {
            Self::KaimingNormal | Self::KaimingUniform => 1.0 / fans.inputs as f64,
            Self::XavierNormal | Self::XavierUniform => 2.0 / (fans.inputs + fans.outputs) as f64,
            Self::Zeros => 0.0,
        };
        if variance.is_finite() { gain * variance.sqrt() } else { 0.0 }
    }

    /// `len` parameters; `stream` numbers the tensors of a network, so that they differ.
    pub fn floats(self, fans: Fans, gain: f64, seed: u64, stream: u64, len: usize) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        let deviation = self.deviation(fans, gain);
        let mut draw = || match self {
            Self::KaimingNormal | Self::XavierNormal => deviation * normal(&mut rng),
            Self::KaimingUniform | Self::XavierUniform => {
                deviation * 3f64.sqrt() * (2.0 * unit(&mut rng) - 1.0)
            }
            Self::Zeros => 0.0,
        };
        #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is meant")]
        let floats = (0..len).map(|_| draw() as f32).collect();
        floats
    }
}

/// Uniform in (0, 1): the middle of one of 2^52 steps.
fn unit(rng: &mut ChaCha8Rng) -> f64 {
    ((rng.next_u64() >> 12) as f64 + 0.5) / (1u64 << 52) as f64
}

/// Standard normal, by the transform of Box and Muller (1958); its second number is not used.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (radius, angle) = (unit(rng), unit(rng));
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FANS: Fans = Fans { inputs: 27, outputs: 576 };

    fn drawn(init: Init) -> Vec<f32> {
        init.floats(FANS, 2f64.sqrt(), 35, 4, 20_000)
    }

    #[test]
    fn mean_and_deviation_are_those_of_the_scheme() {
        for (name, init) in NAMES {
            let values = drawn(*init);
            let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / 2e4;
            let square = values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / 2e4;
            let want = init.deviation(FANS, 2f64.sqrt());
            // Five standard errors.
            assert!(mean.abs() <= want * 5.0 / 2e4f64.sqrt(), "{name}: {mean}");
            assert!((square.sqrt() - want).abs() <= want * 0.025, "{name}: {} {want}", square.sqrt());
            assert_eq!(Init::named(name), Some(*init));
        }
        assert!((Init::KaimingNormal.deviation(FANS, 2f64.sqrt()) - (2.0f64 / 27.0).sqrt()).abs() < 1e-15);
        let most = drawn(Init::XavierUniform).iter().fold(0.0f32, |a, v| a.max(v.abs()));
        assert!(f64::from(most) < 3f64.sqrt() * Init::XavierUniform.deviation(FANS, 2f64.sqrt()));
    }

    #[test]
    fn a_seed_means_the_same_parameters_forever() {
        // FNV-1a over the bits.
        let hash = |values: &[f32]| {
            let bytes = values.iter().flat_map(|v| v.to_bits().to_le_bytes());
            bytes.fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
        };
        let hashes =
            NAMES.iter().map(|(_, init)| hash(&init.floats(FANS, 1.0, 35, 4, 1000))).collect::<Vec<_>>();
        assert_eq!(hashes, GOLDEN);
        assert_ne!(drawn(Init::KaimingNormal), Init::KaimingNormal.floats(FANS, 2f64.sqrt(), 35, 5, 20_000));
    }

    const GOLDEN: [u64; 5] = [
        0x86aa_a340_9615_0451,
        0x0fe6_12a2_0942_7db8,
        0x19b1_9a9e_4906_34a6,
        0x5ccf_18d4_ae12_b841,
        0x94eb_5aa7_3e18_6ba5,
    ];
}
