//! What is read and written.

use super::{fails, passes, run, stdout, tesela};

#[test]
fn a_product_of_two_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("a.csv"), "1,2\n3,4\n").unwrap();
    std::fs::write(at("b.csv"), "5 6\n7 8\n").unwrap();
    let multiply = |b: &str, out: &str| {
        let mut command = tesela(["run", "matmul", "--device", "cpu", "--a"]);
        command.arg(at("a.csv")).arg("--b").arg(at(b)).arg("--output").arg(at(out)).output().unwrap()
    };
    let output = multiply("b.csv", "c.csv");
    passes(&output);
    assert!(stdout(&output).contains("C: 2 x 2, 16 bytes\n  19 22\n  43 50\n"), "{}", stdout(&output));
    assert_eq!(std::fs::read_to_string(at("c.csv")).unwrap(), "19,22\n43,50\n");
    fails(&multiply("b.csv", "c.csv"), 1, "exists");
    assert_eq!(std::fs::read_to_string(at("c.csv")).unwrap(), "19,22\n43,50\n");
    fails(&multiply("b.csv", "c.txt"), 2, ".csv, .npy or .png");
    fails(&multiply("b.csv", "no/such/folder/c.csv"), 1, "cannot write");
    std::fs::write(at("tall.csv"), "1,2\n3,4\n5,6\n").unwrap();
    fails(&multiply("tall.csv", "d.csv"), 2, "as many rows as A has columns");
}

#[test]
fn an_image_goes_through() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let image = tesela::data::GreyImage::new(2, 4, vec![0., 10., 20., 30., 40., 250., 60., 70.]).unwrap();
    image.write(&at("x.png"), tesela::data::Encoding::Png).unwrap();
    let pool = |out: &str| {
        let mut command = tesela(["run", "maxpool", "--device", "cpu", "--input"]);
        command.arg(at("x.png")).arg("--out").arg(at(out)).output().unwrap()
    };
    passes(&pool("y.png"));
    assert_eq!(tesela::data::image_file::read(&at("y.png")).unwrap().pixels, [250.0, 70.0]);
    passes(&pool("y.csv"));
    assert_eq!(std::fs::read_to_string(at("y.csv")).unwrap(), "250,70\n");
    passes(&pool("y.npy"));
    assert_eq!(tesela::data::npy::read(&at("y.npy")).unwrap().shape, [1, 1, 1, 2]);
}

#[test]
fn arrays_keep_their_planes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let values: Vec<f32> = (0..16u8).map(f32::from).collect();
    tesela::data::npy::write_f32(&at("x.npy"), &[2, 1, 2, 4], &values).unwrap();
    let pool = |out: &str| {
        let mut command = tesela(["run", "maxpool", "--device", "cpu", "--input"]);
        command.arg(at("x.npy")).arg("--output").arg(at(out)).output().unwrap()
    };
    passes(&pool("y.csv"));
    assert_eq!(std::fs::read_to_string(at("y.csv")).unwrap(), "5,7\n13,15\n");
    fails(&pool("y.png"), 2, "one image of one channel");
}

#[test]
fn the_seed_decides_the_input() {
    let text = |seed: &str| stdout(&run(&format!("run maxpool --random 6 --device cpu --seed {seed}")));
    let matrices = |text: String| text.split("times:").next().unwrap().to_owned();
    assert_eq!(matrices(text("7")), matrices(text("7")));
    assert_ne!(matrices(text("7")), matrices(text("8")));
}

#[test]
fn the_phantom_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("phantom");
    let line = format!("data phantom {} --quiet", dir.display());
    let output = run(&line);
    passes(&output);
    let paths = stdout(&output);
    assert_eq!(paths.lines().count(), 3 * 91 + 1);
    assert!(paths.lines().all(|path| std::path::Path::new(path).exists()));
    fails(&run(&line), 1, "exists");
}

#[test]
fn a_volume_is_sliced() {
    let volume =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/mri_volumes/anatomical.nii.gz");
    if !volume.exists() {
        println!("ignored: ../shared/data/mri_volumes is not there");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("slices");
    let line = |window: &str| format!("data slice {} {} --window {window}", volume.display(), dir.display());
    fails(&run(&line("9..1")), 2, "the lower first");
    let output = run(&line("-5..200"));
    passes(&output);
    assert_eq!(stdout(&output).lines().count(), 91);
    let first = tesela::data::image_file::read(&dir.join("anatomical-slice045.png")).unwrap();
    assert_eq!((first.h, first.w), (109, 91));
    fails(&run(&line("volume")), 1, "exists");
}

#[test]
fn a_data_set_is_inspected() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let write = |name: &str, pixels: [u8; 4]| {
        std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        tesela::data::Picture::new(1, 2, 2, pixels.to_vec()).unwrap().write_png(&at(name)).unwrap();
    };
    write("set/yes/1.png", [1, 2, 3, 4]);
    write("set/yes/2.png", [5, 5, 5, 5]);
    write("set/no/1.jpg", [1, 2, 3, 4]);
    std::fs::write(at("set/no/2.jpg"), "cut").unwrap();
    let line = |more: &str| format!("data inspect {} {more}", at("set").display());
    let output = run(&line(""));
    passes(&output);
    let text = stdout(&output);
    for part in
        ["3 images in 2 classes", "ACROSS CLASSES", "no/1.jpg = yes/1.png", "unreadable", "2.jpg is not a"]
    {
        assert!(text.contains(part), "`{part}` is missing in {text}");
    }
    assert!(String::from_utf8_lossy(&output.stderr).contains("--sheet FILE.png"));

    let sheet = at("sheet.png");
    let output = run(&line(&format!("--json --quiet --sheet {}", sheet.display())));
    passes(&output);
    assert!(output.stderr.is_empty());
    let facts = super::json_of(&output);
    assert_eq!((&facts["images"], &facts["blank"], &facts["distinct"]), (&3.into(), &1.into(), &2.into()));
    assert_eq!(facts["duplicates"][0]["classes"], serde_json::json!(["no", "yes"]));
    assert_eq!(
        facts["classes"][1],
        serde_json::json!({"name": "yes", "images": 2, "blank": 1, "distinct": 2})
    );
    assert_eq!(facts["misnamed"], serde_json::json!(["no/1.jpg"]));
    assert_eq!(tesela::data::picture::read(&sheet).unwrap().c, 1, "grey images and black words");
    fails(&run(&line(&format!("--sheet {}", sheet.display()))), 1, "exists");
    fails(&run(&line("--group-column patient")), 2, "no labels.csv or manifest.csv");
    fails(&run("data inspect no/such/folder"), 2, "cannot read");
}
