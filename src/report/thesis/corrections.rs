//! What a careful reader corrects in the thesis, each point with a number from its data or ours.

use super::super::page::{Block, heading, text};
use super::data::Thesis;
use super::measured;
use super::ours::Ours;
use super::semantics;

/// The nine corrections in the order of the list.
pub(super) fn blocks(thesis: &Thesis, ours: &Ours<'_>) -> Vec<Block> {
    let mut blocks = vec![
        heading(3, "Nine corrections, each with a number"),
        text(
            "Numbers marked **theirs** are computed from the thesis's own tables, numbers marked **ours** from this run.",
        ),
    ];
    let facts = ours.pool.or(ours.matmul).map(|s| s.folder.facts.clone()).unwrap_or_default();
    blocks.extend(measured::slower(thesis, ours));
    blocks.extend(measured::like_by_like(thesis));
    blocks.extend(measured::fraction_at_every_size(thesis));
    blocks.extend(measured::exponents(thesis, ours));
    blocks.extend(semantics::identity(&facts));
    blocks.extend(semantics::padding(&facts));
    blocks.extend(semantics::redundant(ours));
    blocks.extend(semantics::leak());
    blocks.extend(semantics::infinity(&facts));
    blocks
}
