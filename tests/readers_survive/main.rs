//! Every reader survives 100 000 damaged files: no panic, and no more memory than it states.
//!
//! A reader is a row of [`table::readers`]: its name, some small valid files, a function on bytes, and the memory it
//! may hold beside the input. Damage is seeded (see `mutate`); memory is counted by the test's own allocator, for
//! each thread by itself. To add a reader, add a row.

#![expect(
    unsafe_code,
    reason = "a global allocator that counts can only be written with unsafe; the library has none"
)]

mod count;
mod mutate;
mod samples;
mod table;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use table::Reader;
use tesela::data::image_file;

thread_local! {
    /// Panics on this thread, those that a reader catches included.
    static PANICS: Cell<usize> = const { Cell::new(0) };
}

/// Damaged files for each reader.
const INPUTS: usize = 100_000;

#[test]
fn valid_files_are_read() {
    for reader in table::readers() {
        for (at, seed) in reader.seeds.iter().enumerate() {
            assert!((reader.read)(seed), "{}: the valid file {at} is refused", reader.name);
        }
    }
}

#[test]
fn the_count_sees_what_is_held() {
    let peak = count::peak(|| drop(vec![0u8; 1 << 20])).1;
    assert!((1 << 20..(1 << 20) + 4096).contains(&peak), "{peak}");
    // While a block grows, the old and the new one are held.
    let peak = count::peak(|| {
        let mut bytes = vec![1u8; 1 << 20];
        bytes.reserve_exact(1 << 21);
    });
    assert!(peak.1 >= 3 << 20, "{}", peak.1);
}

#[test]
fn damaged_files_give_errors_and_no_more() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICS.set(PANICS.get() + 1);
        print(info);
    }));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    for reader in table::readers() {
        let start = std::time::Instant::now();
        let (next, accepted, most) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= INPUTS {
                            break;
                        }
                        let (read, held) = try_one(&reader, number);
                        accepted.fetch_add(usize::from(read), Ordering::Relaxed);
                        most.fetch_max(held, Ordering::Relaxed);
                    }
                });
            }
        });
        let (accepted, most) = (accepted.into_inner(), most.into_inner());
        println!(
            "{}: {INPUTS} inputs, {accepted} still readable, at most {most} bytes held, {:.1} s",
            reader.name,
            start.elapsed().as_secs_f64()
        );
        // All refused, or none, would mean that the damage does not reach the reader's inside.
        assert!(accepted > 0 && accepted < INPUTS, "{}: {accepted} of {INPUTS} are readable", reader.name);
    }
}

/// Images that are large beside a decoder's tables: the smallest limit that lets one through is kept as well.
#[test]
fn the_limit_that_lets_an_image_through_is_kept() {
    let mut files = samples::large_images();
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/brain_tumor_mri");
    if shared.is_dir() {
        // Progressive ones: their decoder holds all coefficients.
        files.extend(["no/no 98.jpg", "yes/Y104.jpg"].map(|name| std::fs::read(shared.join(name)).unwrap()));
    } else {
        println!("skipped in part: {} is not there", shared.display());
    }
    for file in files {
        let read = |limit| image_file::from_bytes(&file, Path::new("image"), limit).is_ok();
        let (mut refused, mut accepted) = (0, image_file::MAX_BYTES);
        while accepted - refused > 1024 {
            let middle = (accepted + refused) / 2;
            *(if read(middle) { &mut accepted } else { &mut refused }) = middle;
        }
        let (ok, held) = count::peak(|| read(accepted));
        println!("{held} bytes held under a limit of {accepted}");
        assert!(ok && held as u64 <= accepted + image_file::OVERHEAD_BYTES, "{held} of {accepted}");
    }
}

/// Feeds one damaged file; says whether it was readable, and how many bytes were held while reading.
fn try_one(reader: &Reader, number: usize) -> (bool, usize) {
    let input = mutate::input(reader, number);
    let outcome = catch_unwind(AssertUnwindSafe(|| count::peak(|| (reader.read)(&input))));
    let hex = || input.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (Ok((read, held)), 0) = (outcome, PANICS.replace(0)) else {
        panic!("{}: a panic at input {number}: {}", reader.name, hex());
    };
    let allowed = (reader.allowed)(input.len());
    assert!(held <= allowed, "{}: {held} bytes of {allowed} at input {number}: {}", reader.name, hex());
    (read, held)
}
