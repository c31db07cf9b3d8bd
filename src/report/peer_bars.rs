//! Other libraries as bars from "as fast" to how many times as fast ours is, on a logarithmic axis: where ours wins a bar
//! goes right, where it loses left.

use super::axis::{Scale, Unit, tick_label};
use super::chart::{WIDTH, heading, heading_lines};
use super::font::width;
use super::format;
use super::page::Block;
use super::palette::look;
use super::peers::library;
use super::scene::{Anchor, FRAME, GRID, INK, QUIET, Scene};
use crate::analysis::peers::Beside;
use crate::analysis::points::Point;

const SIZE: f64 = 13.0;
const STEP: f64 = 26.0;

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
    Some(Block::Figure {
        stem: stem.to_string(),
        scene: draw(&format!("{op}: ours beside other libraries"), subtitle, &shown, sizes),
        caption: "How many times as fast our fastest variant is as each library at the same size: to the right of 1 ours is \
                  faster, to the left the library. The axis is logarithmic, the thin line the 95 % interval."
            .into(),
    })
}

fn draw(title: &str, subtitle: &str, rows: &[&Beside<'_>], sizes: &dyn Fn(&Point) -> String) -> Scene {
    let (titles, subtitles) = heading_lines(title, subtitle);
    let mut y = 20.0 + 22.0 * titles.len() as f64 + 18.0 * subtitles.len() as f64 + 14.0;
    let top = y;
    let name = |b: &Beside<'_>| library(&b.peer.variant);
    let value = |b: &Beside<'_>| format!("{}×", format::number(b.ratio.value));
    let widest = |words: Vec<String>| words.iter().map(|w| width(w, SIZE, false)).fold(0.0, f64::max);
    let left = 16.0 + widest(rows.iter().map(|b| name(b)).collect()) + 14.0;
    let right = WIDTH - 16.0 - widest(rows.iter().map(|b| value(b)).collect()) - 14.0;
    let heads = (0..rows.len()).filter(|at| begins(rows, *at)).count();
    let bottom = top + STEP * (rows.len() + heads) as f64;
    let ends = rows.iter().flat_map(|b| {
        let i = b.ratio.interval.filter(|i| i.low > 0.0 && i.high.is_finite());
        [b.ratio.value, i.map_or(b.ratio.value, |i| i.low), i.map_or(b.ratio.value, |i| i.high)]
    });
    let scale = Scale::log(ends.chain([1.0]), 0.03);
    let x = |v: f64| left + scale.place(v).clamp(0.0, 1.0) * (right - left);
    let mut scene = Scene::new(WIDTH, bottom + 62.0, title);
    heading(&mut scene, &titles, &subtitles);
    // The label of 1, where winning begins, takes its room first.
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for tick in std::iter::once(1.0).chain(scale.ticks(6).into_iter().filter(|t| *t != 1.0)) {
        let (at, label) = (x(tick), tick_label(tick, Unit::Factor));
        scene.line(vec![(at, top), (at, bottom + 5.0)], if tick == 1.0 { FRAME } else { GRID }, 1.0);
        let half = width(&label, SIZE, false) / 2.0 + 4.0;
        if taken.iter().all(|(from, to)| at + half <= *from || at - half >= *to) {
            scene.text((at, bottom + 20.0), &label, SIZE, Anchor::Middle, QUIET);
            taken.push((at - half, at + half));
        }
    }
    for (at, row) in rows.iter().enumerate() {
        if begins(rows, at) {
            scene.words((16.0, y + 18.0), &sizes(row.peer), SIZE, Anchor::Start, INK, true);
            y += STEP;
        }
        let middle = y + STEP / 2.0;
        let (from, to) = (x(1.0).min(x(row.ratio.value)), x(1.0).max(x(row.ratio.value)));
        scene.rectangle((from, y + 5.0), (to, y + STEP - 5.0), look(&row.peer.variant).colour);
        if let Some(i) = row.ratio.interval.filter(|i| i.low > 0.0) {
            scene.line(vec![(x(i.low), middle), (x(i.high), middle)], INK, 1.4);
        }
        let words = format!(
            "{}, {}: {} is {} as fast",
            library(&row.peer.variant),
            sizes(row.peer),
            row.ours.variant,
            format::factor_estimate(row.ratio)
        );
        scene.hint((left, y), (right, y + STEP), words);
        scene.text((left - 10.0, middle + 4.5), &name(row), SIZE, Anchor::End, INK);
        scene.text((right + 10.0, middle + 4.5), &value(row), SIZE, Anchor::Start, INK);
        y += STEP;
    }
    let foot = "how many times as fast as the library ours is";
    scene.text((WIDTH / 2.0, bottom + 44.0), foot, SIZE, Anchor::Middle, INK);
    scene
}

/// Whether a row is the first of its sizes.
fn begins(rows: &[&Beside<'_>], at: usize) -> bool {
    at == 0 || rows[at].peer.sizes != rows[at - 1].peer.sizes
}
