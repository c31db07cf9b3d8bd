//! A sheet of small grey images with captions, in groups: what a network makes of an image, stage after stage.

use super::chart::{WIDTH, heading, heading_lines};
use super::font::cut;
use super::pair::Grey;
use super::render;
use super::scene::{Anchor, INK, QUIET, Scene, Shape};
use crate::error::{Error, Result};
use std::path::Path;

/// At most so many tiles of a stage are drawn; the sheet says how many there are.
pub const MAX_TILES: usize = 24;

/// The space between tiles, in pixels of the figure.
const GAP: f64 = 8.0;

/// A grey image of any range.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// What it is; cut where it is longer than the tile is wide.
    pub caption: String,
    /// Rows.
    pub h: usize,
    /// Columns.
    pub w: usize,
    /// `h * w` values, row-major. The least is drawn black, the largest white; a tile of one value is grey, what is not
    /// finite is black.
    pub values: Vec<f32>,
}

/// Tiles that belong together, as the maps behind one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// What they are.
    pub title: String,
    /// In the order in which they are laid out, line by line.
    pub tiles: Vec<Tile>,
}

/// Writes the sheet as a PNG; an earlier one is replaced. Few tiles are drawn larger than many.
///
/// # Errors
/// [`Error::Shape`] for a tile whose values do not fit its sides, or where there is no tile; [`Error::Figure`];
/// [`Error::Write`].
pub fn write_sheet(title: &str, subtitle: &str, stages: &[Stage], path: &Path) -> Result<()> {
    let png = render::png(&scene(title, subtitle, stages)?)?;
    std::fs::write(path, png).map_err(|e| Error::write(path, e))
}

/// The layout.
pub(super) fn scene(title: &str, subtitle: &str, stages: &[Stage]) -> Result<Scene> {
    const SIZE: f64 = 11.5;
    if stages.iter().all(|s| s.tiles.is_empty()) {
        let expected = "at least one tile".to_string();
        return Err(Error::Shape { what: "sheet of images".into(), expected, got: "none".into() });
    }
    let (titles, subtitles) = heading_lines(title, subtitle);
    let mut scene = Scene::new(WIDTH, 0.0, title);
    heading(&mut scene, &titles, &subtitles);
    let mut y = 20.0 + 22.0 * titles.len() as f64 + 18.0 * subtitles.len() as f64 + 6.0;
    for stage in stages.iter().filter(|s| !s.tiles.is_empty()) {
        let count = stage.tiles.len();
        let shown = if count > MAX_TILES { format!(" ({MAX_TILES} of {count})") } else { String::new() };
        y += 22.0;
        let line = cut(&format!("{}{shown}", stage.title), 13.5, true, WIDTH - 32.0);
        scene.words((16.0, y), &line, 13.5, Anchor::Start, INK, true);
        y += 8.0;
        let columns = if count <= 4 { 4 } else { 8 };
        let side = (WIDTH - 32.0 + GAP) / columns as f64 - GAP;
        for line in stage.tiles.chunks(columns).take(MAX_TILES / columns) {
            let mut tallest = 0.0_f64;
            for (column, tile) in line.iter().enumerate() {
                let image = grey(tile, side)?;
                let x = 16.0 + column as f64 * (side + GAP);
                let scale = side / tile.h.max(tile.w) as f64;
                let size = (tile.w as f64 * scale, tile.h as f64 * scale);
                scene.shapes.push(Shape::Image { at: (x, y), size, image });
                let words = cut(&tile.caption, SIZE, false, side);
                scene.text((x, y + size.1 + 13.0), &words, SIZE, Anchor::Start, QUIET);
                tallest = tallest.max(size.1);
            }
            y += tallest + 13.0 + GAP;
        }
    }
    y += 12.0;
    let foot = "Each tile runs from its own least value, black, to its largest, white.";
    scene.text((16.0, y), foot, 12.0, Anchor::Start, QUIET);
    scene.height = y + 14.0;
    Ok(scene)
}

/// A tile as bytes, no finer than the figure can show: neighbours are averaged where there are more.
fn grey(tile: &Tile, side: f64) -> Result<Grey> {
    let Tile { h, w, values, caption } = tile;
    if values.is_empty() || h.checked_mul(*w) != Some(values.len()) {
        return Err(Error::Shape {
            what: format!("tile `{caption}`"),
            expected: format!("{h} x {w} values and at least one"),
            got: format!("{} values", values.len()),
        });
    }
    // Two pixels of the file to one of the figure.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a side of a tile")]
    let most = (2.0 * side) as usize;
    let step = (*h.max(w)).div_ceil(most).max(1);
    let (rows, columns) = (h.div_ceil(step), w.div_ceil(step));
    let mut means = Vec::with_capacity(rows * columns);
    for (top, left) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y * step, x * step))) {
        let (bottom, right) = ((top + step).min(*h), (left + step).min(*w));
        let cells = (top..bottom).flat_map(|y| (left..right).map(move |x| f64::from(values[y * w + x])));
        means.push(cells.sum::<f64>() / ((bottom - top) * (right - left)) as f64);
    }
    let finite = || means.iter().copied().filter(|v| v.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
    let byte = |v: f64| match v.is_finite() {
        false => 0,
        true if high > low => ((v - low) / (high - low) * 255.0).round() as u8,
        true => 128,
    };
    let pixels = means.iter().map(|v| byte(*v)).collect();
    let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(Grey { width: narrow(columns), height: narrow(rows), pixels })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(h: usize, w: usize) -> Tile {
        let values = (0..h * w).map(|i| ((i % w) * (i / w)) as f32 - 5.0).collect();
        Tile { caption: "a caption that is too long for its tile".into(), h, w, values }
    }

    fn bytes(h: usize, w: usize, values: &[f32], side: f64) -> Vec<u8> {
        grey(&Tile { caption: String::new(), h, w, values: values.to_vec() }, side).unwrap().pixels
    }

    #[test]
    fn each_tile_has_its_own_range() {
        assert_eq!(bytes(1, 3, &[-2.0, 0.0, 2.0], 50.0), [0, 128, 255]);
        assert_eq!(bytes(1, 3, &[1e-6, 1e-6, 1e-6], 50.0), [128; 3]);
        assert_eq!(bytes(2, 2, &[f32::NAN, 1.0, f32::INFINITY, 3.0], 50.0), [0, 0, 0, 255]);
        assert_eq!(bytes(2, 4, &[0.0, 2.0, 4.0, 4.0, 0.0, 2.0, 8.0, 8.0], 1.0), [0, 255], "averaged by two");
        assert_eq!(bytes(1, 3, &[0.0, 0.0, 6.0], 1.0), [0, 255], "the last step is narrower");
    }

    #[test]
    fn a_sheet_is_written_and_says_what_it_leaves_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sheet.png");
        let stages = [
            Stage { title: "image and edges".into(), tiles: vec![tile(109, 91); 3] },
            Stage { title: "first filters".into(), tiles: vec![tile(3, 3); 64] },
            Stage { title: "after 3 maxpool".into(), tiles: vec![tile(2, 300); 7] },
            Stage { title: "nothing".into(), tiles: vec![] },
        ];
        write_sheet("What the network sees", "slice 45", &stages, &path).unwrap();
        let image = image::open(&path).unwrap();
        assert_eq!(image.width(), 1200);
        let scene = scene("t", "", &stages).unwrap();
        let texts: Vec<&str> = scene
            .shapes
            .iter()
            .filter_map(|s| if let Shape::Text(t) = s { Some(t.text.as_str()) } else { None })
            .collect();
        assert!(texts.contains(&"first filters (24 of 64)") && !texts.contains(&"nothing"), "{texts:?}");
        let images = scene.shapes.iter().filter(|s| matches!(s, Shape::Image { .. })).count();
        assert_eq!(images, 3 + MAX_TILES + 7);
        if let Some(keep) = std::env::var_os("TESELA_KEEP_SHEET") {
            std::fs::copy(&path, keep).unwrap();
        }
    }

    #[test]
    fn misfits_are_typed_errors() {
        let bad = Stage { title: "x".into(), tiles: vec![Tile { h: 9, ..tile(3, 3) }] };
        assert!(matches!(scene("t", "", &[bad]), Err(Error::Shape { .. })));
        assert!(matches!(scene("t", "", &[]), Err(Error::Shape { .. })));
        let nowhere = Path::new("/nowhere/at/all.png");
        let good = Stage { title: "x".into(), tiles: vec![tile(3, 3)] };
        assert!(matches!(write_sheet("t", "", &[good], nowhere), Err(Error::Write { .. })));
    }
}
