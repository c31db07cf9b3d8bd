//! Shows a run on standard error: a bar with loss, accuracy, images a second and time left; a line an epoch where there
//! is no terminal.

use std::io::IsTerminal;
use std::time::Instant;

use indicatif::ProgressBar;

use crate::cli::args::Global;
use crate::cli::print;
use crate::cli::watch::stop_requested;
use crate::nn::precision::{LossScale, power};
use crate::nn::train::{Observer, Setup, State};
use crate::record::TrainingRow;

/// Watches a run.
pub(super) struct Watch {
    bar: ProgressBar,
    start: Instant,
    /// Steps taken before this sitting.
    earlier: Option<u64>,
    last: String,
    epochs: u32,
    lines: bool,
    quiet: bool,
}

impl Watch {
    pub(super) fn new(setup: &Setup, global: &Global) -> Self {
        Self {
            bar: global.bar(0),
            start: Instant::now(),
            earlier: None,
            last: String::new(),
            epochs: setup.config.epochs,
            lines: !global.quiet && !std::io::stderr().is_terminal(),
            quiet: global.quiet,
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Watch {
    fn step(&mut self, state: &State, batches: usize, epochs: u32) {
        let done = u64::from(state.epoch - 1) * batches as u64 + state.batch as u64;
        let total = u64::from(epochs) * batches as u64;
        let earlier = *self.earlier.get_or_insert(done.saturating_sub(1));
        let seconds = self.start.elapsed().as_secs_f64();
        let left = seconds / (done - earlier).max(1) as f64 * total.saturating_sub(done) as f64;
        self.bar.set_length(total);
        self.bar.set_position(done);
        let images = state.sums.images.max(1) as f64;
        self.bar.set_message(format!(
            "epoch {}/{epochs} loss {:.4} acc {:.3}{} {:.0} s left",
            state.epoch,
            state.sums.loss() / images,
            state.sums.right as f64 / images,
            self.last,
            left
        ));
    }

    fn epoch(&mut self, row: &TrainingRow, is_best: bool) {
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.4}"));
        self.last = format!(
            " valid {} {}, {:.0} img/s",
            number(row.valid_loss),
            number(row.valid_accuracy),
            row.images_per_s.unwrap_or(0.0)
        );
        // A log of a long run keeps some forty lines.
        let every = (self.epochs / 40).max(1);
        if self.lines && (row.epoch.is_multiple_of(every) || row.epoch == 1) {
            print::complain(&format!(
                "epoch {}/{}: loss {:.4}, accuracy {}; validation loss {}, accuracy {}{}; {:.0} images/s",
                row.epoch,
                self.epochs,
                row.train_loss,
                number(row.train_accuracy),
                number(row.valid_loss),
                number(row.valid_accuracy),
                if is_best { ", the best so far" } else { "" },
                row.images_per_s.unwrap_or(0.0)
            ));
        }
    }

    fn none_taken(&mut self, epoch: u32, scale: LossScale) {
        if !self.quiet {
            let scale = power(scale.scale);
            let said = format!(
                "epoch {epoch}: every step was skipped for an overflow; the loss scaled by {scale} now"
            );
            self.bar.suspend(|| print::complain(&said));
        }
    }

    fn stopped(&self) -> bool {
        stop_requested()
    }
}
