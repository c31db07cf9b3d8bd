//! `tesela tune`: a search, its files, who uses them, and what it refuses.

use super::{fails, json_of, passes, run, run_with, stderr, stdout, support, tesela};

#[test]
fn a_search_is_kept_where_told_and_used_from_there() {
    if !support::adapter() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("found.toml");
    let line = "tune maxpool --variant direct --sizes h=16,kh=2 --json --out";
    let output = run_with(line, &file);
    passes(&output);
    let found = json_of(&output);
    let search = &found[0];
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!((search["op"].as_str(), search["class"].as_u64()), (Some("maxpool"), Some(16)));
    let candidates = search["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 4);
    assert_eq!((&candidates[0]["constants"], &candidates[0]["default"]), (&"WG=64".into(), &true.into()));
    assert_eq!(candidates.iter().filter(|c| c["fate"] == "best").count(), 1, "{found}");
    let table = std::fs::read_to_string(folder.path().join("found.csv")).unwrap();
    assert_eq!(table.lines().count(), 5, "{table}");
    assert!(stderr(&output).contains("TESELA_TUNED="), "{}", stderr(&output));

    // The same command once more measures nothing, and as text it shows the same candidates.
    let again = run_with(&line.replace(" --json", ""), &file);
    passes(&again);
    assert!(stdout(&again).contains("WG=64 (default)"), "{}", stdout(&again));
    assert_eq!(json_of(&run_with(line, &file))[0]["calls"], 0);

    // As if WG = 32 had won: it is used, said, checked, and left out where asked.
    let text = std::fs::read_to_string(&file).unwrap().replace("fate = \"best\"", "fate = \"slower\"");
    let (before, behind) = text.split_once("constants = \"WG=32\"").unwrap();
    let rest = behind.split_once("fate = \"").unwrap().1.split_once('"').unwrap().1;
    let text = format!("{before}constants = \"WG=32\"\ndefault = false\nfate = \"best\"{rest}");
    std::fs::write(&file, text).unwrap();
    let check = |more: &[&str]| {
        let words = ["check", "maxpool", "--variant", "direct"].iter().chain(more);
        tesela(words).env("TESELA_TUNED", &file).output().unwrap()
    };
    let used = check(&[]);
    passes(&used);
    assert!(stderr(&used).contains("1 set of tuned constants"), "{}", stderr(&used));
    assert!(!stderr(&check(&["--no-tuned"])).contains("tuned"));

    // A sweep's record says so, and the default's says that.
    let experiment = folder.path().join("e.toml");
    std::fs::write(
        &experiment,
        "name = \"e\"\nquestion = \"?\"\nexpect = \"!\"\nop = \"maxpool\"\nvariants = [\"direct\"]\n\
         [axes]\nh = 16\nkh = 2\n[budget]\npoint_seconds = 0.05\n",
    )
    .unwrap();
    for (word, said) in [
        (file.as_os_str(), "tuned constants: maxpool/direct with WG = 32"),
        ("off".as_ref(), "the defaults of their files"),
    ] {
        let out = folder.path().join(format!("results-{}", said.len()));
        let words = ["sweep", "--no-probe", "--out"].map(std::ffi::OsStr::new);
        let words = words.into_iter().chain([out.as_os_str(), experiment.as_os_str()]);
        let swept = tesela(words).env("TESELA_TUNED", word).output().unwrap();
        passes(&swept);
        let run = tesela::record::Folder::read(stdout(&swept).trim().as_ref()).unwrap().run;
        assert!(run.notes.iter().any(|n| n.contains(said)), "{:?}", run.notes);
    }

    // A damaged file costs a note, and nothing else.
    std::fs::write(&file, "schema_version = ").unwrap();
    let damaged = check(&[]);
    passes(&damaged);
    assert!(stderr(&damaged).contains("the defaults hold"), "{}", stderr(&damaged));
    fails(&run_with(line, &file), 2, "is not a usable file of tuned constants");
}

#[test]
fn what_cannot_be_tuned_is_said() {
    fails(&run("tune relu"), 2, "relu declares nothing to tune");
    fails(
        &run("tune matmul --variant naive"),
        2,
        "matmul/naive declares nothing to tune; of matmul: blocked_",
    );
    fails(&run("tune nothing"), 2, "no operation `nothing`");
    fails(&run("tune matmul --sizes m=64 m=60"), 2, "both of class 64");
    fails(&run("tune matmul --sizes m64"), 2, "NAME=VALUE");
    fails(&run("tune matmul --budget=-1"), 2, "write seconds");
    fails(&run("tune matmul --device cpu"), 2, "tune needs an adapter");
}
