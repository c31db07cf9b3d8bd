//! The documents: what they link to exists, what they tell readers to type is understood, and both languages say the
//! same.

#![expect(clippy::unwrap_used, reason = "a test stops at the first fault")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use assert_cmd::Command;

/// One document, its fenced code apart from its prose.
struct Document {
    path: PathBuf,
    /// Lines outside of fences.
    prose: String,
    /// Lines within fences.
    code: Vec<String>,
}

impl Document {
    fn read(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(&path).unwrap();
        let (mut prose, mut code, mut fenced) = (String::new(), Vec::new(), false);
        for line in text.lines() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            } else if fenced {
                code.push(line.to_owned());
            } else {
                prose.push_str(line);
                prose.push('\n');
            }
        }
        assert!(!fenced, "{}: a fence is not closed", path.display());
        Self { path, prose, code }
    }

    /// Targets of links and images, in Markdown and in HTML, without those on other hosts.
    fn targets(&self) -> Vec<&str> {
        let within = |open: &'static str, close: char| {
            self.prose.split(open).skip(1).filter_map(move |rest| rest.split(close).next())
        };
        let all = within("](", ')').chain(within("src=\"", '"')).chain(within("href=\"", '"'));
        all.filter(|target| !target.contains("://") && !target.starts_with("mailto:")).collect()
    }

    /// Commands of the program: in fences each line that begins with its name, in prose each span that does.
    fn commands(&self) -> Vec<Vec<String>> {
        let spans = self.prose.split("\n\n").flat_map(|p| p.split('`').skip(1).step_by(2).map(str::to_owned));
        let pieces =
            self.code.iter().flat_map(|line| line.split(['|', ';', '#'])).flat_map(|p| p.split("&&"));
        let lines = pieces.map(|piece| piece.trim().trim_start_matches("$ ").to_owned());
        let words = |text: String| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        lines.chain(spans).map(words).filter(|w| w.len() > 1 && w[0] == "tesela").collect()
    }

    fn name(&self) -> String {
        self.path.strip_prefix(root()).unwrap().display().to_string()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn markdown_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            markdown_below(&path, found);
        } else if path.extension().is_some_and(|e| e == "md") {
            found.push(path);
        }
    }
}

/// The README and everything in docs/.
fn documents() -> Vec<Document> {
    let mut paths = vec![root().join("README.md")];
    markdown_below(&root().join("docs"), &mut paths);
    paths.sort();
    assert!(paths.len() > 8, "too few documents: {paths:?}");
    paths.into_iter().map(Document::read).collect()
}

/// The anchor that a heading gets: lower case, punctuation left out, blanks as hyphens.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_relative_link_and_image_points_to_something() {
    let mut links = 0;
    for document in documents() {
        for target in document.targets() {
            links += 1;
            let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
            let there = if file.is_empty() {
                document.path.clone()
            } else {
                document.path.parent().unwrap().join(file)
            };
            assert!(there.exists(), "{}: the link {target} leads nowhere", document.name());
            if !fragment.is_empty() && there.extension().is_some_and(|e| e == "md") {
                let prose = Document::read(there).prose;
                let headings =
                    prose.lines().filter(|l| l.starts_with('#')).map(|l| l.trim_start_matches('#'));
                let found = headings.map(anchor).any(|a| a == fragment);
                assert!(found, "{}: no heading for {target}", document.name());
            }
        }
    }
    assert!(links > 100, "only {links} links were found");
}

/// What `tesela WORDS --help` prints.
fn help(words: &[&str]) -> String {
    let mut command = Command::cargo_bin("tesela").unwrap();
    let output = command.args(words).arg("--help").env_remove("COLUMNS").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "tesela {words:?} --help");
    String::from_utf8(output.stdout).unwrap()
}

/// The verbs that a help text lists under "Commands:".
fn verbs(help: &str) -> BTreeSet<String> {
    let after = help.split_once("Commands:\n").map_or("", |(_, rest)| rest);
    let lines = after.lines().take_while(|line| !line.is_empty());
    // A description may go on in the next line, further to the right.
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn every_command_has_a_verb_and_options_that_exist() {
    let mut texts: BTreeMap<Vec<String>, String> = BTreeMap::new();
    let mut commands = 0;
    for document in documents() {
        for words in document.commands() {
            let shown = words.join(" ");
            let mut path: Vec<String> = Vec::new();
            let text = loop {
                let names: Vec<&str> = path.iter().map(String::as_str).collect();
                let text = texts.entry(path.clone()).or_insert_with(|| help(&names)).clone();
                let below = verbs(&text);
                let Some(next) = words.get(path.len() + 1).filter(|_| !below.is_empty()) else { break text };
                // `VERB` and the like stand for any verb, and options may come before one.
                if next.starts_with('-') || next.chars().all(char::is_uppercase) {
                    break text;
                }
                assert!(below.contains(next), "{}: `{shown}`: no verb {next}", document.name());
                path.push(next.clone());
            };
            for option in words.iter().filter(|w| w.len() > 2 && w.starts_with("--")) {
                let option = option.split('=').next().unwrap();
                let known = text.split(|c: char| !(c.is_alphanumeric() || c == '-')).any(|w| w == option);
                assert!(known, "{}: `{shown}`: no option {option}", document.name());
            }
            for word in &words {
                let of_ours =
                    ["experiments/", "shaders/", "results/", "src/"].iter().any(|p| word.starts_with(p));
                let made_up = document.path.ends_with("README.md") || word.contains('*');
                let there = root().join(word).exists();
                assert!(!of_ours || made_up || there, "{}: `{shown}`: no {word}", document.name());
            }
            commands += 1;
        }
    }
    assert!(commands > 30, "only {commands} commands were found");
}

#[test]
fn both_languages_have_the_same_chapters_figures_and_commands() {
    let folder = |language: &str| {
        let mut paths = Vec::new();
        markdown_below(&root().join("docs").join(language), &mut paths);
        paths.sort();
        paths.into_iter().map(Document::read).collect::<Vec<_>>()
    };
    let (english, spanish) = (folder("en"), folder("es"));
    let names =
        |all: &[Document]| all.iter().map(|d| d.path.file_name().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&english), names(&spanish));
    for (one, other) in english.iter().zip(&spanish) {
        let links = |d: &Document| {
            let all = d.targets().into_iter().filter(|t| t.starts_with("../..")).map(str::to_owned);
            all.collect::<BTreeSet<_>>()
        };
        assert_eq!(links(one), links(other), "{}", other.name());
        // Comments are in the language of the text.
        let code = |d: &Document| {
            let lines = d.code.iter().map(|line| line.split(" # ").next().unwrap().trim_end().to_owned());
            lines.filter(|line| line.starts_with("tesela") || line.starts_with("cargo")).collect::<Vec<_>>()
        };
        assert_eq!(code(one), code(other), "{}", other.name());
    }
}
