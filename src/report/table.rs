//! Tables: one value, written as Markdown, HTML or CSV.

use crate::error::{Error, Result};
use std::path::Path;

/// A table of words. The first column is left-aligned, the others are too unless they hold numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    /// Its file name without extension, under `tables/`.
    pub(super) stem: String,
    /// What it shows.
    pub(super) caption: String,
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    /// Of each row, which samples its numbers come from; empty where there are none to name.
    pub(super) origins: Vec<String>,
}

impl Table {
    pub(super) fn new(stem: impl Into<String>, caption: impl Into<String>, head: &[&str]) -> Self {
        let head = head.iter().map(|h| (*h).to_string()).collect();
        Self { stem: stem.into(), caption: caption.into(), head, rows: Vec::new(), origins: Vec::new() }
    }

    /// Adds a row; it is cut or filled to the head's length.
    pub(super) fn push(&mut self, row: Vec<String>) {
        self.push_from(row, String::new());
    }

    /// Adds a row whose numbers come from the samples that `origin` names.
    pub(super) fn push_from(&mut self, mut row: Vec<String>, origin: String) {
        row.resize(self.head.len(), String::new());
        self.rows.push(row);
        self.origins.push(origin);
    }

    /// Whether a column reads best aligned to the right: every cell begins like a number, or is empty.
    pub(super) fn numeric(&self, column: usize) -> bool {
        let number = |cell: &str| {
            cell.is_empty()
                || cell == "—"
                || cell.starts_with(|c: char| c.is_ascii_digit() || c == '−' || c == '∞')
        };
        !self.rows.is_empty() && self.rows.iter().all(|row| row.get(column).is_none_or(|cell| number(cell)))
    }

    /// Writes it as CSV.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(super) fn write_csv(&self, folder: &Path) -> Result<()> {
        let path = folder.join(format!("{}.csv", self.stem));
        let mut writer = csv::Writer::from_writer(Vec::new());
        let bytes = std::iter::once(&self.head)
            .chain(&self.rows)
            .try_for_each(|row| writer.write_record(row))
            .map_err(std::io::Error::other)
            .and_then(|()| writer.into_inner().map_err(|e| std::io::Error::other(e.error().to_string())))
            .map_err(|e| Error::write(&path, e))?;
        std::fs::write(&path, bytes).map_err(|e| Error::write(&path, e))
    }
}
