//! Where pixels come from, windows, file names, and the slices of the published volumes.

use super::*;
use crate::data::image_file;

fn counting(shape: [usize; 3]) -> Volume {
    let n = u16::try_from(shape.iter().product::<usize>()).unwrap();
    Volume::new(shape, (0..n).map(f32::from).collect()).unwrap()
}

#[test]
fn the_front_is_up_and_the_right_of_the_head_is_left() {
    let volume = counting([2, 3, 2]);
    let slices: Vec<_> = axial_slices(&volume, Window::Range(0.0, 255.0)).unwrap().collect();
    assert_eq!(slices.len(), 2);
    assert_eq!((slices[1].h, slices[1].w), (3, 2));
    // Plane z = 1 holds 6..12, x fastest; the first row is y = 2 with x = 1 first.
    assert_eq!(slices[1].pixels, [11.0, 10.0, 9.0, 8.0, 7.0, 6.0]);
}

#[test]
fn windows_scale_as_they_say() {
    let volume = counting([2, 2, 2]);
    let first = |window| axial_slices(&volume, window).unwrap().next().unwrap().pixels;
    assert_eq!(first(Window::PerSlice), [255.0, 170.0, 85.0, 0.0]);
    assert!((first(Window::Volume)[0] - 255.0 * 3.0 / 7.0).abs() < 1e-4);
    assert_eq!(first(Window::Range(1.0, 2.0)), [255.0, 255.0, 0.0, 0.0]);
    for (lo, hi) in [(2.0, 2.0), (3.0, 1.0), (f32::NAN, 1.0), (0.0, f32::INFINITY)] {
        assert!(matches!(axial_slices(&volume, Window::Range(lo, hi)).map(|_| ()), Err(Error::Shape { .. })));
    }
    // The widest window does not overflow.
    let widest = Volume::new([3, 1, 1], vec![f32::MIN, 0.0, f32::MAX]).unwrap();
    let slice = axial_slices(&widest, Window::PerSlice).unwrap().next().unwrap();
    assert_eq!(slice.pixels, [255.0, 127.5, 0.0]);
}

#[test]
fn blank_slices_and_nan_are_black() {
    let volume = Volume::new([2, 1, 1], vec![5.0; 2]).unwrap();
    assert_eq!(axial_slices(&volume, Window::PerSlice).unwrap().next().unwrap().pixels, [0.0; 2]);
    let volume = Volume::new([4, 1, 1], vec![f32::NAN, 1.0, f32::INFINITY, 3.0]).unwrap();
    let slice = axial_slices(&volume, Window::PerSlice).unwrap().next().unwrap();
    assert_eq!(slice.pixels, [255.0, 255.0, 0.0, 0.0]);
    let volume = Volume::new([1, 1, 1], vec![f32::NAN]).unwrap();
    assert_eq!(axial_slices(&volume, Window::Volume).unwrap().next().unwrap().pixels, [0.0]);
}

#[test]
fn stems_lose_both_extensions() {
    for (path, expected) in
        [("a/b.nii.gz", "b"), ("b.NII", "b"), ("b.c.nii", "b.c"), ("b", "b"), ("é.gz", "é")]
    {
        assert_eq!(stem(Path::new(path)), expected);
    }
}

#[test]
fn files_are_named_written_once_and_never_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("head.nii.gz");
    let volume = nifti::tests::Sample { dims: vec![3, 4, 2], ..Default::default() };
    std::fs::write(&source, nifti::tests::gzip(&volume.file())).unwrap();
    let out = dir.path().join("deep/er");
    let summary = write_slices(&source, &out, Encoding::Png, Window::PerSlice).unwrap();
    assert_eq!(summary.files, [out.join("head-slice000.png"), out.join("head-slice001.png")]);
    assert_eq!((summary.h, summary.w, summary.blank), (4, 3, 0));
    let read = image_file::read(&summary.files[0]).unwrap();
    assert_eq!((read.h, read.w), (4, 3));
    let Err(Error::Write { path, source: cause }) =
        write_slices(&source, &out, Encoding::Png, Window::Volume)
    else {
        panic!("an existing file was replaced")
    };
    assert_eq!((path, cause.kind()), (summary.files[0].clone(), std::io::ErrorKind::AlreadyExists));
    // Under other names there is room.
    assert!(write_slices(&source, &out, Encoding::Jpeg, Window::PerSlice).is_ok());
    // A file where the directory should be.
    assert!(matches!(
        write_slices(&source, &source, Encoding::Png, Window::PerSlice),
        Err(Error::Write { .. })
    ));
}

/// The nine steps of the reversed "Greys" ramp of ColorBrewer, linear between them.
fn ramp(grey: f32) -> f32 {
    const STEPS: [f32; 9] = [0.0, 37.0, 82.0, 115.0, 150.0, 189.0, 217.0, 240.0, 255.0];
    let at = grey / 255.0 * 8.0;
    #[expect(clippy::cast_possible_truncation, reason = "0..=8")]
    let below = (at.floor() as usize).min(7);
    STEPS[below] + (at - below as f32) * (STEPS[below + 1] - STEPS[below])
}

fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let mean = |v: &[f32]| v.iter().map(|&v| f64::from(v)).sum::<f64>() / v.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (f64::from(a) - mean_a, f64::from(b) - mean_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    ab / (aa * bb).sqrt()
}

/// The JPEG slices beside the volumes were made elsewhere, with the ramp above and at quality 75. After the same
/// ramp, ours must be the same image but for the compression: this is what a wrong turn, flip, slope, slice number
/// or window would break.
#[test]
fn slices_match_the_published_ones() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/mri_volumes");
    if !data.is_dir() {
        println!("skipped: {} is not there", data.display());
        return;
    }
    for class in ["anatomical", "functional", "metaanalytic"] {
        let volume = nifti::read(&data.join(format!("{class}.nii.gz"))).unwrap();
        assert_eq!((volume.shape, volume.stored_axes.as_str()), ([91, 109, 91], "LAS"));
        assert_eq!(volume.spacing, [2.0; 3]);
        for (k, ours) in axial_slices(&volume, Window::PerSlice).unwrap().enumerate() {
            let path = data.join(format!("jpg/{class}/{class}{k}.jpg"));
            let theirs = image_file::read(&path).unwrap();
            assert_eq!((theirs.h, theirs.w), (109, 91));
            if ours.is_blank() {
                assert!(theirs.is_blank() && theirs.pixels[0] == 0.0, "{}", path.display());
                continue;
            }
            let ours: Vec<f32> = ours.pixels.iter().map(|&v| ramp(v)).collect();
            let off: f64 = ours.iter().zip(&theirs.pixels).map(|(a, b)| f64::from((a - b).abs())).sum();
            let (off, r) = (off / ours.len() as f64, correlation(&ours, &theirs.pixels));
            // A few lit pixels drown in the compression's noise: there the bound is wider.
            let lit = ours.iter().filter(|&&v| v != ours[0]).count();
            let least = if 100 * lit < ours.len() { 0.95 } else { 0.98 };
            let said = format!("{}: mean difference {off:.2}, r {r:.4}", path.display());
            assert!(off < 3.0 && r > least, "{said}");
            // The measure is able to fail: upside down it fits worse, and as its mirror image too. (The anatomical
            // template is symmetric by construction.)
            let upside_down: Vec<f32> = ours.chunks(91).rev().flatten().copied().collect();
            assert!(correlation(&upside_down, &theirs.pixels) < r, "{said}");
            let mirrored: Vec<f32> = ours.chunks(91).flat_map(|row| row.iter().rev().copied()).collect();
            assert!(class == "anatomical" || correlation(&mirrored, &theirs.pixels) < r, "{said}");
        }
    }
}
