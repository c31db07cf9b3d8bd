//! Exit codes, and how an error becomes one.

use std::process::ExitCode;

use super::print;
use crate::error::Error;

/// The table that `--help` ends with.
pub(super) const TABLE: &str = "Exit codes:
  0    ok
  1    failure: a shader that does not compile or fit, a device that fails, an output not written
  2    usage: bad arguments or sizes, unknown names, files that cannot be read or used
  3    no suitable adapter
  4    a result that is not what the reference or the oracle says
  5    a point that is slower beyond doubt, or was right and is wrong (compare)
  130  interrupted";

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    Ok,
    Failure,
    Usage,
    NoAdapter,
    Mismatch,
    Regression,
    Interrupted,
}

impl Exit {
    fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::NoAdapter => 3,
            Self::Mismatch => 4,
            Self::Regression => 5,
            Self::Interrupted => 130,
        }
    }
}

/// What a verb gives back.
pub(super) type Outcome = Result<Exit, Failure>;

/// Why a verb stopped.
#[derive(Debug)]
pub(super) struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// Wrong arguments.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }

    /// Something that went wrong.
    pub(super) fn fault(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failure, message: message.into() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { exit: exit_of(&error), message: error.to_string() }
    }
}

fn exit_of(error: &Error) -> Exit {
    match error {
        Error::NoAdapter { .. } => Exit::NoAdapter,
        Error::Mismatch(_) => Exit::Mismatch,
        Error::Interrupted => Exit::Interrupted,
        Error::UnknownOp { .. }
        | Error::UnknownVariant { .. }
        | Error::UnknownSize { .. }
        | Error::MissingSize { .. }
        | Error::BadSize { .. }
        | Error::Overflow { .. }
        | Error::Shape { .. }
        | Error::NotApplicable { .. }
        | Error::TooLarge { .. }
        | Error::Read { .. }
        | Error::Format { .. }
        | Error::ClaimsTooMuch { .. }
        | Error::Experiment { .. }
        | Error::Network { .. }
        | Error::Records { .. } => Exit::Usage,
        Error::DeviceRequest { .. }
        | Error::DeviceLost { .. }
        | Error::OutOfMemory { .. }
        | Error::Validation { .. }
        | Error::ShaderInvalid { .. }
        | Error::ShaderInterface { .. }
        | Error::NotFinite { .. }
        | Error::NoStepTaken { .. }
        | Error::Write { .. }
        | Error::Panicked { .. }
        | Error::Figure { .. } => Exit::Failure,
    }
}

/// Says what went wrong on standard error, and gives the code.
pub(super) fn report(outcome: Outcome) -> ExitCode {
    let exit = outcome.unwrap_or_else(|failure| {
        print::complain(&format!("error: {}", failure.message));
        failure.exit
    });
    ExitCode::from(exit.code())
}

/// Prints the help or the complaint that parsing ended with. Help that nobody reads to its end is no failure.
pub(super) fn of_clap(stop: &clap::Error) -> ExitCode {
    let printed = stop.print();
    match (stop.use_stderr(), printed) {
        (true, _) => ExitCode::from(Exit::Usage.code()),
        (false, Err(e)) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            report(Err(Failure::fault(print::unwritable(&e))))
        }
        (false, _) => ExitCode::SUCCESS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_table() {
        for exit in [
            Exit::Ok,
            Exit::Failure,
            Exit::Usage,
            Exit::NoAdapter,
            Exit::Mismatch,
            Exit::Regression,
            Exit::Interrupted,
        ] {
            let line = format!("\n  {:<5}", exit.code());
            assert!(TABLE.contains(line.trim_end_matches(' ')), "{line}");
        }
    }
}
