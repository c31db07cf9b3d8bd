//! `training.csv`: one row an epoch, on the disk's side of the program before the next epoch begins.

use super::cells::{Cells, CsvRow, cell};
use super::csv_file::{self, Torn};
use crate::error::{Error, Result};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// One epoch. Losses are means over images, in nats; accuracies are shares in 0..=1; what was not computed is `None`
/// and an empty cell, never 0.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingRow {
    /// The epoch's number, from 1.
    pub epoch: u32,
    /// Optimiser steps since the run began, this epoch's included.
    pub step: u64,
    /// The learning rate of the epoch's last step.
    pub learning_rate: f64,
    /// Loss on the training images, augmented and with dropout, as the steps saw them.
    pub train_loss: f64,
    /// Accuracy on the same.
    pub train_accuracy: Option<f64>,
    /// Loss on the validation images.
    pub valid_loss: Option<f64>,
    /// Accuracy on the validation images.
    pub valid_accuracy: Option<f64>,
    /// Wall time of the epoch in seconds, validation included.
    pub seconds: f64,
    /// Training images a second, validation left out; absent where it was not measured.
    pub images_per_s: Option<f64>,
}

impl CsvRow for TrainingRow {
    const FORMAT: &'static str = "training.csv";
    const COLUMNS: &'static [&'static str] = &[
        "epoch",
        "step",
        "learning_rate",
        "train_loss",
        "train_accuracy",
        "valid_loss",
        "valid_accuracy",
        "seconds",
        "images_per_s",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.epoch.to_string(),
            self.step.to_string(),
            self.learning_rate.to_string(),
            self.train_loss.to_string(),
            cell(self.train_accuracy),
            cell(self.valid_loss),
            cell(self.valid_accuracy),
            self.seconds.to_string(),
            cell(self.images_per_s),
        ]
    }

    fn from_cells(cells: &Cells<'_>) -> std::result::Result<Self, String> {
        const NUMBER: &str = "a number";
        Ok(Self {
            epoch: cells.needed("epoch", "a whole number")?,
            step: cells.needed("step", "a whole number")?,
            learning_rate: cells.needed("learning_rate", NUMBER)?,
            train_loss: cells.needed("train_loss", NUMBER)?,
            train_accuracy: cells.optional("train_accuracy", NUMBER)?,
            valid_loss: cells.optional("valid_loss", NUMBER)?,
            valid_accuracy: cells.optional("valid_accuracy", NUMBER)?,
            seconds: cells.needed("seconds", NUMBER)?,
            images_per_s: cells.optional("images_per_s", NUMBER)?,
        })
    }
}

/// Reads a `training.csv`.
///
/// # Errors
/// [`Error::Read`], [`Error::ClaimsTooMuch`] above 16 MiB; [`Error::Format`] with the line at fault: damaged, cut short,
/// or an epoch that does not follow the one before it.
pub fn read_training(path: &Path) -> Result<Vec<TrainingRow>> {
    ascending(path, csv_file::read(path, Torn::Refused)?)
}

/// [`read_training`] of a run that was stopped: a last row that was torn by that is left out.
///
/// # Errors
/// As [`read_training`], less that for a file cut short.
pub(super) fn read_stopped(path: &Path) -> Result<Vec<TrainingRow>> {
    ascending(path, csv_file::read(path, Torn::CutAway)?)
}

/// Refuses rows whose epochs do not ascend: two runs wrote into one file.
fn ascending(path: &Path, rows: Vec<TrainingRow>) -> Result<Vec<TrainingRow>> {
    match rows.windows(2).position(|pair| pair[1].epoch <= pair[0].epoch) {
        None => Ok(rows),
        Some(at) => {
            let (line, before, after) = (at + 3, rows[at].epoch, rows[at + 1].epoch);
            let reason = format!("line {line}: epoch {after} follows epoch {before}");
            Err(Error::format(path, TrainingRow::FORMAT, reason))
        }
    }
}

/// Appends epochs to one `training.csv`. Each row is handed to the system in one piece, so that a killed program loses
/// at most the row it was writing. Two writers never share a file: the second is refused.
#[derive(Debug)]
pub struct TrainingWriter {
    path: PathBuf,
    file: File,
    /// Bytes of the complete rows; what follows them after a failed write is cut away.
    length: u64,
}

impl TrainingWriter {
    /// Starts a new file with its header.
    ///
    /// # Errors
    /// [`Error::Write`], also where the file exists: nothing is overwritten.
    pub fn create(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        let file = file.map_err(|e| Error::write(path, e))?;
        super::super::samples::lock(path, &file)?;
        let mut writer = Self { path: path.into(), file, length: 0 };
        writer.line(TrainingRow::COLUMNS)?;
        Ok(writer)
    }

    /// Goes on after `epoch`, the last one that the checkpoint knows, and returns the rows up to it. Rows of later
    /// epochs, which will be trained again, and a torn last row are cut away. The file itself is kept, and its lock with
    /// it: a new one in its place would leave another writer with the old one.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Write`], also where another program writes to it; [`Error::ClaimsTooMuch`];
    /// [`Error::Format`] where a row is damaged.
    pub fn resume(path: &Path, epoch: u32) -> Result<(Self, Vec<TrainingRow>)> {
        let mut file =
            OpenOptions::new().read(true).write(true).open(path).map_err(|e| Error::read(path, e))?;
        super::super::samples::lock(path, &file)?;
        let claimed = file.metadata().map_err(|e| Error::read(path, e))?.len();
        if claimed > csv_file::MAX_BYTES {
            let limit = csv_file::MAX_BYTES;
            return Err(Error::ClaimsTooMuch { path: path.into(), what: "rows", claimed, limit });
        }
        // Through the same handle: on some systems the lock keeps every other handle from reading.
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|e| Error::read(path, e))?;
        let mut rows = ascending(path, csv_file::from_bytes(path, bytes.clone(), Torn::CutAway)?)?;
        rows.retain(|row| row.epoch <= epoch);
        // The header and the rows that stay; a row is a line.
        let lines = bytes.split_inclusive(|b| *b == b'\n').take(1 + rows.len());
        let length = lines.map(<[u8]>::len).sum::<usize>() as u64;
        let mut writer = Self { path: path.into(), file, length };
        writer.cut().map_err(|e| Error::write(path, e))?;
        Ok((writer, rows))
    }

    /// Writes one row.
    ///
    /// # Errors
    /// [`Error::Write`]; the file then ends with the last complete row.
    pub fn write(&mut self, row: &TrainingRow) -> Result<()> {
        self.line(&row.cells())
    }

    fn line<S: AsRef<[u8]>>(&mut self, cells: &[S]) -> Result<()> {
        let line = csv_file::line(cells).map_err(|e| Error::write(&self.path, e))?;
        if let Err(e) = self.file.write_all(&line).and_then(|()| self.file.flush()) {
            // A full disk takes half a row. The row is lost either way; the ones before it must stay readable.
            let _ = self.cut();
            return Err(Error::write(&self.path, e));
        }
        self.length += line.len() as u64;
        Ok(())
    }

    /// Cuts the file back to its complete rows, and goes to its end.
    fn cut(&mut self) -> std::io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length)).map(|_| ())
    }
}
