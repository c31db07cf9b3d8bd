//! Training in mixed precision from outside: what is recorded, what is refused, and runs that took no step.

use std::path::{Path, PathBuf};

use super::train::{Place, RUN, metrics};
use super::{fails, passes, stderr, stdout};

/// Asked for on the command line; what became of the scale stands in the run's record and in its report.
#[test]
fn mixed_precision_learns_as_well_and_is_recorded() {
    let place = Place::new();
    let single = place.train(&[]);
    passes(&single);
    let single = metrics(Path::new(stdout(&single).trim()));
    assert_eq!((&single["precision"], &single["loss_scale"]), (&"f32".into(), &serde_json::Value::Null));
    let mixed = place.train(&["--precision", "mixed"]);
    passes(&mixed);
    assert!(stderr(&mixed).contains("in mixed precision"), "{}", stderr(&mixed));
    let run = PathBuf::from(stdout(&mixed).trim());
    let mixed = metrics(&run);
    assert_eq!(mixed["precision"], "mixed");
    assert_eq!(mixed["variants"]["matmul_mixed"], "library");
    let (scale, skipped) = (mixed["loss_scale"].as_f64().unwrap(), mixed["skipped_steps"].as_u64().unwrap());
    assert_eq!(scale, 65_536.0 * 0.5f64.powi(i32::try_from(skipped).unwrap()));
    let losses = [&mixed, &single].map(|m| m["test_loss"].as_f64().unwrap());
    assert!((losses[0] - losses[1]).abs() < 0.02, "{losses:?}");
    assert_eq!(mixed["test_accuracy"], 1.0);
    let page = std::fs::read_to_string(run.join("report.md")).unwrap();
    assert!(page.contains("| precision | mixed; loss scale "), "{page}");
    fails(&place.train(&["--precision", "f16"]), 2, "write f32 or mixed");
}

#[test]
fn a_run_in_mixed_precision_that_took_no_step_fails() {
    let place = Place::new();
    let text = RUN.replace("[split]", "[loss_scaling]\nstart = 8.507059173023462e37\n[split]");
    std::fs::write(&place.config, text).unwrap();
    let trained = place.train(&["--precision", "mixed", "--epochs", "2"]);
    fails(&trained, 1, "no step of the run was taken");
    let said = stderr(&trained);
    for line in
        ["scaled by 2^126 at first", "epoch 1: every step was skipped", "epoch 2: every step was skipped"]
    {
        assert!(said.contains(line), "{said}");
    }
    assert!(!said.contains("the best so far"), "{said}");
    let run = std::fs::read_dir(place.folder.path().join("two")).unwrap().next().unwrap().unwrap().path();
    let record = std::fs::read_to_string(run.join("run.json")).unwrap();
    assert!(record.contains("\"status\": \"interrupted\""), "{record}");
    assert!(!run.join("model.safetensors").exists());
}

/// What the file says is judged with what the command line says put over it.
#[test]
fn the_command_line_makes_a_file_sound_or_unsound() {
    let place = Place::new();
    let scaled = RUN.replace("[split]", "[loss_scaling]\nstart = 1024.0\n[split]");
    std::fs::write(&place.config, &scaled).unwrap();
    let refused = place.train(&[]);
    fails(&refused, 2, "this run's is f32");
    assert!(stderr(&refused).contains("two.toml"), "{}", stderr(&refused));
    let mixed = place.train(&["--precision", "mixed", "--epochs", "1"]);
    passes(&mixed);
    assert!(stderr(&mixed).contains("scaled by 2^10 at first"), "{}", stderr(&mixed));
    std::fs::write(&place.config, scaled.replace("batch", "precision = \"mixed\"\nbatch")).unwrap();
    fails(&place.train(&["--epochs", "0"]), 2, "the command line: epochs = 0");
    passes(&place.train(&["--precision", "f32", "--epochs", "1"]));
}

#[test]
fn a_variant_of_an_op_that_is_not_called_is_refused() {
    let place = Place::new();
    let with = |precision: &str, variant: &str| {
        place.train(&["--epochs", "1", "--precision", precision, "--variant", variant])
    };
    for (precision, op, other) in [
        ("mixed", "conv2d", "conv2d_mixed"),
        ("f32", "conv2d_mixed", "conv2d"),
        ("f32", "avgpool", "maxpool"),
    ] {
        let variant = format!("{op}=serial");
        let refused = with(precision, &variant);
        fails(&refused, 2, &format!("no step of this training calls {op}; it calls "));
        let said = stderr(&refused);
        assert!(said.split([' ', ',', '\n']).any(|word| word == other), "{said}");
    }
    assert!(!place.folder.path().join("two").exists(), "a refused run leaves no folder");
    let trained = with("mixed", "conv2d_mixed=serial");
    passes(&trained);
    assert_eq!(metrics(Path::new(stdout(&trained).trim()))["variants"]["conv2d_mixed"], "serial");
}
