//! Writing to the terminal: data, complaints, widths, units.

use std::io::{ErrorKind, IsTerminal, Write};

use super::exit::Failure;

/// Columns where nothing says how wide the terminal is.
const WIDTH: usize = 100;
/// Narrower terminals are treated as this wide: words would fall apart.
const NARROWEST: usize = 40;

/// Writes data to standard output. A reader who has closed the pipe has seen enough: that is no failure.
pub(super) fn emit(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Failure::fault(unwritable(&e))),
        _ => Ok(()),
    }
}

/// As [`emit`], a value as indented JSON.
pub(super) fn emit_json(value: &serde_json::Value) -> Result<(), Failure> {
    emit(&format!("{value:#}\n"))
}

/// What to say when standard output cannot be written.
pub(super) fn unwritable(error: &std::io::Error) -> String {
    format!("cannot write to standard output: {error}")
}

/// Writes a line to standard error. Where that fails nobody is left to be told.
pub(super) fn complain(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Columns to fill: `COLUMNS` where it is set, else the terminal's, else 100.
pub(super) fn width() -> usize {
    let set = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let terminal = || {
        let out = std::io::stdout();
        let size = out.is_terminal().then(|| terminal_size::terminal_size_of(out)).flatten();
        size.map(|(width, _)| usize::from(width.0))
    };
    set.or_else(terminal).unwrap_or(WIDTH).max(NARROWEST)
}

/// `text` in lines of at most `width` columns, broken at blanks; lines after the first begin with `indent` blanks.
/// A word that is longer than a line keeps its line to itself.
pub(super) fn wrap(text: &str, width: usize, indent: usize) -> String {
    wrap_behind("", text, width, indent)
}

/// As [`wrap`], the first line beginning with `head`, which is kept as it is.
pub(super) fn wrap_behind(head: &str, text: &str, width: usize, indent: usize) -> String {
    let mut lines = vec![head.to_owned()];
    let mut used = head.chars().count();
    let mut is_start = true;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        let Some(line) = lines.last_mut() else { break };
        if !is_start && used + 1 + length > width {
            lines.push(format!("{}{word}", " ".repeat(indent)));
            used = indent + length;
        } else {
            let blank = if is_start { "" } else { " " };
            line.push_str(blank);
            line.push_str(word);
            used += blank.len() + length;
        }
        is_start = false;
    }
    lines.join("\n")
}

/// Nanoseconds as a person reads them, three digits or more.
pub(super) fn duration(ns: u64) -> String {
    let scaled = |unit: u64, name: &str| format!("{:.3} {name}", ns as f64 / unit as f64);
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => scaled(1_000, "us"),
        1_000_000..1_000_000_000 => scaled(1_000_000, "ms"),
        _ => scaled(1_000_000_000, "s"),
    }
}

/// `1 window`, `2 windows`.
pub(super) fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_blanks() {
        assert_eq!(wrap("one two three four", 9, 2), "one two\n  three\n  four");
        assert_eq!(wrap("incomprehensibilities of it", 10, 0), "incomprehensibilities\nof it");
        assert_eq!(wrap("", 10, 0), "");
        assert_eq!(wrap_behind("  a  ", "one two", 9, 5), "  a  one\n     two");
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration(999), "999 ns");
        assert_eq!(duration(1_500), "1.500 us");
        assert_eq!(duration(2_345_678), "2.346 ms");
        assert_eq!(duration(12_000_000_000), "12.000 s");
    }
}
