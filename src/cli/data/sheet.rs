//! The contact sheet: some images of each class in a row, under the name of the class.

use crate::data::{Dataset, Mode, Picture, Prepare, prepare_one};
use crate::error::Result;
use crate::report::Face;

/// Images a row.
const COLUMNS: usize = 10;
/// Rows; a sheet of more classes says how many it leaves out.
const CLASSES: usize = 40;
/// The side of the square that an image is fitted into.
const TILE: usize = 96;
/// Between tiles.
const GAP: usize = 6;
/// Between a row of images and the next line of text.
const ROW_GAP: usize = 14;
/// Around the sheet.
const MARGIN: usize = 18;
/// The height of a line of text above a row.
const LINE: usize = 26;
/// Pixels per em.
const TEXT: f64 = 14.0;

/// A sheet in the making: white, three planes.
struct Sheet {
    h: usize,
    w: usize,
    pixels: Vec<u8>,
}

/// Draws the sheet of a data set with at least one image.
///
/// # Errors
/// [`crate::Error::Figure`] where the font does not parse.
pub(super) fn draw(dataset: &Dataset) -> Result<Picture> {
    let (regular, bold) = (Face::new(false)?, Face::new(true)?);
    let shown = dataset.classes.len().min(CLASSES);
    let left_out = dataset.classes.len() - shown;
    let w = 2 * MARGIN + COLUMNS * TILE + (COLUMNS - 1) * GAP;
    let h = 2 * MARGIN
        + shown * (LINE + TILE)
        + (shown - 1) * ROW_GAP
        + if left_out > 0 { ROW_GAP + LINE } else { 0 };
    let mut sheet = Sheet { h, w, pixels: vec![255; 3 * h * w] };
    let mut top = MARGIN;
    for (class, name) in dataset.classes.iter().take(shown).enumerate() {
        let members: Vec<usize> =
            (0..dataset.examples.len()).filter(|&at| dataset.examples[at].class == class).collect();
        let blank = members.iter().filter(|&&at| dataset.examples[at].blank).count();
        let facts = match blank {
            0 => format!("{} images", members.len()),
            _ => format!("{} images, {blank} blank", members.len()),
        };
        let room = (w - 2 * MARGIN) as f64 - regular.width(&facts, TEXT) - 12.0;
        let name = elided(name, &bold, room);
        sheet.text(&bold, &name, MARGIN, top);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a width within the sheet"
        )]
        let behind = bold.width(&name, TEXT).ceil() as usize;
        sheet.text(&regular, &facts, MARGIN + behind + 12, top);
        top += LINE;
        for (column, at) in chosen(dataset, &members).into_iter().enumerate() {
            sheet.tile(&dataset.examples[at].picture, MARGIN + column * (TILE + GAP), top);
        }
        top += TILE + ROW_GAP;
    }
    if left_out > 0 {
        sheet.text(&regular, &format!("and {left_out} more classes"), MARGIN, top);
    }
    Picture::new(3, h, w, sheet.pixels)
}

/// Examples evenly from the first to the last; blank ones only where a class has no others.
fn chosen(dataset: &Dataset, members: &[usize]) -> Vec<usize> {
    let seen: Vec<usize> = members.iter().copied().filter(|&at| !dataset.examples[at].blank).collect();
    let from = if seen.is_empty() { members } else { &seen };
    let count = from.len().min(COLUMNS);
    (0..count).map(|at| from[at * (from.len() - 1) / (count - 1).max(1)]).collect()
}

/// The beginning of a text that fits into `room` pixels.
fn elided(text: &str, face: &Face, room: f64) -> String {
    if face.width(text, TEXT) <= room {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.chars().collect();
    loop {
        kept.pop();
        let short = format!("{}...", kept.iter().collect::<String>());
        if kept.is_empty() || face.width(&short, TEXT) <= room {
            return short;
        }
    }
}

impl Sheet {
    /// Writes a line whose upper left corner is at (x, y).
    fn text(&mut self, face: &Face, text: &str, x: usize, y: usize) {
        let baseline = y + 15;
        face.rasterise(text, TEXT, |dx, dy, coverage| {
            let shift = |at: usize, by: i32| at.checked_add_signed(by as isize);
            let (Some(x), Some(y)) = (shift(x, dx), shift(baseline, dy)) else { return };
            if x < self.w && y < self.h {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut to 0..=255")]
                let ink = (255.0 * (1.0 - 0.9 * coverage)).clamp(0.0, 255.0) as u8;
                for plane in self.pixels.chunks_exact_mut(self.h * self.w) {
                    plane[y * self.w + x] = plane[y * self.w + x].min(ink);
                }
            }
        });
    }

    /// Fits a picture into the tile at (x, y), in its middle, its sides in their ratio.
    fn tile(&mut self, picture: &Picture, x: usize, y: usize) {
        let longest = picture.h.max(picture.w);
        let side = |n: usize| (n * TILE / longest).max(1);
        let (h, w) = (side(picture.h), side(picture.w));
        // Without a shift and with this deviation, the numbers are the pixels.
        let prepare = Prepare { mode: Mode::Rgb, h, w, mean: 0.0, deviation: 1.0 / 255.0, antialias: true };
        let values = prepare_one(picture, &prepare);
        let (left, top) = (x + (TILE - w) / 2, y + (TILE - h) / 2);
        let planes = self.pixels.chunks_exact_mut(self.h * self.w).zip(values.chunks_exact(h * w));
        for (plane, values) in planes {
            for (row, values) in values.chunks_exact(w).enumerate() {
                let line = &mut plane[(top + row) * self.w + left..][..w];
                for (pixel, value) in line.iter_mut().zip(values) {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "cut to 0..=255"
                    )]
                    let byte = value.round().clamp(0.0, 255.0) as u8;
                    *pixel = byte;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::LoadOptions;

    #[test]
    fn every_class_has_its_row() {
        let mut dataset = Dataset::load(None, &LoadOptions::default()).unwrap();
        dataset.classes[1] = "a name that is far too long for a sheet ".repeat(9);
        let sheet = draw(&dataset).unwrap();
        assert_eq!((sheet.h, sheet.w), (36 + 3 * (26 + 96) + 2 * 14, 36 + 10 * 96 + 9 * 6));
        // Ink in the line of text, and in the tiles, of each row; the margin stays white.
        for row in 0..3 {
            let top = MARGIN + row * (LINE + TILE + ROW_GAP);
            let darkest =
                |from: usize, to: usize| sheet.pixels[from * sheet.w..to * sheet.w].iter().min().copied();
            assert!(darkest(top, top + LINE).unwrap() < 100, "row {row} has no text");
            assert_eq!(darkest(top + LINE, top + LINE + TILE), Some(0), "row {row} has no image");
        }
        assert!((0..sheet.h).all(|y| sheet.pixels[y * sheet.w..][..MARGIN].iter().all(|&v| v == 255)));
    }

    #[test]
    fn images_are_taken_from_the_first_to_the_last_and_blank_ones_last() {
        let dataset = Dataset::load(None, &LoadOptions::default()).unwrap();
        let members: Vec<usize> = (0..91).collect();
        let seen: Vec<usize> = members.iter().copied().filter(|&at| !dataset.examples[at].blank).collect();
        let taken = chosen(&dataset, &members);
        assert_eq!((taken.len(), taken[0], taken[9]), (10, seen[0], seen[seen.len() - 1]));
        assert_eq!(chosen(&dataset, &members[..1]).len(), 1);
        assert!(chosen(&dataset, &[]).is_empty());
    }
}
