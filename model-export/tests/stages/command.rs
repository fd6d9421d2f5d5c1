//! The program itself: what it prints where, and the number it ends with.

use crate::shop::{Shop, text};

const EVENTS: &str = "
[[events]]
path = \"events*\"
event_type = \"view\"
[events.columns]
user = \"user\"
item = \"item\"
timestamp = \"time\"
value = \"value\"
";

#[test]
fn from_files_through_init_to_the_lake() {
    let folder = Shop::empty();
    let made = folder.call(&[
        "synthetic",
        "--out",
        "data",
        "--users",
        "30",
        "--items",
        "48",
        "--format",
        "csv",
        "--compress",
        "gzip",
    ]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let made = folder.call(&["init", "data/events.csv.gz", "data/catalogue.csv.gz", "data/tastes.csv"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert!(text(&made.stdout).contains("data/tastes.csv: unused"));
    let ingested = folder.call(&["--json", "ingest"]);
    assert!(ingested.status.success(), "{}", text(&ingested.stderr));
    assert_eq!(text(&ingested.stderr), "");
    let report: serde_json::Value = serde_json::from_slice(&ingested.stdout).unwrap();
    assert_eq!(report["stage"], "ingest");
    assert_eq!(report["files"][0]["accepted"], 48);
    assert_eq!(report["files"][1]["quarantined"], 0);
    assert!(report["files"][1]["accepted"].as_u64().unwrap() > 500);
    let table = text(&folder.call(&["ingest"]).stdout);
    assert!(table.starts_with("file"), "{table}");
    assert!(table.contains("unchanged"), "{table}");
}

#[test]
fn errors_are_a_chain_a_blank_line_and_a_hint_with_the_exit_code_of_their_kind() {
    let folder = Shop::empty();
    let missing = folder.call(&["ingest"]);
    assert_eq!(missing.status.code(), Some(2));
    let error = text(&missing.stderr);
    assert!(
        error.starts_with("error: cannot read the configuration selvedge.toml\n  caused by: "),
        "{error}"
    );
    assert!(error.contains("\n\nhint: `selvedge init"), "{error}");
    assert_eq!(text(&missing.stdout), "");

    folder.write("selvedge.toml", "[lake]\nmax_bad_shre = 0.1\n");
    let unknown = folder.call(&["ingest"]);
    assert_eq!(unknown.status.code(), Some(2));
    let error = text(&unknown.stderr);
    assert!(error.contains("line 2"), "{error}");
    assert!(error.ends_with("\n\nhint: did you mean `max_bad_share`?\n"), "{error}");

    folder.write("events.csv", "user,item,time,value\nbad\n");
    folder.write("selvedge.toml", EVENTS);
    let bad = folder.call(&["ingest"]);
    assert_eq!(bad.status.code(), Some(3));
    assert!(
        text(&bad.stderr).contains("1 like line 2: expected 4 columns, found 1"),
        "{}",
        text(&bad.stderr)
    );

    assert_eq!(folder.call(&["ingset"]).status.code(), Some(2));
}

#[test]
fn run_wants_the_key_before_it_works_for_minutes() {
    let folder = Shop::empty();
    folder.write("selvedge.toml", EVENTS);
    let run = folder.call(&["run"]);
    assert_eq!(run.status.code(), Some(2), "{}", text(&run.stderr));
    assert!(text(&run.stderr).contains("signing key"), "{}", text(&run.stderr));
    assert!(!folder.path().join(".selvedge/lake").exists());
}
