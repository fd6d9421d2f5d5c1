//! Checks that `selvedge ingest` finds the item that was clicked in the browser among the bucket's files.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::tally::Tally;
use crate::failure::Failure;
use crate::process;
use crate::tools;

const CLICKED: &str = "test-results/clicked.json";
const PULLED: &str = "test-results/collected";

/// Pulls the events out of the stopped Worker's bucket, ingests them, and looks for the clicked item.
pub fn check(state: &str, selvedge: &Path) -> Result<Tally, Failure> {
    let clicked = fs::read_to_string(CLICKED).map_err(Failure::io("read", CLICKED))?;
    let item = clicked.split('"').nth(3).unwrap_or_default().to_owned();
    if Path::new(PULLED).exists() {
        fs::remove_dir_all(PULLED).map_err(Failure::io("empty", PULLED))?;
    }
    fs::create_dir_all(PULLED).map_err(Failure::io("create", PULLED))?;
    let mut pull = tools::node_script("tests/e2e/pull-events.mjs")?;
    let files = process::output(pull.args([state, PULLED]))?;

    let config = format!("{PULLED}/selvedge.toml");
    let text = "[lake]\ndir = \"lake\"\nmax_bad_share = 0.0\n\n\
                [[events]]\npreset = \"selvedge-collector\"\npath = \"events/**/*.ndjson.gz\"\n";
    fs::write(&config, text).map_err(Failure::io("write", &config))?;
    let first = ingest(selvedge, &config)?;
    let again = ingest(selvedge, &config)?;

    let mut gzip = Command::new("sh");
    gzip.args([
        "-c",
        &format!("find {PULLED}/events -name '*.ndjson.gz' -exec gzip -dc {{}} +"),
    ]);
    let lines = process::output(&mut gzip)?;
    let found = lines
        .lines()
        .any(|line| line.contains(&format!("\"item\":\"{item}\"")) && line.contains("\"type\":\"click\""));
    let accepted: usize = lines.lines().count();
    expect("files in the bucket", "at least 1", files.trim(), files.trim() != "0")?;
    expect(
        "the clicked item in the bucket",
        &item,
        if found { "a click of it" } else { "none" },
        found,
    )?;
    let all = accepted_in(&first) == accepted;
    expect("first ingest", &format!("all {accepted} events accepted"), &first, all)?;
    expect(
        "second ingest",
        "nothing new",
        &again,
        !again.contains("\"status\":\"new\""),
    )?;
    Ok(Tally::passed())
}

fn ingest(selvedge: &Path, config: &str) -> Result<String, Failure> {
    process::output(Command::new(selvedge).args(["--config", config, "--json", "ingest"]))
}

/// The sum of the report's `"accepted":n` over all files.
fn accepted_in(report: &str) -> usize {
    let numbers = report.split("\"accepted\":").skip(1);
    numbers
        .filter_map(|rest| {
            let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
            rest[..end].parse::<usize>().ok()
        })
        .sum()
}

fn expect(what: &str, expected: &str, found: &str, good: bool) -> Result<(), Failure> {
    if good {
        return Ok(());
    }
    Err(Failure::Mismatch {
        what: what.to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
        hint: "the files are kept in test-results/collected".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::accepted_in;

    #[test]
    fn accepted_rows_are_summed_over_files() {
        assert_eq!(accepted_in(r#"{"files":[{"accepted":12,"x":1},{"accepted":3}]}"#), 15);
        assert_eq!(accepted_in("{}"), 0);
    }
}
