//! A page as Markdown, with figures and tables beside it.

use super::page::{Block, Piece, pieces};
use super::table::Table;
use std::fmt::Write;

/// The whole page.
pub(super) fn page(title: &str, blocks: &[Block]) -> String {
    let mut out = format!("# {title}\n\n");
    blocks.iter().for_each(|b| block(&mut out, b));
    while out.ends_with("\n\n") {
        out.pop();
    }
    out
}

fn block(out: &mut String, block_: &Block) {
    // Writing to a string cannot fail.
    let _ = match block_ {
        Block::Heading(level, words) => {
            write!(out, "{} {}\n\n", "#".repeat(usize::from(*level)), inline(words))
        }
        Block::Text(words) => write!(out, "{}\n\n", inline(words)),
        Block::Note(words) => write!(out, "> **Note.** {}\n\n", inline(words)),
        Block::List(items) => {
            items.iter().for_each(|item| out.push_str(&format!("* {}\n", inline(item))));
            out.push('\n');
            Ok(())
        }
        Block::Code(code) => {
            let fence = if code.contains("```") { "````" } else { "```" };
            write!(out, "{fence}text\n{}\n{fence}\n\n", code.trim_end())
        }
        Block::Table(table_) => {
            table(out, table_);
            Ok(())
        }
        Block::Data(_) => Ok(()),
        Block::Figure { stem, scene, caption } => {
            write!(out, "![{}](figures/{stem}.svg)\n\n*{}*\n\n", inline(&scene.title), inline(caption))
        }
        Block::Details(summary, inner) => {
            out.push_str(&format!("<details>\n<summary>{}</summary>\n\n", super::html::escape(summary)));
            inner.iter().for_each(|b| block(out, b));
            write!(out, "</details>\n\n")
        }
    };
}

fn table(out: &mut String, table: &Table) {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    out.push_str(&format!("**{}**\n\n", inline(&table.caption)));
    out.push_str(&line(table.head.iter().map(|c| cell(c)).collect()));
    let rule = |i: usize| if table.numeric(i) { "---:" } else { "---" }.to_string();
    out.push_str(&line((0..table.head.len()).map(rule).collect()));
    table.rows.iter().for_each(|row| out.push_str(&line(row.iter().map(|c| cell(c)).collect())));
    out.push('\n');
}

fn cell(text: &str) -> String {
    inline(text).replace('|', "\\|").replace(['\n', '\r'], " ")
}

/// The marks of a text are those of Markdown already; what HTML would take for a tag is disarmed.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Plain(words) => out.push_str(&words.replace('<', "&lt;").replace('*', "\\*")),
            Piece::Code(words) => out.push_str(&format!("`{words}`")),
            Piece::Strong(words) => out.push_str(&format!("**{}**", words.replace('<', "&lt;"))),
        }
    }
    out
}
