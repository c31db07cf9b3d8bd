//! Our best variant beside each other library: who is faster, by how much, winners and losers alike.

use super::format;
use super::page::{Block, heading, text};
use super::peer_bars;
use super::sizes::told_apart;
use super::source::Source;
use super::table::Table;
use crate::analysis::peers::{Beside, PREFIX, Winner, beside};
use crate::analysis::points::Point;

/// What the libraries call themselves, by their variants.
const NAMES: [(&str, &str); 10] = [
    ("pytorch", "PyTorch"),
    ("pytorch_channels_last", "PyTorch, channels last"),
    ("pytorch_graphs", "PyTorch, CUDA graphs"),
    ("onnxruntime", "ONNX Runtime"),
    ("numpy", "NumPy"),
    ("burn", "burn"),
    ("candle", "candle"),
    ("gemm", "gemm"),
    ("matrixmultiply", "matrixmultiply"),
    ("ndarray", "ndarray"),
];

/// A library as a reader knows it.
pub(super) fn library(variant: &str) -> String {
    let rest = variant.strip_prefix(PREFIX).unwrap_or(variant);
    let known = NAMES.iter().find(|(name, _)| *name == rest).map(|(_, shown)| (*shown).to_string());
    known.unwrap_or_else(|| rest.replace('_', " "))
}

/// The section; nothing where the run measured no other library.
pub(super) fn section(source: &Source) -> Vec<Block> {
    let mut all = beside(&source.points);
    // By size first: the rows stand there library by library.
    all.sort_by_key(|b| source.points.iter().position(|p| p.op == b.peer.op && p.sizes == b.peer.sizes));
    if all.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![
        heading(3, "Beside other libraries"),
        text(
            "What a user could take instead, measured in the same run on the same machine: rounds of ours and then of each \
             library, on inputs of its own, whose outputs were looked at in some places. Each library stands beside our \
             fastest variant at that size, chosen by these same samples: on the CPU the whole call with no more threads than \
             the library had, on an adapter the kernel where both have the device's timestamps, else from submission to \
             completion. The ratio, above 1 where ours is faster, is the geometric mean over the rounds of their median over \
             ours, so it need not be the quotient of the two medians shown, which are of all calls. Its 95 % interval is \
             Student's, from how far the rounds of that row disagree; of a single round it is the calls' and says nothing of \
             other rounds, and where one side missed a round there is none. A winner is named where the interval leaves 1 \
             out: of twenty rows without any difference one is named by chance.",
        ),
    ];
    for op in source.ops() {
        let rows: Vec<&Beside<'_>> = all.iter().filter(|b| b.peer.op == op).collect();
        if rows.is_empty() {
            continue;
        }
        let points: Vec<&Point> = rows.iter().map(|b| b.peer).collect();
        let stem = format!("{}-{}-peers", source.slug, super::source::slug(op));
        blocks.push(Block::Table(table(source, &rows, &points, &stem)));
        blocks.extend(peer_bars::figure(
            op,
            &rows,
            &|p| or_one(told_apart(p, &points)),
            &stem,
            &source.adapter(),
        ));
    }
    blocks
}

fn table(source: &Source, rows: &[&Beside<'_>], points: &[&Point], stem: &str) -> Table {
    let head = [
        "sizes",
        "library",
        "its median",
        "ours",
        "our median",
        "time",
        "rounds",
        "ours is as fast",
        "the faster one",
    ];
    let op = points.first().map_or("", |p| p.op.as_str());
    let mut table = Table::new(stem, format!("{op} beside other libraries ({})", source.tag()), &head);
    for row in rows {
        let name = library(&row.peer.variant);
        let winner = match row.winner() {
            Winner::Ours => "**ours**".to_string(),
            Winner::Peer => format!("**{name}**"),
            Winner::Unclear if row.rounds[0] != row.rounds[1] => "rounds differ".to_string(),
            Winner::Unclear if row.ratio.interval.is_none() => "too few samples".to_string(),
            Winner::Unclear => "unclear".to_string(),
        };
        let median = |p: &Point| p.time(row.time).map_or_else(String::new, format::time_estimate);
        let cells = vec![
            or_one(told_apart(row.peer, points)),
            name,
            median(row.peer),
            row.ours.variant.clone(),
            median(row.ours),
            if row.peer.on_cpu() { "call" } else { row.time.name() }.to_string(),
            rounds(row.rounds),
            format::factor_estimate(row.ratio),
            winner,
        ];
        table.push_from(cells, source.origin([row.peer, row.ours]));
    }
    table
}

fn rounds([ours, theirs]: [usize; 2]) -> String {
    if ours == theirs { ours.to_string() } else { format!("{ours} and {theirs}") }
}

/// In place of sizes that no point differs in.
pub(super) fn or_one(sizes: String) -> String {
    if sizes.is_empty() { "one size only".to_string() } else { sizes }
}
