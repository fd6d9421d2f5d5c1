//! Strangers' files: `selvedge init FILES…` drafts a configuration, `selvedge ingest` reads with that very draft, and the lake must hold what a
//! person would expect of these files. Each case is a few lines of `cases/*.toml`; `case.rs` says what may stand there.
//!
//! `SELVEDGE_CASES=TEXT` runs only the cases whose theme or name contains the text. `SELVEDGE_FILES_TALLY=FILE` writes the tally as JSON, for
//! `cargo xtask bench files`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod case;
mod container;
mod content;
mod document;
mod parquet_file;
mod run;
mod tally;

use std::path::Path;

/// Where the cases are.
fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/cases")
}

#[test]
fn every_case_comes_out_as_a_person_expects() {
    let only = std::env::var("SELVEDGE_CASES").unwrap_or_default();
    let cases = case::all(&folder(), &only);
    assert!(!cases.is_empty(), "no case contains {only:?}");
    let tally = tally::Tally::of(run::all(&cases));
    if let Some(path) = std::env::var_os("SELVEDGE_FILES_TALLY") {
        std::fs::write(path, tally.json().to_string()).unwrap();
    }
    println!("{}", tally.text());
    assert!(tally.is_right(), "{}", tally.text());
}

#[test]
fn there_are_at_least_110_cases_and_no_two_of_one_name() {
    let cases = case::all(&folder(), "");
    assert!(cases.len() >= 110, "{} cases", cases.len());
    let names: std::collections::BTreeSet<_> = cases.iter().map(|(theme, case)| (theme, &case.name)).collect();
    assert_eq!(names.len(), cases.len());
}
