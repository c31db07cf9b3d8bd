//! `tesela features`: what a trained network makes of one image, as one sheet: edges, the pooled image, the first filters,
//! and the maps behind each layer.

use std::path::PathBuf;

use super::args::Global;
use super::exit::{Exit, Outcome};
use super::train::engine_for_training;
use super::{pipelines, print};
use crate::data::{Picture, picture};
use crate::error::Result;
use crate::nn::features::Sobel;
use crate::nn::{Predictor, Shape, Variants};
use crate::ops::{Data, maxpool};
use crate::report::{Stage, Tile, write_sheet};

/// What `tesela features` is told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A model file that `tesela train` wrote
    #[arg(value_name = "MODEL.safetensors")]
    model: PathBuf,
    /// An image: JPEG or PNG
    #[arg(value_name = "IMAGE")]
    image: PathBuf,
    /// Where the sheet goes
    #[arg(long, value_name = "FILE.png", default_value = "features.png")]
    out: PathBuf,
}

/// Writes the sheet and prints its path on standard output.
pub(super) fn run(args: &Args, global: &Global) -> Outcome {
    let (engine, target) = engine_for_training(global)?;
    let mut model = Predictor::open(&engine, target, &args.model, Variants::new())?;
    let image = picture::read(&args.image)?;
    let mut stages = vec![filtered(&image)?];
    stages.extend(first_filters(&mut model)?);
    for (name, shape, values) in model.features(&image)? {
        // A row of numbers has no picture.
        if let Shape::Image([c, h, w]) = shape {
            let title = format!("{name}: {c} maps of {h} x {w}");
            stages.push(planes(title, [c, h, w].map(|s| s as usize), &values));
        }
    }
    let outputs = model.predict([&image])?;
    pipelines::keep(&engine, global);
    let probabilities = model.class_probabilities(&outputs);
    let classes = model.classes().iter().zip(&probabilities);
    let said: Vec<String> = classes.map(|(class, p)| format!("{class} {p:.3}")).collect();
    let name = args.image.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let title = format!("What {} makes of {name}", model.network().name);
    let subtitle = format!("{}; each tile is scaled to its own range", said.join(", "));
    write_sheet(&title, &subtitle, &stages, &args.out)?;
    global.note(&subtitle);
    print::emit(&format!("{}\n", args.out.display()))?;
    Ok(Exit::Ok)
}

/// The image, its edges by Sobel's filters, and the image pooled 2 x 2.
fn filtered(image: &Picture) -> Result<Stage> {
    let grey = image.to_grey();
    let (h, w) = (grey.h, grey.w);
    let plane: Vec<f32> = grey.pixels.iter().map(|&p| f32::from(p) / 255.0).collect();
    let tile = |caption: &str, h, w, values| Tile { caption: caption.to_owned(), h, w, values };
    let mut tiles = vec![tile("image", h, w, plane.clone())];
    for sobel in Sobel::ALL {
        let values = sobel.apply(&plane, h, w)?.iter().map(|v| v.abs()).collect();
        tiles.push(tile(sobel.name(), h, w, values));
    }
    if h >= 2 && w >= 2 {
        let sides = [("h", h.to_string()), ("w", w.to_string()), ("kh", "2".to_owned())];
        let sizes = maxpool::OP.sizes(sides.iter().map(|(name, value)| (*name, value.as_str())))?;
        let pooled = (maxpool::OP.reference)(&sizes, &[Data::F32(plane)]);
        #[expect(clippy::cast_possible_truncation, reason = "maxima of f32 are f32")]
        let values = pooled[0].want.iter().map(|&v| v as f32).collect();
        tiles.push(tile("max pool 2 x 2", h / 2, w / 2, values));
    }
    Ok(Stage {
        title: format!("The image, {h} x {w} pixels, its edges by Sobel's filters, and pooled"),
        tiles,
    })
}

/// Filters of the first convolution, the mean over its input channels.
fn first_filters(model: &mut Predictor<'_>) -> Result<Option<Stage>> {
    let Some((shape, values)) = model.first_filters()? else { return Ok(None) };
    let [filters, channels, h, w] = shape[..] else { return Ok(None) };
    let mean = |filter: &[f32]| -> Vec<f32> {
        let at = |tap: usize| filter.iter().skip(tap).step_by(h * w).sum::<f32>() / channels as f32;
        (0..h * w).map(at).collect()
    };
    let means: Vec<f32> = values.chunks_exact(channels * h * w).flat_map(mean).collect();
    Ok(Some(planes(format!("First filters: {filters} of {h} x {w}"), [filters, h, w], &means)))
}

fn planes(title: String, [c, h, w]: [usize; 3], values: &[f32]) -> Stage {
    let tiles = values.chunks_exact((h * w).max(1)).take(c).enumerate().map(|(number, values)| Tile {
        caption: format!("{number}"),
        h,
        w,
        values: values.to_vec(),
    });
    Stage { title, tiles: tiles.collect() }
}
