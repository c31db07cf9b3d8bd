//! A CSV file that names files, their labels and, where asked for, their groups.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::files::{self, Found};
use super::{Dataset, LoadOptions};
use crate::data::{bounded, folder};
use crate::error::{Error, Result};

/// The most bytes of one table.
pub const MAX_FILE_BYTES: u64 = 64 << 20;
/// What reading holds apart from the rows: the reader's buffers, messages.
pub const OVERHEAD_BYTES: u64 = 1 << 16;

const FORMAT: &str = "CSV table of labels";

/// Which columns of a table are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns<'a> {
    /// The files; `None` takes the first of [`Columns::FILE`].
    pub file: Option<&'a str>,
    /// The labels; `None` takes the first of [`Columns::LABEL`].
    pub label: Option<&'a str>,
    /// The groups; `None` reads none.
    pub group: Option<&'a str>,
    /// Whether a table without labels is refused.
    pub need_labels: bool,
}

impl Columns<'_> {
    /// Columns that are taken for file names, in this order.
    pub const FILE: [&'static str; 4] = ["file", "filename", "path", "image"];
    /// Columns that are taken for labels, in this order.
    pub const LABEL: [&'static str; 3] = ["class", "label", "finding"];
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The file as written, with `/` between its parts.
    pub file: String,
    /// The label; empty where labels were not read.
    pub label: String,
    /// The group, where a column of groups was read.
    pub group: Option<String>,
}

/// The rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// In the order of the file.
    pub rows: Vec<Row>,
}

impl Labels {
    /// Reads a table from the bytes of its file, holding at most 64 times as many, and [`OVERHEAD_BYTES`] (an empty
    /// cell takes one byte of the file and a `String` in memory).
    ///
    /// `path` only names it in messages.
    ///
    /// # Errors
    /// [`Error::Format`] for what is not UTF-8 CSV with a header, a column that is not there, a row of another length
    /// than the header, an empty file name or label, or a file that is named twice, with its line.
    pub fn from_bytes(bytes: &[u8], path: &Path, columns: &Columns) -> Result<Self> {
        let refuse = |reason: String| Error::format(path, FORMAT, reason);
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let first_line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let semicolons = first_line.contains(&b';') && !first_line.contains(&b',');
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .delimiter(if semicolons { b';' } else { b',' })
            .buffer_capacity(4096)
            .from_reader(bytes);
        let header = reader.headers().map_err(|e| refuse(e.to_string()))?.clone();
        let find = |what: &str, asked: Option<&str>, known: &[&str]| match asked {
            Some(name) => header.iter().position(|head| head == name).ok_or_else(|| {
                let there = header.iter().collect::<Vec<_>>().join(", ");
                refuse(format!("it has no column `{name}` of {what}; its columns are {}", shortened(&there)))
            }),
            None => {
                known.iter().find_map(|name| header.iter().position(|head| head == *name)).ok_or_else(|| {
                    let there = header.iter().collect::<Vec<_>>().join(", ");
                    refuse(format!(
                        "none of its columns ({}) is one of {what} ({})",
                        shortened(&there),
                        known.join(", ")
                    ))
                })
            }
        };
        let file = find("files", columns.file, &Columns::FILE)?;
        let label =
            if columns.need_labels { Some(find("labels", columns.label, &Columns::LABEL)?) } else { None };
        let group = columns.group.map(|name| find("groups", Some(name), &[])).transpose()?;
        let (mut rows, mut record) = (Vec::new(), csv::StringRecord::new());
        while reader.read_record(&mut record).map_err(|e| refuse(e.to_string()))? {
            let line = record.position().map_or(0, csv::Position::line);
            let cell = |at: usize| record.get(at).unwrap_or_default();
            let name = cell(file).replace('\\', "/");
            if name.is_empty() || label.is_some_and(|label| cell(label).is_empty()) {
                return Err(refuse(format!("line {line}: the file or its label is empty")));
            }
            let label = label.map(cell).unwrap_or_default().to_owned();
            rows.push(Row { file: name, label, group: group.map(|at| cell(at).to_owned()) });
        }
        let mut seen = HashMap::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            if seen.insert(row.file.as_str(), at).is_some() {
                return Err(refuse(format!("`{}` is named twice", shortened(&row.file))));
            }
        }
        Ok(Self { rows })
    }

    /// The table at `path`, with its groups and without its labels.
    pub(super) fn read_groups(path: &Path, options: &LoadOptions) -> Result<Self> {
        Self::read(path, options, false)
    }

    /// Whether the table at `path` can be read and has a column of labels.
    pub(super) fn has_labels(path: &Path, options: &LoadOptions) -> bool {
        // Asked for by name, a column that is not there is an error to be shown.
        options.label_column.is_some() || Self::read(path, options, true).is_ok()
    }

    fn read(path: &Path, options: &LoadOptions, need_labels: bool) -> Result<Self> {
        let bytes = bounded::read_file(path, "table of labels", MAX_FILE_BYTES)?;
        let columns = Columns {
            file: options.file_column.as_deref(),
            label: options.label_column.as_deref(),
            group: options.group_column.as_deref(),
            need_labels,
        };
        Self::from_bytes(&bytes, path, &columns)
    }

    /// The number of the row that names each file.
    pub(super) fn places(&self) -> HashMap<&str, usize> {
        self.rows.iter().enumerate().map(|(at, row)| (row.file.as_str(), at)).collect()
    }
}

/// The beginning of a text that may be long.
fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(120).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short
}

/// The images that the table at `path` names, relative to its folder.
pub(super) fn load(path: &Path, options: &LoadOptions) -> Result<Dataset> {
    let mut labels = Labels::read(path, options, true)?;
    labels.rows.sort_by(|a, b| a.label.cmp(&b.label).then_with(|| folder::natural(&a.file, &b.file)));
    let classes: BTreeSet<&str> = labels.rows.iter().map(|row| row.label.as_str()).collect();
    let classes: Vec<String> = classes.into_iter().map(str::to_owned).collect();
    let dir = path.parent().unwrap_or(Path::new(""));
    let (mut found, mut order) = (Vec::<Found>::with_capacity(labels.rows.len()), 0);
    for row in labels.rows {
        let class = classes.binary_search(&row.label).unwrap_or_default();
        order = if found.last().is_some_and(|last| last.class == class) { order + 1 } else { 0 };
        let path = dir.join(&row.file);
        found.push(Found { name: row.file, path, class, order, label_group: row.group });
    }
    let mut dataset = files::load(path, classes, &found, options)?;
    dataset.origin = "a table of files and labels".into();
    Ok(dataset)
}
