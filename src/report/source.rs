//! A run folder with its analysis, ready to be reported.

use super::pair::{self, Grey};
use crate::analysis::points::{Point, Trouble, points, troubles};
use crate::error::{Error, Result};
use crate::record::{CallKind, Folder, Row};
use std::path::PathBuf;

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Source {
    /// Told apart from every other run of the report; begins every file name.
    pub(super) slug: String,
    pub(super) folder: Folder,
    pub(super) points: Vec<Point>,
    pub(super) troubles: Vec<Trouble>,
    /// A slice before and after pooling, where the run saved the two.
    pub(super) images: Option<(Grey, Grey)>,
}

impl Source {
    /// The adapter in one line, with the warning where it is a CPU.
    pub(super) fn adapter(&self) -> String {
        match &self.folder.run.adapter {
            None => format!("CPU only: {}", self.folder.run.cpu),
            Some(a) if a.software => {
                format!("{}, a software adapter: no claim about GPUs", a.name)
            }
            Some(a) => format!("{} ({})", a.name, a.backend),
        }
    }

    /// The operations that were measured, in the order of their first rows.
    pub(super) fn ops(&self) -> Vec<&str> {
        let mut ops: Vec<&str> = Vec::new();
        for point in &self.points {
            if !ops.contains(&point.op.as_str()) {
                ops.push(&point.op);
            }
        }
        ops
    }

    /// What stands behind a table's caption.
    pub(super) fn tag(&self) -> String {
        match &self.folder.run.adapter {
            Some(a) if a.software => format!("{}, software adapter", a.name),
            Some(a) => a.name.clone(),
            None => self.folder.run.cpu.clone(),
        }
    }

    /// Where the samples of these points stand: the file, the rows from the first to the last warm call, and what picks
    /// them out among the calls of other variants, which took turns with them. Empty of no point.
    pub(super) fn origin<'p>(&self, points: impl IntoIterator<Item = &'p Point>) -> String {
        let points: Vec<&Point> = points.into_iter().collect();
        let is = |row: &Row, point: &Point| {
            let same = row.op == point.op && row.variant == point.variant && row.threads == point.threads;
            same && row.sizes == point.sizes
        };
        let of_any = |row: &Row| row.call == Some(CallKind::Warm) && points.iter().any(|p| is(row, p));
        let mut rows = self.folder.rows.iter().enumerate().filter(|(_, r)| of_any(r)).map(|(i, _)| i + 1);
        let Some(first) = rows.next() else { return String::new() };
        let last = rows.next_back().unwrap_or(first);
        let rows = if last > first { format!("rows {first} to {last}") } else { format!("row {first}") };
        let mut sides: Vec<String> = Vec::new();
        for point in &points {
            let threads = point.threads.map_or_else(String::new, |t| format!(" with threads = {t}"));
            let side = format!("{}{threads}", point.variant);
            if !sides.contains(&side) {
                sides.push(side);
            }
        }
        let (path, sides) = (self.folder.path.join("samples.csv"), sides.join(" or "));
        let sizes: String = self.told_apart(&points).iter().map(|(n, v)| format!(" and {n} = {v}")).collect();
        format!("{}, {rows} where variant = {sides}{sizes} and call = warm", path.display())
    }

    /// The sizes that these points share and others of their op do not.
    fn told_apart<'p>(&self, points: &[&'p Point]) -> Vec<&'p (String, String)> {
        let Some(first) = points.first() else { return Vec::new() };
        let shared = |size: &&(String, String)| points.iter().all(|p| p.sizes.contains(size));
        let differs = |size: &&(String, String)| {
            self.points.iter().any(|p| p.op == first.op && !p.sizes.contains(size))
        };
        first.sizes.iter().filter(shared).filter(differs).collect()
    }

    /// Whether GPU variants ran on a CPU that poses as a GPU.
    pub(super) fn software(&self) -> bool {
        self.folder.run.adapter.as_ref().is_some_and(|a| a.software) || self.points.iter().any(|p| p.software)
    }
}

/// Reads and analyses the folders.
///
/// # Errors
/// Those of [`Folder::read`]; [`Error::Records`] for a folder without a row.
pub(super) fn read(dirs: &[PathBuf]) -> Result<Vec<Source>> {
    let mut sources: Vec<Source> = Vec::new();
    for dir in dirs {
        let folder = Folder::read(dir)?;
        if folder.rows.is_empty() {
            let reason =
                "its samples.csv holds no row: the run was stopped before its first point".to_string();
            return Err(Error::Records { what: dir.display().to_string(), reason });
        }
        let base = slug(&folder.run.experiment);
        let taken = |name: &str| sources.iter().any(|s| s.slug == name);
        let number = (2..).map(|i| format!("{base}-{i}"));
        let slug = std::iter::once(base.clone()).chain(number).find(|n| !taken(n)).unwrap_or(base);
        let images = match (pair::read(&dir.join("before.png"))?, pair::read(&dir.join("after.png"))?) {
            (Some(before), Some(after)) => Some((before, after)),
            _ => None,
        };
        let (points, troubles) = (points(&folder.rows), troubles(&folder.rows));
        sources.push(Source { slug, folder, points, troubles, images });
    }
    Ok(sources)
}

/// A text as part of a file name.
pub(super) fn slug(text: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '-' };
    let name: String = text.chars().map(keep).take(60).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "run".to_string() } else { name.to_string() }
}
