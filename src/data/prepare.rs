//! Pictures to the numbers that a network reads: resized, grey or RGB, normalised.

use serde::{Deserialize, Serialize};

use super::picture::Picture;
use super::resample::{Axis, Scratch, resize};
use crate::error::{Error, Result};

/// The most elements of one prepared image: 3 x 4096 x 4096.
pub const MAX_ELEMENTS: usize = 3 << 24;

/// How many planes a network reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// One plane; colours become Rec. 601 luma.
    Grey,
    /// Three planes; a grey picture gives three equal ones.
    #[default]
    Rgb,
}

impl Mode {
    /// The planes: 1 or 3.
    pub fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
        }
    }

    /// The mode of a network that reads `c` planes.
    ///
    /// # Errors
    /// [`Error::Shape`] for another number than 1 and 3.
    pub fn of_channels(c: usize) -> Result<Self> {
        match c {
            1 => Ok(Self::Grey),
            3 => Ok(Self::Rgb),
            _ => Err(misfit("input of a network on images", "1 channel (grey) or 3 (RGB)", c)),
        }
    }
}

/// How a picture becomes `c x h x w` numbers, plane by plane, row-major: resized (without keeping the ratio of its
/// sides), then `(pixel / 255 - mean) / deviation`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Prepare {
    /// Grey or RGB.
    pub mode: Mode,
    /// Rows.
    pub h: usize,
    /// Columns.
    pub w: usize,
    /// What is subtracted, on a scale of 0 (black) to 1 (white).
    pub mean: f32,
    /// What is divided by, on the same scale.
    pub deviation: f32,
    /// Whether every pixel counts where an image shrinks. Without it, bilinear resizing mixes the two nearest pixels
    /// along each axis, as the thesis's program did on tensors.
    pub antialias: bool,
}

impl Default for Prepare {
    /// 32 x 32 RGB, `(x - 0.5) / 0.5`, no antialias: the thesis's.
    fn default() -> Self {
        Self { mode: Mode::Rgb, h: 32, w: 32, mean: 0.5, deviation: 0.5, antialias: false }
    }
}

impl Prepare {
    /// How many numbers a prepared image has.
    pub fn elements(&self) -> usize {
        self.mode.channels() * self.h * self.w
    }

    /// Refuses values that no image can be prepared with.
    ///
    /// # Errors
    /// [`Error::Shape`] for a side of 0, more than [`MAX_ELEMENTS`] elements, a mean that is not finite, or a
    /// deviation that is not above 0.
    pub fn check(&self) -> Result<()> {
        let elements = self.h.checked_mul(self.w).and_then(|n| n.checked_mul(self.mode.channels()));
        if !elements.is_some_and(|n| (1..=MAX_ELEMENTS).contains(&n)) {
            let expected = format!("sides of 1 or more and at most {MAX_ELEMENTS} elements");
            return Err(misfit("prepared image", &expected, format!("{} x {}", self.h, self.w)));
        }
        if !self.mean.is_finite() {
            return Err(misfit("mean", "a finite number, 0.5 for most", self.mean));
        }
        if !(self.deviation.is_finite() && self.deviation > 0.0) {
            return Err(misfit("deviation", "a finite number above 0, 0.5 for most", self.deviation));
        }
        Ok(())
    }

    /// Normalises values of 0..=255 in place.
    pub(super) fn normalise(&self, values: &mut [f32]) {
        let (scale, shift) = (1.0 / (255.0 * self.deviation), self.mean / self.deviation);
        for value in values {
            *value = *value * scale - shift;
        }
    }
}

pub(super) fn misfit(what: &str, expected: &str, got: impl ToString) -> Error {
    Error::Shape { what: what.into(), expected: expected.into(), got: got.to_string() }
}

/// Prepares one picture: `c x h x w` numbers.
///
/// Callers hold `prepare` to [`Prepare::check`] first.
pub fn prepare_one(picture: &Picture, prepare: &Prepare) -> Vec<f32> {
    let mut out = vec![0.0; prepare.elements()];
    prepare_into(picture, prepare, &mut Workspace::default(), &mut out);
    out
}

/// What preparing images one after the other keeps, so that it allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    axes: Option<Axes>,
    pub(super) scratch: Scratch,
    /// Pictures of the last resized size, for what comes after resizing.
    pub(super) resized: Vec<f32>,
}

#[derive(Debug)]
struct Axes {
    /// Source h, w, output h, w, antialias.
    sizes: (usize, usize, usize, usize, bool),
    rows: Axis,
    columns: Axis,
}

impl Workspace {
    /// The axes from a picture's size to the prepared one; kept while sizes repeat.
    pub(super) fn axes(&mut self, picture: &Picture, prepare: &Prepare) -> (&Axis, &Axis, &mut Scratch) {
        let sizes = (picture.h, picture.w, prepare.h, prepare.w, prepare.antialias);
        let kept = self.axes.take().filter(|axes| axes.sizes == sizes);
        let axes = self.axes.insert(kept.unwrap_or_else(|| Axes {
            sizes,
            rows: Axis::new(picture.h, prepare.h, prepare.antialias),
            columns: Axis::new(picture.w, prepare.w, prepare.antialias),
        }));
        (&axes.rows, &axes.columns, &mut self.scratch)
    }
}

/// As [`prepare_one`], to `out` of [`Prepare::elements`] numbers.
pub(super) fn prepare_into(picture: &Picture, prepare: &Prepare, work: &mut Workspace, out: &mut [f32]) {
    picture.assert_sound();
    let grey;
    let picture = if prepare.mode == Mode::Grey && picture.c == 3 {
        grey = picture.to_grey();
        &grey
    } else {
        picture
    };
    let plane = prepare.h * prepare.w;
    let (rows, columns, scratch) = work.axes(picture, prepare);
    for (source, out) in picture.pixels.chunks_exact(picture.h * picture.w).zip(out.chunks_exact_mut(plane)) {
        let row = |y: usize, row: &mut [u8]| row.copy_from_slice(&source[y * picture.w..][..picture.w]);
        resize(picture.w, row, (rows, columns), scratch, out);
        prepare.normalise(out);
    }
    spread(picture.c, plane, out);
}

/// Copies the first plane to the others where a grey picture fills three.
pub(super) fn spread(c: usize, plane: usize, out: &mut [f32]) {
    if c == 1 {
        let (first, others) = out.split_at_mut(plane);
        others.chunks_exact_mut(plane).for_each(|other| other.copy_from_slice(first));
    }
}
