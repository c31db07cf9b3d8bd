//! The same bits from the same seed, the look in numbers, and that brightness does not tell the classes apart.

use sha2::{Digest, Sha256};

use super::*;

fn hex(digest: impl AsRef<[u8]>) -> String {
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A change here is a change of the data set: every result on it has to be told apart from the older ones.
#[test]
fn the_default_phantom_is_the_recorded_one() {
    let mut hash = Sha256::new();
    for (class, volume) in phantom(SEED) {
        hash.update(class);
        volume.data.iter().for_each(|v| hash.update(v.to_le_bytes()));
    }
    assert_eq!(hex(hash.finalize()), "2d6d8c14b43db5a3bd74b1b8f9ce273e59f66108920fdd2d8bcb454d7165dffc");
}

#[test]
fn seeds_differ_and_repeat() {
    let (a, b, c) = (phantom(7), phantom(7), phantom(8));
    assert!(a == b);
    for label in 0..3 {
        assert_eq!(a[label].0, CLASSES[label]);
        assert_ne!(a[label].1, c[label].1);
    }
}

#[test]
fn slices_are_brain_like() {
    for (class, volume) in phantom(SEED) {
        assert_eq!(volume.shape, SHAPE);
        assert!(volume.data.iter().all(|v| (0.0..=255.0).contains(v)));
        let slices: Vec<_> = axial_slices(&volume, Window::PerSlice).unwrap().collect();
        let blank = slices.iter().filter(|slice| slice.is_blank()).count();
        assert!((8..=24).contains(&blank), "{class}: {blank} blank slices");
        for slice in slices.iter().filter(|slice| !slice.is_blank()) {
            assert_eq!((slice.h, slice.w), (109, 91));
            let edge = (0..slice.w).chain((0..slice.h).map(|r| r * slice.w));
            assert!(edge.map(|at| slice.pixels[at]).all(|v| v == 0.0), "{class}: the brain touches the edge");
        }
        // The middle slice is mostly brain, and no flat disc.
        let middle = &slices[43];
        let area = middle.pixels.iter().filter(|&&v| v > 0.0).count();
        assert!((3000..7000).contains(&area), "{class}: {area} pixels of brain");
    }
}

/// The accuracy of the best threshold on a number, whichever side is whose.
fn best_threshold(of: &[f64], others: &[f64]) -> f64 {
    let mut all: Vec<(f64, i64)> =
        of.iter().map(|&v| (v, 1)).chain(others.iter().map(|&v| (v, -1))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total = all.len() as f64;
    // Right answers where everything is said to be above the threshold, then moved up value by value.
    let mut right = of.len() as i64;
    let mut best = right.max(all.len() as i64 - right);
    for (_, class) in all {
        right -= class;
        best = best.max(right).max(of.len() as i64 + others.len() as i64 - right);
    }
    best as f64 / total
}

#[test]
fn the_threshold_finder_finds() {
    assert_eq!(best_threshold(&[1.0, 2.0], &[3.0, 4.0]), 1.0);
    assert_eq!(best_threshold(&[3.0, 4.0], &[1.0, 2.0]), 1.0);
    assert_eq!(best_threshold(&[1.0, 3.0], &[2.0, 4.0]), 0.75);
}

#[test]
fn mean_intensity_does_not_tell_the_classes_apart() {
    for seed in [SEED, 1, 2, 3] {
        let mut means = [const { Vec::new() }; 3];
        for Slice { class, image, .. } in slices(seed) {
            if !image.is_blank() {
                let label = CLASSES.iter().position(|known| *known == class).unwrap();
                means[label].push(image.mean());
            }
        }
        for a in 0..3 {
            let rest: Vec<f64> = (0..3).filter(|b| *b != a).flat_map(|b| means[b].clone()).collect();
            let accuracy = best_threshold(&means[a], &rest);
            // Two thirds are the rest: that much is had by always saying so.
            assert!(accuracy <= 0.75, "seed {seed}, {} against the rest: {accuracy}", CLASSES[a]);
            for b in a + 1..3 {
                let accuracy = best_threshold(&means[a], &means[b]);
                assert!(accuracy <= 0.7, "seed {seed}, {} against {}: {accuracy}", CLASSES[a], CLASSES[b]);
            }
        }
    }
}

#[test]
fn the_written_set_is_the_same_to_the_byte() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let summary = write_phantom(one.path(), 5).unwrap();
    assert_eq!(summary.files.len(), 273);
    assert_eq!(summary.files[91 + 40], one.path().join("functional/functional40.png"));
    let again = write_phantom(two.path(), 5).unwrap();
    for (a, b) in summary.files.iter().zip(&again.files).chain([(&summary.labels, &again.labels)]) {
        assert_eq!(std::fs::read(a).unwrap(), std::fs::read(b).unwrap(), "{}", a.display());
    }
    let labels = std::fs::read_to_string(&summary.labels).unwrap();
    assert_eq!(labels.lines().count(), 274);
    assert!(
        labels.starts_with("file,class,label,slice,blank\nanatomical/anatomical0.png,anatomical,0,0,1\n")
    );
    assert_eq!(labels.lines().filter(|line| line.ends_with(",1")).count(), summary.blank);
    assert!(write_phantom(one.path(), 5).is_err(), "an existing set was replaced");
}
