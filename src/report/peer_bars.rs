//! Other libraries as bars to how many times as fast ours is.

use super::format;
use super::page::Block;
use super::peers::library;
use super::ratio_bars::{Bar, draw};
use crate::analysis::peers::Beside;
use crate::analysis::points::Point;

/// At most so many bars in one figure; the table has all.
const MOST: usize = 40;

/// The figure of one op; nothing where no ratio is positive.
pub(super) fn figure(
    op: &str,
    rows: &[&Beside<'_>],
    sizes: &dyn Fn(&Point) -> String,
    stem: &str,
    subtitle: &str,
) -> Option<Block> {
    let shown: Vec<&Beside<'_>> = rows.iter().copied().filter(|b| b.ratio.value > 0.0).take(MOST).collect();
    if shown.is_empty() {
        return None;
    }
    let bars: Vec<Bar<'_>> = shown.into_iter().map(|row| bar(row, sizes(row.peer))).collect();
    let foot = "how many times as fast as the library ours is";
    Some(Block::Figure {
        stem: stem.to_string(),
        scene: draw(&format!("{op}: ours beside other libraries"), subtitle, foot, &bars),
        caption: "How many times as fast our fastest variant is as each library at the same size: to the right of 1 ours is \
                  faster, to the left the library. The axis is logarithmic, the thin line the 95 % interval."
            .into(),
    })
}

fn bar<'a>(row: &'a Beside<'_>, group: String) -> Bar<'a> {
    let label = library(&row.peer.variant);
    let factor = format::factor_estimate(row.ratio);
    let hint = format!("{label}, {group}: {} is {factor} as fast", row.ours.variant);
    Bar { group, label, variant: &row.peer.variant, ratio: row.ratio, hint }
}
