//! Which class is taken for which: the matrix as a figure, and precision, recall and F1 as a table.

use super::super::chart::{WIDTH, heading, heading_lines};
use super::super::font::{cut, width};
use super::super::format;
use super::super::page::Block;
use super::super::palette::CELL;
use super::super::scene::{Anchor, Colour, INK, PAPER, QUIET, Scene, Shape, Text};
use super::super::table::Table;
use super::Training;
use super::summary::percent;

/// With more classes the cells are too small for numbers; the table holds them.
const MAX_CLASSES: usize = 12;

const SIZE: f64 = 13.0;

/// Names longer than this many pixels are cut.
const MAX_NAME: f64 = 130.0;

/// Figure and tables; nothing where nothing was tested.
pub(super) fn blocks(training: &Training) -> Vec<Block> {
    let metrics = &training.metrics;
    let mut blocks = Vec::new();
    if metrics.confusion.is_empty() {
        return blocks;
    }
    if metrics.classes.len() <= MAX_CLASSES {
        let all: u64 = metrics.confusion.iter().flatten().sum();
        let subtitle =
            format!("{} test images. Seed {}. {}", format::grouped(all), training.seed(), training.device());
        let title = format!("{}: which class is taken for which", training.network());
        blocks.push(Block::Figure {
            stem: format!("{}-confusion", training.slug),
            scene: scene(&title, &subtitle, &metrics.classes, &metrics.confusion),
            caption: "A row is a true class, a column what the network takes it for; the diagonal is right. Each cell has the \
                      number of images and their share of the row."
                .into(),
        });
    }
    let mut matrix = Table::new(format!("{}-confusion", training.slug), "Confusion matrix", &["true class"]);
    matrix.head.extend(metrics.classes.iter().cloned());
    for (name, row) in metrics.classes.iter().zip(&metrics.confusion) {
        matrix.push(std::iter::once(name.clone()).chain(row.iter().map(u64::to_string)).collect());
    }
    blocks.push(Block::Data(matrix));
    if !metrics.per_class.is_empty() {
        let head = ["class", "precision", "recall", "F1", "test images"];
        let mut table =
            Table::new(format!("{}-classes", training.slug), "Each class on the test images", &head);
        let cell = |share: Option<f64>| share.map_or_else(|| "—".to_string(), percent);
        for class in &metrics.per_class {
            let shares = [cell(class.precision), cell(class.recall), cell(class.f1)];
            let [precision, recall, f1] = shares;
            let row = vec![class.class.clone(), precision, recall, f1, class.support.to_string()];
            table.push_from(row, format!("{}: per_class, {}", training.file("metrics.json"), class.class));
        }
        blocks.push(Block::Table(table));
    }
    blocks
}

/// The matrix, cells deeper where the share of their row is larger.
fn scene(title: &str, subtitle: &str, classes: &[String], confusion: &[Vec<u64>]) -> Scene {
    const AXIS: f64 = 22.0;
    let (titles, subtitles) = heading_lines(title, subtitle);
    let mut scene = Scene::new(WIDTH, 0.0, title);
    heading(&mut scene, &titles, &subtitles);
    let names: Vec<String> = classes.iter().map(|name| cut(name, SIZE, false, MAX_NAME)).collect();
    let longest = names.iter().map(|n| width(n, SIZE, false)).fold(0.0, f64::max);
    let left = 16.0 + AXIS + longest + 10.0;
    let count = classes.len().max(1) as f64;
    let side = ((WIDTH - 16.0 - left) / count).min(110.0);
    let upward = longest + 8.0 > side;
    let above = 20.0 + 22.0 * titles.len() as f64 + 18.0 * subtitles.len() as f64 + 12.0;
    let top = above + AXIS + if upward { longest + 10.0 } else { 20.0 };
    let at = |i: usize| i as f64 * side;
    let middle = left + side * count / 2.0;
    scene.text((middle, above + 14.0), "predicted class", SIZE, Anchor::Middle, QUIET);
    let text = Text {
        x: 30.0,
        y: top + side * count / 2.0,
        text: "true class".into(),
        size: SIZE,
        bold: false,
        anchor: Anchor::Middle,
        colour: QUIET,
        upward: true,
    };
    scene.shapes.push(Shape::Text(text.clone()));
    for (i, name) in names.iter().enumerate() {
        let centre = at(i) + side / 2.0;
        scene.text((left - 10.0, top + centre + 4.5), name, SIZE, Anchor::End, INK);
        if upward {
            let (x, y) = (left + centre + 4.5, top - 8.0);
            let text = Text { x, y, text: name.clone(), anchor: Anchor::Start, colour: INK, ..text.clone() };
            scene.shapes.push(Shape::Text(text));
        } else {
            scene.text((left + centre, top - 8.0), name, SIZE, Anchor::Middle, INK);
        }
    }
    for (y, row) in confusion.iter().enumerate() {
        let all: u64 = row.iter().sum();
        for (x, images) in row.iter().enumerate() {
            let share = if all == 0 { 0.0 } else { *images as f64 / all as f64 };
            let (from_x, from_y) = (left + at(x), top + at(y));
            scene.rectangle((from_x, from_y), (from_x + side - 2.0, from_y + side - 2.0), shade(share));
            let colour = if share > 0.5 { PAPER } else { INK };
            let centre = (from_x + side / 2.0 - 1.0, from_y + side / 2.0);
            let size = (side / 3.4).min(16.0);
            let bold = x == y;
            scene.words((centre.0, centre.1), &format::grouped(*images), size, Anchor::Middle, colour, bold);
            if *images > 0 {
                let share = format!("{:.0} %", share * 100.0);
                scene.text((centre.0, centre.1 + size), &share, size * 0.76, Anchor::Middle, colour);
            }
        }
    }
    scene.height = top + side * count + 16.0;
    scene
}

/// White at 0, the deepest colour at 1.
fn shade(share: f64) -> Colour {
    let part = 0.06 + 0.94 * share.clamp(0.0, 1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
    let mix = |deep: u8| (255.0 + (f64::from(deep) - 255.0) * part).round() as u8;
    Colour(mix(CELL.0), mix(CELL.1), mix(CELL.2))
}
