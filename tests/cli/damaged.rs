//! Run folders that are cut, repeated, empty or of a later program: `report` and `compare` say what is wrong, end with the
//! code of a usage error, and leave what was there as it was.

use std::path::Path;

use super::compare::{compare, folder};
use super::{fails, passes, tesela};

/// A damage, and what is said about it.
struct Damage {
    name: &'static str,
    file: &'static str,
    harm: fn(String) -> String,
    said: &'static str,
}

const DAMAGES: [Damage; 7] = [
    Damage {
        name: "cut in the middle of a row",
        file: "samples.csv",
        harm: |text| text[..text.len() - 20].to_owned(),
        said: "samples.csv: line 49: ",
    },
    Damage {
        name: "cut in the last cell of a row",
        file: "samples.csv",
        harm: |text| text + "x,matmul,serial,A,false,1,64,64,64,1,1,1,0,,,,,,,,,,,skipped,it was too la",
        said: "its last row has no line end: the file was cut",
    },
    Damage {
        name: "a later schema",
        file: "run.json",
        harm: |text| text.replace("\"schema_version\":1", "\"schema_version\":7"),
        said: "its schema version is 7, this program knows 1 to 1; use a newer program",
    },
    Damage {
        name: "points twice",
        file: "samples.csv",
        harm: |text| {
            let rows = text.split_once('\n').unwrap().1.to_owned();
            text + &rows
        },
        said: "row 49 is sample 0 of matmul/serial [m=64 n=64 k=64] once more, after row 1",
    },
    Damage {
        name: "no row",
        file: "samples.csv",
        harm: |text| text.lines().next().unwrap().to_owned() + "\n",
        said: "",
    },
    Damage { name: "nothing at all", file: "samples.csv", harm: |_| String::new(), said: "it is empty" },
    Damage { name: "no JSON", file: "run.json", harm: |text| text[..40].to_owned(), said: "run.json" },
];

fn report(run: &Path, out: &Path) -> std::process::Output {
    tesela(["report".as_ref(), run.as_os_str(), "--out".as_ref(), out.as_os_str()]).output().unwrap()
}

#[test]
fn damage_is_named_and_nothing_is_written_over() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    folder(&at("good"), "2024-01-01T00:00:00Z", "A", 1.0);
    passes(&report(&at("good"), &at("out")));
    let page = std::fs::read(at("out").join("report.html")).unwrap();
    for damage in DAMAGES {
        let run = at("bad");
        folder(&run, "2024-01-02T00:00:00Z", "A", 1.0);
        let file = run.join(damage.file);
        let harmed = (damage.harm)(std::fs::read_to_string(&file).unwrap());
        std::fs::write(&file, &harmed).unwrap();

        let told = report(&run, &at("out"));
        fails(&told, 2, damage.said);
        fails(&compare(&at("good"), &run, &[]), 2, damage.said);
        assert_eq!(std::fs::read(at("out").join("report.html")).unwrap(), page, "{}", damage.name);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), harmed, "{}", damage.name);
        assert_eq!(std::fs::read_dir(&run).unwrap().count(), 2, "{}: something was added", damage.name);
    }
}
