//! Names, classes, order, and files that are not what they say.

use super::*;
use crate::data::grey::Encoding;

fn image(value: f32) -> GreyImage {
    GreyImage::new(1, 2, vec![value, 255.0]).unwrap()
}

fn write(path: &Path, value: f32, encoding: Encoding) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image(value).write(path, encoding).unwrap();
}

#[test]
fn order_is_natural_and_total() {
    let mut names = ["a10", "a2", "b1", "a02", "a", "a2b", "A1", "a1/9", "a1/10"];
    names.sort_by(|a, b| natural(a, b));
    assert_eq!(names, ["A1", "a", "a1/9", "a1/10", "a02", "a2", "a2b", "a10", "b1"]);
}

#[test]
fn classes_are_folders_and_bad_images_are_reported() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    write(&at("two/x10.png"), 10.0, Encoding::Png);
    write(&at("two/x9.PNG"), 9.0, Encoding::Png);
    write(&at("one/PNG inside.jpg"), 1.0, Encoding::Png);
    write(&at("one/no extension"), 2.0, Encoding::Png);
    write(&at("one/.hidden.png"), 3.0, Encoding::Png);
    fs::write(at("one/text.jpg"), "not an image").unwrap();
    fs::write(at("one/animation.gif"), b"GIF89a\x01\x00\x01\x00").unwrap();
    fs::write(at("labels.csv"), "file,class\n").unwrap();
    let whole = fs::read(at("two/x10.png")).unwrap();
    fs::write(at("two/half.png"), &whole[..whole.len() / 2]).unwrap();

    let folder = read(dir.path()).unwrap();
    let names: Vec<_> = folder.slices.iter().map(|s| (s.class.as_str(), s.name.as_str())).collect();
    assert_eq!(
        names,
        [
            ("one", "one/PNG inside.jpg"),
            ("one", "one/no extension"),
            ("two", "two/x9.PNG"),
            ("two", "two/x10.png")
        ]
    );
    assert_eq!(folder.slices[2].image, image(9.0));
    assert_eq!(folder.others, 1);
    let bad: Vec<_> = folder.unreadable.iter().map(|bad| name(dir.path(), &bad.path)).collect();
    assert_eq!(bad, ["one/animation.gif", "one/text.jpg", "two/half.png"]);
    assert!(folder.unreadable[0].error.to_string().contains("gif"));
}

#[test]
fn a_flat_folder_is_one_class() {
    let dir = tempfile::tempdir().unwrap();
    let flat = dir.path().join("scans");
    write(&flat.join("a.png"), 0.0, Encoding::Png);
    let folder = read(&flat).unwrap();
    assert_eq!((folder.slices[0].class.as_str(), folder.slices[0].name.as_str()), ("scans", "a.png"));
    assert!(matches!(read(&flat.join("missing")), Err(Error::Read { .. })));
}
