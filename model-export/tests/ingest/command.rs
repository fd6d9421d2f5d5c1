//! The program itself: what it prints where, and the number it ends with.

use std::process::{Command, Output};

use crate::support::Folder;

fn selvedge(folder: &Folder, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_selvedge"))
        .current_dir(folder.path())
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn from_files_through_init_to_the_lake() {
    let folder = Folder::new();
    let made = selvedge(
        &folder,
        &[
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
        ],
    );
    assert!(made.status.success(), "{}", text(&made.stderr));
    let made = selvedge(
        &folder,
        &["init", "data/events.csv.gz", "data/catalogue.csv.gz", "data/tastes.csv"],
    );
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert!(text(&made.stdout).contains("data/tastes.csv: unused"));
    let ingested = selvedge(&folder, &["--json", "ingest"]);
    assert!(ingested.status.success(), "{}", text(&ingested.stderr));
    assert_eq!(text(&ingested.stderr), "");
    let report: serde_json::Value = serde_json::from_slice(&ingested.stdout).unwrap();
    assert_eq!(report["stage"], "ingest");
    assert_eq!(report["files"][0]["accepted"], 48);
    assert_eq!(report["files"][1]["quarantined"], 0);
    assert!(report["files"][1]["accepted"].as_u64().unwrap() > 500);
    let table = text(&selvedge(&folder, &["ingest"]).stdout);
    assert!(table.starts_with("file"), "{table}");
    assert!(table.contains("unchanged"), "{table}");
}

#[test]
fn errors_are_a_chain_a_blank_line_and_a_hint_with_the_exit_code_of_their_kind() {
    let folder = Folder::new();
    let missing = selvedge(&folder, &["ingest"]);
    assert_eq!(missing.status.code(), Some(2));
    let error = text(&missing.stderr);
    assert!(
        error.starts_with("error: cannot read the configuration selvedge.toml\n  caused by: "),
        "{error}"
    );
    assert!(error.contains("\n\nhint: `selvedge init"), "{error}");
    assert_eq!(text(&missing.stdout), "");

    folder.write("selvedge.toml", "[lake]\nmax_bad_shre = 0.1\n");
    let unknown = selvedge(&folder, &["ingest"]);
    assert_eq!(unknown.status.code(), Some(2));
    let error = text(&unknown.stderr);
    assert!(error.contains("line 2"), "{error}");
    assert!(error.ends_with("\n\nhint: did you mean `max_bad_share`?\n"), "{error}");

    folder.write("events.csv", "user,item,time,value\nbad\n");
    folder.write("selvedge.toml", crate::support::EVENTS);
    let bad = selvedge(&folder, &["ingest"]);
    assert_eq!(bad.status.code(), Some(3));
    assert!(
        text(&bad.stderr).contains("1 like line 2: expected 4 columns, found 1"),
        "{}",
        text(&bad.stderr)
    );

    assert_eq!(selvedge(&folder, &["ingset"]).status.code(), Some(2));
}

#[test]
fn run_wants_the_key_before_it_works_for_minutes() {
    let folder = Folder::new();
    folder.write("selvedge.toml", crate::support::EVENTS);
    let run = selvedge(&folder, &["run"]);
    assert_eq!(run.status.code(), Some(2), "{}", text(&run.stderr));
    assert!(text(&run.stderr).contains("signing key"), "{}", text(&run.stderr));
    assert!(!folder.lake_dir().exists());
}
