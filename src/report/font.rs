//! The one font of the figures, embedded so that they look the same everywhere: a subset of Inter (SIL Open Font
//! License, `fonts/OFL.txt`).

use crate::error::{Error, Result};
use ab_glyph::{Font, FontRef, PxScale, ScaleFont};

static REGULAR: &[u8] = include_bytes!("fonts/inter-regular.otf");
static BOLD: &[u8] = include_bytes!("fonts/inter-bold.otf");

/// A weight of the font.
pub(crate) struct Face(FontRef<'static>);

impl Face {
    /// The regular or the bold weight.
    ///
    /// # Errors
    /// [`Error::Figure`] where the embedded file does not parse.
    pub(crate) fn new(bold: bool) -> Result<Self> {
        let font = FontRef::try_from_slice(if bold { BOLD } else { REGULAR });
        let failed = |e: ab_glyph::InvalidFont| Error::Figure { what: "text".into(), reason: e.to_string() };
        Ok(Self(font.map_err(failed)?))
    }

    /// The width of a text at `size` pixels per em.
    pub(crate) fn width(&self, text: &str, size: f64) -> f64 {
        let units = f64::from(self.0.units_per_em().unwrap_or(1000.0));
        text.chars().map(|c| f64::from(self.0.h_advance_unscaled(self.0.glyph_id(c)))).sum::<f64>() * size
            / units
    }

    /// Calls `dot(x, y, coverage)` for each pixel that the text inks, with its first glyph's origin at (0, 0) and y
    /// downwards.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "pixel positions of a figure are far below the limits"
    )]
    pub(crate) fn rasterise(&self, text: &str, size: f64, mut dot: impl FnMut(i32, i32, f64)) {
        let units = self.0.units_per_em().unwrap_or(1000.0);
        // ab_glyph scales by the line height, a design program by the em: this is the factor between the two.
        let scale = PxScale::from(size as f32 * self.0.height_unscaled() / units);
        let scaled = self.0.as_scaled(scale);
        let mut pen = 0.0_f32;
        for c in text.chars() {
            let id = self.0.glyph_id(c);
            let glyph = id.with_scale_and_position(scale, ab_glyph::point(pen, 0.0));
            if let Some(outline) = self.0.outline_glyph(glyph) {
                let bounds = outline.px_bounds();
                let (left, top) = (bounds.min.x as i32, bounds.min.y as i32);
                outline.draw(|x, y, coverage| dot(left + x as i32, top + y as i32, f64::from(coverage)));
            }
            pen += scaled.h_advance(id);
        }
    }
}

/// The width of a text at `size` pixels per em; 0 where the font does not parse, which drawing then reports.
pub(super) fn width(text: &str, size: f64, bold: bool) -> f64 {
    Face::new(bold).map_or(0.0, |face| face.width(text, size))
}

/// Breaks a text at spaces into lines no wider than `limit`; a single word that is wider stays whole.
pub(super) fn wrap(text: &str, size: f64, bold: bool, limit: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size, bold) <= limit => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}

/// A text cut to a width, with dots where it was cut.
pub(super) fn cut(text: &str, size: f64, bold: bool, limit: f64) -> String {
    if width(text, size, bold) <= limit {
        return text.to_string();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if width(&format!("{kept}{c}..."), size, bold) > limit {
            break;
        }
        kept.push(c);
    }
    format!("{}...", kept.trim_end())
}
