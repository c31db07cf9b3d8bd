//! One look for each variant, the same in every figure: colour, sign and dash.
//!
//! The colours follow the colour-blind-safe sets of Okabe and Ito ("Color Universal Design", 2008) and Paul Tol
//! ("Colour Schemes", SRON/EPS/TN/09-002, 2021), darkened where they would be pale on white. Sign and dash carry the
//! same distinction without colour. A test simulates the three kinds of colour blindness: within an operation no two
//! variants share a colour, and where two are hard to tell apart their signs differ.

use super::scene::{Colour, Marker};
use crate::record::WITH_CHECKS;

/// The look of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    pub(super) colour: Colour,
    pub(super) marker: Marker,
    /// Drawn and left out, in pixels.
    pub(super) dash: Dash,
}

/// The look of a variant with the count of threads that is so many-th among those that it was measured with: its own colour,
/// sign and dash for the first, then other signs and dashes, all of them different for 21 counts.
pub(super) fn with_threads(variant: &str, place: usize) -> Look {
    const SIGNS: [Marker; 7] = [
        Marker::Circle,
        Marker::Square,
        Marker::Diamond,
        Marker::Triangle,
        Marker::Down,
        Marker::Cross,
        Marker::Plus,
    ];
    const DASHES: [Dash; 3] = [None, DASH, DOTS];
    let own = look(variant);
    let first = SIGNS.iter().position(|sign| *sign == own.marker).unwrap_or(0);
    let dash = DASHES.iter().position(|dash| *dash == own.dash).unwrap_or(0);
    Look { marker: SIGNS[(first + place) % SIGNS.len()], dash: DASHES[(dash + place) % DASHES.len()], ..own }
}

type Dash = Option<(f64, f64)>;

const DASH: Dash = Some((6.0, 4.0));
const DOTS: Dash = Some((2.0, 3.0));

const BLACK: Colour = Colour(0x22, 0x22, 0x22);
const GREY: Colour = Colour(0x76, 0x76, 0x76);
const BROWN: Colour = Colour(0x8c, 0x5a, 0x2b);
const VERMILION: Colour = Colour(0xd5, 0x5e, 0x00);
const PINK: Colour = Colour(0xc0, 0x5b, 0x98);
const WINE: Colour = Colour(0x88, 0x22, 0x55);
const BLUE: Colour = Colour(0x00, 0x72, 0xb2);
const SKY: Colour = Colour(0x3d, 0x9b, 0xd9);
const GREEN: Colour = Colour(0x00, 0x8a, 0x63);
const MINT: Colour = Colour(0x66, 0xbd, 0x98);
const ORANGE: Colour = Colour(0xd9, 0x8e, 0x00);
const OLIVE: Colour = Colour(0x85, 0x85, 0x2a);
const ROSE: Colour = Colour(0xcc, 0x5f, 0x70);
const PURPLE: Colour = Colour(0x9a, 0x44, 0xa4);
const INDIGO: Colour = Colour(0x33, 0x22, 0x88);
const UMBER: Colour = Colour(0x6a, 0x56, 0x44);
const COBALT: Colour = Colour(0x22, 0x38, 0xc4);
const FOREST: Colour = Colour(0x16, 0x4a, 0x1e);
const CRIMSON: Colour = Colour(0xa6, 0x14, 0x24);
const PALE_ROSE: Colour = Colour(0xe3, 0x9a, 0xa6);
const PALE_PURPLE: Colour = Colour(0xc7, 0x9a, 0xd0);
const PALE_INDIGO: Colour = Colour(0x80, 0x79, 0xc4);

const KNOWN: [(&str, Colour, Marker, Dash); 59] = [
    ("serial", BLACK, Marker::Circle, None),
    ("rayon", GREY, Marker::Square, None),
    ("library", BROWN, Marker::Diamond, None),
    // Products.
    ("naive", VERMILION, Marker::Circle, None),
    ("loop", PINK, Marker::Square, None),
    ("loop_thesis", WINE, Marker::Cross, DASH),
    ("tiled_16", BLUE, Marker::Triangle, None),
    ("tiled_32", SKY, Marker::Down, DASH),
    ("blocked", GREEN, Marker::Diamond, None),
    ("blocked_128x128_8x8", GREEN, Marker::Diamond, None),
    ("blocked_64x64_4x4", MINT, Marker::Cross, DASH),
    ("blocked_32x32_4x4", FOREST, Marker::Circle, DASH),
    ("blocked_128x64_8x4", COBALT, Marker::Triangle, DASH),
    ("blocked_warptile_128x128_8x8", CRIMSON, Marker::Plus, None),
    ("blocked_prefetch_128x128_8x8", OLIVE, Marker::Square, DASH),
    ("blocked_splitk_64x64_4x4", INDIGO, Marker::Plus, DASH),
    ("blocked_subgroup_16x4", PALE_PURPLE, Marker::Down, None),
    ("coopmat_f32_128x128", PALE_INDIGO, Marker::Square, None),
    ("coopmat_128x128", PALE_INDIGO, Marker::Square, None),
    ("registers_4x4", ORANGE, Marker::Plus, None),
    ("registers_8x4", PALE_ROSE, Marker::Circle, DASH),
    ("registers_8x8", UMBER, Marker::Diamond, DASH),
    // Pooling.
    ("separable_cpu", BROWN, Marker::Diamond, None),
    ("banded_cpu", BROWN, Marker::Diamond, None),
    ("per_window_serial", UMBER, Marker::Diamond, DASH),
    ("direct", GREEN, Marker::Diamond, None),
    ("tiled", BLUE, Marker::Triangle, None),
    ("vectorized", ORANGE, Marker::Plus, None),
    ("separable", SKY, Marker::Down, None),
    ("strips", MINT, Marker::Square, DASH),
    ("strips_vec4", VERMILION, Marker::Circle, None),
    ("van_herk", WINE, Marker::Cross, DASH),
    ("windows_batched", OLIVE, Marker::Square, None),
    ("per_window_naive_buffer", ROSE, Marker::Circle, None),
    ("per_window_loop_buffer", PURPLE, Marker::Square, None),
    ("per_window_tiled_buffer", INDIGO, Marker::Triangle, None),
    ("per_window_naive_constant", PALE_ROSE, Marker::Cross, DASH),
    ("per_window_loop_constant", PALE_PURPLE, Marker::Plus, DASH),
    ("per_window_tiled_constant", PALE_INDIGO, Marker::Diamond, DASH),
    // Convolutions, and the layers that have one kernel each.
    ("implicit_gemm_64x64", BLUE, Marker::Triangle, None),
    ("implicit_gemm_128x128", INDIGO, Marker::Square, DASH),
    ("implicit_gemm_subgroup_8x16", PALE_PURPLE, Marker::Down, None),
    ("depthwise", ORANGE, Marker::Plus, None),
    ("implicit_gemm_32x64", SKY, Marker::Down, DASH),
    ("gather", GREEN, Marker::Diamond, None),
    ("gather_specialized", MINT, Marker::Cross, DASH),
    ("workgroup", GREEN, Marker::Diamond, None),
    ("rows", GREEN, Marker::Diamond, None),
    ("two_stage", GREEN, Marker::Diamond, None),
    // Other libraries.
    ("peer_pytorch", ROSE, Marker::Circle, DOTS),
    ("peer_pytorch_channels_last", PALE_ROSE, Marker::Plus, DOTS),
    ("peer_pytorch_graphs", PALE_PURPLE, Marker::Square, DOTS),
    ("peer_onnxruntime", INDIGO, Marker::Triangle, DOTS),
    ("peer_numpy", OLIVE, Marker::Square, DOTS),
    ("peer_burn", PURPLE, Marker::Down, DOTS),
    ("peer_candle", ORANGE, Marker::Cross, DOTS),
    ("peer_gemm", GREEN, Marker::Plus, DOTS),
    ("peer_matrixmultiply", SKY, Marker::Down, DOTS),
    ("peer_ndarray", MINT, Marker::Cross, DOTS),
];

/// The look of a variant. One that is not in the list, as a user's own kernel, gets a look from its name.
pub(super) fn look(variant: &str) -> Look {
    // With checks it is the same kernel: the same colour, dotted.
    if let Some(plain) = variant.strip_suffix(WITH_CHECKS) {
        return Look { marker: Marker::Cross, dash: DOTS, ..look(plain) };
    }
    if let Some((_, colour, marker, dash)) = KNOWN.iter().find(|(name, ..)| *name == variant) {
        return Look { colour: *colour, marker: *marker, dash: *dash };
    }
    // None of them is the colour of a variant in the list.
    const COLOURS: [Colour; 6] = [
        Colour(0x00, 0xa0, 0xb0),
        Colour(0xd8, 0x1b, 0x8c),
        Colour(0x6f, 0x9a, 0x1f),
        Colour(0x1f, 0x3a, 0x78),
        Colour(0xa7, 0x8b, 0xd8),
        Colour(0x7a, 0x2e, 0x0e),
    ];
    const MARKERS: [Marker; 5] =
        [Marker::Diamond, Marker::Triangle, Marker::Plus, Marker::Down, Marker::Square];
    let hash = variant.bytes().fold(7_usize, |h, b| (h.wrapping_mul(31)).wrapping_add(usize::from(b)));
    Look {
        colour: COLOURS[hash % COLOURS.len()],
        marker: MARKERS[hash / 7 % MARKERS.len()],
        dash: [None, DASH, DOTS][hash / 41 % 3],
    }
}

/// The look of a curve that is only there for comparison: light, thin, told apart by its label.
pub(super) fn background(number: usize) -> Look {
    const LIGHT: [Colour; 3] = [Colour(0x9a, 0xa3, 0xad), Colour(0xb0, 0xa0, 0x8c), Colour(0x9f, 0xae, 0x9a)];
    const MARKERS: [Marker; 4] = [Marker::Circle, Marker::Square, Marker::Triangle, Marker::Diamond];
    Look {
        colour: LIGHT[number % LIGHT.len()],
        marker: MARKERS[number % MARKERS.len()],
        dash: [None, DASH, DOTS][number % 3],
    }
}

/// The parts of a call, in the order in which they happen.
pub(super) const PHASES: [(&str, Colour); 6] = [
    ("upload", Colour(0x3d, 0x9b, 0xd9)),
    ("encode", Colour(0xd9, 0x8e, 0x00)),
    ("launch + wait", Colour(0xb9, 0xc0, 0xc8)),
    ("kernel", Colour(0x00, 0x8a, 0x63)),
    ("download", Colour(0x33, 0x22, 0x88)),
    ("rest", Colour(0xe9, 0xd8, 0xc8)),
];

/// The training images' curve.
pub(super) const TRAIN: Look = Look { colour: BLUE, marker: Marker::Circle, dash: None };

/// The validation images' curve.
pub(super) const VALID: Look = Look { colour: VERMILION, marker: Marker::Diamond, dash: DASH };

/// The kinds of operations in a training step, in the order of [`crate::analysis::training::Kind::ALL`].
pub(super) const KINDS: [Colour; 7] = [BLUE, GREEN, ORANGE, PINK, INDIGO, SKY, Colour(0xb9, 0xc0, 0xc8)];

/// The deepest colour of a matrix' cells; lighter ones mix it with white.
pub(super) const CELL: Colour = Colour(0x00, 0x4c, 0x8c);

/// A colour dark enough for small text on white.
pub(super) fn for_text(Colour(r, g, b): Colour) -> Colour {
    let luma = 0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b);
    let factor = (105.0 / luma.max(1.0)).min(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
    let dim = |c: u8| (f64::from(c) * factor).round() as u8;
    Colour(dim(r), dim(g), dim(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The variants of the two operations that reports are about, by the looks that stand beside each other.
    const PRODUCTS: [&str; 20] = [
        "serial",
        "rayon",
        "library",
        "naive",
        "loop",
        "loop_thesis",
        "tiled_16",
        "tiled_32",
        "blocked_128x128_8x8",
        "blocked_warptile_128x128_8x8",
        "blocked_128x64_8x4",
        "blocked_64x64_4x4",
        "blocked_32x32_4x4",
        "blocked_prefetch_128x128_8x8",
        "blocked_splitk_64x64_4x4",
        "blocked_subgroup_16x4",
        "coopmat_f32_128x128",
        "registers_4x4",
        "registers_8x4",
        "registers_8x8",
    ];
    const POOLING: [&str; 18] = [
        "serial",
        "rayon",
        "separable_cpu",
        "per_window_serial",
        "direct",
        "tiled",
        "vectorized",
        "separable",
        "strips",
        "strips_vec4",
        "van_herk",
        "windows_batched",
        "per_window_naive_buffer",
        "per_window_loop_buffer",
        "per_window_tiled_buffer",
        "per_window_naive_constant",
        "per_window_loop_constant",
        "per_window_tiled_constant",
    ];

    const CONVOLUTIONS: [&str; 9] = [
        "serial",
        "rayon",
        "library",
        "direct",
        "implicit_gemm_64x64",
        "implicit_gemm_32x64",
        "implicit_gemm_128x128",
        "implicit_gemm_subgroup_8x16",
        "depthwise",
    ];

    /// Other libraries on the CPU, beside what runs there of ours.
    const BESIDE_CPU: [&str; 11] = [
        "serial",
        "rayon",
        "library",
        "peer_pytorch",
        "peer_pytorch_channels_last",
        "peer_onnxruntime",
        "peer_numpy",
        "peer_candle",
        "peer_gemm",
        "peer_matrixmultiply",
        "peer_ndarray",
    ];
    const BESIDE_CPU_POOLING: [&str; 7] = [
        "serial",
        "rayon",
        "separable_cpu",
        "peer_pytorch",
        "peer_pytorch_channels_last",
        "peer_onnxruntime",
        "peer_candle",
    ];
    /// Other libraries on an adapter, beside our kernels.
    const BESIDE_PRODUCTS: [&str; 18] = [
        "naive",
        "loop",
        "tiled_16",
        "tiled_32",
        "blocked_128x128_8x8",
        "blocked_warptile_128x128_8x8",
        "blocked_128x64_8x4",
        "blocked_64x64_4x4",
        "blocked_32x32_4x4",
        "blocked_prefetch_128x128_8x8",
        "blocked_splitk_64x64_4x4",
        "blocked_subgroup_16x4",
        "coopmat_f32_128x128",
        "registers_4x4",
        "registers_8x4",
        "registers_8x8",
        "peer_burn",
        "peer_pytorch",
    ];
    const BESIDE_POOLING: [&str; 10] = [
        "direct",
        "tiled",
        "vectorized",
        "separable",
        "strips",
        "strips_vec4",
        "van_herk",
        "windows_batched",
        "peer_burn",
        "peer_pytorch",
    ];

    type Matrix = [[f64; 3]; 3];

    /// Full sight, then no red, green and blue cones: Machado, Oliveira and Fernandes, "A Physiologically-based Model for
    /// Simulation of Color Vision Deficiency", IEEE TVCG 15 (2009), severity 1, on linear sRGB.
    const SIGHTS: [Matrix; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ];
    /// From linear sRGB to CIE XYZ over the white D65 (IEC 61966-2-1).
    const XYZ: Matrix = [
        [0.433_953, 0.376_219, 0.189_828],
        [0.212_673, 0.715_152, 0.072_175],
        [0.017_758, 0.109_477, 0.872_765],
    ];

    fn times(m: &Matrix, v: [f64; 3]) -> [f64; 3] {
        m.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum())
    }

    /// CIE L*a*b* as seen by a sight.
    fn seen(Colour(r, g, b): Colour, sight: &Matrix) -> [f64; 3] {
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        let rgb = times(sight, [r, g, b].map(linear)).map(|c| c.clamp(0.0, 1.0));
        let [x, y, z] =
            times(&XYZ, rgb).map(|t| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 });
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn distance(a: Colour, b: Colour, sight: &Matrix) -> f64 {
        seen(a, sight).iter().zip(seen(b, sight)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    #[test]
    fn counts_of_threads_look_different() {
        let looks: Vec<Look> = (0..21).map(|place| with_threads("library", place)).collect();
        assert_eq!(looks[0], look("library"));
        assert!(looks.iter().all(|l| l.colour == looks[0].colour));
        assert!(looks.iter().enumerate().all(|(i, l)| !looks[..i].contains(l)), "{looks:?}");
    }

    #[test]
    fn no_two_variants_of_an_operation_look_alike_to_anyone() {
        let beside = [&BESIDE_CPU[..], &BESIDE_CPU_POOLING, &BESIDE_PRODUCTS, &BESIDE_POOLING];
        for op in [&PRODUCTS[..], &POOLING, &CONVOLUTIONS].into_iter().chain(beside) {
            for (at, a) in op.iter().enumerate() {
                for b in &op[..at] {
                    let (x, y) = (look(a), look(b));
                    assert!(distance(x.colour, y.colour, &SIGHTS[0]) > 15.0, "{a} and {b} have one colour");
                    let least =
                        SIGHTS.iter().map(|s| distance(x.colour, y.colour, s)).fold(f64::MAX, f64::min);
                    assert!(least > 9.0 || x.marker != y.marker, "{a} and {b}: {least}");
                }
            }
        }
    }

    #[test]
    fn a_kernel_of_the_users_takes_no_colour_of_ours() {
        for name in ["mine", "yours", "tile_v9", "a", "b", "c", "d", "e"] {
            let colour = look(name).colour;
            assert!(KNOWN.iter().all(|(_, known, ..)| *known != colour), "{name}");
            assert_eq!(look(name), look(name));
        }
    }
}
