//! `tesela data inspect`: what a data set holds, and what is wrong with it.

use std::fmt::Write;
use std::path::PathBuf;

use super::super::args::Global;
use super::super::exit::{Exit, Outcome};
use super::super::print;
use super::super::table::Table;
use super::sheet;
use crate::data::inspect::{Duplicates, Inspection};
use crate::data::{Dataset, LoadOptions};
use crate::error::Error;

/// How many files or sets are named before the rest is counted.
const NAMED: usize = 10;

/// Arguments of `tesela data inspect`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// A folder with a sub-folder of images for each class; a folder of NIfTI volumes; or a CSV file of files and labels
    data: PathBuf,
    /// Print JSON: every fact, and the name of every file concerned
    #[arg(long)]
    json: bool,
    /// Write a contact sheet: some images of each class side by side
    #[arg(long, value_name = "FILE.png")]
    sheet: Option<PathBuf>,
    /// The CSV column that says which images belong together, as those of one patient
    #[arg(long, value_name = "COLUMN")]
    group_column: Option<String>,
    /// The CSV column of file names [default: file, filename, path or image]
    #[arg(long, value_name = "COLUMN")]
    file_column: Option<String>,
    /// The CSV column of labels [default: class, label or finding]
    #[arg(long, value_name = "COLUMN")]
    label_column: Option<String>,
}

pub(super) fn run(args: &Args, global: &Global) -> Outcome {
    let options = LoadOptions {
        group_column: args.group_column.clone(),
        file_column: args.file_column.clone(),
        label_column: args.label_column.clone(),
        ..LoadOptions::default()
    };
    // A sheet that cannot be written is said before minutes of reading.
    if let Some(path) = args.sheet.as_ref().filter(|path| path.exists()) {
        return Err(Error::write(path, std::io::ErrorKind::AlreadyExists.into()).into());
    }
    let dataset = Dataset::load(Some(&args.data), &options)?;
    let facts = dataset.inspect();
    if args.json {
        print::emit_json(&serde_json::json!(facts))?;
    } else {
        print::emit(&as_text(&facts, args))?;
    }
    match &args.sheet {
        Some(_) if dataset.examples.is_empty() => global.note("no contact sheet: there is no image to show"),
        Some(path) => {
            sheet::draw(&dataset)?.write_png(path)?;
            global.note(&format!("contact sheet: {}", path.display()));
        }
        None if args.json => {}
        None => global.note("a contact sheet of some images of each class: add --sheet FILE.png"),
    }
    Ok(Exit::Ok)
}

fn as_text(facts: &Inspection, args: &Args) -> String {
    let width = print::width();
    let mut text = String::new();
    let classes = if facts.classes.len() == 1 { "class" } else { "classes" };
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(
        text,
        "{}\n\n{} in {} {classes}\n",
        print::wrap(&facts.origin, width, 2),
        print::count(facts.images, "image"),
        facts.classes.len()
    );
    let mut table = Table::new(["class", "images", "blank", "distinct"]);
    for class in &facts.classes {
        let cells = [class.images, class.blank, class.distinct].map(|n| n.to_string());
        let [images, blank, distinct] = cells;
        table.row([class.name.clone(), images, blank, distinct]);
    }
    text.push_str(&table.render(2));
    text.push('\n');
    for (head, value) in lines(facts, args) {
        let _ = writeln!(text, "{}", print::wrap_behind(&format!("  {head:<12}"), &value, width, 14));
    }
    let contradictions: Vec<&Duplicates> = facts.duplicates.iter().filter(|d| d.classes.len() > 1).collect();
    list(&mut text, "ACROSS CLASSES: equal pixels with different labels; one label must be wrong", {
        contradictions.iter().map(|set| set.names.join(" = ")).collect()
    });
    let within = facts.duplicates.iter().filter(|d| d.classes.len() == 1);
    list(&mut text, "duplicates within a class", within.map(|set| set.names.join(" = ")).collect());
    list(
        &mut text,
        "unreadable: left out of training",
        facts.unreadable.iter().map(|(_, reason)| reason.clone()).collect(),
    );
    if let Some(reason) = &facts.untrainable {
        let _ = writeln!(text, "\n{}", print::wrap(&format!("cannot be trained on: {reason}"), width, 2));
    }
    text
}

/// The facts of one line each.
fn lines(facts: &Inspection, args: &Args) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(sizes) = &facts.sizes {
        let size = |[h, w]: [usize; 2]| format!("{h} x {w}");
        let value = if sizes.different == 1 {
            format!("{} (rows x columns), all of them", size(sizes.smallest))
        } else {
            format!(
                "{} to {}, median {} (rows x columns), {} different",
                size(sizes.smallest),
                size(sizes.largest),
                size(sizes.median),
                sizes.different
            )
        };
        lines.push(("sizes", value));
        if sizes.reduced > 0 {
            let side = LoadOptions::default().max_side;
            let value = format!("{} to a longest side of {side} when read", sizes.reduced);
            lines.push(("reduced", value));
        }
    }
    let stored: Vec<String> = facts.stored.iter().map(|(kind, n)| format!("{kind} {n}")).collect();
    lines.push(("stored as", stored.join(", ")));
    if !facts.misnamed.is_empty() {
        let value = format!("{}, as {}; read all the same", facts.misnamed.len(), facts.misnamed[0]);
        lines.push(("misnamed", value));
    }
    lines.push(("blank", facts.blank.to_string()));
    let sets = facts.duplicates.len();
    let surplus: usize = facts.duplicates.iter().map(|set| set.names.len() - 1).sum();
    let across = facts.duplicates.iter().filter(|set| set.classes.len() > 1).count();
    let loudly = if across > 0 { format!(", {across} OF THEM ACROSS CLASSES") } else { String::new() };
    let value = format!("{} of equal pixels, {surplus} images too many{loudly}", print::count(sets, "set"));
    lines.push(("duplicates", if sets == 0 { "none".to_owned() } else { value }));
    let by = match &args.group_column {
        Some(column) => format!("by `{column}` and equal pixels"),
        None => "by equal pixels".to_owned(),
    };
    lines.push(("groups", format!("{} {by}; a split keeps each on one side", facts.groups)));
    lines.push(("unreadable", facts.unreadable.len().to_string()));
    if facts.stray > 0 {
        lines.push(("left out", format!("{} outside the folders of the classes", facts.stray)));
    }
    lines
}

/// A heading and its items, the first of them.
fn list(text: &mut String, heading: &str, items: Vec<String>) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{heading}");
    for item in items.iter().take(NAMED) {
        let _ = writeln!(text, "  {item}");
    }
    if items.len() > NAMED {
        let _ = writeln!(text, "  and {} more; --json has them all", items.len() - NAMED);
    }
}
