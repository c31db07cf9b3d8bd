//! Sweeps: a stopped one keeps its samples and goes on; what cannot run is a row with its reason.

use std::path::Path;
use tesela::engine::Engine;
use tesela::lab::{Experiment, Observer, Provenance, Silent, Sweep};
use tesela::record::{CallKind, Folder, RunStatus, Status};
use tesela::{Error, Result};

const TEXT: &str = "
name = 'small'
question = 'does it work?'
op = 'matmul'
variants = ['serial', 'rayon', 'library']
[axes]
m = [0, 3, 8, 16]
[budget]
min_samples = 4
max_samples = 4
";

/// Stops after so many questions.
struct Impatient(std::cell::Cell<u32>);

impl Observer for Impatient {
    fn stopped(&self) -> bool {
        self.0.set(self.0.get().saturating_sub(1));
        self.0.get() == 0
    }
}

fn sweep(root: &Path, observer: &mut dyn Observer) -> Result<std::path::PathBuf> {
    let engine = Engine::new(None, 2)?;
    let experiment = Experiment::from_bytes(Path::new("small.toml"), TEXT.as_bytes())?;
    let provenance = Provenance { command: vec!["tesela".into(), "sweep".into()], ..Provenance::default() };
    let sweep = Sweep { experiment: &experiment, engine: &engine, root, seed: 35, inputs: None, provenance };
    sweep.run(observer).map(|outcome| outcome.folder)
}

#[test]
fn a_stopped_sweep_keeps_its_samples_and_goes_on() {
    let root = tempfile::tempdir().unwrap();
    let stopped = sweep(root.path(), &mut Impatient(20.into())).unwrap_err();
    assert!(matches!(stopped, Error::Interrupted), "{stopped}");
    let parent = root.path().join("small");
    let only = || std::fs::read_dir(&parent).unwrap().map(|e| e.unwrap().path()).collect::<Vec<_>>();
    let before = Folder::read(&only()[0]).unwrap();
    assert_eq!(before.run.status, RunStatus::Interrupted);
    assert!(!before.rows.is_empty());

    let folder = sweep(root.path(), &mut Silent).unwrap();
    let after = Folder::read(&folder).unwrap();
    assert_eq!(only(), std::slice::from_ref(&folder));
    assert_eq!(after.run.status, RunStatus::Complete);
    assert_eq!(after.rows[..before.rows.len()], before.rows[..]);
    for variant in ["serial", "rayon", "library"] {
        for m in ["3", "8", "16"] {
            let at = |r: &&tesela::record::Row| r.variant == variant && r.sizes[0].1 == m;
            let rows: Vec<_> = after.rows.iter().filter(at).collect();
            let count = |kind| rows.iter().filter(|r| r.call == Some(kind)).count();
            assert_eq!((count(CallKind::First), count(CallKind::Warm)), (1, 4), "{variant} {m}");
            let mut numbers: Vec<u32> =
                rows.iter().filter(|r| r.call == Some(CallKind::Warm)).map(|r| r.sample).collect();
            numbers.sort_unstable();
            assert_eq!(numbers, [0, 1, 2, 3]);
        }
        let empty: Vec<_> =
            after.rows.iter().filter(|r| r.variant == variant && r.sizes[0].1 == "0").collect();
        assert_eq!(empty.len(), 1);
        assert_eq!(empty[0].status, Status::Failed);
        assert!(empty[0].reason.contains("m = 0"));
    }

    // The run is complete: the same command starts a new one and leaves the old one alone.
    assert_ne!(sweep(root.path(), &mut Silent).unwrap(), folder);
    assert_eq!(only().len(), 2);
}

/// Wherever a sweep in rounds is stopped, each point gets its samples in as many parts as there are rounds, all points of a
/// round before any of the next, a first call before each part.
#[test]
fn rounds_pass_over_all_points_and_go_on_where_they_were_stopped() {
    let engine = Engine::new(None, 2).unwrap();
    let text = TEXT.replace("max_samples = 4", "max_samples = 4\nrounds = 2");
    let experiment = Experiment::from_bytes(Path::new("small.toml"), text.as_bytes()).unwrap();
    for patience in [12, 30, 50] {
        let root = tempfile::tempdir().unwrap();
        let run = |observer: &mut dyn Observer| {
            let (engine, experiment) = (&engine, &experiment);
            let provenance = Provenance::default();
            Sweep { experiment, engine, root: root.path(), seed: 35, inputs: None, provenance }.run(observer)
        };
        assert!(matches!(run(&mut Impatient(patience.into())), Err(Error::Interrupted)), "{patience}");
        let outcome = run(&mut Silent).unwrap();
        assert!(outcome.resumed);
        let rows = Folder::read(&outcome.folder).unwrap().rows;
        for variant in ["serial", "rayon", "library"] {
            for m in ["3", "8", "16"] {
                let at = |r: &&tesela::record::Row| r.variant == variant && r.sizes[0].1 == m;
                let kinds: Vec<_> = rows.iter().filter(at).map(|r| r.call.unwrap()).collect();
                use CallKind::{First, Warm};
                assert_eq!(kinds, [First, Warm, Warm, First, Warm, Warm], "{variant} {m}");
            }
        }
        let sizes: Vec<&str> =
            rows.iter().filter(|r| r.call == Some(CallKind::First)).map(|r| &*r.sizes[0].1).collect();
        assert_eq!(sizes, ["3", "3", "3", "8", "8", "8", "16", "16", "16"].repeat(2), "{patience}");
        assert_eq!(rows.iter().filter(|r| r.status == Status::Failed).count(), 3, "m = 0 is told once");
    }
}

#[test]
fn threads_are_an_axis_of_parallel_variants() {
    let root = tempfile::tempdir().unwrap();
    let engine = Engine::new(None, 2).unwrap();
    let text = TEXT.replace("[axes]\nm = [0, 3, 8, 16]", "threads = [1, 3]\n[axes]\nm = [8, 16]");
    let experiment = Experiment::from_bytes(Path::new("small.toml"), text.as_bytes()).unwrap();
    let run = |observer: &mut dyn Observer| {
        let (engine, experiment) = (&engine, &experiment);
        let provenance = Provenance::default();
        Sweep { experiment, engine, root: root.path(), seed: 35, inputs: None, provenance }.run(observer)
    };
    assert!(matches!(run(&mut Impatient(25.into())), Err(Error::Interrupted)));
    let outcome = run(&mut Silent).unwrap();
    assert!(outcome.resumed);
    let rows = Folder::read(&outcome.folder).unwrap().rows;
    let count = |variant: &str, threads: u32, m: &str| {
        let at = |r: &&tesela::record::Row| {
            r.variant == variant
                && r.threads == Some(threads)
                && r.sizes[0].1 == m
                && r.call == Some(CallKind::Warm)
        };
        rows.iter().filter(at).count()
    };
    for m in ["8", "16"] {
        assert_eq!([count("serial", 1, m), count("serial", 3, m), count("rayon", 2, m)], [4, 0, 0]);
        for variant in ["rayon", "library"] {
            assert_eq!([count(variant, 1, m), count(variant, 3, m)], [4, 4], "{variant} at {m}");
        }
    }
}

#[test]
fn a_torn_last_row_is_measured_again() {
    let root = tempfile::tempdir().unwrap();
    sweep(root.path(), &mut Impatient(20.into())).unwrap_err();
    let folder = std::fs::read_dir(root.path().join("small")).unwrap().next().unwrap().unwrap().path();
    let samples = folder.join("samples.csv");
    let text = std::fs::read(&samples).unwrap();
    std::fs::write(&samples, &text[..text.len() - 7]).unwrap();
    assert_eq!(sweep(root.path(), &mut Silent).unwrap(), folder);
    let rows = Folder::read(&folder).unwrap().rows;
    assert_eq!(rows.iter().filter(|r| r.call == Some(CallKind::Warm)).count(), 3 * 3 * 4);
}

#[test]
fn an_unwritable_place_is_an_error_with_advice() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("taken");
    std::fs::write(&file, "").unwrap();
    let error = sweep(&file, &mut Silent).unwrap_err().to_string();
    assert!(error.contains("choose another place"), "{error}");
}

#[test]
fn what_an_earlier_run_found_right_is_not_verified_again() {
    let dir = tempfile::tempdir().unwrap();
    let text = "name = 'again'\nquestion = 'q'\nop = 'matmul'\nvariants = ['serial']\n[axes]\nm = [4, 8]\n\
                [budget]\nmin_samples = 2\nmax_samples = 2\n";
    let experiment = Experiment::from_bytes(Path::new("again.toml"), text.as_bytes()).unwrap();
    let engine = Engine::new(None, 1).unwrap();
    let swept = |seed: u64, verified_in: Option<Folder>| {
        let provenance = Provenance { verified_in, ..Provenance::default() };
        let sweep = Sweep {
            experiment: &experiment,
            engine: &engine,
            root: dir.path(),
            seed,
            inputs: None,
            provenance,
        };
        sweep.run(&mut Silent)
    };
    let first = swept(7, None).unwrap();
    let before = Folder::read(&first.folder).unwrap();
    let second = swept(7, Some(before.clone())).unwrap();
    assert_eq!((second.failed, second.samples), (0, first.samples));
    let notes = Folder::read(&second.folder).unwrap().run.notes;
    assert!(notes.iter().any(|note| note.contains("verified in an earlier run")), "{notes:?}");
    let other = swept(8, Some(before)).unwrap_err().to_string();
    assert!(other.contains("nothing here was verified there"), "{other}");
}

#[test]
fn the_experiments_beside_other_libraries_are_read_and_every_point_has_sizes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/experiments");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let experiment = Experiment::read(&path).unwrap();
        assert!(experiment.name.starts_with("peers_"), "{}", path.display());
        assert!(!experiment.points.is_empty() && experiment.points.iter().all(|p| p.sizes.is_ok()));
        read += 1;
    }
    assert!(read > 8, "only {read} experiments were found");
}
