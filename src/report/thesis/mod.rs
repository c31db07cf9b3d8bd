//! The thesis redone: its tables and figures beside ours, its calculation, and what a careful reader corrects.
//!
//! The thesis is *Max Pooling on GPU* (J. C. López Núñez, UNAM IIMAS). Its numbers are facts, transcribed into the
//! CSV files of this folder; its runs are repeated by the experiments `thesis_maxpool` and `thesis_matmul`.

mod amdahl;
mod charts;
mod corrections;
mod data;
mod measured;
mod ours;
mod semantics;
mod tables;
mod training;

use super::page::{Block, heading, text};
use super::source::Source;
use super::training::Training;
use crate::error::Result;
use data::Thesis;
use ours::Ours;

/// The heading of its section, and the title of its page.
pub(super) const TITLE: &str = "The thesis, redone";

/// The page, its heading first; empty where no run repeats the thesis.
///
/// # Errors
/// [`crate::Error::Format`] where the embedded numbers do not parse.
pub(super) fn page(sources: &[Source], trainings: &[Training]) -> Result<Vec<Block>> {
    let named = |name: &str| sources.iter().find(|s| s.folder.run.experiment == name);
    let ours = Ours { pool: named("thesis_maxpool"), matmul: named("thesis_matmul") };
    let thesis = Thesis::load()?;
    let network = training::blocks(&thesis, trainings);
    if ours.pool.is_none() && ours.matmul.is_none() {
        let title = (!network.is_empty()).then(|| heading(2, "The thesis, redone"));
        return Ok(title.into_iter().chain(network).collect());
    }
    let mut blocks = vec![
        heading(2, TITLE),
        text(
            "The thesis **Max Pooling on GPU** (J. C. López Núñez, UNAM IIMAS; experiments of 2022 and 2023) pools an \
             n x n image with 2 x 2 windows. For each window the host copies the window and an identity matrix to the \
             GPU, launches one small matrix product, copies the product back and takes its maximum. Here the same host \
             loop runs on our kernels: `naive` is its `matmul1`, `loop` its `matmul2` with the loops as they were, \
             `tiled` its `matmul3`; `buffer` sends the identity with every window, `constant` has it in the kernel.",
        ),
        text(
            "The machines differ, so the seconds are not to be compared one by one. What repeats is the shape: which \
             variant wins, how the time grows, where it goes.",
        ),
    ];
    if let Some(source) = ours.pool.or(ours.matmul) {
        blocks.push(text(format!(
            "Our GPU variants: {}. Our CPU variants: {}.",
            source.adapter(),
            source.folder.run.cpu
        )));
    }
    blocks.extend(charts::blocks(&thesis, &ours));
    blocks.extend(tables::blocks(&thesis, &ours));
    blocks.extend(amdahl::blocks(&thesis, &ours));
    blocks.extend(network);
    blocks.extend(corrections::blocks(&thesis, &ours));
    Ok(blocks)
}
