//! A figure as a list of shapes in floating-point pixels, before any drawing library sees it.
//!
//! Layout is decided here, on plain numbers, so that it can be tested; `render` only draws.

/// A colour, red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour(pub(super) u8, pub(super) u8, pub(super) u8);

pub(super) const INK: Colour = Colour(0x1b, 0x1f, 0x24);
pub(super) const QUIET: Colour = Colour(0x57, 0x60, 0x6a);
pub(super) const GRID: Colour = Colour(0xe3, 0xe6, 0xea);
pub(super) const FRAME: Colour = Colour(0x8c, 0x95, 0x9f);
pub(super) const PAPER: Colour = Colour(0xff, 0xff, 0xff);

/// The sign that marks a measured point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    Circle,
    Square,
    Diamond,
    Triangle,
    Down,
    Cross,
    Plus,
}

/// Which end of a text stands at its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A line of text. `(x, y)` is on the baseline.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) text: String,
    /// Pixels per em.
    pub(super) size: f64,
    pub(super) bold: bool,
    pub(super) anchor: Anchor,
    pub(super) colour: Colour,
    /// Read from bottom to top.
    pub(super) upward: bool,
}

/// One shape.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// An open line; `dash` is the length drawn and the length left out.
    Line { points: Vec<(f64, f64)>, colour: Colour, width: f64, dash: Option<(f64, f64)>, alpha: f64 },
    /// A filled polygon.
    Area { points: Vec<(f64, f64)>, colour: Colour, alpha: f64 },
    /// A sign.
    Mark { at: (f64, f64), marker: Marker, radius: f64, colour: Colour },
    /// Words.
    Text(Text),
    /// What a pointer over a place is told; invisible, and in an SVG only. Two opposite corners.
    Hint { from: (f64, f64), to: (f64, f64), text: String },
    /// A grey image, stretched, with sharp pixels.
    Image { at: (f64, f64), size: (f64, f64), image: super::pair::Grey },
}

/// A figure of `width` x `height` pixels on white.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scene {
    pub(super) width: f64,
    pub(super) height: f64,
    /// What a screen reader says.
    pub(super) title: String,
    pub(super) shapes: Vec<Shape>,
}

impl Scene {
    pub(super) fn new(width: f64, height: f64, title: &str) -> Self {
        Self { width, height, title: title.to_string(), shapes: Vec::new() }
    }

    pub(super) fn line(&mut self, points: Vec<(f64, f64)>, colour: Colour, width: f64) {
        self.shapes.push(Shape::Line { points, colour, width, dash: None, alpha: 1.0 });
    }

    pub(super) fn rectangle(&mut self, from: (f64, f64), to: (f64, f64), colour: Colour) {
        let points = vec![from, (to.0, from.1), to, (from.0, to.1)];
        self.shapes.push(Shape::Area { points, colour, alpha: 1.0 });
    }

    pub(super) fn hint(&mut self, from: (f64, f64), to: (f64, f64), text: String) {
        self.shapes.push(Shape::Hint { from, to, text });
    }

    pub(super) fn text(&mut self, at: (f64, f64), text: &str, size: f64, anchor: Anchor, colour: Colour) {
        self.words(at, text, size, anchor, colour, false);
    }

    pub(super) fn words(
        &mut self,
        (x, y): (f64, f64),
        text: &str,
        size: f64,
        anchor: Anchor,
        colour: Colour,
        bold: bool,
    ) {
        if !text.is_empty() {
            let text = text.to_string();
            self.shapes.push(Shape::Text(Text { x, y, text, size, bold, anchor, colour, upward: false }));
        }
    }
}
