//! Reports of synthetic runs: complete, deterministic, safe, and refused where the folders are damaged.

use super::synthetic::*;
use super::*;
use crate::record::{Row, Status};

#[test]
fn a_report_of_the_thesis_is_complete_and_the_same_twice() -> Outcome {
    let dir = tempfile::tempdir()?;
    let dirs = thesis_folders(dir.path())?;
    let out = dir.path().join("report");
    let before = all_files(&dirs[0])?;
    let summary = report(&dirs, &out)?;
    let first = all_files(&out)?;
    assert_eq!(report(&dirs, &out)?, summary);
    assert_eq!(all_files(&out)?, first, "the same files give the same bytes");
    assert_eq!(all_files(&dirs[0])?, before, "run folders are only read");
    let elsewhere = dir.path().join("elsewhere");
    report(&dirs, &elsewhere)?;
    assert_eq!(all_files(&elsewhere)?, first, "wherever it is written");
    if let Some(keep) = std::env::var_os("TESELA_KEEP_REPORT") {
        report(&dirs, Path::new(&keep))?;
    }

    let html = std::fs::read_to_string(&summary.html)?;
    for needed in [
        "tesela report",
        "tesela reproduce --data &#39;my slices&#39;",
        "2.557851",
        "2.5578, met",
        "2.5624, met",
        "software adapter",
        "prefers-color-scheme: dark",
        "512 of 2\u{a0}530 windows",
        "the time budget of 60 s was spent",
        "not measured",
        "9. The product with the identity loses",
    ] {
        assert!(html.contains(needed) || html.contains(&needed.replace("&#39;", "'")), "no `{needed}`");
    }
    assert!(
        html.matches("<script>").count() == 1
            && !html.contains("<script ")
            && !html.contains("src=\"")
            && !html.contains("<link"),
        "self-contained"
    );
    assert!(html.contains("Which &lt;variant&gt; wins?"), "texts are escaped");
    let thesis = std::fs::read_to_string(summary.thesis.as_ref().ok_or("no thesis page")?)?;
    let sides = "where variant = naive or serial with threads = 1 or rayon with threads = 2 or library with threads = 2";
    assert!(html.contains(sides), "a speedup says where both of its sides come from");
    assert!(html.contains("the defaults of their files, none tuned"), "tuned or default");
    assert!(!html.contains("constants of the kernels: the defaults"), "said once");
    for figure in [28, 30, 32, 34, 36, 38, 40, 42, 47, 50, 52] {
        assert!(thesis.contains(&format!("Figure {figure}: ")), "figure {figure}");
    }
    assert_eq!(thesis.matches("# The thesis, redone").count(), 1, "one heading");
    assert!(html.contains("<title>naive, m = n = k: 1024: "), "marks say what they are");
    assert!(html.contains("samples.csv, rows ") && html.contains(" where variant = naive and call = warm"));
    assert!(thesis.contains("Figure 4: ") && thesis.contains("| 4 x 4 | 0.8604 | 0.5267 | 4 |"));
    let stems = [
        "thesis_matmul-matmul-time-end-to-end",
        "thesis_matmul-matmul-speedup-bars",
        "thesis_maxpool-maxpool-phases",
        "thesis-amdahl",
    ];
    for stem in
        stems.iter().chain(&["thesis_maxpool-slice", "thesis-serial", "thesis-matmul3", "thesis-matmul"])
    {
        for kind in ["svg", "png"] {
            assert!(first.contains_key(Path::new(&format!("figures/{stem}.{kind}"))), "{stem}.{kind}");
        }
    }
    assert_eq!(summary.troubles, 2);
    assert!(first.contains_key(Path::new("tables/thesis_matmul-matmul-kernel.csv")));
    assert!(first.contains_key(Path::new("tables/thesis_matmul-matmul-shares.csv")));
    Ok(())
}

/// The box of a text: left, top, right, bottom.
fn text_box(t: &scene::Text) -> [f64; 4] {
    let length = font::width(&t.text, t.size, t.bold);
    let back = match t.anchor {
        scene::Anchor::Start => 0.0,
        scene::Anchor::Middle => length / 2.0,
        scene::Anchor::End => length,
    };
    let (rise, drop) = (0.74 * t.size, 0.22 * t.size);
    if t.upward {
        [t.x - rise, t.y - length + back, t.x + drop, t.y + back]
    } else {
        [t.x - back, t.y - rise, t.x - back + length, t.y + drop]
    }
}

#[test]
fn no_text_of_any_figure_overlaps_another_or_is_clipped() -> Outcome {
    let dir = tempfile::tempdir()?;
    let sources = source::read(&thesis_folders(dir.path())?)?;
    let mut blocks = thesis::page(&sources, &[])?;
    sources.iter().for_each(|s| blocks.extend(section::experiment(s)));
    assert!(texts_are_apart(&blocks) >= 15);
    Ok(())
}

/// Asserts it of every figure, and counts them.
pub(super) fn texts_are_apart(blocks: &[Block]) -> usize {
    let mut scenes = Vec::new();
    walk(blocks, &mut |b| {
        if let Block::Figure { stem, scene, .. } = b {
            scenes.push((stem, scene));
        }
    });
    for (stem, scene) in &scenes {
        let texts =
            scene.shapes.iter().filter_map(|s| if let scene::Shape::Text(t) = s { Some(t) } else { None });
        let boxes: Vec<(&str, [f64; 4])> = texts.map(|t| (t.text.as_str(), text_box(t))).collect();
        for (i, (a, p)) in boxes.iter().enumerate() {
            let inside = p[0] >= 0.0 && p[1] >= 0.0 && p[2] <= scene.width && p[3] <= scene.height;
            assert!(inside, "{stem}: `{a}` is clipped");
            for (b, q) in &boxes[..i] {
                let apart = p[0] >= q[2] || q[0] >= p[2] || p[1] >= q[3] || q[1] >= p[3];
                assert!(apart, "{stem}: `{a}` covers `{b}`");
            }
        }
    }
    scenes.len()
}

#[test]
fn the_speedup_table_names_each_baseline_with_an_interval() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = folder(dir.path(), "one", &["m", "n", "k"], &matmul_rows())?;
    let out = dir.path().join("out");
    let summary = report(&[path], &out)?;
    assert_eq!(summary.thesis, None);
    let csv = std::fs::read_to_string(out.join("tables/one-matmul-end-to-end.csv"))?;
    let mut lines = csv.lines();
    let head =
        "m = n = k,variant,\"end to end, median\",against serial,against rayon,against library,first call";
    assert_eq!(lines.next(), Some(head));
    let line = csv.lines().find(|l| l.starts_with("1024,serial")).ok_or("no serial")?;
    assert!(line.contains(",1,"), "a baseline is 1 against itself: {line}");
    let line = csv.lines().find(|l| l.starts_with("1024,blocked")).ok_or("no blocked")?;
    assert_eq!(line.matches("× [").count(), 3, "{line}");
    Ok(())
}

#[test]
fn damaged_and_empty_folders_are_typed_errors() -> Outcome {
    let dir = tempfile::tempdir()?;
    let out = dir.path().join("out");
    assert!(matches!(report(&[], &out), Err(Error::Records { .. })));
    let nowhere = dir.path().join("nowhere");
    assert!(matches!(report(&[nowhere], &out), Err(Error::Read { .. })));
    let empty = folder(dir.path(), "empty", &["m", "n", "k"], &[])?;
    assert!(matches!(report(std::slice::from_ref(&empty), &out), Err(Error::Records { .. })));
    std::fs::write(empty.join("samples.csv"), "experiment,op\nx,y\n")?;
    assert!(matches!(report(std::slice::from_ref(&empty), &out), Err(Error::Format { .. })));
    std::fs::write(empty.join("run.json"), "{}")?;
    assert!(matches!(report(&[empty], &out), Err(Error::Format { .. })));
    let good = folder(dir.path(), "good", &["m", "n", "k"], &matmul_rows())?;
    std::fs::write(good.join("before.png"), "no image")?;
    assert!(matches!(report(std::slice::from_ref(&good), &out), Err(Error::Format { .. })));
    std::fs::remove_file(good.join("before.png"))?;
    std::fs::write(dir.path().join("file"), "")?;
    assert!(matches!(report(&[good], &dir.path().join("file/out")), Err(Error::Write { .. })));
    Ok(())
}

#[test]
fn a_run_of_which_nothing_ran_still_says_why() -> Outcome {
    let dir = tempfile::tempdir()?;
    let head = matmul_rows().remove(0);
    let reason = "needs <32> KiB | of `memory`".to_string();
    let row = Row { status: Status::Failed, reason, call: None, ..head };
    let path = folder(dir.path(), "none", &["m", "n", "k"], &[row])?;
    let summary = report(&[path], &dir.path().join("out"))?;
    assert_eq!((summary.points, summary.troubles), (0, 1));
    let html = std::fs::read_to_string(summary.html)?;
    assert!(html.contains("needs &lt;32&gt; KiB | of <code>memory</code>"));
    assert!(std::fs::read_to_string(summary.markdown)?.contains("needs &lt;32> KiB \\| of `memory`"));
    Ok(())
}
