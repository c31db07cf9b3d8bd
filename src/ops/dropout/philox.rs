//! Philox4x32-10, a counter-based generator: 128 bits of counter and 64 of key give four words, without a state. Source:
//! Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const STEPS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// Four random words.
pub(super) fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let [high0, low0] = product(MULTIPLIERS[0], counter[0]);
        let [high1, low1] = product(MULTIPLIERS[1], counter[2]);
        counter = [high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0];
        key = [key[0].wrapping_add(STEPS[0]), key[1].wrapping_add(STEPS[1])];
    }
    counter
}

/// Blocks that [`philox_lanes`] computes at a time.
pub(super) const LANES: usize = 16;

/// The words of blocks `first` to `first + LANES - 1` of a step, one behind the other. Every line of a round is a loop over
/// the blocks, which becomes a few vector instructions.
#[inline(always)]
pub(super) fn philox_lanes(first: u32, step: u32, mut key: [u32; 2]) -> [u32; 4 * LANES] {
    let mut counters = [[0u32; LANES], [step; LANES], [0; LANES], [0; LANES]];
    for (lane, number) in (0u32..).zip(&mut counters[0]) {
        *number = first.wrapping_add(lane);
    }
    for _ in 0..10 {
        let [c0, c1, c2, c3] = counters;
        for lane in 0..LANES {
            let [high0, low0] = product(MULTIPLIERS[0], c0[lane]);
            let [high1, low1] = product(MULTIPLIERS[1], c2[lane]);
            counters[0][lane] = high1 ^ c1[lane] ^ key[0];
            counters[1][lane] = low1;
            counters[2][lane] = high0 ^ c3[lane] ^ key[1];
            counters[3][lane] = low0;
        }
        key = [key[0].wrapping_add(STEPS[0]), key[1].wrapping_add(STEPS[1])];
    }
    let mut words = [0; 4 * LANES];
    for (lane, words) in words.chunks_exact_mut(4).enumerate() {
        words.copy_from_slice(&counters.map(|counter| counter[lane]));
    }
    words
}

/// High and low word of a product.
#[inline(always)]
fn product(a: u32, b: u32) -> [u32; 2] {
    let wide = u64::from(a) * u64::from(b);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the halves are meant; the compiler sees vectors through casts"
    )]
    let halves = [(wide >> 32) as u32, wide as u32];
    halves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_blocks_at_a_time_are_the_same_blocks() {
        let first = u32::MAX - 5;
        let words = philox_lanes(first, 77, [35, 2]);
        for (lane, words) in (0u32..).zip(words.chunks_exact(4)) {
            assert_eq!(words, philox([first.wrapping_add(lane), 77, 0, 0], [35, 2]));
        }
    }

    /// The authors' known answers.
    #[test]
    fn known_answers() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }
}
