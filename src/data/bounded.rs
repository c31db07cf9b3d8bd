//! Whole files in and out: reading stops at a stated limit, writing never replaces a file.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use crate::error::{Error, Result};

/// Reads the file at `path` whole, up to `limit` bytes.
///
/// The file's length is looked at first and the reading itself is bounded, so a file that grows meanwhile, or a
/// device without an end, is refused too.
///
/// # Errors
/// [`Error::Read`] from the system, [`Error::ClaimsTooMuch`] (as so many bytes of `what`) above the limit.
pub(crate) fn read_file(path: &Path, what: &'static str, limit: u64) -> Result<Vec<u8>> {
    let too_much = |claimed| Error::ClaimsTooMuch { path: path.into(), what, claimed, limit };
    let file = File::open(path).map_err(|e| Error::read(path, e))?;
    let length = file.metadata().map_err(|e| Error::read(path, e))?.len();
    if length > limit {
        return Err(too_much(length));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|e| Error::read(path, e))?;
    if bytes.len() as u64 > limit {
        return Err(too_much(bytes.len() as u64));
    }
    Ok(bytes)
}

/// Writes a new file; an existing one is left alone.
///
/// A file that could not be written whole (a full disk) is removed again, so that no half file is taken for a whole.
///
/// # Errors
/// [`Error::Write`]; its source has the kind [`std::io::ErrorKind::AlreadyExists`] where there is such a file.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(path).map_err(|e| Error::write(path, e))?;
    file.write_all(bytes).map_err(|e| {
        // The write's error is the one to report, whether or not the removal works.
        let _ = std::fs::remove_file(path);
        Error::write(path, e)
    })
}

/// Creates `dir` and its parents where they are missing.
///
/// # Errors
/// [`Error::Write`].
pub(crate) fn create_dir(dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).map_err(|e| Error::write(dir, e))
}

/// Refuses to go on where one of `paths` exists, before anything is written.
///
/// # Errors
/// [`Error::Write`] with the kind [`std::io::ErrorKind::AlreadyExists`], naming the first such path.
pub(crate) fn refuse_existing<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    match paths.into_iter().find(|path| path.exists()) {
        Some(path) => Err(Error::write(path, std::io::ErrorKind::AlreadyExists.into())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_above_the_limit_is_refused_and_one_at_it_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        write_new(&path, b"12345").unwrap();
        assert_eq!(read_file(&path, "text", 5).unwrap(), b"12345");
        let error = read_file(&path, "text", 4).unwrap_err();
        assert!(matches!(error, Error::ClaimsTooMuch { claimed: 5, limit: 4, .. }), "{error}");
    }

    #[test]
    fn an_existing_file_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        write_new(&path, b"first").unwrap();
        let Error::Write { source, .. } = write_new(&path, b"second").unwrap_err() else { panic!() };
        assert_eq!(source.kind(), std::io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        assert!(refuse_existing([path.as_path()]).is_err());
    }

    #[test]
    fn a_missing_file_is_a_read_error() {
        assert!(matches!(read_file(Path::new("no/such/file"), "text", 9), Err(Error::Read { .. })));
    }
}
