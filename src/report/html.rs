//! A page as one HTML file that needs nothing beside it: style, figures and scripts are inside, no address is. Without
//! scripts everything is there but the sorting, and what a touch tells that a pointer finds.

use super::page::{Block, Piece, pieces};
use super::render;
use super::table::Table;
use crate::error::Result;

const STYLE: &str = include_str!("style.css");
const SCRIPTS: [&str; 2] = [include_str!("sort.js"), include_str!("origin.js")];

/// The whole page, with a list of its sections at the top.
///
/// # Errors
/// [`crate::Error::Figure`].
pub(super) fn page(title: &str, top: &[Block], sections: &[Block]) -> Result<String> {
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n\
         </head>\n<body>\n<main>\n<h1>{title}</h1>\n",
        title = escape(title)
    );
    let mut number = 0;
    for b in top {
        block(&mut out, b, &mut number)?;
    }
    contents(&mut out, number, sections);
    for b in sections {
        block(&mut out, b, &mut number)?;
    }
    out.push_str(&format!("</main>\n<script>\n{}</script>\n</body>\n</html>\n", SCRIPTS.concat()));
    Ok(out)
}

/// Links to the headings of level 2 and 3 that follow.
fn contents(out: &mut String, mut number: usize, sections: &[Block]) {
    out.push_str("<nav><strong>Contents</strong>\n<ul>\n");
    for block in sections {
        if let Block::Heading(level, words) = block {
            number += 1;
            if *level <= 3 {
                out.push_str(&format!(
                    "<li class=\"l{level}\"><a href=\"#s{number}\">{}</a></li>\n",
                    inline(words)
                ));
            }
        }
    }
    out.push_str("</ul></nav>\n");
}

fn block(out: &mut String, block_: &Block, number: &mut usize) -> Result<()> {
    match block_ {
        Block::Heading(level, words) => {
            *number += 1;
            out.push_str(&format!("<h{level} id=\"s{number}\">{}</h{level}>\n", inline(words)));
        }
        Block::Text(words) => out.push_str(&format!("<p>{}</p>\n", inline(words))),
        Block::Note(words) => out.push_str(&format!("<p class=\"note\">{}</p>\n", inline(words))),
        Block::List(items) => {
            out.push_str("<ul>\n");
            items.iter().for_each(|item| out.push_str(&format!("<li>{}</li>\n", inline(item))));
            out.push_str("</ul>\n");
        }
        Block::Code(code) => out.push_str(&format!("<pre>{}</pre>\n", escape(code.trim_end()))),
        Block::Table(t) => table(out, t),
        Block::Data(_) => {}
        Block::Figure { scene, caption, .. } => {
            let svg = render::svg(scene)?;
            out.push_str(&format!(
                "<figure><div class=\"card\">{svg}</div><figcaption>{}</figcaption></figure>\n",
                inline(caption)
            ));
        }
        Block::Details(summary, inner) => {
            out.push_str(&format!("<details><summary>{}</summary>\n", inline(summary)));
            inner.iter().try_for_each(|b| block(out, b, number))?;
            out.push_str("</details>\n");
        }
    }
    Ok(())
}

fn table(out: &mut String, table: &Table) {
    let class = |i: usize| if table.numeric(i) { " class=\"n\"" } else { "" };
    out.push_str(&format!(
        "<div class=\"table\"><table><caption><span>{}</span></caption>\n<thead><tr>",
        inline(&table.caption)
    ));
    for (i, head) in table.head.iter().enumerate() {
        out.push_str(&format!("<th{}>{}</th>", class(i), inline(head)));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for (row, origin) in table.rows.iter().zip(&table.origins) {
        let title = if origin.is_empty() { String::new() } else { format!(" title=\"{}\"", escape(origin)) };
        out.push_str(&format!("<tr{title}>"));
        for (i, cell) in row.iter().enumerate() {
            out.push_str(&format!("<td{}>{}</td>", class(i), inline(cell)));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

fn inline(text: &str) -> String {
    let piece = |piece| match piece {
        Piece::Plain(words) => escape(words),
        Piece::Code(words) => format!("<code>{}</code>", escape(words)),
        Piece::Strong(words) => format!("<strong>{}</strong>", escape(words)),
    };
    pieces(text).into_iter().map(piece).collect()
}

/// Makes any text safe between tags and within quoted attributes.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
