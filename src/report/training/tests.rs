//! Reports of synthetic training runs: complete, deterministic, legible, with the warnings that are due.

use super::super::page::walk;
use super::super::synthetic::{all_files, folder as sweep_folder, rows, run};
use super::super::tests::texts_are_apart;
use super::super::{report, thesis};
use super::*;
use crate::record::{
    ClassMetrics, Clock, Counts, LayerRow, Leaks, Part, RangeRow, Run, StepCeilings, TrainingRow,
    TrainingWriter, write_layers, write_range,
};
use std::path::Path;

type Outcome = std::result::Result<(), Box<dyn std::error::Error>>;

fn epochs(count: u32) -> Vec<TrainingRow> {
    let row = |epoch: u32| {
        let t = f64::from(epoch);
        let wave = (t * 1.7).sin() * 0.03;
        TrainingRow {
            epoch,
            step: u64::from(epoch),
            learning_rate: 1e-3,
            train_loss: 0.3 + 0.9 * (-t / 8.0).exp() + wave,
            train_accuracy: Some((0.9 - 0.5 * (-t / 7.0).exp() + wave).min(1.0)),
            valid_loss: Some(0.1 + 1.0 * (-t / 9.0).exp() - wave * 1.5),
            valid_accuracy: Some((1.0 - 0.6 * (-t / 6.0).exp() - wave).min(1.0)),
            seconds: 0.25,
            images_per_s: Some(980.0),
        }
    };
    (1..=count).map(row).collect()
}

fn layers() -> Vec<LayerRow> {
    let mut rows = Vec::new();
    let mut push = |layer: &str, kind: &str, part, op: &str, variant: &str, time_ns, flops, bytes| {
        rows.push(LayerRow {
            layer: layer.into(),
            kind: kind.into(),
            part,
            op: op.into(),
            variant: variant.into(),
            calls: 1,
            time_ns,
            clock: Some(Clock::Wall),
            flops,
            bytes,
        });
    };
    for (i, (flops, time)) in
        [(226_000_000_u64, 3_100_000), (3_600_000_000, 9_000_000), (5_400_000_000, 12_000_000)]
            .into_iter()
            .enumerate()
    {
        let name = format!("{} conv2d", 3 * i + 1);
        push(&name, "conv2d", Part::Forward, "conv2d", "library", time, flops, 9_000_000);
        push(&name, "conv2d", Part::Backward, "conv2d_input", "library", time, flops, 9_000_000);
        push(&name, "conv2d", Part::Backward, "conv2d_weight", "library", time * 11 / 10, flops, 9_000_000);
        push(&name, "conv2d", Part::Forward, "bias", "rayon", 400_000, 4_000_000, 32_000_000);
        push(&name, "conv2d", Part::Update, "adam", "rayon", 700_000, 9_000_000, 30_000_000);
        let name = format!("{} maxpool", 3 * i + 2);
        push(&name, "maxpool", Part::Forward, "maxpool", "rayon", 900_000, 4_000_000, 21_000_000);
        push(&name, "maxpool", Part::Backward, "maxpool_backward", "rayon", 1_300_000, 1_000_000, 25_000_000);
        let name = format!("{} relu", 3 * i + 3);
        push(&name, "relu", Part::Forward, "relu", "rayon", 300_000, 1_000_000, 8_000_000);
    }
    push("17 dense", "dense", Part::Forward, "matmul", "library", 20_000_000, 8_600_000_000, 75_000_000);
    push("17 dense", "dense", Part::Backward, "matmul", "library", 41_000_000, 17_200_000_000, 150_000_000);
    push("17 dense", "dense", Part::Update, "adam", "rayon", 16_000_000, 200_000_000, 470_000_000);
    push("", "", Part::Host, "", "", 2_000_000, 0, 0);
    push("", "", Part::Transfer, "", "", 600_000, 0, 3_000_000);
    rows
}

fn range_rows() -> Vec<RangeRow> {
    let row = |step: u32| {
        let rate = 1e-7 * 1e8_f64.powf(f64::from(step) / 99.0);
        let smoothed = 0.6 + 1.7 / (1.0 + (2.0 * (rate.log10() + 3.0)).exp()) + (rate / 0.3).powi(3);
        let loss = smoothed + 0.12 * (f64::from(step) * 2.3).sin();
        RangeRow { step, learning_rate: rate, loss, smoothed: Some(smoothed) }
    };
    (0..88).map(row).collect()
}

fn metrics(classes: &[&str], seed: u64) -> Metrics {
    let count = classes.len();
    let cell =
        |y: usize, x: usize| if x == y { 31 - (y as u64 * 3) % 11 } else { (y * 5 + x * 3) as u64 % 4 };
    let confusion: Vec<Vec<u64>> = (0..count).map(|y| (0..count).map(|x| cell(y, x)).collect()).collect();
    let per_class = |(i, name): (usize, &&str)| ClassMetrics {
        class: (*name).into(),
        precision: (i > 0).then_some(0.9),
        recall: Some(0.875),
        f1: Some(0.887),
        support: confusion[i].iter().sum(),
    };
    Metrics {
        network: Some("alexnet32".into()),
        parameters: Some(23_272_266),
        protocol: Some("A: the thesis's printed counts; the test images are drawn from all images".into()),
        counts: Some(Counts { train: 245, valid: 28, test: 99 }),
        leaks: Some(Leaks { test_in_train: 99, test_blank_in_train: 25 }),
        device: Some("Example CPU 9000, 2 threads".into()),
        software_adapter: Some(false),
        seed: Some(seed),
        epochs: Some(25),
        epochs_planned: Some(25),
        best_epoch: Some(23),
        wall_s: Some(9.5 + seed as f64 / 10.0),
        images_per_s: Some(960.0),
        peak_memory_bytes: Some(812 << 20),
        valid_accuracy: Some(0.9643),
        valid_loss: Some(0.117),
        test_accuracy: Some(0.8586),
        test_accuracy_not_blank: Some(0.9865),
        test_loss: Some(0.31),
        intervals: [
            ("test_accuracy".to_string(), [0.787, 0.919]),
            ("test_accuracy_not_blank".to_string(), [0.946, 1.0]),
        ]
        .into(),
        classes: classes.iter().map(|c| (*c).to_string()).collect(),
        per_class: classes.iter().enumerate().map(per_class).collect(),
        confusion,
        ..Metrics::default()
    }
}

const THREE: [&str; 3] = ["anatomical", "functional", "metaanalytic"];

fn folder(root: &Path, name: &str, metrics: Option<&Metrics>) -> Result<PathBuf> {
    let path = root.join(name);
    std::fs::create_dir_all(&path).map_err(|e| Error::write(&path, e))?;
    Run { adapter: None, ..run("train_alexnet32") }.write(&path.join("run.json"))?;
    let mut writer = TrainingWriter::create(&path.join("training.csv"))?;
    epochs(25).iter().try_for_each(|e| writer.write(e))?;
    write_layers(&path.join("layers.csv"), &layers())?;
    write_range(&path.join("learning_rate.csv"), &range_rows())?;
    metrics.map_or(Ok(()), |m| m.write(&path.join("metrics.json")))?;
    Ok(path)
}

#[test]
fn a_training_report_is_complete_and_the_same_twice() -> Outcome {
    let dir = tempfile::tempdir()?;
    let dirs = [7, 8].map(|seed| folder(dir.path(), &format!("seed{seed}"), Some(&metrics(&THREE, seed))));
    let dirs = dirs.into_iter().collect::<Result<Vec<PathBuf>>>()?;
    let out = dir.path().join("report");
    let summary = report(&dirs, &out)?;
    assert_eq!((summary.trainings, summary.points), (2, 0));
    let first = all_files(&out)?;
    report(&dirs, &out)?;
    assert_eq!(all_files(&out)?, first, "the same files give the same bytes");
    if let Some(keep) = std::env::var_os("TESELA_KEEP_REPORT") {
        report(&dirs, Path::new(&keep))?;
    }
    let page = std::fs::read_to_string(&summary.markdown)?;
    for needed in [
        "## Training of alexnet32",
        "2 runs that differ by their seeds only",
        "**99 of 99 test images were trained on**, 25 of them blank",
        "| accuracy, all test images | 85.9 % [78.7 %, 91.9 %] |",
        "| accuracy, test images that are not blank | 98.7 % [94.6 %, 100.0 %] |",
        "| peak memory | 812 MiB |",
        "| weights kept | those of epoch 23 |",
        "The run with seed 8",
        "Pooling: P = 0.040, so at most **1.04×**.",
        "| sd | 0 | 0 | 70.7 ms |",
        "Provenance of train_alexnet32-2",
    ] {
        assert!(page.contains(needed), "no `{needed}` in {page}");
    }
    let thesis = std::fs::read_to_string(summary.thesis.ok_or("no thesis page")?)?;
    for needed in
        ["| 25 | thesis, Intel Core i7 laptop with GTX 1050 | as printed | 24.87 s | 87.88 % |", "10.20 s"]
    {
        assert!(thesis.contains(needed), "no `{needed}` in {thesis}");
    }
    assert!(first.contains_key(Path::new("figures/train_alexnet32-step.png")));
    assert!(!first.contains_key(Path::new("figures/train_alexnet32-2-step.png")), "once for all seeds");
    assert!(page.contains("Where the time goes is shown for seed 7. The same of this run: `"), "{page}");
    let html = std::fs::read_to_string(&summary.html)?;
    for needed in ["layers.csv, row", "metrics.json: per_class, anatomical"] {
        assert!(html.contains(needed), "rows say where their numbers come from: no `{needed}`");
    }
    for stem in ["loss", "accuracy", "confusion", "learning-rate"] {
        for slug in ["train_alexnet32", "train_alexnet32-2"] {
            assert!(first.contains_key(Path::new(&format!("figures/{slug}-{stem}.png"))), "{slug}-{stem}");
        }
    }
    let csv = std::fs::read_to_string(out.join("tables/train_alexnet32-confusion.csv"))?;
    assert_eq!(csv.lines().next(), Some("true class,anatomical,functional,metaanalytic"));
    Ok(())
}

#[test]
fn a_training_in_mixed_precision_says_what_became_of_its_scale() -> Outcome {
    let dir = tempfile::tempdir()?;
    let mixed = Metrics {
        precision: Some("mixed".into()),
        loss_scale: Some(32_768.0),
        skipped_steps: Some(1),
        ..metrics(&THREE, 7)
    };
    let single = Metrics { precision: Some("f32".into()), ..metrics(&THREE, 7) };
    let row = |metrics: &Metrics, name: &str| -> Result<Option<String>> {
        let run = folder(dir.path(), name, Some(metrics))?;
        let page =
            std::fs::read_to_string(report(&[run], &dir.path().join(format!("{name}-report")))?.markdown)
                .map_err(|e| Error::read(dir.path(), e))?;
        Ok(page.lines().find(|line| line.starts_with("| precision |")).map(str::to_owned))
    };
    let steps = epochs(25).last().map_or(0, |e| e.step);
    let wanted =
        format!("| precision | mixed; loss scale 2^15 after the last step, 1 of {steps} steps skipped |");
    assert_eq!(row(&mixed, "mixed")?, Some(wanted));
    assert_eq!(row(&single, "single")?, Some("| precision | f32 |".to_owned()));
    // Of an older run nothing is known.
    assert_eq!(row(&metrics(&THREE, 7), "older")?, None);
    Ok(())
}

fn trainings(root: &Path, all: &[Metrics]) -> Result<Vec<Training>> {
    let dirs = all.iter().enumerate().map(|(i, m)| folder(root, &format!("run{i}"), Some(m)));
    read(&dirs.collect::<Result<Vec<PathBuf>>>()?, &[])
}

/// Only runs that differ by nothing but their seeds have a mean.
#[test]
fn runs_that_differ_by_more_than_their_seeds_are_sections_of_their_own() -> Outcome {
    let dir = tempfile::tempdir()?;
    let swapped =
        Metrics { variants: [("maxpool".to_string(), "serial".to_string())].into(), ..metrics(&THREE, 3) };
    let all = [metrics(&THREE, 1), metrics(&THREE, 2), metrics(&THREE, 1), swapped];
    let mut trainings = trainings(dir.path(), &all)?;
    let headings = |trainings: &[Training]| -> Vec<String> {
        let of = |block: Block| match block {
            Block::Heading(2, title) => Some(title),
            _ => None,
        };
        section(trainings).into_iter().filter_map(of).collect()
    };
    let three = ["train_alexnet32", "train_alexnet32-3", "train_alexnet32-4"];
    let titles = three.map(|slug| format!("Training of alexnet32, 25 epochs: {slug}"));
    assert_eq!(headings(&trainings), titles);
    trainings[1].folder.run.command.extend(["--batch".to_string(), "8".to_string()]);
    assert_eq!(headings(&trainings).len(), 4);
    Ok(())
}

#[test]
fn no_text_covers_another_for_two_to_twelve_classes_of_any_name() -> Outcome {
    let dir = tempfile::tempdir()?;
    let long = "a very long name of a class that nobody would print";
    let names =
        ["no", "yes", long, "glioma", "meningioma", "pituitary", "c6", "c7", "c8", "c9", "c10", "c11"];
    let many: Vec<Metrics> = (1..=12).map(|count| metrics(&names[..count], 3)).collect();
    let all = trainings(dir.path(), &many)?;
    let whole = |t| of(t, false).into_iter().chain(layers::blocks(t));
    let blocks: Vec<Block> = all.iter().flat_map(whole).collect();
    assert_eq!(texts_are_apart(&blocks), 12 * 5);
    let thirteen: Vec<String> = (0..13).map(|i| format!("c{i}")).collect();
    let thirteen: Vec<&str> = thirteen.iter().map(String::as_str).collect();
    let all = trainings(&dir.path().join("more"), &[metrics(&thirteen, 1)])?;
    let blocks: Vec<Block> = whole(&all[0]).collect();
    assert_eq!(texts_are_apart(&blocks), 4, "a matrix that nobody could read is a table only");
    Ok(())
}

#[test]
fn an_unfinished_run_and_a_range_test_alone_are_reported() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = folder(dir.path(), "stopped", None)?;
    Run { status: RunStatus::Interrupted, ..run("train_small") }.write(&path.join("run.json"))?;
    std::fs::remove_file(path.join("layers.csv"))?;
    let summary = report(std::slice::from_ref(&path), &dir.path().join("a"))?;
    let page = std::fs::read_to_string(summary.markdown)?;
    assert!(page.contains("This run is not complete") && page.contains("has not reached its test"), "{page}");
    assert!(
        page.contains("| epochs | 25 |") && page.contains("software adapter") && summary.thesis.is_none()
    );
    std::fs::remove_file(path.join("training.csv"))?;
    let summary = report(std::slice::from_ref(&path), &dir.path().join("b"))?;
    assert_eq!(summary.figures.len(), 2, "the range test in two formats");
    write_range(&path.join("learning_rate.csv"), &[])?;
    let refused = report(&[path], &dir.path().join("c"));
    assert!(matches!(refused, Err(Error::Records { .. })));
    Ok(())
}

#[test]
fn one_epoch_without_validation_and_a_loss_that_is_nan_still_draw() -> Outcome {
    let dir = tempfile::tempdir()?;
    let mut all = trainings(dir.path(), &[metrics(&THREE, 1)])?;
    let training = &mut all[0];
    training.folder.epochs.truncate(1);
    training.folder.epochs[0].valid_loss = None;
    assert_eq!(texts_are_apart(&curves::blocks(training)), 2);
    training.folder.epochs[0].train_loss = f64::NAN;
    assert_eq!(texts_are_apart(&curves::blocks(training)), 1, "nothing to draw of the loss");
    training.folder.epochs = epochs(120);
    training.folder.epochs[0].train_loss = 4e6;
    assert_eq!(texts_are_apart(&curves::blocks(training)), 2);
    Ok(())
}

#[test]
fn sweeps_and_trainings_share_a_report_and_no_file_name() -> Outcome {
    let dir = tempfile::tempdir()?;
    let sizes = ["m", "n", "k"].map(|s| (s, "64".to_string()));
    let samples = rows("matmul", "naive", &sizes, None, 1e5, 1e5);
    let sweep = sweep_folder(dir.path(), "train_alexnet32", &["m", "n", "k"], &samples)?;
    let training = folder(&dir.path().join("t"), "x", Some(&metrics(&THREE, 1)))?;
    let summary = report(&[training, sweep], &dir.path().join("out"))?;
    assert_eq!((summary.points, summary.trainings), (1, 1));
    let page = std::fs::read_to_string(summary.markdown)?;
    for needed in ["## Results of train_alexnet32", "## Training of alexnet32", "## Skipped and failed"] {
        assert!(page.contains(needed), "no `{needed}`");
    }
    let mut names = [summary.figures, summary.tables].concat();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "a file was written twice");
    Ok(())
}

fn tables(blocks: &[Block]) -> Vec<Vec<Vec<String>>> {
    let mut found = Vec::new();
    walk(blocks, &mut |b| {
        if let Block::Table(table) = b {
            found.push(table.rows.clone());
        }
    });
    found
}

#[test]
fn ceilings_give_bounds_and_a_swap_its_prediction() -> Outcome {
    let dir = tempfile::tempdir()?;
    let ceilings = Some(StepCeilings { flops_per_s: 450e9, bytes_per_s: 40e9 });
    let mut all = trainings(dir.path(), &[Metrics { ceilings, ..metrics(&THREE, 1) }, metrics(&THREE, 1)])?;
    let rows = tables(&layers::blocks(&all[0]));
    let longest = &rows[1][0];
    assert_eq!(longest[..4], ["17 dense", "backward", "`matmul/library`", "1"]);
    assert_eq!(longest[6..], ["420", "3.66", "compute", "93.2 %"]);
    assert!(rows[1].iter().any(|r| r[2] == "`adam/rayon`" && r[8] == "bandwidth"));
    assert!(runs::swaps(&all).is_empty(), "nothing was swapped");
    for row in all[1].folder.layers.iter_mut().filter(|r| r.op == "maxpool") {
        (row.variant, row.time_ns) = ("serial".into(), row.time_ns * 10);
    }
    let rows = tables(&runs::swaps(&all));
    assert_eq!(rows[0][0][1..4], ["maxpool", "`rayon`", "`serial`"]);
    assert_eq!(rows[0][0][5], "0.100×");
    assert_eq!(rows[0][0][6], rows[0][0][7], "nothing else changed, so the law is met");
    Ok(())
}

#[test]
fn the_thesis_is_set_beside_its_own_network_only() -> Outcome {
    let dir = tempfile::tempdir()?;
    let small = Metrics { network: Some("small".into()), ..metrics(&THREE, 1) };
    assert!(thesis::page(&[], &trainings(dir.path(), &[small])?)?.is_empty());
    let all = trainings(&dir.path().join("x"), &[metrics(&THREE, 1)])?;
    let rows = tables(&thesis::page(&[], &all)?);
    let who: Vec<&str> = rows[0].iter().map(|r| r[1].split(',').next().unwrap_or_default()).collect();
    assert_eq!(who, ["thesis", "thesis", "ours", "thesis", "thesis", "thesis"]);
    assert_eq!(rows[0][3][4], "94.95 %");
    Ok(())
}
