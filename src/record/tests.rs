//! Tests of what a run leaves behind: round trips, torn files, damaged text, folders.

use super::*;
use crate::error::Error;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

type Outcome = std::result::Result<(), Box<dyn std::error::Error>>;

fn row(sample: u32) -> Row {
    Row {
        experiment: "thesis_matmul".into(),
        op: "matmul".into(),
        variant: "tiled_16".into(),
        adapter: "llvmpipe (LLVM 19.1, 256 bits)".into(),
        software: true,
        threads: None,
        sizes: vec![("m".into(), "64".into()), ("k".into(), "32".into())],
        flops: 1 << 40,
        bytes: 12_288,
        seed: u64::MAX,
        sample,
        call: Some(CallKind::Warm),
        prepare_ns: Some(0),
        compile_ns: None,
        upload_ns: Some(1),
        encode_ns: Some(2),
        kernel_ns: Some(3),
        resident_ns: Some(4),
        download_ns: Some(5),
        total_ns: Some(6),
        clock: Some(Clock::Timestamp),
        status: Status::Ok,
        reason: String::new(),
    }
}

fn skipped() -> Row {
    Row {
        call: None,
        prepare_ns: None,
        total_ns: None,
        clock: None,
        status: Status::Skipped,
        reason: "the tile, \"32\"\nneeds more".into(),
        threads: Some(2),
        ..row(0)
    }
}

const SIZES: [&str; 3] = ["m", "n", "k"];

fn written(path: &Path, rows: &[Row]) -> Result<()> {
    let mut writer = SamplesWriter::create(path, &SIZES)?;
    rows.iter().try_for_each(|r| writer.write(r))
}

#[test]
fn rows_come_back_as_they_were_written() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("samples.csv");
    let rows = [row(0), skipped(), row(1)];
    written(&path, &rows)?;
    assert_eq!(read_samples(&path)?, rows);
    let text = std::fs::read_to_string(&path)?;
    let header = "experiment,op,variant,adapter,software,threads,m,n,k,flops,bytes,seed,sample,call,prepare_ns,\
                  compile_ns,upload_ns,encode_ns,kernel_ns,resident_ns,download_ns,total_ns,clock,status,reason\n";
    assert!(text.starts_with(header), "{text}");
    assert!(text.contains(",true,,64,,32,"), "absent is an empty cell: {text}");
    Ok(())
}

#[test]
fn nothing_is_overwritten_and_two_writers_never_share_a_file() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("samples.csv");
    let first = SamplesWriter::create(&path, &SIZES)?;
    assert!(matches!(SamplesWriter::create(&path, &SIZES), Err(Error::Write { .. })));
    assert!(matches!(SamplesWriter::append_to(&path), Err(Error::Write { .. })));
    drop(first);
    assert!(SamplesWriter::append_to(&path).is_ok());
    Ok(())
}

#[test]
fn a_torn_row_is_cut_away_wherever_it_was_torn() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("samples.csv");
    written(&path, &[row(0), skipped()])?;
    let whole = std::fs::read(&path)?;
    let header = whole.iter().position(|b| *b == b'\n').unwrap_or_default() + 1;
    for length in header..whole.len() {
        std::fs::write(&path, &whole[..length])?;
        let (mut writer, rows) = SamplesWriter::append_to(&path)?;
        assert!(rows.len() < 2 && rows.iter().all(|r| *r == row(0)), "{length}: {rows:?}");
        writer.write(&row(7))?;
        drop(writer);
        let mut want = rows;
        want.push(row(7));
        assert_eq!(read_samples(&path)?, want, "{length}");
    }
    Ok(())
}

#[test]
fn open_starts_resumes_and_mends_a_torn_header() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("samples.csv");
    let (mut writer, rows) = SamplesWriter::open(&path, &SIZES)?;
    assert!(rows.is_empty());
    writer.write(&row(0))?;
    drop(writer);
    assert_eq!(SamplesWriter::open(&path, &SIZES)?.1, [row(0)]);
    assert!(matches!(SamplesWriter::open(&path, &["m"]), Err(Error::Records { .. })));
    std::fs::write(&path, "experiment,op,var")?;
    let (mut writer, rows) = SamplesWriter::open(&path, &SIZES)?;
    assert!(rows.is_empty());
    writer.write(&row(1))?;
    assert_eq!(read_samples(&path)?, [row(1)]);
    Ok(())
}

#[test]
fn sizes_that_are_no_columns_are_refused() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("samples.csv");
    for names in [&["m", "m"][..], &["op"], &[""]] {
        assert!(matches!(SamplesWriter::create(&path, names), Err(Error::Records { .. })), "{names:?}");
    }
    let mut writer = SamplesWriter::create(&path, &["m"])?;
    assert!(matches!(writer.write(&row(0)), Err(Error::Records { .. })));
    Ok(())
}

fn reason(text: &str) -> String {
    match from_bytes(Path::new("samples.csv"), text.as_bytes()) {
        Err(e) => e.to_string(),
        Ok(rows) => format!("{} rows", rows.len()),
    }
}

#[test]
fn damage_is_named_with_its_line_and_extra_columns_are_ignored() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("samples.csv");
    written(&path, &[row(0), row(1)])?;
    let text = std::fs::read_to_string(&path)?;
    assert_eq!(reason(""), "samples.csv is not a usable samples.csv: it is empty");
    let missing = reason(&text.replacen("kernel_ns,", "kernel_s,", 1).replacen(",flops", ",flop", 1));
    assert!(missing.contains("line 1: there is no column flops, kernel_ns"), "{missing}");
    let worse = reason(&text.replacen(",ok,", ",fine,", 2).replacen(",fine,", ",ok,", 1));
    assert!(worse.contains("line 3: status is `fine`, expected ok, skipped or failed"), "{worse}");
    let short = reason(&format!("{text}a,b\n"));
    assert!(short.contains("line 4: 2 cells where the header has 25"), "{short}");
    let negative = reason(&text.replacen(",12288,", ",-1,", 1));
    assert!(negative.contains("line 2: bytes is `-1`"), "{negative}");
    let mut lines = text.lines();
    let extra =
        format!("note,{},more\n1,{},x\n", lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    assert_eq!(from_bytes(&path, extra.as_bytes())?, [row(0)]);
    Ok(())
}

#[test]
fn a_hundred_thousand_mutations_neither_panic_nor_loop() -> Outcome {
    use rand::{RngExt, SeedableRng};
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("samples.csv");
    written(&path, &[row(0), skipped()])?;
    let whole = std::fs::read(&path)?;
    let run = serde_json::to_vec(&run("key"))?;
    let mut rng = rand_chacha(1);
    let (mut read, mut refused) = (0, 0);
    for round in 0..100_000 {
        let source = if round % 4 == 0 { &run } else { &whole };
        let mut bytes = source.clone();
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(0..bytes.len());
            match rng.random_range(0..3) {
                0 => bytes[at] = rng.random(),
                1 => bytes.insert(at, b",\"\n\r9"[rng.random_range(0..5)]),
                _ => bytes.truncate(at.max(1)),
            }
        }
        let ok = if round % 4 == 0 {
            Run::from_bytes(&path, &bytes).is_ok()
        } else {
            from_bytes(&path, &bytes).is_ok()
        };
        if ok { read += 1 } else { refused += 1 }
    }
    assert!(read > 1_000 && refused > 10_000, "{read} read, {refused} refused");
    return Ok(());

    fn rand_chacha(seed: u64) -> rand::rngs::ChaCha8Rng {
        rand::rngs::ChaCha8Rng::seed_from_u64(seed)
    }
}

fn run(key: &str) -> Run {
    Run {
        schema_version: SCHEMA_VERSION,
        command: ["tesela", "sweep", "my file.toml", "it's"].map(String::from).to_vec(),
        experiment: "x".into(),
        experiment_text: "name = \"x\"\n".into(),
        status: RunStatus::Running,
        started: "2024-05-01T10:00:00Z".into(),
        finished: None,
        resume_key: key.into(),
        commit: Some("abc".into()),
        dirty: Some(false),
        lock_sha256: "00".into(),
        shaders: BTreeMap::from([("matmul/naive.wgsl".into(), "11".into())]),
        rustc: "rustc 1.95.0".into(),
        os: "Linux".into(),
        cpu: "a CPU".into(),
        cores: 2,
        memory_bytes: 8 << 30,
        adapter: None,
        bounds_checks: true,
        seed: 1,
        generator: "ChaCha8".into(),
        environment: BTreeMap::new(),
        images: None,
        notes: vec![],
    }
}

#[test]
fn provenance_comes_back_and_later_versions_are_refused() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("run.json");
    run("k").write(&path)?;
    assert_eq!(Run::read(&path)?, run("k"));
    assert_eq!(std::fs::read_dir(dir.path())?.count(), 1, "the temporary file is gone");
    let text = std::fs::read_to_string(&path)?;
    let more = text.replacen('{', "{\"colour\": [1, 2],", 1);
    assert_eq!(Run::from_bytes(&path, more.as_bytes())?, run("k"));
    let later = text.replace("\"schema_version\": 1", "\"schema_version\": 2");
    let Err(error) = Run::from_bytes(&path, later.as_bytes()) else { return Err("read".into()) };
    assert!(error.to_string().contains("use a newer program"), "{error}");
    assert!(matches!(run("k").write(&dir.path().join("no/run.json")), Err(Error::Write { .. })));
    assert_eq!(run("k").command_line(), r"tesela sweep 'my file.toml' 'it'\''s'");
    assert!(Run::environment_matters("WGPU_BACKEND") && !Run::environment_matters("HOME"));
    Ok(())
}

#[test]
fn folders_are_never_shared_and_unfinished_ones_are_resumed() -> Outcome {
    let dir = tempfile::tempdir()?;
    let open = |key: &str| RunFolder::open(dir.path(), "../x y", "2024-05-01", "Box (1)", key);
    let first = open("a")?;
    assert_eq!(first.path(), dir.path().join("x-y/2024-05-01-Box--1"));
    assert!(!first.resumed());
    run("a").write(&first.run())?;
    let again = open("a")?;
    assert_eq!((again.path(), again.resumed()), (first.path(), true));
    let other = open("b")?;
    assert_eq!(other.path(), dir.path().join("x-y/2024-05-01-Box--1-2"));
    Run { status: RunStatus::Complete, ..run("a") }.write(&first.run())?;
    let third = open("a")?;
    assert_eq!(third.path(), dir.path().join("x-y/2024-05-01-Box--1-3"));
    assert!(!third.resumed());
    Ok(())
}

#[test]
fn a_folder_is_read_whole_and_facts_are_optional() -> Outcome {
    let dir = tempfile::tempdir()?;
    run("a").write(&dir.path().join("run.json"))?;
    assert!(matches!(Folder::read(dir.path()), Err(Error::Read { .. })), "no samples");
    written(&dir.path().join("samples.csv"), &[row(0)])?;
    let folder = Folder::read(dir.path())?;
    assert_eq!((folder.rows.len(), folder.facts), (1, Facts::default()));
    let torn = format!("{}thesis_mat", std::fs::read_to_string(dir.path().join("samples.csv"))?);
    std::fs::write(dir.path().join("samples.csv"), &torn)?;
    assert_eq!(Folder::read(dir.path())?.rows, [row(0)], "an unfinished run may end in half a row");
    let mut facts = Facts { zero_padding_windows: Some(2_530), ..Facts::default() };
    facts.other.insert("slices".into(), 273.into());
    facts.write(&dir.path().join("facts.json"))?;
    assert_eq!(Folder::read(dir.path())?.facts, facts);
    std::fs::write(dir.path().join("facts.json"), "{")?;
    assert!(matches!(Folder::read(dir.path()), Err(Error::Format { .. })));
    assert!(matches!(Folder::read(&PathBuf::from("/nowhere")), Err(Error::Read { .. })));
    Ok(())
}

#[test]
fn a_file_above_the_limit_is_refused_before_it_is_read() -> Outcome {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("samples.csv");
    std::fs::File::create(&path)?.set_len(MAX_SAMPLES_BYTES + 1)?;
    assert!(matches!(read_samples(&path), Err(Error::ClaimsTooMuch { .. })));
    assert!(matches!(SamplesWriter::append_to(&path), Err(Error::ClaimsTooMuch { .. })));
    Ok(())
}
