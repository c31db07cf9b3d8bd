//! The cells of one line, read by the name of their column.

use std::fmt::Display;
use std::str::FromStr;

/// A kind of row: its file, its columns, and both directions between a row and its cells.
pub(super) trait CsvRow: Sized {
    /// The file's name, for messages.
    const FORMAT: &'static str;
    /// The columns, in the order in which they are written.
    const COLUMNS: &'static [&'static str];
    /// The cells in the order of [`Self::COLUMNS`].
    fn cells(&self) -> Vec<String>;
    /// The row of a line; the error is the reason without the line.
    fn from_cells(cells: &Cells<'_>) -> Result<Self, String>;
}

/// A line of the file with the place of every known column.
#[derive(Debug)]
pub(super) struct Cells<'a> {
    pub(super) record: &'a csv::StringRecord,
    /// (name, place), as the header has them.
    pub(super) places: &'a [(&'static str, usize)],
}

impl Cells<'_> {
    /// The text of a cell.
    pub(super) fn text(&self, name: &str) -> &str {
        let place = self.places.iter().find(|(known, _)| *known == name);
        place.and_then(|(_, at)| self.record.get(*at)).unwrap_or_default()
    }

    /// A value, or `None` where the cell is empty.
    pub(super) fn optional<T: FromStr>(&self, name: &str, want: &str) -> Result<Option<T>, String> {
        match self.text(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| wrong(name, text, &format!("{want} or nothing"))),
        }
    }

    /// A value that must be there.
    pub(super) fn needed<T: FromStr>(&self, name: &str, want: &str) -> Result<T, String> {
        let text = self.text(name);
        text.parse().map_err(|_| wrong(name, text, want))
    }
}

/// What stands in a cell, and what should.
pub(super) fn wrong(name: &str, value: &str, want: &str) -> String {
    let shown: String = value.chars().take(40).collect();
    format!("{name} is `{shown}`, expected {want}")
}

/// A value as a cell; empty where it is absent. Floating-point numbers come back to the same bits.
pub(super) fn cell<T: Display>(value: Option<T>) -> String {
    value.map_or_else(String::new, |v| v.to_string())
}
