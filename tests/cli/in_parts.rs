//! `run` with an operand that exceeds what goes to the device at once.

use super::support::adapter;
use super::{json_of, passes, run, run_with, stdout};

#[test]
fn a_pooling_says_how_it_was_cut_and_is_verified() {
    if !adapter() {
        return;
    }
    let line = "run maxpool --random 100x50 --kernel 3 --stride 2 --padding 1 --indices --fill special";
    let output = run(&format!("{line} --device-bytes 4096"));
    passes(&output);
    let text = stdout(&output);
    assert!(text.contains("parts: bands of up to") && text.contains("4096 bytes"), "{text}");
    assert!(text.contains("verified: equal to the reference"), "{text}");
    let value = json_of(&run(&format!("{line} --device-bytes 4096 --repeat 3 --json")));
    assert!(value["parts"].as_u64().unwrap() > 3 && value["verified"] == true, "{value:#}");
    assert_eq!(
        (&value["rows"], &value["rows_verified"], &value["repeats"]),
        (&50.into(), &50.into(), &3.into())
    );
    assert_eq!((&value["windows"], &value["downloaded_bytes"]), (&1250.into(), &10_000.into()));
    // What fits is not cut.
    let whole = json_of(&run(&format!("{line} --json")));
    assert!(whole["parts"].is_null() && whole["verified"] == true, "{whole:#}");
}

#[test]
fn a_file_of_the_result_in_parts_is_that_of_the_whole() {
    if !adapter() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (line, name) in [
        ("run maxpool --random 40x30 --channels 3 --images 2 --kernel 3 --stride 1 --padding 1", "pool"),
        ("run matmul --m 70 --n 33 --k 50", "product"),
    ] {
        let (whole, parts) =
            (folder.path().join(format!("{name}.npy")), folder.path().join(format!("{name}_parts.npy")));
        passes(&run_with(&format!("{line} --output"), &whole));
        let output = run_with(&format!("{line} --device-bytes 5000 --output"), &parts);
        passes(&output);
        assert!(stdout(&output).contains("cut into "), "{}", stdout(&output));
        // The product's elements are sums of whole numbers: exact in any order.
        assert!(std::fs::read(&whole).unwrap() == std::fs::read(&parts).unwrap(), "{line}");
    }
}
