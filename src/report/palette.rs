//! One look for each variant, the same in every figure: colour, sign and dash.
//!
//! The colours follow the colour-blind-safe sets of Okabe and Ito ("Color Universal Design", 2008) and Paul Tol
//! ("Colour Schemes", SRON/EPS/TN/09-002, 2021), darkened where they would be pale on white. Sign and dash carry the
//! same distinction without colour.

use super::scene::{Colour, Marker};

/// The look of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    pub(super) colour: Colour,
    pub(super) marker: Marker,
    /// Drawn and left out, in pixels.
    pub(super) dash: Dash,
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
const TEAL: Colour = Colour(0x35, 0x9b, 0x8b);
const ORANGE: Colour = Colour(0xd9, 0x8e, 0x00);
const OLIVE: Colour = Colour(0x85, 0x85, 0x2a);
const ROSE: Colour = Colour(0xcc, 0x5f, 0x70);
const PURPLE: Colour = Colour(0x9a, 0x44, 0xa4);
const INDIGO: Colour = Colour(0x33, 0x22, 0x88);

const KNOWN: [(&str, Colour, Marker, Dash); 23] = [
    ("serial", BLACK, Marker::Circle, None),
    ("rayon", GREY, Marker::Square, None),
    ("library", BROWN, Marker::Diamond, None),
    ("per_window_serial", BLACK, Marker::Diamond, DASH),
    ("naive", VERMILION, Marker::Circle, None),
    ("loop", PINK, Marker::Square, None),
    ("loop_thesis", WINE, Marker::Cross, DASH),
    ("tiled", BLUE, Marker::Triangle, None),
    ("tiled_16", BLUE, Marker::Triangle, None),
    ("tiled_32", SKY, Marker::Down, DASH),
    ("blocked", GREEN, Marker::Diamond, None),
    ("registers_4x4", ORANGE, Marker::Plus, None),
    ("direct", GREEN, Marker::Diamond, None),
    ("vectorized", ORANGE, Marker::Plus, None),
    ("separable", SKY, Marker::Down, None),
    ("windows_batched", OLIVE, Marker::Square, None),
    ("per_window_naive_buffer", ROSE, Marker::Circle, None),
    ("per_window_loop_buffer", PURPLE, Marker::Square, None),
    ("per_window_tiled_buffer", INDIGO, Marker::Triangle, None),
    ("per_window_naive_constant", ROSE, Marker::Cross, DASH),
    ("per_window_loop_constant", PURPLE, Marker::Plus, DASH),
    ("per_window_tiled_constant", INDIGO, Marker::Down, DASH),
    ("blocked_vec4", TEAL, Marker::Square, None),
];

/// The look of a variant. One that is not in the list, as a user's own kernel, gets a look from its name.
pub(super) fn look(variant: &str) -> Look {
    if let Some((_, colour, marker, dash)) = KNOWN.iter().find(|(name, ..)| *name == variant) {
        return Look { colour: *colour, marker: *marker, dash: *dash };
    }
    const COLOURS: [Colour; 6] = [TEAL, ORANGE, WINE, SKY, OLIVE, PURPLE];
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
