//! Scenes drawn by plotters: SVG for pages and print, PNG for slides.

use super::base64;
use super::font::{Face, width};
use super::pair::Grey;
use super::scene::{Anchor, Colour, Marker, PAPER, Scene, Shape, Text};
use crate::error::{Error, Result};
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBAColor, RGBColor, ShapeStyle, TextStyle,
};

/// Backends take whole pixels; drawing this many times larger keeps fractions of a figure's pixel.
const FINE: f64 = 4.0;

/// PNG pixels per figure pixel after smoothing, for dense screens.
const DENSITY: usize = 2;

/// What `plotters` multiplies an em by to get the size it wants.
const SIZE_PER_EM: f64 = 1.24;

/// Fonts that look like the embedded one, for programs that draw the SVG.
const FAMILY: &str =
    "font-family=\"Inter, 'Helvetica Neue', Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif\"";

/// The figure as an SVG text with its own white card, so that it reads on dark pages too.
///
/// # Errors
/// [`Error::Figure`].
pub(super) fn svg(scene: &Scene) -> Result<String> {
    let size = (pixels(scene.width * FINE), pixels(scene.height * FINE));
    let mut text = String::new();
    {
        let mut backend = SVGBackend::with_string(&mut text, (unsigned(size.0), unsigned(size.1)));
        draw(&mut backend, scene, true, svg_text)?;
        backend.present().map_err(|e| failed(scene, &e))?;
    }
    finish_svg(scene, &text)
}

/// The figure as PNG bytes, two pixels to each of the figure's.
///
/// # Errors
/// [`Error::Figure`].
pub(super) fn png(scene: &Scene) -> Result<Vec<u8>> {
    let (w, h) = (unsigned(pixels(scene.width * FINE)), unsigned(pixels(scene.height * FINE)));
    let mut buffer = vec![255_u8; w as usize * h as usize * 3];
    {
        let faces = [Face::new(false)?, Face::new(true)?];
        let mut backend = BitMapBackend::with_buffer(&mut buffer, (w, h));
        let bitmap_text = |backend: &mut BitMapBackend<'_>, text: &Text| {
            bitmap_text(backend, text, &faces[usize::from(text.bold)]).map_err(|e| e.to_string())
        };
        draw(&mut backend, scene, false, bitmap_text)?;
        backend.present().map_err(|e| failed(scene, &e))?;
    }
    encode(scene, &buffer, (w as usize, h as usize))
}

fn draw<B: DrawingBackend>(
    backend: &mut B,
    scene: &Scene,
    vector: bool,
    mut draw_text: impl FnMut(&mut B, &Text) -> std::result::Result<(), String>,
) -> Result<()> {
    let solid = |colour: Colour| rgba(colour, 1.0);
    let corner = (pixels(scene.width * FINE), pixels(scene.height * FINE));
    backend.draw_rect((0, 0), corner, &solid(PAPER), true).map_err(|e| failed(scene, &e))?;
    for shape in &scene.shapes {
        match shape {
            // An SVG has images of its own; `finish_svg` puts them in.
            Shape::Image { .. } if vector => {}
            // Nothing to see; `finish_svg` puts them in.
            Shape::Hint { .. } => {}
            Shape::Line { points, colour, width, dash, alpha } => {
                let stroke_width = unsigned(pixels(width * FINE)).max(1);
                let color = rgba(*colour, *alpha);
                let style = ShapeStyle { color, filled: false, stroke_width };
                for piece in dashes(points, *dash) {
                    let path = piece.iter().copied().map(place);
                    backend.draw_path(path, &style).map_err(|e| failed(scene, &e))?;
                }
            }
            Shape::Area { points, colour, alpha } => {
                let path = points.iter().copied().map(place);
                let colour = rgba(*colour, *alpha);
                backend.fill_polygon(path, &colour).map_err(|e| failed(scene, &e))?;
            }
            Shape::Mark { at, marker: Marker::Circle, radius, colour } => {
                let radius = unsigned(pixels(radius * FINE));
                let colour = solid(*colour);
                backend.draw_circle(place(*at), radius, &colour, true).map_err(|e| failed(scene, &e))?;
            }
            Shape::Mark { at, marker, radius, colour } => {
                for polygon in outline(*marker, *at, *radius) {
                    let path = polygon.into_iter().map(place);
                    backend.fill_polygon(path, &solid(*colour)).map_err(|e| failed(scene, &e))?;
                }
            }
            Shape::Image { at, size, image } => {
                for (corner, opposite, shade) in squares(*at, *size, image) {
                    let colour = solid(Colour(shade, shade, shade));
                    backend.draw_rect(corner, opposite, &colour, true).map_err(|e| failed(scene, &e))?;
                }
            }
            Shape::Text(text) => {
                let what = || scene.title.clone();
                draw_text(backend, text).map_err(|reason| Error::Figure { what: what(), reason })?;
            }
        }
    }
    Ok(())
}

/// Text in an SVG stays text. Its top is placed by plotters, 0.76 em above the baseline.
fn svg_text(backend: &mut SVGBackend<'_>, text: &Text) -> std::result::Result<(), String> {
    let horizontal = match text.anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let weight = if text.bold { FontStyle::Bold } else { FontStyle::Normal };
    let font = FontDesc::new(FontFamily::SansSerif, text.size * FINE * SIZE_PER_EM, weight);
    let font = if text.upward { font.transform(FontTransform::Rotate270) } else { font };
    let Colour(r, g, b) = text.colour;
    let colour = RGBColor(r, g, b);
    let style = TextStyle::from(font).color(&colour).pos(Pos::new(horizontal, VPos::Top));
    let rise = 0.76 * text.size;
    let (x, y) = if text.upward { (text.x - rise, text.y) } else { (text.x, text.y - rise) };
    backend.draw_text(&text.text, &style, place((x, y))).map_err(|e| e.to_string())
}

/// Text in a bitmap, glyph by glyph: plotters' own drawing leaves out the glyphs' side bearings.
fn bitmap_text<B: DrawingBackend>(
    backend: &mut B,
    text: &Text,
    face: &Face,
) -> std::result::Result<(), String> {
    let length = face.width(&text.text, text.size);
    let back = match text.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => length / 2.0,
        Anchor::End => length,
    };
    let (ox, oy) = place(if text.upward { (text.x, text.y + back) } else { (text.x - back, text.y) });
    let (w, h) = backend.get_size();
    let mut outcome = Ok(());
    face.rasterise(&text.text, text.size * FINE, |x, y, coverage| {
        let (x, y) = if text.upward { (ox + y, oy - x) } else { (ox + x, oy + y) };
        if x >= 0 && y >= 0 && unsigned(x) < w && unsigned(y) < h && outcome.is_ok() {
            let colour = rgba(text.colour, coverage.min(1.0)).to_backend_color();
            outcome = backend.draw_pixel((x, y), colour).map_err(|e| e.to_string());
        }
    });
    outcome
}

/// Gives the SVG its real size, a title, fonts, and to each text the width it was laid out with, so that another
/// font cannot make texts overlap.
fn finish_svg(scene: &Scene, text: &str) -> Result<String> {
    let mut texts = scene.shapes.iter().filter_map(|s| if let Shape::Text(t) = s { Some(t) } else { None });
    let mut out = String::with_capacity(text.len() + 4096);
    for (at, part) in text.split("<text ").enumerate() {
        if at == 0 {
            let body = part.split_once('>').map_or("", |(_, body)| body);
            let (w, h) = (pixels(scene.width), pixels(scene.height));
            let (fw, fh) = (pixels(scene.width * FINE), pixels(scene.height * FINE));
            out.push_str(&format!(
                "<svg width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {fw} {fh}\" role=\"img\" \
                 xmlns=\"http://www.w3.org/2000/svg\">\n<title>{}</title>",
                super::html::escape(&scene.title)
            ));
            out.push_str(body);
            continue;
        }
        let length = texts.next().map_or(0.0, |t| width(&t.text, t.size, t.bold) * FINE);
        let length = pixels(length).max(1);
        out.push_str(&format!("<text textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\" "));
        out.push_str(part);
    }
    let mut out = out.replace("font-family=\"sans-serif\"", FAMILY);
    let end = out.rfind("</svg>").unwrap_or(out.len());
    let rest = out.split_off(end);
    for shape in &scene.shapes {
        if let Shape::Image { at, size, image } = shape {
            let kind = image::ExtendedColorType::L8;
            let png =
                pack(&image.pixels, (image.width, image.height), kind).map_err(|e| failed(scene, &e))?;
            let ((x, y), (w, h)) = (place(*at), place(*size));
            out.push_str(&format!(
                "<image x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" style=\"image-rendering:pixelated\" \
                 href=\"data:image/png;base64,{}\"/>\n",
                base64::encode(&png)
            ));
        }
    }
    out.push_str(&hints(scene));
    out.push_str(&rest);
    Ok(out)
}

/// Invisible rectangles with a title, which a browser shows where the pointer rests.
fn hints(scene: &Scene) -> String {
    let hint = |shape: &Shape| {
        let Shape::Hint { from, to, text } = shape else { return None };
        let ((x, y), (right, bottom)) = (place(*from), place(*to));
        Some(format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\"><title>{}</title></rect>\n",
            right - x,
            bottom - y,
            super::html::escape(text)
        ))
    };
    let all: String = scene.shapes.iter().filter_map(hint).collect();
    if all.is_empty() { all } else { format!("<g fill=\"#000\" fill-opacity=\"0\">\n{all}</g>\n") }
}

/// Two opposite corners and a shade.
type Square = ((i32, i32), (i32, i32), u8);

/// The pixels of an image as rectangles, runs of one shade in a row as one.
fn squares(at: (f64, f64), size: (f64, f64), image: &Grey) -> Vec<Square> {
    let (w, h) = (image.width as usize, image.height as usize);
    let corner = |x: usize, y: usize| {
        place((at.0 + size.0 * x as f64 / w as f64, at.1 + size.1 * y as f64 / h as f64))
    };
    let mut found = Vec::new();
    for (y, row) in image.pixels.chunks(w.max(1)).enumerate().take(h) {
        let mut from = 0;
        for x in 1..=row.len() {
            if x == row.len() || row[x] != row[from] {
                found.push((corner(from, y), corner(x, y + 1), row[from]));
                from = x;
            }
        }
    }
    found
}

/// Averages the fine pixels and packs them.
fn encode(scene: &Scene, fine: &[u8], (w, h): (usize, usize)) -> Result<Vec<u8>> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive constant")]
    let step = FINE as usize / DENSITY;
    let (width, height) = (w / step, h / step);
    let mut pixels = Vec::with_capacity(width * height * 3);
    let share = step * step;
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        for channel in 0..3 {
            let cell = |i: usize| fine[((y * step + i / step) * w + x * step + i % step) * 3 + channel];
            let sum: usize = (0..share).map(|i| usize::from(cell(i))).sum();
            pixels.push(u8::try_from((sum + share / 2) / share).unwrap_or(u8::MAX));
        }
    }
    let dimension = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let size = (dimension(width), dimension(height));
    pack(&pixels, size, image::ExtendedColorType::Rgb8).map_err(|e| failed(scene, &e))
}

/// Pixels as a PNG file.
fn pack(
    pixels: &[u8],
    (width, height): (u32, u32),
    kind: image::ExtendedColorType,
) -> std::result::Result<Vec<u8>, image::ImageError> {
    use image::ImageEncoder;
    use image::codecs::png::{CompressionType, FilterType, PngEncoder};
    let mut png = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Default, FilterType::Adaptive);
    encoder.write_image(pixels, width, height, kind)?;
    Ok(png)
}

/// The pieces of a line that its dash leaves.
fn dashes(points: &[(f64, f64)], dash: Option<(f64, f64)>) -> Vec<Vec<(f64, f64)>> {
    let Some((on, off)) = dash.filter(|(on, off)| *on > 0.0 && *off > 0.0) else {
        return vec![points.to_vec()];
    };
    let mut pieces = Vec::new();
    let mut piece: Vec<(f64, f64)> = points.first().copied().into_iter().collect();
    let (mut drawing, mut left) = (true, on);
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let at = (from.0 + (to.0 - from.0) * done / length, from.1 + (to.1 - from.1) * done / length);
            if drawing {
                piece.push(at);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![at];
            }
            drawing = !drawing;
            left = if drawing { on } else { off };
        }
        left -= length - done;
        if drawing {
            piece.push(to);
        }
    }
    if drawing && piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

/// The polygons of a sign, all about the same size to the eye.
fn outline(marker: Marker, (x, y): (f64, f64), r: f64) -> Vec<Vec<(f64, f64)>> {
    let polygon = |corners: &[(f64, f64)]| corners.iter().map(|(a, b)| (x + a * r, y + b * r)).collect();
    let bar = |a: f64, b: f64| -> Vec<(f64, f64)> { polygon(&[(-a, -b), (a, -b), (a, b), (-a, b)]) };
    let slant = |s: f64| -> Vec<(f64, f64)> {
        polygon(&[(-1.05 * s, -0.65), (-0.65 * s, -1.05), (1.05 * s, 0.65), (0.65 * s, 1.05)])
    };
    match marker {
        Marker::Circle | Marker::Square => vec![bar(0.9, 0.9)],
        Marker::Diamond => vec![polygon(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)])],
        Marker::Triangle => vec![polygon(&[(0.0, -1.2), (1.15, 0.9), (-1.15, 0.9)])],
        Marker::Down => vec![polygon(&[(0.0, 1.2), (1.15, -0.9), (-1.15, -0.9)])],
        Marker::Cross => vec![slant(1.0), slant(-1.0)],
        Marker::Plus => vec![bar(1.25, 0.3), bar(0.3, 1.25)],
    }
}

fn place((x, y): (f64, f64)) -> (i32, i32) {
    (pixels(x * FINE), pixels(y * FINE))
}

/// The nearest whole pixel; figures are far smaller than the limit of the type, and a cast saturates.
#[expect(clippy::cast_possible_truncation, reason = "saturates, and figures are far smaller")]
fn pixels(value: f64) -> i32 {
    value.round() as i32
}

fn unsigned(value: i32) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

fn rgba(Colour(r, g, b): Colour, alpha: f64) -> RGBAColor {
    RGBAColor(r, g, b, alpha)
}

fn failed(scene: &Scene, error: &impl std::fmt::Display) -> Error {
    Error::Figure { what: scene.title.clone(), reason: error.to_string() }
}
