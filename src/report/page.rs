//! A page as a list of blocks, before it becomes Markdown or HTML.

use super::scene::Scene;
use super::table::Table;

/// A part of a page. Texts may hold `code` in backticks and **strong** words.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Block {
    /// A heading of level 2, 3 or 4.
    Heading(u8, String),
    /// A paragraph.
    Text(String),
    /// A paragraph that must not be missed.
    Note(String),
    /// Points.
    List(Vec<String>),
    /// Literal text.
    Code(String),
    /// A table; it is also written as CSV.
    Table(Table),
    /// A table that is written as CSV only.
    Data(Table),
    /// A figure; it is written as SVG and PNG under `figures/`.
    Figure {
        /// Its file name without extension.
        stem: String,
        scene: Scene,
        /// One or two sentences that say how to read it.
        caption: String,
    },
    /// Blocks behind a line that opens them.
    Details(String, Vec<Self>),
}

/// A paragraph.
pub(super) fn text(words: impl Into<String>) -> Block {
    Block::Text(words.into())
}

/// A heading.
pub(super) fn heading(level: u8, words: impl Into<String>) -> Block {
    Block::Heading(level, words.into())
}

/// All blocks, those behind an opening line included.
pub(super) fn walk<'a>(blocks: &'a [Block], visit: &mut dyn FnMut(&'a Block)) {
    for block in blocks {
        visit(block);
        if let Block::Details(_, inner) = block {
            walk(inner, visit);
        }
    }
}

/// A piece of a text: plain, code or strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Plain(&'a str),
    Code(&'a str),
    Strong(&'a str),
}

/// Splits a text at its marks. A mark without its partner is plain text.
pub(super) fn pieces(mut text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    while !text.is_empty() {
        let start = [text.find('`'), text.find("**")].into_iter().flatten().min();
        let Some(start) = start else { break };
        let mark = if text[start..].starts_with('`') { "`" } else { "**" };
        let inside = start + mark.len();
        let Some(length) = text[inside..].find(mark) else { break };
        if start > 0 {
            found.push(Piece::Plain(&text[..start]));
        }
        let word = &text[inside..inside + length];
        found.push(if mark == "`" { Piece::Code(word) } else { Piece::Strong(word) });
        text = &text[inside + length + mark.len()..];
    }
    if !text.is_empty() {
        found.push(Piece::Plain(text));
    }
    found
}
