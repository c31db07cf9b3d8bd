//! Writing `samples.csv`: one row a timed call, each on the disk's side of the program before the next is taken.

use super::columns::{BACK, FRONT, MAX_SIZE_NAME, MAX_SIZES, cells};
use super::parse::{Header, MAX_SAMPLES_BYTES, from_bytes};
use super::row::Row;
use crate::error::{Error, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Appends rows to one `samples.csv`. Each row is handed to the system in one piece, so that a killed program loses
/// at most the row it was writing. Two writers never share a file: the second is refused.
#[derive(Debug)]
pub struct SamplesWriter {
    path: PathBuf,
    file: File,
    size_names: Vec<String>,
    /// Bytes of the complete rows; what follows them after a failed write is cut away.
    length: u64,
}

impl SamplesWriter {
    /// Starts a new file with its header; `size_names` become one column each, in this order.
    ///
    /// # Errors
    /// [`Error::Write`], also where the file exists: nothing is overwritten. [`Error::Records`] for a size that
    /// bears the name of another column, or a name twice, or more than 48 sizes.
    pub fn create(path: &Path, size_names: &[&str]) -> Result<Self> {
        check_names(path, size_names)?;
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path);
        let file = file.map_err(|e| Error::write(path, e))?;
        lock(path, &file)?;
        let size_names = size_names.iter().map(|n| (*n).to_string()).collect();
        let mut writer = Self { path: path.into(), file, size_names, length: 0 };
        writer.write_header()?;
        Ok(writer)
    }

    /// Opens a file that an earlier run left, to go on with it, and returns the rows already there. A last row that
    /// was torn by a kill (no line end outside quotes) is cut away first.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Write`], [`Error::ClaimsTooMuch`]; [`Error::Format`] where the header or a
    /// complete row is damaged.
    pub fn append_to(path: &Path) -> Result<(Self, Vec<Row>)> {
        let mut file =
            OpenOptions::new().read(true).write(true).open(path).map_err(|e| Error::read(path, e))?;
        lock(path, &file)?;
        let claimed = file.metadata().map_err(|e| Error::read(path, e))?.len();
        let limit = MAX_SAMPLES_BYTES;
        if claimed > limit {
            return Err(Error::ClaimsTooMuch { path: path.into(), what: "samples", claimed, limit });
        }
        let mut bytes = Vec::new();
        // Through the same handle: on some systems the lock keeps every other handle from reading.
        (&mut file).take(limit).read_to_end(&mut bytes).map_err(|e| Error::read(path, e))?;
        bytes.truncate(complete(&bytes));
        let rows = from_bytes(path, &bytes)?;
        let size_names = size_names(path, &bytes)?;
        let mut writer = Self { path: path.into(), file, size_names, length: bytes.len() as u64 };
        writer.cut().map_err(|e| Error::write(path, e))?;
        Ok((writer, rows))
    }

    /// Goes on with the file where it holds a complete header, starts it otherwise.
    ///
    /// # Errors
    /// As [`Self::create`] and [`Self::append_to`]; [`Error::Records`] where the file has other sizes.
    pub fn open(path: &Path, size_names: &[&str]) -> Result<(Self, Vec<Row>)> {
        check_names(path, size_names)?;
        let bytes = match super::read_bounded(path, "samples", MAX_SAMPLES_BYTES) {
            Err(Error::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Ok((Self::create(path, size_names)?, Vec::new()));
            }
            other => other?,
        };
        if complete(&bytes) == 0 {
            let file =
                OpenOptions::new().read(true).write(true).open(path).map_err(|e| Error::write(path, e))?;
            lock(path, &file)?;
            let size_names = size_names.iter().map(|n| (*n).to_string()).collect();
            let mut writer = Self { path: path.into(), file, size_names, length: 0 };
            writer.cut().map_err(|e| Error::write(path, e))?;
            writer.write_header()?;
            return Ok((writer, Vec::new()));
        }
        let (writer, rows) = Self::append_to(path)?;
        if writer.size_names != size_names {
            let reason =
                format!("its sizes are {}, not {}", writer.size_names.join(","), size_names.join(","));
            return Err(Error::Records { what: path.display().to_string(), reason });
        }
        Ok((writer, rows))
    }

    /// Writes one row.
    ///
    /// # Errors
    /// [`Error::Write`]; the file then ends with the last complete row. [`Error::Records`] where the row has a size
    /// that is no column.
    pub fn write(&mut self, row: &Row) -> Result<()> {
        if let Some((name, _)) = row.sizes.iter().find(|(n, _)| !self.size_names.contains(n)) {
            let reason = format!("there is no column for the size `{name}`");
            return Err(Error::Records { what: self.path.display().to_string(), reason });
        }
        self.write_cells(&cells(row, &self.size_names))
    }

    /// The names of the sizes, in the order of their columns.
    pub fn size_names(&self) -> &[String] {
        &self.size_names
    }

    fn write_header(&mut self) -> Result<()> {
        let sizes = self.size_names.iter().map(String::as_str);
        let names: Vec<String> = FRONT.into_iter().chain(sizes).chain(BACK).map(str::to_string).collect();
        self.write_cells(&names)
    }

    fn write_cells(&mut self, cells: &[String]) -> Result<()> {
        let mut line = csv::Writer::from_writer(Vec::new());
        let line = line
            .write_record(cells)
            .map_err(std::io::Error::other)
            .and_then(|()| line.into_inner().map_err(|e| std::io::Error::other(e.error().to_string())))
            .map_err(|e| Error::write(&self.path, e))?;
        if self.length + line.len() as u64 > MAX_SAMPLES_BYTES {
            let reason = format!("it is full: no reader takes more than {MAX_SAMPLES_BYTES} bytes");
            return Err(Error::Records { what: self.path.display().to_string(), reason });
        }
        if let Err(e) = self.file.write_all(&line) {
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

/// Refuses sizes that the reader would refuse.
fn check_names(path: &Path, names: &[&str]) -> Result<()> {
    let taken = |name: &str| FRONT.contains(&name) || BACK.contains(&name);
    let bad = |(i, name): (usize, &&str)| {
        (name.is_empty() || name.len() > MAX_SIZE_NAME || taken(name) || names[..i].contains(name))
            .then(|| format!("`{name}` cannot name a size"))
    };
    let reason = if names.len() > MAX_SIZES {
        Some(format!("more than {MAX_SIZES} sizes"))
    } else {
        names.iter().enumerate().find_map(bad)
    };
    match reason {
        Some(reason) => Err(Error::Records { what: path.display().to_string(), reason }),
        None => Ok(()),
    }
}

/// The names of the sizes in the header.
fn size_names(path: &Path, bytes: &[u8]) -> Result<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let header = reader.headers().map_err(|e| Error::format(path, "samples.csv", e.to_string()))?;
    Ok(Header::parse(path, header)?.sizes.into_iter().map(|(_, name)| name).collect())
}

/// Bytes up to and with the last line end that stands outside quotes: what of the file is complete. A doubled quote
/// inside a cell toggles twice, which is as good as not at all.
pub(super) fn complete(bytes: &[u8]) -> usize {
    let mut quoted = false;
    let mut end = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => end = at + 1,
            _ => {}
        }
    }
    end
}

/// Keeps a second writer off the file. A file system without locks is used without one.
pub(super) fn lock(path: &Path, file: &File) -> Result<()> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            let busy =
                std::io::Error::new(std::io::ErrorKind::WouldBlock, "another program is writing to it");
            Err(Error::write(path, busy))
        }
        _ => Ok(()),
    }
}
