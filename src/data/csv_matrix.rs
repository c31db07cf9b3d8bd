//! A matrix of numbers as text: comma, semicolon or blank separated.
//!
//! The separator is that of the first row: a semicolon where there is one, else a comma, else blanks. A first row in
//! which no cell is a number is a header and is passed over; one with numbers and words is an error, since a mistyped
//! number looks just like that. Empty lines and lines that begin with `#` are passed over. `inf`, `-inf` and `nan`
//! are numbers, in any case.

use std::fmt::Write;
use std::path::Path;

use super::bounded;
use crate::error::{Error, Result};

/// The most bytes of one file.
pub const MAX_FILE_BYTES: u64 = 256 << 20;
/// What reading holds apart from the values: messages.
pub const OVERHEAD_BYTES: u64 = 1 << 16;

const FORMAT: &str = "CSV matrix";

/// A matrix of `rows` by `cols`.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// `rows * cols` values, row-major.
    pub data: Vec<f32>,
}

/// Reads the matrix at `path`.
///
/// # Errors
/// [`Error::Read`]; [`Error::Format`] with the line for a cell that is not a number, or a row that is shorter or
/// longer than the first; [`Error::ClaimsTooMuch`] above [`MAX_FILE_BYTES`].
pub fn read(path: &Path) -> Result<Matrix> {
    from_bytes(&bounded::read_file(path, "CSV", MAX_FILE_BYTES)?, path)
}

/// Reads a matrix from the bytes of its file, holding at most twice as many, and [`OVERHEAD_BYTES`].
///
/// (A value takes at least two bytes of the file, and four in memory; rows are counted before that is allocated.)
/// `path` only names the matrix in messages.
///
/// # Errors
/// As [`read`].
pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Matrix> {
    let refuse = |line: usize, reason: String| Error::format(path, FORMAT, format!("line {line}: {reason}"));
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let line = 1 + bytes[..e.valid_up_to()].iter().filter(|&&b| b == b'\n').count();
        refuse(line, "it is not UTF-8 text".into())
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let all = || {
        let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
        numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
    };
    let Some((_, first)) = all().next() else {
        return Err(Error::format(path, FORMAT, "it has no rows"));
    };
    let separator = Separator::of(first);
    let header = separator.cells(first).all(|cell| !cell.is_empty() && cell.parse::<f32>().is_err());
    let lines = || all().skip(usize::from(header));
    let Some((_, first)) = lines().next() else {
        return Err(Error::format(path, FORMAT, "it has a header, but no row of numbers"));
    };
    let (mut rows, cols) = (0, separator.cells(first).count());
    for (line, row) in lines() {
        let found = separator.cells(row).count();
        if found != cols {
            return Err(refuse(line, format!("it has {found} cells, the first row has {cols}")));
        }
        rows += 1;
    }
    let mut data = Vec::with_capacity(rows * cols);
    for (line, row) in lines() {
        for cell in separator.cells(row) {
            data.push(number(cell).map_err(|reason| refuse(line, reason))?);
        }
    }
    Ok(Matrix { rows, cols, data })
}

/// What stands between two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    Comma,
    Semicolon,
    Blanks,
}

impl Separator {
    fn of(row: &str) -> Self {
        match row {
            _ if row.contains(';') => Self::Semicolon,
            _ if row.contains(',') => Self::Comma,
            _ => Self::Blanks,
        }
    }

    /// The cells of a row, without blanks and quotes around them.
    fn cells(self, row: &str) -> impl Iterator<Item = &str> {
        let between = move |c: char| match self {
            Self::Comma => c == ',',
            Self::Semicolon => c == ';',
            Self::Blanks => c.is_whitespace(),
        };
        let cells = row.split(between).map(|cell| {
            let cell = cell.trim();
            cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')).unwrap_or(cell)
        });
        cells.filter(move |cell| self != Self::Blanks || !cell.is_empty())
    }
}

/// The number in a cell.
fn number(cell: &str) -> Result<f32, String> {
    let excerpt = || cell.chars().take(20).collect::<String>();
    match cell.parse::<f32>() {
        // `1e39` parses as infinity: only the word is one.
        Ok(value) if value.is_infinite() && cell.bytes().any(|b| b.is_ascii_digit()) => {
            Err(format!("`{}` is beyond the largest f32, 3.4e38", excerpt()))
        }
        Ok(value) => Ok(value),
        Err(_) if cell.is_empty() => Err("a cell is empty".into()),
        Err(_) => Err(format!("`{}` is not a number", excerpt())),
    }
}

/// A matrix as comma-separated text, without a header, each value so that it reads back as the same f32.
///
/// # Errors
/// [`Error::Shape`] unless `data` has `rows * cols` values and at least one.
pub fn to_text(rows: usize, cols: usize, data: &[f32]) -> Result<String> {
    if data.is_empty() || rows.checked_mul(cols) != Some(data.len()) {
        return Err(Error::Shape {
            what: "matrix".into(),
            expected: format!("{rows} x {cols} values and at least one"),
            got: format!("{} values", data.len()),
        });
    }
    let mut text = String::with_capacity(4 * data.len());
    for row in data.chunks_exact(cols) {
        for (at, value) in row.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            // Writing to a String cannot fail.
            let _ = write!(text, "{comma}{value}");
        }
        text.push('\n');
    }
    Ok(text)
}

/// Writes a matrix to a new file.
///
/// # Errors
/// Those of [`to_text`]; [`Error::Write`] where the file exists or cannot be written.
pub fn write(path: &Path, rows: usize, cols: usize, data: &[f32]) -> Result<()> {
    bounded::write_new(path, to_text(rows, cols, data)?.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Matrix> {
        from_bytes(text.as_bytes(), Path::new("m.csv"))
    }

    fn reason(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn three_separators_give_one_matrix() {
        let matrix = Matrix { rows: 2, cols: 3, data: vec![1.0, 2.5, -3.0, 4.0, 5.0, 6e-3] };
        for text in [
            "1,2.5,-3\n4,5,6e-3\n",
            "1;2.5;-3\r\n4;5;6e-3",
            "  1  2.5 -3\n\n4\t5 6e-3 \n",
            "\u{feff}\"1\", \"2.5\",-3\n4,5,6e-3\n",
            "a,b,c\n1,2.5,-3\n4,5,6e-3\n",
            "# a comment\na b c\n1 2.5 -3\n4 5 6e-3\n",
        ] {
            assert_eq!(parse(text).unwrap(), matrix, "{text:?}");
        }
    }

    #[test]
    fn errors_name_the_line() {
        assert!(reason("1,2\n3\n").contains("line 2: it has 1 cells, the first row has 2"));
        assert!(reason("1,2\n\n3,x\n").contains("line 3: `x` is not a number"));
        assert!(reason("1,2\n3,\n").contains("line 2: a cell is empty"));
        assert!(reason("1,2\n3,1e39\n").contains("line 2: `1e39` is beyond"));
        assert!(reason("1,x\n3,4\n").contains("line 1: `x` is not a number"), "a typo is no header");
        assert!(reason("").contains("no rows"));
        assert!(reason("a,b\n").contains("no row of numbers"));
        let error = from_bytes(b"1,2\n\xff,3\n", Path::new("m.csv")).unwrap_err().to_string();
        assert!(error.contains("line 2: it is not UTF-8"), "{error}");
    }

    #[test]
    fn what_is_written_reads_back_bit_for_bit() {
        let data =
            [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.1, -0.0, f32::MIN_POSITIVE / 8.0, f32::MAX, 3.0];
        let matrix = parse(&to_text(2, 4, &data).unwrap()).unwrap();
        assert_eq!((matrix.rows, matrix.cols), (2, 4));
        for (read, written) in matrix.data.iter().zip(&data) {
            assert!(read.to_bits() == written.to_bits() || (read.is_nan() && written.is_nan()));
        }
        assert!(matches!(to_text(2, 2, &data), Err(Error::Shape { .. })));
    }
}
