//! Figures and tables from analysis: run folders in, a report out.
//!
//! [`report`] reads nothing but the folders that runs left, of sweeps and of trainings, and writes `report.md`, `report.html`, `thesis.md` where
//! a run repeats the thesis, `tables/*.csv`, `figures/*.svg`, `figures/*.png` and a list of these. The same files give the same bytes.

mod axis;
mod bars;
mod base64;
mod chart;
mod checks;
mod doubts;
mod figures;
mod font;
mod format;
mod html;
mod labels;
mod leftovers;
mod markdown;
mod page;
mod pair;
mod palette;
mod peer_bars;
mod peers;
mod ratio_bars;
mod render;
mod results;
mod roofline;
mod scaling;
mod scene;
mod section;
mod shares;
mod sheet;
mod sizes;
mod source;
mod speedup_bars;
mod table;
mod thesis;
mod training;

#[cfg(test)]
mod peers_tests;
#[cfg(test)]
mod roofline_tests;
#[cfg(test)]
mod scaling_tests;
#[cfg(test)]
mod synthetic;
#[cfg(test)]
mod tests;

pub(crate) use font::Face;
pub use sheet::{MAX_TILES, Stage, Tile, write_sheet};

use crate::error::{Error, Result};
use crate::record::TrainingFolder;
use page::{Block, heading, text, walk};
use source::Source;
use std::path::{Path, PathBuf};
use training::Training;

/// What a report consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The self-contained page.
    pub html: PathBuf,
    /// The same as Markdown.
    pub markdown: PathBuf,
    /// The page about the thesis, where a run repeats it.
    pub thesis: Option<PathBuf>,
    /// The figures, SVG and PNG.
    pub figures: Vec<PathBuf>,
    /// The tables as CSV.
    pub tables: Vec<PathBuf>,
    /// Points measured, over all folders.
    pub points: usize,
    /// Points skipped or failed.
    pub troubles: usize,
    /// Networks trained, over all folders.
    pub trainings: usize,
}

/// Builds the report of the run folders `dirs` in `out`, which is made. An earlier report there is replaced: its figures and
/// tables that this one does not write are removed, and no other file. Run folders are only read.
///
/// # Errors
/// [`Error::Records`] without a folder, or where a folder holds no row; [`Error::Read`], [`Error::Format`] and
/// [`Error::ClaimsTooMuch`] for a folder that is damaged; [`Error::Write`]; [`Error::Figure`].
pub fn report(dirs: &[PathBuf], out: &Path) -> Result<Summary> {
    if dirs.is_empty() {
        let reason = "name at least one run folder".to_string();
        return Err(Error::Records { what: "report".to_string(), reason });
    }
    let (of_training, of_sweeps): (Vec<PathBuf>, Vec<PathBuf>) =
        dirs.iter().cloned().partition(|d| TrainingFolder::is(d));
    let sources = source::read(&of_sweeps)?;
    let trainings = training::read(&of_training, &sources)?;
    let title = title(&sources, &trainings);
    let top = section::top(&sources, &trainings, dirs);
    let mut body: Vec<Block> = Vec::new();
    for source in &sources {
        body.extend(section::experiment(source));
    }
    body.extend(training::section(&trainings));
    let thesis = thesis::page(&sources, &trainings)?;
    let end = section::end(&sources, &trainings);

    let mut everything = top.clone();
    everything.extend(body.iter().chain(&thesis).chain(&end).cloned());
    let (figures, tables) = write_parts(&everything, out)?;
    leftovers::replace(out, &[&figures[..], &tables[..]].concat())?;

    let mut sections = body.clone();
    sections.extend(thesis.iter().chain(&end).cloned());
    let html = out.join("report.html");
    write(&html, html::page(&title, &top, &sections)?.as_bytes())?;

    let mut short: Vec<Block> = top.iter().chain(&body).cloned().collect();
    let thesis_path = out.join("thesis.md");
    if !thesis.is_empty() {
        short.extend([
            heading(2, "The thesis"),
            text("The comparison with the thesis stands in `thesis.md`."),
        ]);
        // The page's own title takes the place of the section's heading.
        write(&thesis_path, markdown::page(thesis::TITLE, thesis.get(1..).unwrap_or_default()).as_bytes())?;
    }
    short.extend(end);
    let markdown = out.join("report.md");
    write(&markdown, markdown::page(&title, &short).as_bytes())?;

    Ok(Summary {
        html,
        markdown,
        thesis: (!thesis.is_empty()).then_some(thesis_path),
        figures,
        tables,
        points: sources.iter().map(|s| s.points.len()).sum(),
        troubles: sources.iter().map(|s| s.troubles.len()).sum(),
        trainings: trainings.len(),
    })
}

/// The speedup tables of the run folders `dirs` alone, as Markdown: every variant end to end against `serial`, `rayon`
/// and `library`, with intervals.
///
/// # Errors
/// As [`report`], without those of writing.
pub fn speedup_tables(dirs: &[PathBuf]) -> Result<String> {
    let sources = source::read(dirs)?;
    let mut blocks = Vec::new();
    for source in &sources {
        for panel in crate::analysis::axis::panels(&source.points) {
            blocks.push(Block::Table(results::speedups(source, &panel, "speedup")));
        }
    }
    Ok(markdown::page("Speedup", &blocks))
}

fn title(sources: &[Source], trainings: &[Training]) -> String {
    let mut names: Vec<&str> = Vec::new();
    let runs = sources.iter().map(|s| &s.folder.run).chain(trainings.iter().map(|t| &t.folder.run));
    for run in runs {
        if !names.contains(&run.experiment.as_str()) {
            names.push(&run.experiment);
        }
    }
    format!("Tesela report: {}", names.join(", "))
}

/// Writes the figures and tables of all blocks.
fn write_parts(blocks: &[Block], out: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let (figure_folder, table_folder) = (out.join("figures"), out.join("tables"));
    for folder in [&figure_folder, &table_folder] {
        std::fs::create_dir_all(folder).map_err(|e| Error::write(folder, e))?;
    }
    let mut all: Vec<&Block> = Vec::new();
    walk(blocks, &mut |b| all.push(b));
    let (mut figures, mut tables) = (Vec::new(), Vec::new());
    for block in all {
        match block {
            Block::Figure { stem, scene, .. } => {
                let (svg, png) =
                    (figure_folder.join(format!("{stem}.svg")), figure_folder.join(format!("{stem}.png")));
                write(&svg, render::svg(scene)?.as_bytes())?;
                write(&png, &render::png(scene)?)?;
                figures.extend([svg, png]);
            }
            Block::Table(table) | Block::Data(table) => {
                table.write_csv(&table_folder)?;
                tables.push(table_folder.join(format!("{}.csv", table.stem)));
            }
            _ => {}
        }
    }
    Ok((figures, tables))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(|e| Error::write(path, e))
}
