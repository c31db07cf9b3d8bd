//! What an older report left in a folder and the new one does not write. Each report lists its figures and tables in a file;
//! the next one in that folder removes what is on the list and not among its own, and nothing else: a user's files are on
//! no list.

use crate::error::{Error, Result};
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// The list's name in the report's folder.
const LIST: &str = "report-files.txt";

/// The longest list that is read, in bytes.
const MAX_BYTES: u64 = 4 << 20;

/// Removes what the list in `out` has and `written` has not, then writes the new list. Paths in `written` begin with `out`. A
/// listed name that is a folder stays, and so does what is behind a link in place of one of the report's folders.
///
/// # Errors
/// [`Error::Write`] where a file cannot be removed or the list not written.
pub(super) fn replace(out: &Path, written: &[PathBuf]) -> Result<()> {
    let name = |path: &PathBuf| {
        let inside = path.strip_prefix(out).unwrap_or(path);
        let parts: Vec<_> = inside.components().map(|c| c.as_os_str().to_string_lossy()).collect();
        parts.join("/")
    };
    let new: BTreeSet<String> = written.iter().map(name).collect();
    let list = out.join(LIST);
    for old in listed(&list).into_iter().filter(|old| !new.contains(old)) {
        let path = out.join(&old);
        if !is_file_of(&path) {
            continue;
        }
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Error::write(&path, e)),
            _ => {}
        }
    }
    let text: String = new.iter().map(|name| format!("{name}\n")).collect();
    std::fs::write(&list, text).map_err(|e| Error::write(&list, e))
}

/// The files of the older report, where it left a list; whatever no report writes is passed over.
fn listed(list: &Path) -> Vec<String> {
    let short = std::fs::metadata(list).is_ok_and(|m| m.is_file() && m.len() <= MAX_BYTES);
    let text = if short { std::fs::read_to_string(list).unwrap_or_default() } else { String::new() };
    text.lines().filter(|line| is_ours(line)).map(str::to_owned).collect()
}

/// Whether there is something that is no folder, in a true folder: through a link it would be gone elsewhere.
fn is_file_of(path: &Path) -> bool {
    let kind = |path: &Path| std::fs::symlink_metadata(path).map(|m| m.file_type());
    path.parent().is_some_and(|folder| kind(folder).is_ok_and(|k| k.is_dir()))
        && kind(path).is_ok_and(|k| !k.is_dir())
}

/// Whether a report may have written the file: straight in one of its folders, with one of its endings.
fn is_ours(name: &str) -> bool {
    let parts: Vec<Component<'_>> = Path::new(name).components().collect();
    let [Component::Normal(folder), Component::Normal(_)] = parts[..] else { return false };
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    match folder.to_str() {
        Some("figures") => ends(&[".svg", ".png"]),
        Some("tables") => ends(&[".csv"]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_new_report_does_not_write_goes_and_all_else_stays() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let all = [
            "figures/a.svg",
            "figures/b.svg",
            "tables/a.csv",
            "tables/b.csv",
            "figures/mine.svg",
            "notes.csv",
        ];
        for folder in ["figures", "tables", "figures/deep"] {
            std::fs::create_dir(at(folder)).unwrap();
        }
        for name in all.into_iter().chain(["figures/deep/c.svg", "report.md"]) {
            std::fs::write(at(name), name).unwrap();
        }
        replace(dir.path(), &all[..4].iter().map(|name| at(name)).collect::<Vec<_>>()).unwrap();
        assert!(all.iter().all(|name| at(name).exists()), "a first report removes nothing");

        // A list that someone wrote into.
        let list = std::fs::read_to_string(at(LIST)).unwrap();
        let more =
            "notes.csv\nreport.md\nfigures/deep/c.svg\nfigures/../notes.csv\n../x.csv\nfigures/gone.svg\n";
        std::fs::write(at(LIST), format!("{list}{more}")).unwrap();
        replace(dir.path(), &[at("figures/a.svg"), at("tables/b.csv")]).unwrap();
        let left: Vec<&str> = all.into_iter().filter(|name| at(name).exists()).collect();
        assert_eq!(left, ["figures/a.svg", "tables/b.csv", "figures/mine.svg", "notes.csv"]);
        assert!(at("figures/deep/c.svg").exists() && at("report.md").exists());
        assert_eq!(std::fs::read_to_string(at(LIST)).unwrap(), "figures/a.svg\ntables/b.csv\n");
    }

    #[test]
    fn a_folder_of_a_listed_name_stays_and_ends_no_report() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("figures/a.svg");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(dir.path().join(LIST), "figures/a.svg\n").unwrap();
        replace(dir.path(), &[]).unwrap();
        assert!(folder.is_dir());
    }

    #[cfg(unix)]
    #[test]
    fn nothing_behind_a_link_is_removed() {
        let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let [mine, link] = [elsewhere.path().join("a.csv"), dir.path().join("figures/a.svg")];
        std::fs::write(&mine, "mine").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), dir.path().join("tables")).unwrap();
        std::fs::create_dir(dir.path().join("figures")).unwrap();
        std::os::unix::fs::symlink(&mine, &link).unwrap();
        std::fs::write(dir.path().join(LIST), "tables/a.csv\nfigures/a.svg\n").unwrap();
        replace(dir.path(), &[]).unwrap();
        assert!(mine.exists(), "only links are removed, not what they lead to");
        assert!(link.symlink_metadata().is_err());
    }
}
