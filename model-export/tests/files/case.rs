//! What a case is, as `cases/*.toml` write it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// One file of `cases/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Theme {
    case: Vec<Case>,
}

/// Files, and what must come of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// A sentence.
    pub name: String,
    /// Path → content.
    pub files: BTreeMap<String, Content>,
    /// What is named on the command line of `init`; without it, all files in the order of their names.
    #[serde(default)]
    pub give: Vec<String>,
    /// Options of `init`.
    #[serde(default)]
    pub flags: Vec<String>,
    /// What must come out.
    pub expect: Expect,
}

/// A file.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// As it stands.
    Text(String),
    /// Made from parts.
    Built(Box<Build>),
}

/// The parts of a file, in the order in which they are applied.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Build {
    /// The beginning.
    pub text: String,
    /// So many lines made of `line` follow.
    pub repeat: u64,
    /// `<i%40>` is the line's number (from 0) modulo 40, and so on with `+ - * / %` from left to right; `<i%40:03>` has three digits;
    /// `<i/2?a|b>` is one of the words; `<t:%Y-%m-%d>` is the line's time.
    pub line: String,
    /// Time of the first line.
    pub start: Option<String>,
    /// Seconds from line to line.
    pub every_s: i64,
    /// Other lines at some numbers.
    pub at: BTreeMap<String, String>,
    /// The end.
    pub tail: String,
    /// Bytes instead of all of these.
    pub hex: String,
    /// A Parquet schema (`message m { … }`); the text is then one row per line, its cells separated by `|`, those of a repeated field by `;`, an empty
    /// cell of an optional field is null.
    pub parquet: String,
    /// Compression inside the Parquet file: `none`, `snappy`, `zstd`, `gzip`, `brotli`, `lz4`, `lz4_raw`.
    pub codec: String,
    /// The text, comma-separated, is a sheet. Numbers are numbers, days and times are spreadsheet days, all else is text.
    pub xlsx: bool,
    /// `utf-16le`, `utf-16be` (both with a byte order mark), `utf-8-bom`, `windows-1252`.
    pub encode: String,
    /// `gzip`, `zstd`, `zip`.
    pub compress: String,
}

/// What must come out. Without `refused` and `gap`, both commands end with 0 and the lake holds what the other fields say; what is not named, is not
/// looked at. Texts are found in any case, and `a|b` is found if one of them is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// Events by kind; kinds that are not named must not be there.
    pub events: Option<BTreeMap<String, u64>>,
    /// Events of all kinds.
    pub total: Option<u64>,
    /// Different users.
    pub users: Option<u64>,
    /// Different items that events name.
    pub items: Option<u64>,
    /// Events without a user.
    pub anonymous: Option<u64>,
    /// `user item kind time` of all events, in any order. `-` stands for no user. The time is as RFC 3339 shows it.
    pub rows: Option<Vec<String>>,
    /// Time of the first event.
    pub first: Option<String>,
    /// Time of the last event.
    pub last: Option<String>,
    /// Sum of the events' values.
    pub value: Option<f64>,
    /// Rows in quarantine.
    pub quarantined: Option<u64>,
    /// Rows of ignored event types.
    pub ignored: Option<u64>,
    /// Rows that a filter left out.
    pub filtered: Option<u64>,
    /// Rows that were ignored or left out by a filter, where either is fine.
    pub left_out: Option<u64>,
    /// Items of the catalogue with a title that is not their id.
    pub catalogue: Option<u64>,
    /// Titles of items.
    pub titles: BTreeMap<String, String>,
    /// `available_until` of items; `open` where there is none.
    pub until: BTreeMap<String, String>,
    /// What the screen must say.
    pub told: Vec<String>,
    /// What the screen must not say.
    pub untold: Vec<String>,
    /// What the draft must contain.
    pub draft: Vec<String>,
    /// What the refusal says.
    pub refused: Option<String>,
    /// Exit code of the refusal; without it, any but 0.
    pub exit: Option<i32>,
    /// The role that the draft says to be missing.
    pub gap: Option<String>,
}

/// All cases with their themes, in order.
pub fn all(folder: &Path, only: &str) -> Vec<(String, Case)> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let theme: Theme = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        cases.extend(theme.case.into_iter().map(|case| (name.clone(), case)));
    }
    cases.retain(|(theme, case)| theme.contains(only) || case.name.contains(only));
    cases
}
