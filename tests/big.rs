//! An image of 4 GiB, and the memory that pooling it takes. Not part of the other tests: it takes 6 GiB and a minute.
//!
//! `cargo test --release --test big -- --ignored --nocapture`

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, and says what it saw")]

mod support;

use std::time::Instant;

use ndarray::{Array, ArrayView4};
use tesela::Pool2d;

const SIDE: usize = 32_768;

/// The element at a flat position: digits without a pattern that a band could repeat.
fn value(at: usize) -> f32 {
    ((at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 44) as f32
}

/// The most memory that the process had resident so far. On a software adapter the device's memory is part of it.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
#[ignore = "an image of 4 GiB: it takes 6 GiB of memory and a minute; cargo test --release --test big -- --ignored"]
fn an_image_of_4_gib_takes_less_than_half_of_it_beside_it() {
    let Some(engine) = support::engine_or_skip() else { return };
    let gpu = engine.gpu().unwrap();
    let image: Vec<f32> = (0..SIDE * SIDE).map(value).collect();
    let x = ArrayView4::from_shape((1, 1, SIDE, SIDE), &image).unwrap();
    let bytes = 4 * image.len() as u64;
    println!("before: peak of {} MiB resident", peak_bytes() >> 20);
    for (name, k, s, p) in [("k2s2", 2, 2, 0), ("k3s2p1", 3, 2, 1)] {
        let pool = Pool2d::new(k).stride(s).padding(p);
        let start = Instant::now();
        let y = tesela::max_pool2d(gpu, &x, &pool).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        let moved = bytes + 4 * y.len() as u64;
        println!(
            "{name} on {}: {seconds:.2} s, {:.2} GB/s in and out, peak of {} MiB resident ({:.3} of the image)",
            gpu.adapter().name,
            moved as f64 / seconds / 1e9,
            peak_bytes() >> 20,
            peak_bytes() as f64 / bytes as f64
        );
        judge(&y, [k, s, p].map(|v| v as usize));
        assert!(2 * peak_bytes() < 3 * bytes, "{} bytes resident", peak_bytes());
    }
}

/// Every output row that is a multiple of 61 and those beside it, the first and the last ones.
fn judge(y: &Array<f32, ndarray::Ix4>, [k, s, p]: [usize; 3]) {
    let (_, _, oh, ow) = y.dim();
    assert_eq!((oh, ow), ((SIDE + 2 * p - k) / s + 1, (SIDE + 2 * p - k) / s + 1));
    let within = |start: usize| start.saturating_sub(p)..(start + k).saturating_sub(p).min(SIDE);
    for r in (0..oh).filter(|r| r % 61 < 3 || *r + 2 > oh) {
        for q in 0..ow {
            let rows = within(r * s);
            let taps = rows.flat_map(|row| within(q * s).map(move |column| value(row * SIDE + column)));
            assert!(y[[0, 0, r, q]] == taps.fold(f32::NEG_INFINITY, f32::max), "{r}, {q}");
        }
    }
}
