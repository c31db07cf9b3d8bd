//! `tesela run`: one call, printed as the thesis's program prints it.

mod in_parts;
mod input;
mod matmul;
mod maxpool;
mod measured;
mod output;
mod show;

use super::args::{Global, SEED};
use super::exit::Outcome;
use crate::ops::Fill;

/// The operation to run.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// C = A B
    Matmul(matmul::Args),
    /// Max pooling of an image, a matrix, or random digits
    Maxpool(maxpool::Args),
}

/// Options of either operation.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Common {
    /// How to compute it; a family's name means its first member that fits the device
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// Print the matrices even where they are large (their middle is left out)
    #[arg(long)]
    print: bool,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
    /// Timed calls after the first [default: up to 10, for about 2 seconds; in parts the first is the only one]
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u32).range(1..))]
    repeat: Option<u32>,
    /// Bytes of one operand on the device at most; a call with a larger one is computed in parts [default: what the device
    /// allows]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(512..))]
    device_bytes: Option<u64>,
    /// The seed of random inputs
    #[arg(long, value_name = "N", default_value_t = SEED)]
    seed: u64,
    /// What random inputs hold: uniform, digits, negative, ties, special
    #[arg(long, value_name = "KIND", default_value = "digits", value_parser = fill)]
    fill: Fill,
}

fn fill(name: &str) -> Result<Fill, String> {
    Fill::named(name).ok_or_else(|| format!("`{name}` is none of {}", Fill::names()))
}

pub(super) fn run(verb: &Verb, global: &Global) -> Outcome {
    match verb {
        Verb::Matmul(args) => matmul::run(args, global),
        Verb::Maxpool(args) => maxpool::run(args, global),
    }
}
