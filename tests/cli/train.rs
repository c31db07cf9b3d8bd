//! `train`, `evaluate`, `classify`, `features`, `network` and `lr-find` from outside, on a small data set on the disk.

use std::path::{Path, PathBuf};

use super::{fails, passes, stderr, stdout, support, tesela};
use tesela::data::Picture;

/// Two classes of `count` images each: bright above, bright below.
fn images(folder: &Path, count: usize) -> PathBuf {
    let data = folder.join("images");
    for (class, name) in ["above", "below"].iter().enumerate() {
        let dir = data.join(name);
        std::fs::create_dir_all(&dir).unwrap();
        for number in 0..count {
            let pixel = |at: usize| {
                let lit = (at / 32 < 16) == (class == 0);
                let noise = (at * 7919 + number * 104_729) % 60;
                u8::try_from(if lit { 150 + noise } else { 20 + noise }).unwrap()
            };
            let picture = Picture::new(1, 32, 32, (0..1024).map(pixel).collect()).unwrap();
            picture.write_png(&dir.join(format!("{name}{number}.png"))).unwrap();
        }
    }
    data
}

pub(super) const RUN: &str = r#"
name = "two"
network = "small"
epochs = 6
batch = 8
learning_rate = 2e-3
[split]
rule = "fractions"
test = 0.25
valid = 0.25
"#;

pub(super) struct Place {
    pub(super) folder: tempfile::TempDir,
    pub(super) config: PathBuf,
    data: PathBuf,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("two.toml");
        std::fs::write(&config, RUN).unwrap();
        let data = images(folder.path(), 16);
        Self { folder, config, data }
    }

    pub(super) fn train(&self, more: &[&str]) -> std::process::Output {
        let mut command = tesela(["--device", "cpu", "--threads", "2", "train"]);
        command.arg(&self.config).arg("--data").arg(&self.data).arg("--out").arg(self.folder.path());
        command.args(more).output().unwrap()
    }
}

pub(super) fn metrics(run: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(run.join("metrics.json")).unwrap()).unwrap()
}

#[test]
fn a_folder_of_images_becomes_a_model_that_classifies() {
    let place = Place::new();
    let trained = place.train(&[]);
    passes(&trained);
    let run = PathBuf::from(stdout(&trained).trim());
    let files = [
        "run.json",
        "training.csv",
        "metrics.json",
        "layers.csv",
        "model.safetensors",
        "report.html",
        "report.md",
    ];
    for file in files {
        assert!(run.join(file).is_file(), "{file} is missing");
    }
    let metrics: serde_json::Value =
        serde_json::from_slice(&std::fs::read(run.join("metrics.json")).unwrap()).unwrap();
    assert_eq!(metrics["test_accuracy"], 1.0, "{metrics}");
    assert_eq!(metrics["epochs"], 6);
    assert_eq!(metrics["counts"], serde_json::json!({"train": 16, "valid": 8, "test": 8}));
    assert_eq!(metrics["leaks"]["test_in_train"], 0);

    let model = run.join("model.safetensors");
    let evaluated = tesela(["--device", "cpu", "evaluate"])
        .arg(&model)
        .arg("--data")
        .arg(&place.data)
        .arg("--json")
        .output();
    let evaluated = evaluated.unwrap();
    passes(&evaluated);
    let found: serde_json::Value = serde_json::from_str(&stdout(&evaluated)).unwrap();
    assert_eq!(found["confusion"], serde_json::json!([[16, 0], [0, 16]]));
    assert_eq!(found["roc_auc"], 1.0);

    let image = place.data.join("below/below3.png");
    let classified =
        tesela(["--device", "cpu", "classify"]).arg(&model).arg(&image).arg("--json").output().unwrap();
    passes(&classified);
    let found: serde_json::Value = serde_json::from_str(&stdout(&classified)).unwrap();
    assert_eq!(found[0]["label"], "below");
    let sum =
        found[0]["probabilities"].as_object().unwrap().values().map(|p| p.as_f64().unwrap()).sum::<f64>();
    assert!((sum - 1.0).abs() < 1e-6, "{found}");

    // An image that cannot be read does not keep the others from being classified.
    let broken = place.folder.path().join("broken.png");
    std::fs::write(&broken, b"\x89PNG\r\n\x1a\nno more").unwrap();
    let both = tesela(["--device", "cpu", "classify"]).arg(&model).arg(&broken).arg(&image).output().unwrap();
    assert_eq!(both.status.code(), Some(1));
    assert!(stderr(&both).contains("broken.png") && stdout(&both).contains("below"), "{}", stderr(&both));

    let sheet = place.folder.path().join("sheet.png");
    let drawn = tesela(["--device", "cpu", "features"])
        .arg(&model)
        .arg(&image)
        .arg("--out")
        .arg(&sheet)
        .output()
        .unwrap();
    passes(&drawn);
    assert!(std::fs::metadata(&sheet).unwrap().len() > 10_000);

    // A model cut short, and one of another kind.
    let bytes = std::fs::read(&model).unwrap();
    let cut = place.folder.path().join("cut.safetensors");
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    fails(&tesela(["classify"]).arg(&cut).arg(&image).output().unwrap(), 2, "cut short");
    fails(&tesela(["classify"]).arg(&image).arg(&image).output().unwrap(), 2, "safetensors");
    // Images of a class that the model does not know.
    let strange = images(&place.folder.path().join("strange"), 1);
    std::fs::rename(strange.join("above"), strange.join("sideways")).unwrap();
    let evaluated = tesela(["evaluate"]).arg(&model).arg("--data").arg(&strange).output().unwrap();
    fails(&evaluated, 2, "`sideways`");
}

/// What one process compiled is kept for the next, where the adapter hands it out, and nowhere else than asked for.
#[test]
fn compiled_kernels_are_kept_where_told() {
    if !support::adapter() {
        return;
    }
    let place = Place::new();
    let trained = place.train(&["--epochs", "1"]);
    passes(&trained);
    let model = PathBuf::from(stdout(&trained).trim()).join("model.safetensors");
    let kept = place.folder.path().join("kept/here");
    let classify = |cache: &std::ffi::OsStr| {
        let mut command = tesela(["--device", "software", "classify", "--json"]);
        command.arg(&model).arg(place.data.join("below/below3.png"));
        let output = command.env("TESELA_PIPELINE_CACHE", cache).output().unwrap();
        passes(&output);
        let found: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        found[0]["probabilities"].clone()
    };
    let cold = classify("off".as_ref());
    assert!(!kept.exists());
    assert_eq!(classify(kept.as_os_str()), cold);
    let files = || std::fs::read_dir(&kept).map_or(0, Iterator::count);
    let hands_out =
        tesela::gpu::list().iter().any(|a| a.software && a.features.iter().any(|f| f == "PIPELINE_CACHE"));
    assert_eq!(files(), usize::from(hands_out));
    if !hands_out {
        return;
    }
    let file = std::fs::read_dir(&kept).unwrap().next().unwrap().unwrap().path();
    let whole = std::fs::read(&file).unwrap();
    assert_eq!(classify(kept.as_os_str()), cold);
    assert!(std::fs::read(&file).unwrap() == whole, "nothing new was compiled");
    // A damaged file is replaced, and costs nothing else.
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(classify(kept.as_os_str()), cold);
    assert_eq!((std::fs::read(&file).unwrap() == whole, files()), (true, 1));
    // Where nothing can be written it is said, and the answer is the same.
    let blocked = file.join("below");
    assert_eq!(classify(blocked.as_os_str()), cold);
}

#[test]
fn a_corrupt_image_among_good_ones_is_named_and_counted() {
    let place = Place::new();
    std::fs::write(place.data.join("above/torn.png"), b"\x89PNG\r\n\x1a\nno more").unwrap();
    let trained = place.train(&["--epochs", "1"]);
    passes(&trained);
    assert!(stderr(&trained).contains("torn.png"), "{}", stderr(&trained));
    let run = PathBuf::from(stdout(&trained).trim());
    let record = std::fs::read_to_string(run.join("run.json")).unwrap();
    assert!(record.contains("1 image could not be read"), "{record}");
}

#[test]
fn wrong_files_and_arguments_are_told_apart() {
    let place = Place::new();
    let with = |text: &str| {
        std::fs::write(&place.config, text).unwrap();
        place.train(&[])
    };
    fails(&with(&RUN.replace("epochs = 6", "epochs = 0")), 2, "epochs = 0");
    fails(&with(&RUN.replace("batch", "bathc")), 2, "bathc");
    for (table, said) in [
        ("[optimiser]\nmax_norm = -1.0", "max_norm = -1"),
        ("[optimiser]\nmax_norm = nan", "max_norm = NaN"),
        ("[optimiser]\nmomentum = 1.5", "momentum = 1.5"),
        ("[optimiser]\nweight_decay = inf", "weight_decay = inf"),
        ("[optimiser]\nnesterov = true", "nesterov"),
        ("[data]\nmax_side = 0", "max_side = 0"),
    ] {
        fails(&with(&format!("{RUN}{table}\n")), 2, said);
    }
    assert!(!place.folder.path().join("two").exists(), "a refused run leaves no folder");
    fails(&with(&RUN.replace("\"small\"", "\"missing.toml\"")), 2, "missing.toml");
    let network = place.folder.path().join("odd.toml");
    let layers =
        "name = \"odd\"\ninput = [3, 32, 32]\n[[layer]]\nkind = \"conv2d\"\nfilters = 4\nkernel = 40\n";
    std::fs::write(&network, layers).unwrap();
    fails(
        &with(&RUN.replace("\"small\"", "\"odd.toml\"")),
        2,
        "layer 1 `conv1` (conv2d): a window of 40 x 40 does not fit",
    );
    std::fs::write(&place.config, RUN).unwrap();
    fails(&place.train(&["--variant", "maxpool=nonsense"]), 2, "nonsense");
    fails(&place.train(&["--variant", "maxpool=tiled"]), 2, "does not run on the CPU");
    fails(&place.train(&["--protocol", "D"]), 2, "protocol");
    fails(&place.train(&["--protocol", "B"]), 2, "per_class");
    fails(&place.train(&["--resume"]), 2, "--resume");
    let empty = tempfile::tempdir().unwrap();
    let none = tesela(["train"]).arg(&place.config).arg("--data").arg(empty.path()).output().unwrap();
    fails(&none, 2, "no image");
}

#[test]
fn networks_are_printed_layer_by_layer() {
    let output = tesela(["network", "alexnet32"]).output().unwrap();
    passes(&output);
    let text = stdout(&output);
    // conv4 has 384 x 256 weights of 3 x 3 and 256 biases; the thesis's network has 23 272 266 parameters.
    assert!(text.contains("884992") && text.contains("23272266"), "{text}");
    let json = tesela(["network", "mri4", "--json", "--batch", "1"]).output().unwrap();
    let found: serde_json::Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(found["layers"][0]["output"], "32 x 126 x 126");
    assert_eq!(found["layers"][0]["parameters"], 896);
    // Two operations for each of 27 products an output, the bias, and the relu behind it, which is part of the same call.
    assert_eq!(found["layers"][0]["forward_flops"], 32 * 126 * 126 * (2 * 27 + 2));
    assert_eq!(
        (&found["layers"][1]["kind"], &found["layers"][1]["forward_flops"]),
        (&"relu".into(), &0.into())
    );
    fails(&tesela(["network", "nothing.toml"]).output().unwrap(), 2, "built-in networks are small");
    fails(
        &tesela(["network", "mri4", "--classes", "3"]).output().unwrap(),
        2,
        "bce_with_logits is for 2 classes",
    );
}

#[test]
fn the_range_test_suggests_a_rate() {
    let place = Place::new();
    let mut command = tesela(["--device", "cpu", "lr-find"]);
    let output =
        command.arg(&place.config).arg("--data").arg(&place.data).arg("--out").arg(place.folder.path());
    let output = output.args(["--steps", "40"]).output().unwrap();
    passes(&output);
    let rate: f64 = stdout(&output).trim().parse().unwrap();
    assert!((1e-6..1.0).contains(&rate), "{rate}");
    let scaled = RUN.replace("[split]", "[loss_scaling]\nstart = 1.2676506002282294e30\n[split]");
    std::fs::write(&place.config, scaled).unwrap();
    let mut command = tesela(["--device", "cpu", "lr-find", "--precision", "mixed", "--steps", "40"]);
    let output =
        command.arg(&place.config).arg("--data").arg(&place.data).arg("--out").arg(place.folder.path());
    let output = output.output().unwrap();
    passes(&output);
    assert!(stderr(&output).contains("not in the curve"), "{}", stderr(&output));
    let rate: f64 = stdout(&output).trim().parse().unwrap();
    assert!((1e-6..1.0).contains(&rate), "{rate}");
    fails(
        &tesela(["lr-find", "--precision", "mixed", "--steps", "1"]).arg(&place.config).output().unwrap(),
        2,
        "steps",
    );
}

/// Ctrl-C saves, and `--resume` goes on to the bits of a run that was left alone.
#[cfg(unix)]
#[test]
fn an_interrupt_saves_and_resume_gives_the_same_bits() {
    let place = Place::new();
    let long = RUN.replace("epochs = 6", "epochs = 60");
    std::fs::write(&place.config, long).unwrap();
    let whole = place.train(&[]);
    passes(&whole);
    let whole = PathBuf::from(stdout(&whole).trim());
    let program = assert_cmd::cargo::cargo_bin("tesela");
    let mut child = std::process::Command::new(program)
        .args(["--device", "cpu", "--threads", "2", "train"])
        .arg(&place.config)
        .arg("--data")
        .arg(&place.data)
        .arg("--out")
        .arg(place.folder.path())
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Once an epoch is over, somewhere in the next ones.
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    assert!(lines.any(|line| line.unwrap().starts_with("epoch 2/")));
    let interrupted = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.unwrap().success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("--resume goes on")), "{rest:?}");
    // Other pixels under the same name: that is another run.
    let image = place.data.join("above/above3.png");
    let pixels = std::fs::read(&image).unwrap();
    std::fs::copy(place.data.join("above/above4.png"), &image).unwrap();
    fails(&place.train(&["--resume"]), 2, "no run here");
    std::fs::write(&image, pixels).unwrap();
    let resumed = place.train(&["--resume"]);
    passes(&resumed);
    let resumed = PathBuf::from(stdout(&resumed).trim());
    assert_ne!(whole, resumed);
    let compared = tesela(["compare"]).arg(&whole).arg(&resumed).output().unwrap();
    fails(&compared, 2, "training runs have no samples");
    let model = |folder: &Path| std::fs::read(folder.join("model.safetensors")).unwrap();
    assert!(model(&whole) == model(&resumed), "other weights after going on");
}

/// A run that was killed before it saved a state has nothing to go on from, and says so; its rows stay.
#[test]
fn a_run_without_a_saved_state_is_not_resumed() {
    let place = Place::new();
    let spoilt = RUN.replace("2e-3", "1e30");
    std::fs::write(&place.config, &spoilt).unwrap();
    fails(&place.train(&[]), 1, "not finite");
    let parent = place.folder.path().join("two");
    let run = std::fs::read_dir(&parent).unwrap().next().unwrap().unwrap().path();
    let record = std::fs::read_to_string(run.join("run.json")).unwrap();
    assert!(record.contains("\"status\": \"interrupted\""), "{record}");
    let rows = std::fs::read(run.join("training.csv")).unwrap();
    fails(&place.train(&["--resume"]), 2, "before a state was saved");
    assert_eq!(std::fs::read(run.join("training.csv")).unwrap(), rows);
    assert_eq!(std::fs::read_dir(&parent).unwrap().count(), 1);
}
