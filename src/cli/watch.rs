//! Watching a sweep: a progress bar on a terminal, notes on stderr, and a clean stop on Ctrl-C.

use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::ProgressBar;

use super::args::Global;
use super::print;
use crate::lab::Observer;

static STOP: AtomicBool = AtomicBool::new(false);

/// Makes Ctrl-C (and a request to terminate) stop between two calls instead of in the middle of one. A second one ends
/// the program at once; what is measured is on the disk already.
pub(super) fn stop_on_interrupt() {
    // Where the system refuses a handler, Ctrl-C ends the program, which loses nothing either.
    let _ = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
}

/// Whether Ctrl-C was pressed.
pub(super) fn stop_requested() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// Shows a sweep on stderr: a bar on a terminal, and one line for each variant that stops, with the first size at which
/// it does.
pub(super) struct Watch {
    bar: ProgressBar,
    name: String,
    quiet: bool,
    sizes: String,
    /// Variants and reasons (without their numbers) that were shown already.
    shown: Vec<String>,
}

impl Watch {
    pub(super) fn new(name: &str, global: &Global) -> Self {
        let bar = global.bar(0);
        Self { bar, name: name.to_owned(), quiet: global.quiet, sizes: String::new(), shown: Vec::new() }
    }

    /// Removes the bar.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Watch {
    fn point(&mut self, done: usize, total: usize, sizes: &str) {
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(format!("{} {sizes}", self.name));
        sizes.clone_into(&mut self.sizes);
    }

    fn note(&mut self, text: &str) {
        let kind: String = text.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect();
        if self.quiet || self.shown.contains(&kind) {
            return;
        }
        self.bar.suspend(|| print::complain(&format!("{} [{}]: {text}", self.name, self.sizes)));
        self.shown.push(kind);
    }

    fn stopped(&self) -> bool {
        stop_requested()
    }
}
