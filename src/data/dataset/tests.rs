//! Data sets made here, and the shared ones where they are.

use std::fs;

use image::{ExtendedColorType, ImageEncoder};

use super::*;
use crate::data::grey::{Encoding, GreyImage};

/// A picture file of 3 x 2 pixels around `value`.
fn write(path: &Path, value: f32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let image = GreyImage::new(3, 2, vec![value, value, value, value, value, value + 1.0]).unwrap();
    image.write(path, Encoding::Png).unwrap();
}

fn load(path: &Path) -> Result<Dataset> {
    Dataset::load(Some(path), &LoadOptions::default())
}

fn names(dataset: &Dataset) -> Vec<&str> {
    dataset.examples.iter().map(|example| example.name.as_str()).collect()
}

fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    if !path.is_dir() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn a_folder_per_class_in_natural_order() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(&root.join("b/x10.png"), 10.0);
    write(&root.join("b/x2.png"), 2.0);
    write(&root.join("a/deep/er.jpg"), 30.0);
    write(&root.join("stray.png"), 1.0);
    fs::write(root.join("b/notes.txt"), "no image").unwrap();
    fs::write(root.join("b/x3.png"), "no image either").unwrap();
    let dataset = load(root).unwrap();
    assert_eq!(dataset.classes, ["a", "b"]);
    assert_eq!(names(&dataset), ["a/deep/er.jpg", "b/x2.png", "b/x10.png"]);
    assert_eq!(dataset.examples.iter().map(|e| e.class).collect::<Vec<_>>(), [0, 1, 1]);
    // x3 cannot be read; x10 keeps its place behind it.
    assert_eq!(dataset.examples.iter().map(|e| e.order).collect::<Vec<_>>(), [0, 0, 2]);
    assert_eq!((dataset.unreadable.len(), dataset.stray), (1, 1));
    assert!(dataset.unreadable[0].path.ends_with("b/x3.png"));
    assert_eq!(*dataset.examples[1].picture, Picture { c: 1, h: 3, w: 2, pixels: vec![2, 2, 2, 2, 2, 3] });
    assert_eq!(dataset.examples[0].stored, Stored { format: "PNG", color: "grey" });
    dataset.check_trainable().unwrap();
    assert!(dataset.origin.contains("a folder per class"), "{}", dataset.origin);
}

#[test]
fn a_lone_folder_is_passed_through_and_parts_of_a_split_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(&root.join("archive/data/yes/1.png"), 1.0);
    write(&root.join("archive/data/no/1.png"), 2.0);
    assert_eq!(load(root).unwrap().classes, ["no", "yes"]);
    write(&root.join("other/Training/yes/1.png"), 1.0);
    write(&root.join("other/Testing/yes/1.png"), 1.0);
    let error = load(&root.join("other")).unwrap_err().to_string();
    assert!(error.contains("parts of a split") && error.contains("Training"), "{error}");
}

#[test]
fn what_cannot_be_trained_on_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let reason = || load(root).unwrap().check_trainable().unwrap_err().to_string();
    assert!(reason().contains("no image"), "{}", reason());
    write(&root.join("a/1.png"), 1.0);
    assert!(reason().contains("`a` is its only class"), "{}", reason());
    fs::create_dir(root.join("empty")).unwrap();
    assert!(reason().contains("the class `empty` has no image"), "{}", reason());
    fs::write(root.join("empty/1.jpg"), "cut").unwrap();
    assert!(reason().contains("the class `empty` has no image that can be read (1 file"), "{}", reason());
    fs::remove_dir_all(root.join("a")).unwrap();
    assert!(reason().contains("none of its 1 images can be read; the first"), "{}", reason());
    assert!(matches!(load(&root.join("nowhere")), Err(Error::Read { .. })));
    assert!(matches!(load(&root.join("empty/1.jpg")), Err(Error::Format { .. })));
}

#[test]
fn a_table_names_files_labels_and_groups() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    for (at, value) in [(1, 10.0), (2, 20.0), (3, 30.0), (4, 10.0)] {
        write(&root.join(format!("images/{at}.png")), value);
    }
    let table = "file,label,patient\nimages/1.png,sick,p\nimages/2.png,well,q\nimages/3.png,well,p\nimages/4.png,well,\n\
                 images/5.png,sick,r\n";
    fs::write(root.join("labels.csv"), table).unwrap();
    let by_pixels = load(root).unwrap();
    assert_eq!(by_pixels.classes, ["sick", "well"]);
    assert_eq!(names(&by_pixels), ["images/1.png", "images/2.png", "images/3.png", "images/4.png"]);
    // 1 and 4 have equal pixels.
    assert_eq!(by_pixels.examples.iter().map(|e| e.group).collect::<Vec<_>>(), [0, 1, 2, 0]);
    assert_eq!(by_pixels.unreadable.len(), 1, "the file that is not there is counted");
    let with = |column: &str| LoadOptions { group_column: Some(column.into()), ..LoadOptions::default() };
    let by_patient = Dataset::load(Some(&root.join("labels.csv")), &with("patient")).unwrap();
    // 3 is of the patient of 1, and 1 has the pixels of 4.
    assert_eq!(by_patient.examples.iter().map(|e| e.group).collect::<Vec<_>>(), [0, 1, 0, 0]);
    assert!(Dataset::load(None, &with("patient")).unwrap_err().to_string().contains("no table"));
    fs::write(root.join("labels.csv"), "file,colour\nimages/1.png,red\n").unwrap();
    assert_eq!(load(root).unwrap().classes, ["images"], "a table without labels does not make classes");
    fs::write(root.join("labels.csv"), table).unwrap();
    let error = Dataset::load(Some(&root.join("labels.csv")), &with("person")).unwrap_err().to_string();
    assert!(error.contains("no column `person`") && error.contains("patient"), "{error}");
}

#[test]
fn tables_that_make_no_sense_are_refused_with_their_line() {
    let columns = Columns { file: None, label: None, group: None, need_labels: true };
    let reason = |text: &str| {
        Labels::from_bytes(text.as_bytes(), Path::new("t.csv"), &columns).unwrap_err().to_string()
    };
    assert!(reason("a,b\n1,2\n").contains("none of its columns (a, b) is one of files"));
    assert!(reason("file,b\n1,2\n").contains("is one of labels (class, label, finding)"));
    assert!(reason("file,label\nx.png,\n").contains("line 2"));
    assert!(reason("file,label\nx.png,1\nx.png,2\n").contains("`x.png` is named twice"));
    assert!(reason("file,label\nx.png,1,2\n").contains("line"), "{}", reason("file,label\nx.png,1,2\n"));
    let windows =
        Labels::from_bytes(b"\xef\xbb\xbffile;class\r\na\\b.png; no\r\n", Path::new("t.csv"), &columns);
    let row = Row { file: "a/b.png".into(), label: "no".into(), group: None };
    assert_eq!(windows.unwrap().rows, [row]);
}

#[test]
fn one_pixel_works_and_twenty_thousand_a_side_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    fs::create_dir(root.join("a")).unwrap();
    GreyImage::new(1, 1, vec![9.0]).unwrap().write(&root.join("a/one.png"), Encoding::Png).unwrap();
    // A true PNG of 20 000 x 20 000 zeros is only its compressed rows; the limit must refuse it by its header.
    let mut file = Vec::new();
    image::codecs::png::PngEncoder::new(&mut file).write_image(&[0], 1, 1, ExtendedColorType::L8).unwrap();
    file[16..24].copy_from_slice(&[0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20]);
    let mut crc = flate2::Crc::new();
    crc.update(&file[12..29]);
    file[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    fs::write(root.join("a/huge.png"), file).unwrap();
    let dataset = load(root).unwrap();
    assert_eq!(names(&dataset), ["a/one.png"]);
    let [bad] = &dataset.unreadable[..] else { panic!("one is refused") };
    assert!(bad.path.ends_with("huge.png"));
    assert!(bad.error.to_string().contains("above the limit"), "{}", bad.error);
}

#[test]
fn a_long_side_is_reduced_once() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    fs::create_dir(root.join("a")).unwrap();
    let pixels = (0..40 * 100).map(|at| if at % 100 < 50 { 0.0 } else { 200.0 }).collect();
    GreyImage::new(40, 100, pixels).unwrap().write(&root.join("a/wide.png"), Encoding::Png).unwrap();
    let options = LoadOptions { max_side: 10, ..LoadOptions::default() };
    let dataset = Dataset::load(Some(root), &options).unwrap();
    let example = &dataset.examples[0];
    assert_eq!((example.picture.h, example.picture.w, example.stored_size), (4, 10, [40, 100]));
    assert_eq!(example.picture.pixels[..4], [0; 4]);
    assert_eq!(example.picture.pixels[6..10], [200; 4]);
    assert_eq!(example.hash, load(root).unwrap().examples[0].hash, "it is the hash of what is stored");
}

#[test]
fn volumes_are_classes_and_their_slices_keep_their_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let file = crate::data::nifti::tests::Sample::default().file();
    fs::write(dir.path().join("head.nii"), &file).unwrap();
    fs::write(dir.path().join("body.nii"), &file).unwrap();
    let dataset = load(dir.path()).unwrap();
    assert_eq!(dataset.classes, ["body", "head"]);
    assert_eq!((dataset.examples.len(), dataset.examples[3].name.as_str()), (8, "body/3"));
    assert_eq!((dataset.examples[3].order, dataset.examples[3].stored.format), (3, "NIfTI"));
    assert_eq!(dataset.examples[0].group, dataset.examples[4].group, "both volumes are the same");
    fs::write(dir.path().join("head.nii"), &file[..360]).unwrap();
    let cut = load(dir.path()).unwrap();
    assert_eq!((cut.counts(), cut.unreadable.len()), (vec![4, 0], 1));
}

#[test]
fn the_phantom_is_a_data_set() {
    let dataset = Dataset::load(None, &LoadOptions::default()).unwrap();
    assert_eq!((dataset.classes.len(), dataset.counts()), (3, vec![91, 91, 91]));
    assert_eq!(dataset.examples[92].name, "functional/1");
    assert_eq!((dataset.examples[92].picture.h, dataset.examples[92].picture.w), (109, 91));
    dataset.check_trainable().unwrap();
}

#[test]
fn weights_make_classes_equal() {
    let mut dataset = Dataset::load(None, &LoadOptions::default()).unwrap();
    dataset.classes.push("nobody".into());
    let indices: Vec<usize> = (0..30).chain(91..101).collect();
    assert_eq!(balanced_weights(&dataset, &indices), [40.0 / (4.0 * 30.0), 1.0, 0.0, 0.0]);
}

#[test]
fn the_shared_slices_are_read_with_their_blanks() {
    let Some(path) = shared("mri_volumes") else { return };
    let dataset = load(&path).unwrap();
    assert_eq!(dataset.classes, ["anatomical", "functional", "metaanalytic"]);
    assert_eq!((dataset.counts(), dataset.unreadable.len()), (vec![91; 3], 0));
    let blank = |class| dataset.examples.iter().filter(|e| e.class == class && e.blank).count();
    assert_eq!([blank(0), blank(1), blank(2)], [13, 20, 36]);
    let blanks: Vec<&Example> = dataset.examples.iter().filter(|e| e.blank).collect();
    assert!(blanks.iter().all(|e| e.group == blanks[0].group), "blank slices are one group");
    assert!(dataset.examples.iter().enumerate().all(|(at, e)| e.order == at % 91 && e.picture.c == 1));
    assert_eq!(dataset.examples[12].name, "anatomical/anatomical12.jpg");
}

#[test]
fn the_shared_tumours_are_read_whatever_they_are_called() {
    let Some(path) = shared("brain_tumor_mri") else { return };
    let options = LoadOptions { group_column: Some("link_group".into()), ..LoadOptions::default() };
    let dataset = Dataset::load(Some(&path), &options).unwrap();
    assert_eq!((dataset.classes.clone(), dataset.counts()), (vec!["no".into(), "yes".into()], vec![78, 124]));
    assert_eq!(dataset.unreadable.len(), 0);
    let count = |color: &str| dataset.examples.iter().filter(|e| e.stored.color == color).count();
    assert_eq!((count("palette"), count("RGBA"), count("grey")), (1, 5, 21));
    let disguised = dataset.examples.iter().filter(|e| e.name.ends_with(".jpg") && e.stored.format == "PNG");
    assert_eq!(disguised.count(), 6);
    assert!(dataset.examples.iter().all(|e| e.picture.h.max(e.picture.w) <= 512));
    let distinct: std::collections::BTreeSet<_> = dataset.examples.iter().map(|e| e.hash).collect();
    // As many as the manifest's columns `exact_group` and `link_group` name.
    let groups = 1 + dataset.examples.iter().map(|e| e.group).max().unwrap();
    assert_eq!((distinct.len(), groups), (182, 150));
}
