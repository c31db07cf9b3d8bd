//! The search for a kernel's constants: spaces that fit their shaders, and a planted kernel with a wrong, an impossible
//! and a faster candidate.

#![expect(clippy::unwrap_used, reason = "a test stops at the first fault")]

mod support;

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use tesela::Error;
use tesela::engine::Engine;
use tesela::gpu::reflect;
use tesela::lab::tune::{Found, Tune, defaults, lines, load};
use tesela::lab::{Observer, Silent};
use tesela::ops::{Choice, How, OPS, Op, Pass, Setup, Shader, Sizes, Variant, matmul};
use tesela::record::{Fate, TuneFile, TuneSearch};

#[test]
fn spaces_name_what_their_shaders_declare() {
    let mut searched = 0;
    for op in OPS {
        for variant in op.variants.iter().filter(|v| !v.space.is_empty()) {
            let name = format!("{}/{}", op.name, variant.name);
            let How::Wgsl { passes, scratch } = &variant.how else { panic!("{name} has no kernels") };
            let scratch: Vec<&str> = scratch.iter().map(|s| s.name).collect();
            // The default is one of the candidates: it is the one that all others must beat.
            let default = defaults(op, variant).unwrap();
            assert!(variant.combinations().contains(&default), "{name}: {default:?}");
            for choice in variant.space {
                assert!(choice.values.is_sorted_by(|a, b| a < b), "{name}: {choice:?}");
                let declares = passes.iter().filter(|p| p.shader.declares(choice.name));
                assert!(declares.clone().count() > 0, "{name} declares no {}", choice.name);
                for (pass, value) in declares.flat_map(|p| choice.values.iter().map(move |v| (p, *v))) {
                    let others = pass.set.iter().copied().filter(|s| s.0 != choice.name);
                    let set: Vec<_> = others.chain([(choice.name, value)]).collect();
                    let interface = reflect(&pass.shader, op, &scratch, &set);
                    let interface = interface.unwrap_or_else(|e| panic!("{name} {set:?}: {e}"));
                    assert_eq!(interface.knobs.get(choice.name), Some(value), "{name}");
                    // Every pass that declares it starts from the same value.
                    let knobs = reflect(&pass.shader, op, &scratch, pass.set).unwrap().knobs;
                    let of = default.iter().find(|d| d.0 == choice.name).map(|d| d.1);
                    assert_eq!(knobs.get(choice.name), of, "{name}: {}", choice.name);
                }
                // Their loops go four terms at a time.
                assert!(choice.name != "BK" || choice.values.iter().all(|v| v % 4 == 0), "{name}");
            }
            searched += 1;
        }
    }
    assert!(searched >= 10, "{searched}");
}

/// A product whose speed depends on LAPS and whose result on FAULT; a group of BX x 8 threads.
const PLANTED: &str = "// workgroups: div_ceil(n, BX) * div_ceil(m, 8)
struct Params { m: u32, n: u32, k: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;
override BX: u32 = 8u;
override LAPS: u32 = 100u;
override FAULT: u32 = 0u;
@compute @workgroup_size(BX, 8)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_id) local: vec3<u32>) {
    let number = group.x + groups.x * (group.y + groups.y * group.z);
    let across = (params.n + BX - 1u) / BX;
    let row = number / across * 8u + local.y;
    let column = number % across * BX + local.x;
    if row >= params.m || column >= params.n { return; }
    var sum = 0.0;
    // Each lap begins at another term, so that no compiler finds the laps to be the same.
    for (var lap = 0u; lap < LAPS; lap++) {
        sum = 0.0;
        for (var i = 0u; i < params.k; i++) {
            let p = (i + lap) % params.k;
            sum += a[row * params.k + p] * b[p * params.n + column];
        }
    }
    c[row * params.n + column] = sum + f32(FAULT);
}
";

const SPACE: &[Choice] = &[
    Choice { name: "BX", values: &[8, 16, 4096] },
    Choice { name: "LAPS", values: &[1, 100] },
    Choice { name: "FAULT", values: &[0, 1] },
];

fn few_cases() -> tesela::Result<Vec<Setup>> {
    let cases = (matmul::OP.cases)()?;
    Ok(cases.into_iter().take(8).collect())
}

/// The product with few cases.
static OP: Op = Op { cases: few_cases, ..matmul::OP };

fn planted(space: &'static [Choice]) -> &'static Variant {
    let shader = Shader::loaded("planted.wgsl", PLANTED.to_owned());
    let passes = vec![Pass { shader, set: &[], when: Pass::always }];
    Box::leak(Box::new(Variant {
        name: "planted",
        doc: "for this test",
        how: How::Wgsl { passes: passes.leak(), scratch: &[] },
        finite_only: false,
        requires: Variant::anywhere,
        space,
    }))
}

fn sizes(text: &str) -> Sizes {
    OP.sizes(text.split(' ').map(|p| p.split_once('=').unwrap())).unwrap()
}

fn tune<'a>(engine: &'a Engine, variant: &'static Variant, sizes: &'a Sizes, file: &'a Path) -> Tune<'a> {
    Tune { engine, op: &OP, variant, sizes, seed: 3, budget: Duration::from_secs(60), file }
}

/// Stops after so many questions.
struct Impatient(Cell<usize>);

impl Observer for Impatient {
    fn stopped(&self) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        left == 0
    }
}

fn fate(search: &TuneSearch, constants: &str) -> (Fate, usize) {
    let line = lines(search).into_iter().find(|l| l.constants == constants).unwrap();
    (line.fate, line.samples)
}

fn samples(search: &TuneSearch) -> usize {
    search.candidates.iter().map(|c| c.race_ns.len() + c.duel_ns.len()).sum()
}

#[test]
fn the_best_is_kept_and_nothing_is_measured_twice() {
    let Some(engine) = support::engine_or_skip() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cache/tune.toml");
    let (variant, sizes) = (planted(SPACE), sizes("m=24"));
    let search = tune(&engine, variant, &sizes, &file);
    let stopped = search.run(&mut Impatient(Cell::new(13))).unwrap_err();
    assert!(matches!(stopped, Error::Interrupted), "{stopped}");
    let kept = samples(&TuneFile::read(&file).unwrap().searches[0]);
    assert!(kept > 0, "what was measured is on the disk");

    let Found { search: found, calls } = search.run(&mut Silent).unwrap();
    assert_eq!(kept + calls, samples(&found), "{found:?}");
    assert_eq!(found.candidates.len(), 12);
    assert!(found.candidates[0].default);
    assert_eq!(fate(&found, "BX=8 LAPS=100 FAULT=0").0, Fate::Slower);
    // Of the two short ones one is the best; the wrong and the impossible were never timed.
    let best = found.best().unwrap().constants.clone();
    assert!(best == "BX=8 LAPS=1 FAULT=0" || best == "BX=16 LAPS=1 FAULT=0", "{best}");
    for (constants, expected) in [
        ("BX=8 LAPS=1 FAULT=1", Fate::Wrong),
        ("BX=16 LAPS=100 FAULT=1", Fate::Wrong),
        ("BX=4096 LAPS=1 FAULT=0", Fate::CompiledNot),
        ("BX=4096 LAPS=100 FAULT=1", Fate::CompiledNot),
    ] {
        assert_eq!(fate(&found, constants), (expected, 0), "{constants}");
    }
    assert_eq!(TuneFile::read(&file).unwrap().searches, std::slice::from_ref(&found));
    let table = std::fs::read_to_string(file.with_extension("csv")).unwrap();
    assert_eq!(table.lines().count(), 13, "{table}");
    assert!(table.lines().any(|l| l.contains("BX=8 LAPS=1 FAULT=1,false,wrong,,,,0,")), "{table}");
    assert!(table.contains("threads exceeds the device's"), "{table}");

    let again = search.run(&mut Silent).unwrap();
    assert_eq!((again.calls, again.search), (0, found));
    // Another seed is another search; without time it stays open, and the earlier one keeps its place.
    let other = Tune { seed: 4, budget: Duration::ZERO, ..search }.run(&mut Silent).unwrap();
    assert_eq!((other.calls, other.search.finished), (0, None));
    assert_eq!(TuneFile::read(&file).unwrap().searches.len(), 2);
}

#[test]
fn a_default_that_nothing_beats_stays() {
    let Some(engine) = support::engine_or_skip() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tune.toml");
    const SLOWER: &[Choice] = &[Choice { name: "LAPS", values: &[100, 300] }];
    let found = tune(&engine, planted(SLOWER), &sizes("m=24"), &file).run(&mut Silent).unwrap();
    let best = found.search.best().unwrap();
    assert!(best.default, "{best:?}");
    let naive = matmul::OP.variants_named("naive").unwrap()[0];
    let error = tune(&engine, naive, &sizes("m=24"), &file).run(&mut Silent).unwrap_err();
    assert!(error.to_string().contains("declares no constants"), "{error}");
}

#[test]
fn an_engine_uses_what_is_stored_and_ignores_what_is_damaged() {
    let Some(engine) = support::engine_or_skip() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tune.toml");
    assert_eq!(load(&file, &engine), tesela::lab::tune::Loaded::default());
    let variant = matmul::OP.variants_named("registers_4x4").unwrap()[0];
    let sizes = sizes("m=24");
    let search = Tune { budget: Duration::ZERO, ..tune(&engine, variant, &sizes, &file) };
    let open = search.run(&mut Silent).unwrap().search;
    assert!(load(&file, &engine).tuned.entries().is_empty(), "an open search has no result");

    // As if WX = 16, WY = 2 had won.
    let with = |edit: &dyn Fn(&mut TuneSearch)| {
        let mut done = open.clone();
        done.finished = Some("2024-05-01T10:00:00Z".to_owned());
        let is_it = |c: &&mut tesela::record::TuneCandidate| c.constants == "WX=16 WY=2";
        done.candidates.iter_mut().find(is_it).unwrap().fate = Fate::Best;
        edit(&mut done);
        TuneFile { searches: vec![done], ..TuneFile::default() }.write(&file).unwrap();
        load(&file, &engine)
    };
    for (what, loaded) in [
        ("kernels have changed", with(&|s| s.code = "0".to_owned())),
        ("no such variant", with(&|s| s.variant = "gone".to_owned())),
        ("no operation `gone`", with(&|s| s.op = "gone".to_owned())),
        (
            "WX=12 is not in its space",
            with(&|s| {
                s.candidates.iter_mut().find(|c| c.fate == Fate::Best).unwrap().constants =
                    "WX=12".to_owned();
            }),
        ),
    ] {
        assert!(loaded.tuned.entries().is_empty(), "{what}");
        assert!(loaded.notes.len() == 1 && loaded.notes[0].contains(what), "{:?}", loaded.notes);
    }
    let elsewhere = with(&|s| s.driver = "another".to_owned());
    assert!(elsewhere.tuned.entries().is_empty() && elsewhere.notes.is_empty(), "another driver's");

    let loaded = with(&|_| {});
    assert!(loaded.notes.is_empty(), "{:?}", loaded.notes);
    let group = |engine: &Engine, sizes: &Sizes| {
        engine.interfaces(&matmul::OP, variant, sizes).unwrap()[0].knobs.workgroup_size
    };
    assert_eq!(group(&engine, &sizes), [8, 8, 1]);
    let engine = engine.with_tuned(loaded.tuned);
    assert_eq!(group(&engine, &sizes), [16, 2, 1]);
    assert_eq!(group(&engine, &self::sizes("m=17 n=32 k=3")), [16, 2, 1], "the same class");
    assert_eq!(group(&engine, &self::sizes("m=33")), [8, 8, 1], "the next class");

    let text = std::fs::read(&file).unwrap();
    for damaged in [&text[..text.len() - 20], b"schema_version = 99\n"] {
        std::fs::write(&file, damaged).unwrap();
        let loaded = load(&file, &engine);
        assert!(loaded.tuned.entries().is_empty());
        assert!(
            loaded.notes.len() == 1 && loaded.notes[0].contains("the defaults hold"),
            "{:?}",
            loaded.notes
        );
        let error = search_with(&engine, variant, &sizes, &file);
        assert!(matches!(error, Error::Format { .. }), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), damaged, "a damaged file is not written over");
    }
}

fn search_with(engine: &Engine, variant: &'static Variant, sizes: &Sizes, file: &Path) -> Error {
    tune(engine, variant, sizes, file).run(&mut Silent).unwrap_err()
}
