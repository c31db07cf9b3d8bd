//! `tesela completions`: a completion script for a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use super::exit::{Exit, Outcome};
use super::print;

/// Arguments of `tesela completions`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "tesela", &mut script);
    print::emit(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}
