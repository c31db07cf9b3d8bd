//! The text of one call: matrices, sizes, times, the verdict.

use std::fmt::Write;

use super::Common;
use super::measured::Measured;
use crate::cli::matrix::Matrix;
use crate::cli::print;
use crate::cli::table::Table;
use crate::lab::Case;
use crate::ops::{Bound, Op, Sizes, Variant};

/// A matrix is printed without being asked for up to this many rows and columns.
const SMALL: usize = 16;

/// The text in the making.
pub(super) struct Show {
    text: String,
    width: usize,
    print: bool,
}

impl Show {
    pub(super) fn new(common: &Common, case: &Case, measured: &Measured) -> Self {
        let Measured { variant, adapter, software, .. } = measured;
        Self::headed(common, case.op, &case.sizes, variant, adapter, *software)
    }

    /// A text that says what ran, how and where.
    pub(super) fn headed(
        common: &Common,
        op: &Op,
        sizes: &Sizes,
        variant: &Variant,
        adapter: &str,
        is_software: bool,
    ) -> Self {
        let width = print::width();
        let software = if is_software { " (software: a CPU that poses as a GPU)" } else { "" };
        let mut show = Self { text: String::new(), width, print: common.print };
        show.line(&format!("{} by {} on {adapter}{software}", op.name, variant.name));
        show.line(&format!("sizes: {sizes}"));
        show
    }

    /// Text that is laid out already.
    pub(super) fn raw(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// The text.
    pub(super) fn done(self) -> String {
        self.text
    }

    /// A line of text, wrapped.
    pub(super) fn line(&mut self, text: &str) {
        self.text.push_str(&print::wrap(text, self.width, 2));
        self.text.push('\n');
    }

    /// A matrix under its name, where it is small or was asked for.
    pub(super) fn matrix(
        &mut self,
        title: &str,
        rows: usize,
        cols: usize,
        value: &dyn Fn(usize, usize) -> f32,
    ) {
        self.line(title);
        if self.print || (rows <= SMALL && cols <= SMALL) {
            self.text.push_str(&Matrix { rows, cols, value }.render(self.width, 2));
        } else {
            self.text.push_str("  (--print shows it)\n");
        }
    }

    /// The table of phases, and the verdict.
    pub(super) fn finish(mut self, case: &Case, measured: &Measured) -> String {
        let warm = &measured.warm;
        let mut table = Table::new(["phase", "time", "what"]);
        let mut row = |name: &str, ns: Option<u64>, what: &str| {
            if let Some(ns) = ns {
                table.row([name.to_owned(), print::duration(ns), what.to_owned()]);
            }
        };
        row("first call", Some(measured.first_call_ns), "compilation included");
        // A call on the CPU has one phase: the whole of it.
        if !measured.variant.is_cpu() {
            row("upload", warm.upload_ns, "inputs to the device");
            row("encode", warm.encode_ns, "recording the commands");
            let clock = if warm.timestamps { "by the device's timestamps" } else { "by the host's clock" };
            row("kernel", Some(warm.kernel_ns), clock);
            row("resident", Some(warm.resident_ns), "from submission to completion");
            row("download", warm.download_ns, "outputs to the host");
        }
        row("total", Some(warm.total_ns), "end to end");
        let _ = writeln!(self.text, "\ntimes: medians of {}", print::count(measured.repeats, "warm call"));
        self.text.push_str(&table.render(2));
        self.text.push('\n');
        let verdict = match &measured.fault {
            Some(fault) => format!("WRONG: {fault}"),
            None if case.expected.iter().all(|e| e.bound == Bound::Exact) => {
                "verified: equal to the reference, element by element".to_owned()
            }
            None => "verified: every element within its derived bound of the reference".to_owned(),
        };
        self.line(&verdict);
        self.text
    }
}
