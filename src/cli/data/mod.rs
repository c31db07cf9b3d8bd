//! `tesela data`: images from a volume, or from nothing; and what a data set holds.

mod inspect;
mod sheet;

use std::path::PathBuf;
use std::str::FromStr;

use super::args::Global;
use super::exit::{Exit, Failure, Outcome};
use super::print;
use crate::data::{Encoding, Window, phantom, slice};

/// What to make.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Cut a NIfTI volume into axial 8-bit slices, the front of the head up; print their paths
    Slice(SliceArgs),
    /// Write the phantom: synthetic, brain-like slices of three classes, 91 x 109; print their paths
    Phantom(PhantomArgs),
    /// Look at a data set before training: classes, sizes, formats, unreadable files, duplicates, blank images
    Inspect(inspect::Args),
}

/// Arguments of `tesela data slice`.
#[derive(Debug, clap::Args)]
pub(super) struct SliceArgs {
    /// A NIfTI-1 volume, .nii or .nii.gz
    volume: PathBuf,
    /// The folder for the slices; made where it is missing
    dir: PathBuf,
    /// The file format
    #[arg(long, default_value = "png", value_name = "png|jpg")]
    format: Encoding,
    /// What becomes black and what white: each slice's own range, the volume's, or two values
    #[arg(long, default_value = "slice", value_name = "slice|volume|LO..HI", allow_hyphen_values = true)]
    window: WindowArg,
}

/// Arguments of `tesela data phantom`.
#[derive(Debug, clap::Args)]
pub(super) struct PhantomArgs {
    /// The folder for the data set; made where it is missing
    dir: PathBuf,
    /// The same seed gives the same bytes
    #[arg(long, default_value_t = phantom::SEED, value_name = "N")]
    seed: u64,
}

#[derive(Debug, Clone, Copy)]
struct WindowArg(Window);

impl FromStr for WindowArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is none of slice, volume and LO..HI (as in 0..255)");
        match text {
            "slice" => Ok(Self(Window::PerSlice)),
            "volume" => Ok(Self(Window::Volume)),
            _ => {
                let (lo, hi) = text.split_once("..").ok_or_else(wrong)?;
                let number = |part: &str| part.parse::<f32>().map_err(|_| wrong());
                Ok(Self(Window::Range(number(lo)?, number(hi)?)))
            }
        }
    }
}

pub(super) fn run(verb: &Verb, global: &Global) -> Outcome {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(global.threads()).build();
    let pool = pool.map_err(|e| Failure::fault(format!("the system refuses the threads: {e}")))?;
    match verb {
        Verb::Slice(args) => {
            let made =
                pool.install(|| slice::write_slices(&args.volume, &args.dir, args.format, args.window.0))?;
            let more = match made.time_points {
                0 | 1 => String::new(),
                n => format!("; the file holds {n} volumes, the first was cut"),
            };
            global.note(&format!(
                "{} of {} x {} (rows x columns), {} blank, stored axes {}{more}",
                print::count(made.files.len(), "slice"),
                made.h,
                made.w,
                made.blank,
                made.stored_axes
            ));
            emit_paths(&made.files)
        }
        Verb::Phantom(args) => {
            let made = pool.install(|| phantom::write_phantom(&args.dir, args.seed))?;
            let count = print::count(made.files.len(), "slice");
            global.note(&format!("{count} of seed {}, {} blank", args.seed, made.blank));
            emit_paths(&[made.files, vec![made.labels]].concat())
        }
        Verb::Inspect(args) => pool.install(|| inspect::run(args, global)),
    }
}

fn emit_paths(paths: &[PathBuf]) -> Outcome {
    let text: String = paths.iter().map(|path| format!("{}\n", path.display())).collect();
    print::emit(&text)?;
    Ok(Exit::Ok)
}
