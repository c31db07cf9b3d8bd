//! Other libraries beside ours: like against like, the least median, the right time, a winner only beyond doubt.

use super::peers::{Winner, beside};
use super::points::{Time, points};
use crate::record::{CallKind, Clock, Row, Status};

/// Ten warm rows about a median of `ns`; on the CPU with threads, else on an adapter with a kernel time where given.
pub(super) fn rows(variant: &str, threads: Option<u32>, ns: u64, kernel: Option<u64>) -> Vec<Row> {
    let row = |sample: u32| {
        let shake = |t: u64| t * (98 + u64::from(sample) % 5) / 100;
        Row {
            experiment: "x".into(),
            op: "matmul".into(),
            variant: variant.into(),
            adapter: if threads.is_some() { "cpu" } else { "gpu" }.into(),
            software: false,
            threads,
            sizes: vec![("m".into(), "64".into())],
            flops: 1,
            bytes: 1,
            seed: 1,
            sample,
            call: Some(CallKind::Warm),
            prepare_ns: None,
            compile_ns: None,
            upload_ns: None,
            encode_ns: None,
            kernel_ns: kernel.map(shake),
            resident_ns: threads.is_none().then(|| shake(ns)),
            download_ns: None,
            total_ns: threads.is_some().then(|| shake(ns)),
            clock: Some(if kernel.is_some() { Clock::Timestamp } else { Clock::Wall }),
            status: Status::Ok,
            reason: String::new(),
        }
    };
    (0..10).map(row).collect()
}

#[test]
fn the_fastest_of_ours_is_held_against_each_library() {
    let all = [
        rows("serial", Some(1), 90_000, None),
        rows("library", Some(2), 10_000, None),
        rows("peer_slow", Some(2), 25_000, None),
        rows("peer_fast", Some(2), 5_000, None),
        rows("peer_alike", Some(2), 10_000, None),
    ]
    .concat();
    let points = points(&all);
    let found = beside(&points);
    let shown: Vec<_> = found.iter().map(|b| (b.peer.variant.as_str(), b.winner())).collect();
    let wanted = [("peer_slow", Winner::Ours), ("peer_fast", Winner::Peer), ("peer_alike", Winner::Unclear)];
    assert_eq!(shown, wanted);
    assert!(found.iter().all(|b| b.ours.variant == "library" && b.time == Time::EndToEnd));
    assert!((found[0].ratio.value - 2.5).abs() < 0.01 && (found[1].ratio.value - 0.5).abs() < 0.01);
    assert!(found.iter().all(|b| b.ratio.interval.is_some()));
}

#[test]
fn more_threads_than_the_library_had_do_not_count() {
    let all = [
        rows("serial", Some(1), 30_000, None),
        rows("library", Some(8), 10_000, None),
        rows("peer_one", Some(1), 20_000, None),
    ]
    .concat();
    let points = points(&all);
    assert_eq!(beside(&points)[0].ours.variant, "serial");
}

#[test]
fn an_adapter_is_held_against_kernels_by_the_time_that_both_have() {
    let all = [
        rows("library", Some(2), 10, None),
        rows("late", None, 60_000, Some(1_000)),
        rows("soon", None, 50_000, Some(2_000)),
        rows("peer_wall", None, 100_000, None),
        rows("peer_stamped", None, 100_000, Some(4_000)),
    ]
    .concat();
    let points = points(&all);
    let found = beside(&points);
    assert_eq!((found[0].time, found[0].ours.variant.as_str()), (Time::Resident, "soon"));
    assert_eq!((found[1].time, found[1].ours.variant.as_str()), (Time::Kernel, "late"));
    assert!((found[1].ratio.value - 4.0).abs() < 0.01);
}

#[test]
fn a_library_alone_is_no_comparison() {
    let alone = points(&rows("peer_alone", None, 10, None));
    assert!(beside(&alone).is_empty());
    let none = points(&rows("library", Some(2), 10, None));
    assert!(beside(&none).is_empty());
}

/// A row of several rounds, each with its first call and a median of so many nanoseconds.
fn in_rounds(variant: &str, medians: &[u64]) -> Vec<Row> {
    let round = |ns: &u64| {
        let mut rows = rows(variant, Some(2), *ns, None);
        rows[0].call = Some(CallKind::First);
        rows
    };
    medians.iter().flat_map(round).collect()
}

/// Five rounds in which the machine's speed varies threefold, alike for both sides: the ratio is known to a percent, and
/// that of a library whose rounds do not follow is not. One that missed a round cannot be paired.
#[test]
fn rounds_are_paired() {
    let machine = [10_000, 30_000, 12_000, 9_000, 20_000];
    let shares = |percents: [u64; 5]| -> Vec<u64> {
        machine.iter().zip(percents).map(|(ns, p)| ns * p / 100).collect()
    };
    let all = [
        in_rounds("library", &machine),
        in_rounds("peer_steady", &shares([109, 110, 111, 110, 110])),
        in_rounds("peer_erratic", &shares([110, 60, 190, 100, 150])),
        in_rounds("peer_late", &shares([110; 5])[1..]),
    ]
    .concat();
    let points = points(&all);
    let found = beside(&points);
    let interval = found[0].ratio.interval.unwrap();
    assert!(interval.contains(1.1) && interval.high - interval.low < 0.03, "{interval:?}");
    assert_eq!((found[0].winner(), found[0].rounds), (Winner::Ours, [5, 5]));
    assert_eq!((found[1].winner(), found[1].rounds), (Winner::Unclear, [5, 5]));
    assert_eq!((found[2].ratio.interval, found[2].rounds), (None, [5, 4]));
}

/// Three whole trainings a side, one sample each: as many rounds.
#[test]
fn whole_trainings_are_rounds() {
    let trainings = |variant: &str, times: [u64; 3]| -> Vec<Row> {
        let one = |(sample, ns): (u32, u64)| Row {
            op: "training".into(),
            sample,
            ..rows(variant, Some(2), ns, None).remove(2)
        };
        (0..).zip(times).map(one).collect()
    };
    let all = [trainings("cpu", [1000, 1100, 1050]), trainings("peer_pytorch", [1400, 1555, 1465])].concat();
    let points = points(&all);
    let found = beside(&points);
    assert_eq!((found[0].rounds, found[0].winner()), ([3, 3], Winner::Ours));
    assert!((found[0].ratio.value - 1.403).abs() < 0.005, "{found:?}");
}
