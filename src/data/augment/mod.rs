//! Random changes to training images, so that a network does not learn them by heart.
//!
//! The order is the thesis's: rotate, resize, flip, pad and crop, and then what it does not have, brightness and
//! contrast; normalisation comes last. What is drawn for an image is a pure function of seed, epoch and the image's
//! index, so results do not depend on threads, and a run that goes on in the middle of an epoch draws the same.

mod rotate;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use self::rotate::Rotation;
use super::picture::Picture;
use super::prepare::{Mode, Prepare, Workspace, misfit, spread};
use super::random::Stream;
use super::resample::resize;
use crate::error::Result;

/// Which changes are made, and how strong they are. Zero turns each one off, and that is the default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augment {
    /// Degrees: the angle is drawn evenly from `-rotation..rotation`. Each pixel takes its nearest source pixel, black
    /// outside; the size stays (as torchvision's `RandomRotation` with its defaults).
    pub rotation: f32,
    /// The probability of a left-right flip.
    pub flip: f32,
    /// Black pixels put around the resized image before `h x w` of it are cut out at a random place.
    pub crop_padding: usize,
    /// Pixels are multiplied by a factor drawn from `1 - brightness .. 1 + brightness` and cut at white.
    pub brightness: f32,
    /// Distances from the image's mean grey are multiplied by a factor drawn from `1 - contrast .. 1 + contrast`, and
    /// the result is cut at black and white.
    pub contrast: f32,
}

impl Augment {
    /// The thesis's: within 5 degrees, flips at 0.5, crops from a border of 2.
    pub fn thesis() -> Self {
        Self { rotation: 5.0, flip: 0.5, crop_padding: 2, ..Self::default() }
    }

    /// Refuses values that make no sense.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] for a rotation outside 0..=180, a flip outside 0..=1, a padding above 4096, a
    /// brightness or contrast outside 0..=1, or one that is not a number.
    pub fn check(&self) -> Result<()> {
        let within = |name: &str, value: f32, most: f32| {
            // A NaN is in no range.
            if (0.0..=most).contains(&value) {
                return Ok(());
            }
            Err(misfit(&format!("augmentation `{name}`"), &format!("a number from 0 to {most}"), value))
        };
        within("rotation", self.rotation, 180.0)?;
        within("flip", self.flip, 1.0)?;
        within("brightness", self.brightness, 1.0)?;
        within("contrast", self.contrast, 1.0)?;
        if self.crop_padding > 4096 {
            return Err(misfit("augmentation `crop_padding`", "at most 4096 pixels", self.crop_padding));
        }
        Ok(())
    }
}

/// What was drawn for one image.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Drawn {
    /// Degrees, counter-clockwise.
    angle: f32,
    flip: bool,
    /// The first row and column of the padded image that are kept.
    crop: (usize, usize),
    brightness: f32,
    contrast: f32,
}

impl Drawn {
    /// Everything is drawn whether it is turned on or not, so that turning one change off leaves the others alone.
    fn new(augment: &Augment, seed: u64, epoch: u64, index: usize) -> Self {
        let mut stream = Stream::new(*b"augment ", [seed, epoch, index as u64]);
        let places = 2 * augment.crop_padding + 1;
        Self {
            angle: stream.between(-augment.rotation, augment.rotation),
            flip: stream.unit() < augment.flip,
            crop: (stream.below(places), stream.below(places)),
            brightness: stream.between(1.0 - augment.brightness, 1.0 + augment.brightness),
            contrast: stream.between(1.0 - augment.contrast, 1.0 + augment.contrast),
        }
    }
}

/// Augments and prepares one picture: `c x h x w` numbers. `index` is the example's place in its data set.
///
/// Callers hold `prepare` and `augment` to their checks first.
pub fn augment_one(
    picture: &Picture,
    prepare: &Prepare,
    augment: &Augment,
    (seed, epoch, index): (u64, u64, usize),
) -> Vec<f32> {
    let mut out = vec![0.0; prepare.elements()];
    let drawn = Drawn::new(augment, seed, epoch, index);
    apply(picture, prepare, augment.crop_padding, drawn, &mut Workspace::default(), &mut out);
    out
}

/// As [`augment_one`], to `out` of [`Prepare::elements`] numbers.
pub(super) fn augment_into(
    picture: &Picture,
    prepare: &Prepare,
    augment: &Augment,
    numbers: (u64, u64, usize),
    work: &mut Workspace,
    out: &mut [f32],
) {
    let drawn = Drawn::new(augment, numbers.0, numbers.1, numbers.2);
    apply(picture, prepare, augment.crop_padding, drawn, work, out);
}

fn apply(
    picture: &Picture,
    prepare: &Prepare,
    padding: usize,
    drawn: Drawn,
    work: &mut Workspace,
    out: &mut [f32],
) {
    picture.assert_sound();
    let grey;
    let picture = if prepare.mode == Mode::Grey && picture.c == 3 {
        grey = picture.to_grey();
        &grey
    } else {
        picture
    };
    let plane = prepare.h * prepare.w;
    // A grey picture is changed as one plane, and copied at the end.
    let planes = picture.c;
    let mut resized = std::mem::take(&mut work.resized);
    resized.resize(plane, 0.0);
    let rotation = Rotation::new(drawn.angle, picture.h, picture.w);
    let (rows, columns, scratch) = work.axes(picture, prepare);
    for (source, out) in picture.pixels.chunks_exact(picture.h * picture.w).zip(out.chunks_exact_mut(plane)) {
        resize(picture.w, |y, row| rotation.row(source, y, row), (rows, columns), scratch, &mut resized);
        crop(&resized, (prepare.h, prepare.w), padding, &drawn, out);
    }
    work.resized = resized;
    let changed = &mut out[..planes * plane];
    brighten(changed, drawn.brightness);
    stretch(changed, planes, drawn.contrast);
    prepare.normalise(changed);
    spread(planes, plane, out);
}

/// Flips where that was drawn, pads with black, and cuts `h x w` out.
fn crop(source: &[f32], (h, w): (usize, usize), padding: usize, drawn: &Drawn, out: &mut [f32]) {
    // Output (y, x) is row y + top - padding and column x + left - padding of the flipped image, black outside.
    let (top, left) = drawn.crop;
    let (skip, from) = (padding.saturating_sub(left).min(w), left.saturating_sub(padding).min(w));
    let count = (w - skip).min(w - from);
    for (y, line) in out.chunks_exact_mut(w).enumerate() {
        line.fill(0.0);
        let Some(row) = (y + top).checked_sub(padding).filter(|&row| row < h) else { continue };
        let row = &source[row * w..][..w];
        let kept = &mut line[skip..skip + count];
        if drawn.flip {
            let end = w - from;
            kept.iter_mut().zip(row[end - count..end].iter().rev()).for_each(|(to, from)| *to = *from);
        } else {
            kept.copy_from_slice(&row[from..from + count]);
        }
    }
}

/// Multiplies by `factor`, cut at white.
fn brighten(values: &mut [f32], factor: f32) {
    if factor != 1.0 {
        values.iter_mut().for_each(|value| *value = (*value * factor).min(255.0));
    }
}

/// Multiplies distances from the mean grey by `factor`, cut at black and white.
fn stretch(values: &mut [f32], planes: usize, factor: f32) {
    if factor == 1.0 {
        return;
    }
    let plane = values.len() / planes;
    let sums = values.chunks_exact(plane).map(|plane| plane.iter().map(|&v| f64::from(v)).sum::<f64>());
    let weights: &[f64] = if planes == 1 { &[1.0] } else { &[0.299, 0.587, 0.114] };
    let sum: f64 = sums.zip(weights).map(|(sum, weight)| sum * weight).sum();
    #[expect(clippy::cast_possible_truncation, reason = "a mean of 0..=255, rounded to the nearest f32")]
    let mean = (sum / plane as f64) as f32;
    values.iter_mut().for_each(|value| *value = (mean + (*value - mean) * factor).clamp(0.0, 255.0));
}
