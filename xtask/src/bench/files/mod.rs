//! Strangers' files: how many of the cases in `model-export/tests/files/cases` come out right, are clearly refused, or come out wrong.

mod speed;

use std::fs;

use serde_json::Value;

use super::report::{Report, entries, text};
use crate::failure::Failure;
use crate::process;
use crate::progress::step;
use crate::tools;

const VERDICTS: [&str; 5] = ["right", "clearly refused", "refused though readable", "untold", "wrong"];

pub fn run() -> Result<(), Failure> {
    step("reading the table of cases");
    let path = tools::target_dir()?.join("files-tally.json");
    // The tally of an earlier run must not stand for this one.
    if path.exists() {
        fs::remove_file(&path).map_err(Failure::io("remove", &path))?;
    }
    // The test fails where a case is not right; the tally says so, too, so only its absence is an error here.
    process::tee(
        tools::cargo()
            .args(["test", "--quiet", "--profile", "native", "--package", "selvedge-export"])
            .args(["--test", "files"])
            .env("SELVEDGE_FILES_TALLY", &path),
    )?;
    let tally = fs::read(&path).map_err(Failure::io("read", &path))?;
    let tally: Value = serde_json::from_slice(&tally).map_err(|_| Failure::Mismatch {
        what: path.display().to_string(),
        expected: "a tally in JSON".into(),
        found: "something else".into(),
        hint: "cargo test --profile native -p selvedge-export --test files -- --nocapture".into(),
    })?;
    let speed = speed::measure()?;
    page(&tally, &speed)?;
    let wrong = count(&tally, "wrong") + count(&tally, "untold");
    if wrong == 0 {
        return Ok(());
    }
    Err(Failure::Mismatch {
        what: "strangers' files".into(),
        expected: "no case that is wrong without saying so".into(),
        found: wrong.to_string(),
        hint: "SELVEDGE_CASES=NAME cargo test --profile native -p selvedge-export --test files -- --nocapture".into(),
    })
}

fn page(tally: &Value, speed: &[Vec<String>]) -> Result<(), Failure> {
    let mut report = Report::new("files", "Strangers' files");
    report.paragraph(
        "Each case is a few files as somebody has them. `selvedge init FILES…` drafts a configuration, `selvedge ingest` reads with that draft, \
         nothing changed by hand. *Right*: the lake holds what a person would expect, and the screen says what it must. *Clearly refused*: what cannot be read, or lacks a \
         role, is named as that. *Refused though readable*: a message instead of rows that are there. *Untold*: the right rows, but something that a \
         person must know is not on the screen. *Wrong*: other rows, without a word.",
    );
    let mut rows: Vec<Vec<String>> = entries(tally, "/themes")
        .map(|theme| row(text(theme, "/theme"), theme))
        .collect();
    rows.push(row("all".to_owned(), tally));
    let columns: Vec<&str> = std::iter::once("theme").chain(VERDICTS).collect();
    report.table(&columns, &rows);
    let faulty: Vec<Vec<String>> = entries(tally, "/faulty")
        .flat_map(|case| {
            entries(case, "/faults").map(|fault| {
                let mut cells = vec![text(case, "/verdict"), text(case, "/name")];
                cells.extend(["/what", "/expected", "/found"].map(|field| cell(&text(fault, field))));
                cells
            })
        })
        .collect();
    if !faulty.is_empty() {
        report.table(&["", "case", "what", "expected", "found"], &faulty);
    }
    report.paragraph(
        "## Large files\n\nGenerated events of 262,144 users and 16,384 items as CSV; medians of three runs in turns, with the shortest and the longest. \
         The files lie in the page cache or on their way to the disk, because they were just written.",
    );
    report.table(&["what", "build", "seconds", "most memory, MiB"], speed);
    report.finish()
}

fn count(of: &Value, verdict: &str) -> u64 {
    let counts = of.get("counts").and_then(|counts| counts.get(verdict));
    counts.and_then(Value::as_u64).unwrap_or(0)
}

fn row(name: String, of: &Value) -> Vec<String> {
    let counts = VERDICTS.map(|verdict| count(of, verdict).to_string());
    std::iter::once(name).chain(counts).collect()
}

/// Text that fits into one cell of a table.
fn cell(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c == '\n' || c == '|' { ' ' } else { c })
        .collect();
    if line.chars().count() <= 160 {
        return line;
    }
    line.chars().take(159).chain(['…']).collect()
}
