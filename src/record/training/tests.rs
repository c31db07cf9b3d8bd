//! Tests of what a training run leaves: round trips, torn and damaged files, resumption.

use super::csv_file::{self, Torn};
use super::*;
use crate::error::Error;
use crate::record::{Clock, RunFolder};
use proptest::prelude::*;
use std::path::Path;

type Outcome = std::result::Result<(), Box<dyn std::error::Error>>;

fn epoch(number: u32) -> TrainingRow {
    TrainingRow {
        epoch: number,
        step: u64::from(number) * 3,
        learning_rate: 1e-3,
        train_loss: 1.0 / f64::from(number),
        train_accuracy: Some(0.75),
        valid_loss: None,
        valid_accuracy: Some(1.0),
        seconds: 0.25,
        images_per_s: None,
    }
}

fn layer() -> LayerRow {
    LayerRow {
        layer: "1 \"conv\", first".into(),
        kind: "conv2d".into(),
        part: Part::Backward,
        op: "conv2d_input".into(),
        variant: "im2col".into(),
        calls: 1,
        time_ns: 1_234,
        clock: Some(Clock::Wall),
        flops: 1 << 40,
        bytes: 99,
    }
}

#[test]
fn epochs_come_back_and_absent_values_are_empty_cells() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("training.csv");
    let mut writer = TrainingWriter::create(&path)?;
    assert!(matches!(TrainingWriter::create(&path), Err(Error::Write { .. })), "nothing is overwritten");
    writer.write(&epoch(1))?;
    assert_eq!(read_training(&path)?, [epoch(1)], "each row is there at once");
    writer.write(&epoch(2))?;
    assert_eq!(read_training(&path)?, [epoch(1), epoch(2)]);
    let text = std::fs::read_to_string(&path)?;
    let want = "epoch,step,learning_rate,train_loss,train_accuracy,valid_loss,valid_accuracy,seconds,images_per_s\n\
                1,3,0.001,1,0.75,,1,0.25,\n";
    assert!(text.starts_with(want), "{text}");
    Ok(())
}

#[test]
fn resuming_drops_later_epochs_and_torn_rows() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("training.csv");
    let mut writer = TrainingWriter::create(&path)?;
    (1..=4).try_for_each(|n| writer.write(&epoch(n)))?;
    drop(writer);
    let whole = std::fs::read(&path)?;
    let start = whole.len() - 12;
    for length in start..whole.len() {
        std::fs::write(&path, &whole[..length])?;
        let (mut writer, rows) = TrainingWriter::resume(&path, 2)?;
        assert_eq!(rows, [epoch(1), epoch(2)], "{length}");
        let second = TrainingWriter::resume(&path, 2);
        assert!(matches!(second, Err(Error::Write { .. })), "two writers of one file: {second:?}");
        writer.write(&epoch(3))?;
        drop(writer);
        let (_, rows) = TrainingWriter::resume(&path, 9)?;
        assert!(rows.len() >= 2 && rows[..2] == [epoch(1), epoch(2)], "{length}: {rows:?}");
    }
    let nowhere = TrainingWriter::resume(&dir.path().join("no.csv"), 1);
    assert!(matches!(nowhere, Err(Error::Read { .. })));
    Ok(())
}

#[test]
fn resumed_and_uninterrupted_files_are_the_same_bytes() -> Outcome {
    let dir = tempfile::tempdir()?;
    let (whole, resumed) = (dir.path().join("a.csv"), dir.path().join("b.csv"));
    let mut writer = TrainingWriter::create(&whole)?;
    (1..=4).try_for_each(|n| writer.write(&epoch(n)))?;
    let mut writer = TrainingWriter::create(&resumed)?;
    (1..=3).try_for_each(|n| writer.write(&epoch(n)))?;
    drop(writer);
    let (mut writer, _) = TrainingWriter::resume(&resumed, 2)?;
    (3..=4).try_for_each(|n| writer.write(&epoch(n)))?;
    assert_eq!(std::fs::read(&whole)?, std::fs::read(&resumed)?);
    Ok(())
}

fn reason<T: super::cells::CsvRow + std::fmt::Debug>(text: &str) -> String {
    match csv_file::from_bytes::<T>(Path::new("x.csv"), text.into(), Torn::Refused) {
        Err(e) => e.to_string(),
        Ok(rows) => format!("{rows:?}"),
    }
}

#[test]
fn damage_is_named_with_its_line_and_new_columns_are_ignored() -> Outcome {
    assert_eq!(reason::<RangeRow>(""), "x.csv is not a usable learning_rate.csv: it is empty");
    let good = "step,learning_rate,loss,smoothed,added_later\n0,1e-7,2.5,2.5,x\n";
    assert!(reason::<RangeRow>(good).contains("learning_rate: 1e-7, loss: 2.5, smoothed: Some(2.5)"));
    let text = reason::<RangeRow>("step,learning_rate,smoothed\n");
    assert!(text.contains("line 1: there is no column loss"), "{text}");
    let text = reason::<RangeRow>(&good.replace("1e-7", "fast"));
    assert!(text.contains("line 2: learning_rate is `fast`, expected a number"), "{text}");
    let text = reason::<RangeRow>(good.trim_end());
    assert!(text.contains("line 2: the file is cut short there"), "{text}");
    let text = reason::<RangeRow>(&format!("{good}1,2\n"));
    assert!(text.contains("line 3: 2 cells where the header has 5"), "{text}");
    let bytes = csv_file::to_bytes(&[layer()])?;
    let text = String::from_utf8(bytes)?.replace("backward", "sideways");
    assert!(reason::<LayerRow>(&text).contains("expected forward, backward, update, host or transfer"));
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("training.csv");
    let rows = csv_file::to_bytes(&[epoch(1), epoch(3), epoch(3)])?;
    std::fs::write(&path, rows)?;
    let error = read_training(&path).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(error.contains("line 4: epoch 3 follows epoch 3"), "{error}");
    std::fs::File::create(&path)?.set_len(csv_file::MAX_BYTES + 1)?;
    assert!(matches!(read_training(&path), Err(Error::ClaimsTooMuch { .. })));
    Ok(())
}

#[test]
fn metrics_come_back_and_later_or_odd_ones_are_refused() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("metrics.json");
    let metrics = Metrics {
        schema_version: METRICS_VERSION,
        network: Some("small".into()),
        test_accuracy: Some(0.875),
        classes: vec!["no".into(), "yes".into()],
        confusion: vec![vec![3, 1], vec![0, 4]],
        counts: Some(Counts { train: 5, valid: 2, test: 8 }),
        intervals: [("test_accuracy".to_string(), [0.5, 1.0])].into(),
        ..Metrics::default()
    };
    metrics.write(&path)?;
    assert_eq!(Metrics::read(&path)?, metrics);
    assert_eq!(metrics.interval("test_accuracy"), Some((0.5, 1.0)));
    let text = std::fs::read_to_string(&path)?;
    for key in
        ["test_accuracy_not_blank", "test_loss", "valid_accuracy", "valid_loss", "best_epoch", "wall_s"]
    {
        assert!(text.contains(&format!("\"{key}\": null")), "{key}: {text}");
    }
    let refused = |text: &str| match Metrics::from_bytes(&path, text.as_bytes()) {
        Err(e) => e.to_string(),
        Ok(_) => "read".to_string(),
    };
    assert_eq!(refused("{\"unheard_of\": 1}"), "read");
    assert!(refused("{\"schema_version\": 2}").contains("use a newer program"));
    assert!(refused("{\"classes\": [\"a\"], \"confusion\": [[1, 2]]}").contains("not 1 x 1"));
    assert!(refused(&text[..text.len() / 2]).contains("EOF"));
    Ok(())
}

#[test]
fn a_training_folder_is_told_from_a_sweep_and_read_whole() -> Outcome {
    let dir = tempfile::tempdir()?;
    let folder = RunFolder::open(dir.path(), "train_small", "2024-05-01", "box", "k")?;
    assert!(!TrainingFolder::is(folder.path()));
    write_range(&folder.learning_rate(), &[])?;
    assert!(TrainingFolder::is(folder.path()), "a range test alone");
    TrainingWriter::create(&folder.training())?.write(&epoch(1))?;
    write_layers(&folder.layers(), &[layer()])?;
    let json = serde_json::json!({
        "schema_version": 1, "command": ["tesela"], "experiment": "x", "experiment_text": "", "status": "running",
        "started": "", "resume_key": "k", "lock_sha256": "", "rustc": "", "os": "", "cpu": "", "cores": 2,
        "memory_bytes": 1, "bounds_checks": true, "seed": 1, "generator": "ChaCha8"
    });
    std::fs::write(folder.run(), json.to_string())?;
    let mut torn = std::fs::read(folder.training())?;
    torn.extend(b"2,6,0.0");
    std::fs::write(folder.training(), torn)?;
    let read = TrainingFolder::read(folder.path())?;
    assert_eq!((read.epochs, read.layers), (vec![epoch(1)], vec![layer()]));
    assert_eq!((read.metrics, read.range), (None, vec![]));
    Ok(())
}

fn range_rows(losses: &[f64]) -> Vec<RangeRow> {
    let row = |(step, loss): (u32, &f64)| RangeRow {
        step,
        learning_rate: 10_f64.powi(i32::try_from(step).unwrap() - 5),
        loss: *loss,
        smoothed: Some(*loss),
    };
    (0..).zip(losses).map(row).collect()
}

#[test]
fn the_steepest_descent_before_the_minimum_is_suggested() {
    // Central differences per decade: -0, -.5, -1.5, -1.25, 1.75, ..: steepest at step 2; the least value at step 4.
    let rows = range_rows(&[4.0, 4.0, 3.0, 1.0, 0.5, 4.5, 0.6]);
    let suggestion = Suggestion::of(&rows).unwrap();
    assert!((suggestion.steepest / 1e-3 - 1.0).abs() < 1e-12);
    assert!((suggestion.tenth_of_minimum / 1e-2 - 1.0).abs() < 1e-12);
    assert_eq!(Suggestion::of(&range_rows(&[1.0, 2.0, 3.0])), None, "never falls");
    assert_eq!(Suggestion::of(&range_rows(&[2.0, 1.0])), None, "too few");
    let mut broken = rows;
    broken[5] = RangeRow { loss: f64::NAN, smoothed: None, ..broken[5].clone() };
    assert_eq!(Suggestion::of(&broken).unwrap().tenth_of_minimum, suggestion.tenth_of_minimum);
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>().prop_filter("NaN is unequal to itself", |v| !v.is_nan()), -1.0..2.0_f64]
}

proptest! {
    #[test]
    fn any_epoch_comes_back(
        (epoch, step) in (any::<u32>(), any::<u64>()),
        needed in [number(), number(), number()],
        optional in [prop::option::of(number()), prop::option::of(number()), prop::option::of(number()),
            prop::option::of(number())],
    ) {
        let [learning_rate, train_loss, seconds] = needed;
        let [train_accuracy, valid_loss, valid_accuracy, images_per_s] = optional;
        let row = TrainingRow {
            epoch, step, learning_rate, train_loss, train_accuracy, valid_loss, valid_accuracy, seconds, images_per_s,
        };
        let bytes = csv_file::to_bytes(std::slice::from_ref(&row)).unwrap();
        let read: Vec<TrainingRow> = csv_file::from_bytes(Path::new("x"), bytes, Torn::Refused).unwrap();
        prop_assert_eq!(read, [row]);
    }

    #[test]
    fn any_layer_comes_back(
        texts in ["\\PC{0,12}", "[a-z\",\n\r ]{0,8}", "\\PC{0,4}", "\\PC{0,4}"],
        part in 0..5_usize, numbers in [any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>()],
    ) {
        let [layer, kind, op, variant] = texts;
        let [calls, time_ns, flops, bytes] = numbers;
        let clock = [None, Some(Clock::Wall), Some(Clock::Timestamp)][part % 3];
        let row = LayerRow {
            layer, kind, part: Part::ALL[part], op, variant, calls, time_ns, clock, flops, bytes,
        };
        let file = csv_file::to_bytes(std::slice::from_ref(&row)).unwrap();
        let read: Vec<LayerRow> = csv_file::from_bytes(Path::new("x"), file, Torn::Refused).unwrap();
        prop_assert_eq!(read, [row]);
    }

    #[test]
    fn damaged_files_never_panic(cut in 0..200_usize, at in 0..200_usize, byte in any::<u8>()) {
        let mut bytes = csv_file::to_bytes(&[layer(), layer()]).unwrap();
        let at = at % bytes.len();
        bytes[at] = byte;
        bytes.truncate(cut);
        let _ = csv_file::from_bytes::<LayerRow>(Path::new("x"), bytes, Torn::CutAway);
    }
}
