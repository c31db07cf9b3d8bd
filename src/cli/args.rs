//! Arguments that several verbs share.

use std::path::PathBuf;
use std::str::FromStr;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::tune::standard_file;
use super::{pipelines, print};
use crate::engine::Engine;
use crate::error::Result;
use crate::gpu::{Checks, Choice, Gpu};
use crate::lab::tune::{self, Loaded};

/// The seed where none is given: that of the thesis's program.
pub(super) const SEED: u64 = 35;

/// Options of every verb.
#[derive(Debug, clap::Args)]
pub(super) struct Global {
    /// auto (the first real GPU, else a software adapter), cpu, gpu, software, or part of an adapter's name
    #[arg(
        long,
        global = true,
        env = "TESELA_DEVICE",
        value_name = "DEVICE",
        default_value = "auto",
        help_heading = "Global options"
    )]
    pub(super) device: Choice,
    /// Print nothing but data and errors
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub(super) quiet: bool,
    /// CPU threads [default: as many as the machine runs at once]
    #[arg(long, global = true, value_name = "N", help_heading = "Global options",
        value_parser = clap::value_parser!(u16).range(1..=4096))]
    threads: Option<u16>,
    /// Leave out what `tesela tune` has found: kernels run with the constants of their files. So does TESELA_TUNED=off;
    /// TESELA_TUNED=FILE takes them from there
    #[arg(long, global = true, help_heading = "Global options")]
    no_tuned: bool,
    /// Keep the checks of bounds and loops in every kernel. Without this, kernels that are part of the program run
    /// without them once they have been found right with them
    #[arg(long, global = true, help_heading = "Global options")]
    pub(super) checked: bool,
}

impl Global {
    /// CPU threads to use.
    pub(super) fn threads(&self) -> usize {
        let available = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.threads.map_or_else(available, usize::from)
    }

    /// The CPU and the chosen adapter; the CPU alone for `--device cpu`. Tuned constants of that adapter are in use, and
    /// that is said; why some are not, too.
    ///
    /// # Errors
    /// [`crate::Error::NoAdapter`], [`crate::Error::DeviceRequest`].
    pub(super) fn engine(&self) -> Result<Engine> {
        self.tuned(self.plain_engine()?)
    }

    /// As [`Global::engine`], with the kernels that earlier processes compiled ([`pipelines::keep`]). For what measures
    /// no first call.
    ///
    /// # Errors
    /// As [`Global::engine`].
    pub(super) fn warm_engine(&self) -> Result<Engine> {
        self.tuned(self.engine_on(pipelines::open)?)
    }

    fn tuned(&self, engine: Engine) -> Result<Engine> {
        let Some(file) = self.tuned_file() else { return Ok(engine) };
        let Loaded { tuned, notes } = tune::load(&file, &engine);
        notes.iter().for_each(|note| self.note(note));
        if !tuned.entries().is_empty() {
            let constants = print::count(tuned.entries().len(), "set");
            self.note(&format!("{constants} of tuned constants from {}", file.display()));
        }
        Ok(engine.with_tuned(tuned))
    }

    /// Where tuned constants are read from; `None` where they are not wanted, or have no place on this system.
    fn tuned_file(&self) -> Option<PathBuf> {
        if self.no_tuned {
            return None;
        }
        match std::env::var_os("TESELA_TUNED") {
            Some(word) if word == "off" => None,
            Some(file) if !file.is_empty() => Some(file.into()),
            _ => standard_file(),
        }
    }

    /// As [`Global::engine`], with the constants of the shaders' files.
    ///
    /// # Errors
    /// As [`Global::engine`].
    pub(super) fn plain_engine(&self) -> Result<Engine> {
        self.engine_on(Gpu::open)
    }

    fn engine_on(&self, open: fn(&Choice) -> Result<Gpu>) -> Result<Engine> {
        let gpu = if self.device == Choice::Cpu { None } else { Some(open(&self.device)?) };
        let checks = if self.checked { Checks::On } else { Checks::Off };
        Engine::new(gpu.map(|gpu| gpu.with_checks(checks)), self.threads())
    }

    /// The CPU alone.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub(super) fn cpu_engine(&self) -> Result<Engine> {
        Engine::new(None, self.threads())
    }

    /// Says something on standard error, unless `--quiet`.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            print::complain(text);
        }
    }

    /// A progress bar of `length` steps on standard error; hidden where that is no terminal, and with `--quiet`.
    pub(super) fn bar(&self, length: usize) -> ProgressBar {
        // A target of standard error hides itself where there is no terminal.
        let target = if self.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(length as u64), target);
        let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {wide_msg}");
        style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
    }
}

/// A number for both axes, or one for each: `3` or `3x2` (rows first).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    /// Along the rows' axis.
    pub(super) h: u32,
    /// Along the columns' axis.
    pub(super) w: u32,
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| {
            let wrong = |_| format!("`{part}` is not a whole number; write K or KHxKW, as in 3 or 3x2");
            part.trim().parse::<u32>().map_err(wrong)
        };
        match text.split_once(['x', 'X']) {
            Some((h, w)) => Ok(Self { h: number(h)?, w: number(w)? }),
            None => number(text).map(|both| Self { h: both, w: both }),
        }
    }
}

/// `NAME=VALUE`, a constant of a shader.
pub(super) fn constant(text: &str) -> Result<(String, u32), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, as in TILE=32")?;
    let value = value.trim().parse().map_err(|_| format!("`{value}` is not a whole number below 2^32"))?;
    Ok((name.trim().to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_or_two() {
        assert_eq!("3".parse(), Ok(Pair { h: 3, w: 3 }));
        assert_eq!("3x2".parse(), Ok(Pair { h: 3, w: 2 }));
        assert!("3x".parse::<Pair>().unwrap_err().contains("KHxKW"));
        assert!("-1".parse::<Pair>().is_err());
    }

    #[test]
    fn constants_have_a_name_and_a_value() {
        assert_eq!(constant("TILE=32"), Ok(("TILE".to_owned(), 32)));
        assert!(constant("TILE").is_err());
        assert!(constant("TILE=x").is_err());
    }
}
