//! What the corrections of the thesis quote besides times: computed on a real slice, by the reference's twins on the
//! CPU, through the same engine as everything else.

use std::path::Path;

use crate::data::folder::Slice;
use crate::data::{Encoding, GreyImage};
use crate::engine::{Engine, outputs};
use crate::error::{Error, Result};
use crate::ops::maxpool::{self, Pool};
use crate::ops::{Data, Op, Sizes};
use crate::record::Facts;

/// Computes the facts on the first slice in the middle of a class that is not blank, and writes `before.png` and
/// `after.png` beside them.
///
/// # Errors
/// [`Error::Write`]; those of the engine.
pub(super) fn write(engine: &Engine, slices: &[Slice], folder: &Path) -> Result<Facts> {
    let shown: Vec<&Slice> = slices.iter().filter(|s| !s.image.is_blank()).collect();
    let class = shown.first().map(|s| s.class.clone()).unwrap_or_default();
    let of_class: Vec<&&Slice> = shown.iter().filter(|s| s.class == class).collect();
    let Some(slice) = of_class.get(of_class.len() / 2) else {
        let reason = "every image is blank".to_owned();
        return Err(Error::NotApplicable { variant: "the facts".to_owned(), reason });
    };
    let facts = facts(engine, slice, folder)?;
    facts.write(&folder.join("facts.json"))?;
    Ok(facts)
}

fn facts(engine: &Engine, slice: &Slice, folder: &Path) -> Result<Facts> {
    let image = &slice.image;
    let called = format!("{}, {} x {}", slice.name, image.w, image.h);
    let mut facts = Facts::default();

    let halves = sizes(image, &[("sh", "2")])?;
    let pooled = pool(engine, "serial", &halves, &image.pixels)?;
    let p = Pool::of(&halves);
    save(&folder.join("before.png"), image.clone())?;
    save(&folder.join("after.png"), GreyImage::new(p.oh as usize, p.ow as usize, pooled.clone())?)?;
    facts.image_before = Some(called.clone());
    facts.image_after = Some(format!("max pooling k=2 s=2: {} x {}", p.ow, p.oh));

    let by_product = pool(engine, "per_window_serial", &halves, &image.pixels)?;
    facts.identity_windows = Some(pooled.len() as u64);
    facts.identity_changed = Some(differing(&pooled, &by_product));

    // As a network sees it: shifted to mean 0, so that the dark background is negative and a padding of zeros is bright.
    let mean = image.pixels.iter().sum::<f32>() / image.pixels.len() as f32;
    let centred: Vec<f32> = image.pixels.iter().map(|v| v - mean).collect();
    let padded = |value: &str| sizes(image, &[("sh", "1"), ("ph", "1"), ("pad_value", value)]);
    let minus_infinity = pool(engine, "serial", &padded("neg_inf")?, &centred)?;
    let zero = pool(engine, "serial", &padded("zero")?, &centred)?;
    facts.zero_padding_input = Some(format!("{called}, shifted to mean 0, k=2 s=1 p=1"));
    facts.zero_padding_windows = Some(zero.len() as u64);
    facts.zero_padding_changed = Some(differing(&minus_infinity, &zero));

    // A masked image: the background is minus infinity, so that it never wins.
    let lowest = image.pixels.iter().copied().fold(f32::INFINITY, f32::min);
    let masked: Vec<f32> =
        image.pixels.iter().map(|v| if *v > lowest { *v } else { f32::NEG_INFINITY }).collect();
    let plain = pool(engine, "serial", &halves, &masked)?;
    let multiplied = pool(engine, "per_window_serial", &halves, &masked)?;
    let lowest_in = minimum_windows(&p, &masked);
    facts.infinity_input = Some(format!("{called}, its background masked with minus infinity, k=2 s=2"));
    facts.infinity_windows = Some(lowest_in);
    facts.infinity_changed = Some(differing(&plain, &multiplied));
    Ok(facts)
}

/// The slice's sizes with a 2 x 2 window and `more`.
fn sizes(image: &GreyImage, more: &[(&str, &str)]) -> Result<Sizes> {
    let (h, w) = (image.h.to_string(), image.w.to_string());
    let all = [("h", h.as_str()), ("w", w.as_str()), ("kh", "2")];
    maxpool::OP.sizes(all.into_iter().chain(more.iter().copied()))
}

fn pool(engine: &Engine, variant: &str, sizes: &Sizes, pixels: &[f32]) -> Result<Vec<f32>> {
    let op: &'static Op = &maxpool::OP;
    let variant = op.variants_named(variant)?[0];
    let mut results = outputs(op, sizes);
    engine.prepare(op, variant, sizes)?.run(&[Data::F32(pixels.to_vec())], &mut results)?;
    Ok(results[0].f32().to_vec())
}

/// How many elements differ; a NaN differs from every number.
fn differing(a: &[f32], b: &[f32]) -> u64 {
    a.iter().zip(b).filter(|(a, b)| a != b && !(a.is_nan() && b.is_nan())).count() as u64
}

/// Windows (k=2, s=2) that hold a minus infinity.
fn minimum_windows(p: &Pool, pixels: &[f32]) -> u64 {
    let w = p.w as usize;
    let windows = (0..p.oh as usize).flat_map(|r| (0..p.ow as usize).map(move |q| (2 * r * w) + 2 * q));
    windows
        .filter(|&at| [at, at + 1, at + w, at + w + 1].iter().any(|&i| pixels[i] == f32::NEG_INFINITY))
        .count() as u64
}

/// Writes a PNG, over one of an earlier, interrupted run.
fn save(path: &Path, image: GreyImage) -> Result<()> {
    let bytes = image.encode(Encoding::Png)?;
    std::fs::write(path, bytes).map_err(|e| Error::write(path, e))
}
