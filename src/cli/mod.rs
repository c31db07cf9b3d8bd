//! The command line: one file a verb. Data goes to standard output, everything else to standard error.

mod args;
mod bench;
mod cache;
mod check;
mod classify;
mod compare;
mod completions;
mod cpu;
mod data;
mod devices;
mod evaluate;
mod exit;
mod features;
mod matrix;
mod network;
mod oracle;
mod pipelines;
mod print;
mod report;
mod reproduce;
mod run;
mod sweep;
mod table;
mod train;
mod tune;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::args::Global;
use self::exit::Outcome;

/// A laboratory for GPU compute: matmul and max-pooling kernels in WGSL, verified, measured and compared with CPU code.
#[derive(Debug, Parser)]
#[command(name = "tesela", version, max_term_width = 100, after_help = exit::TABLE)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    global: Global,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the adapters of this machine, and which one would be taken
    Devices(devices::Args),
    /// Hold variants, or a kernel of your own, to the reference or to an oracle's cases
    Check(check::Args),
    /// Run one call and print it: operands, sizes in bytes, times, the verdict
    #[command(subcommand)]
    Run(run::Verb),
    /// Measure experiments: verified first, variants in turns, every sample kept
    Sweep(sweep::Args),
    /// Print the speedup table: matmul and max pooling, every variant against the CPU codes
    Bench(bench::Args),
    /// Search the constants of an op's kernels on this adapter; what is faster is used from then on
    Tune(tune::Args),
    /// Tables and figures from run folders; needs no GPU
    Report(report::Args),
    /// Hold a run against another one: each point faster, slower, same or unclear
    Compare(compare::Args),
    /// Repeat the thesis's experiments on real MRI slices and report what comes out
    Reproduce(reproduce::Args),
    /// Train a network on images: a folder with one sub-folder a class is enough
    Train(train::Args),
    /// Look for a learning rate: a short training in which it rises with every step
    LrFind(train::RangeArgs),
    /// Test a trained model on images whose classes are known
    Evaluate(evaluate::Args),
    /// Say what a trained model sees in images
    Classify(classify::Args),
    /// Draw what a trained model makes of an image, layer after layer, as one sheet
    Features(features::Args),
    /// Print a network layer by layer: shapes, parameters, FLOP, bytes
    Network(network::Args),
    /// Look at a data set, or make images: slices of a volume, a synthetic data set
    #[command(subcommand)]
    Data(data::Verb),
    /// Print a completion script for a shell
    Completions(completions::Args),
}

/// Parses the program's arguments, does what they say, and gives the exit code of the table in `--help`.
pub fn main() -> ExitCode {
    log_if_asked();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(stop) => return exit::of_clap(&stop),
    };
    let outcome = dispatch(&cli);
    exit::report(outcome)
}

fn dispatch(cli: &Cli) -> Outcome {
    let global = &cli.global;
    match &cli.verb {
        Verb::Devices(args) => devices::run(args, global),
        Verb::Check(args) => check::run(args, global),
        Verb::Run(verb) => run::run(verb, global),
        Verb::Sweep(args) => sweep::run(args, global),
        Verb::Bench(args) => bench::run(args, global),
        Verb::Tune(args) => tune::run(args, global),
        Verb::Report(args) => report::run(args, global),
        Verb::Compare(args) => compare::run(args, global),
        Verb::Reproduce(args) => reproduce::run(args, global),
        Verb::Train(args) => train::run(args, global),
        Verb::LrFind(args) => train::find_rate(args, global),
        Verb::Evaluate(args) => evaluate::run(args, global),
        Verb::Classify(args) => classify::run(args, global),
        Verb::Features(args) => features::run(args, global),
        Verb::Network(args) => network::run(args, global),
        Verb::Data(verb) => data::run(verb, global),
        Verb::Completions(args) => completions::run(args),
    }
}

/// Logs of the graphics stack go to standard error, and only where `RUST_LOG` asks for them.
fn log_if_asked() {
    if std::env::var_os("RUST_LOG").is_some() {
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        // A subscriber that is set already is kept.
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_tree_of_verbs_is_sound() {
        super::Cli::command().debug_assert();
    }
}
