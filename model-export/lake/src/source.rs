//! `[lake]`, `[[events]]` and `[[catalogue]]`: where the lake is, which files go into it, and what their columns mean.

use std::collections::BTreeMap;
use std::path::PathBuf;

use selvedge::event::EventKind;
use serde::{Deserialize, Serialize};

use crate::row_filter::RowFilter;

/// User ids that are nobody: what programs write for somebody who is not known.
pub const USER_PLACEHOLDERS: &[&str] = &[
    "NULL",
    "\\N",
    "nan",
    "NaT",
    "None",
    "N/A",
    "#N/A",
    "NA",
    "-",
    "--",
    "?",
    "0",
    "-1",
    "guest",
    "anonymous",
    "unknown",
    "undefined",
    "(not set)",
    "00000000-0000-0000-0000-000000000000",
    "00000000000000000000000000000000",
];

/// Item ids that are no item. Some catalogues count from 0, and `NA`, `guest` and `unknown` can be the code of a product, so these are not among them.
pub const ITEM_PLACEHOLDERS: &[&str] = &[
    "NULL",
    "\\N",
    "nan",
    "NaT",
    "None",
    "N/A",
    "#N/A",
    "-",
    "--",
    "?",
    "-1",
    "undefined",
    "(not set)",
    "00000000-0000-0000-0000-000000000000",
    "00000000000000000000000000000000",
];

/// A setting with a value that is not allowed. Whoever read the configuration adds the file's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: expected {expected}, found {found}")]
pub struct InvalidValue {
    /// The key, dotted.
    pub key: String,
    /// What is allowed.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

impl InvalidValue {
    /// The error for one key.
    #[must_use]
    pub fn new(key: &str, expected: &str, found: impl ToString) -> Self {
        Self {
            key: key.to_owned(),
            expected: expected.to_owned(),
            found: found.to_string(),
        }
    }
}

/// `[lake]`: where the events are kept, and how clean files must be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LakeConfig {
    /// The lake's directory.
    pub dir: PathBuf,
    /// The largest share of bad rows that a file may have, 0 to 1. A few bad rows of a small file are allowed whatever their share, unless this
    /// is 0. Of a catalogue, up to half of the rows may be bad. It does not hold for events that the edge collected.
    pub max_bad_share: f64,
    /// Refused rows of one source that are kept in the quarantine; more are only counted. The first ten of every reason are always kept.
    pub quarantine_rows: u64,
    /// The same as bytes.
    pub quarantine_bytes: u64,
}

impl Default for LakeConfig {
    fn default() -> Self {
        Self {
            dir: PathBuf::from(".selvedge/lake"),
            max_bad_share: 0.01,
            quarantine_rows: 10_000,
            quarantine_bytes: 16 << 20,
        }
    }
}

impl LakeConfig {
    /// Refuses values out of range.
    ///
    /// # Errors
    /// [`InvalidValue`] with the key.
    pub fn check(&self) -> Result<(), InvalidValue> {
        if (0.0..=1.0).contains(&self.max_bad_share) {
            return Ok(());
        }
        Err(InvalidValue::new("lake.max_bad_share", "0 to 1", self.max_bad_share))
    }
}

/// What ingest reads of a configuration.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'c> {
    /// Where the rows go.
    pub lake: &'c LakeConfig,
    /// Files of events.
    pub events: &'c [EventSource],
    /// Files of items.
    pub catalogue: &'c [CatalogueSource],
}

/// What a file is made of. Compression (gzip, zstd, bzip2, xz, zip) is always found out from the content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Found out from the content.
    #[default]
    Auto,
    /// Separated text (RFC 4180 quoting).
    Csv,
    /// One JSON object per line.
    Jsonl,
    /// JSON objects in any layout: over several lines, in an array, or in an array inside an object.
    Json,
    /// Apache Parquet.
    Parquet,
    /// A sheet of an Excel or OpenDocument file.
    Spreadsheet,
}

/// How files are to be read; what is not set is found out from the content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TextFormat {
    /// What a file is made of.
    pub format: FileFormat,
    /// The separator: one to four characters, or `\\s+` for runs of spaces and tabs.
    pub delimiter: Option<String>,
    /// Whether the first line names the columns; without, they are called `1`, `2`, ….
    // Part of a source's id: what is not set must look as it did when the default was `true`.
    #[serde(serialize_with = "header_as_before")]
    pub header: Option<bool>,
    /// Whether strangers decide what stands in the file: the edge collects what anybody sends. Such a file is read as what it is declared to be,
    /// whatever it begins with, and what cannot be read of it goes into quarantine instead of ending the run.
    pub collected: bool,
    /// The encoding of text, by a name of the WHATWG standard, such as `windows-1252`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Lines above the header, or above the first row where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_lines: Option<u64>,
    /// In JSON and Parquet, the path of a list: each of its elements is a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explode: Option<String>,
    /// Which file of a zip archive, or which sheet of a spreadsheet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, clippy::ref_option, reason = "serde calls it so")]
fn header_as_before<S: serde::Serializer>(header: &Option<bool>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(header.unwrap_or(true))
}

impl TextFormat {
    /// The longest separator, in characters.
    pub const MAX_DELIMITER: usize = 4;

    /// Refuses settings that no file can be read with. `section` is `events` or `catalogue`.
    ///
    /// # Errors
    /// [`InvalidValue`] with the key.
    pub fn check(&self, section: &str) -> Result<(), InvalidValue> {
        if let Some(delimiter) = &self.delimiter
            && (!(1..=Self::MAX_DELIMITER).contains(&delimiter.chars().count())
                || delimiter.contains(['"', '\n', '\r']))
        {
            return Err(InvalidValue::new(
                &format!("{section}.delimiter"),
                "1 to 4 characters without quotes and line ends",
                format!("{delimiter:?}"),
            ));
        }
        Ok(())
    }
}

/// Columns under names: a list keeps the columns' own names, a table gives new ones (`store = "store_id"`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ColumnMap {
    /// Columns that keep their names.
    Same(Vec<String>),
    /// New name → column.
    Renamed(BTreeMap<String, String>),
}

impl Default for ColumnMap {
    fn default() -> Self {
        Self::Same(Vec::new())
    }
}

impl ColumnMap {
    /// Pairs of (name, column).
    #[must_use]
    pub fn pairs(&self) -> Vec<(String, String)> {
        match self {
            Self::Same(columns) => columns.iter().map(|name| (name.clone(), name.clone())).collect(),
            Self::Renamed(map) => map
                .iter()
                .map(|(name, column)| (name.clone(), column.clone()))
                .collect(),
        }
    }
}

/// A mapping that is known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventPreset {
    /// What the Worker's collector writes to R2: `events/date=…/hour=…/<uuid>.ndjson.gz`.
    SelvedgeCollector,
}

/// What a value of the event type column stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindOrIgnore {
    /// A kind of the schema.
    Kind(EventKind),
    /// Rows that take the visitor's last event of this kind with the same item back: `{ takes_back = "add_to_cart" }`.
    TakesBack(EventKind),
    /// Rows that are left out, and counted.
    Ignore,
}

/// The table that takes an event back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TakesBack {
    takes_back: String,
}

impl Serialize for KindOrIgnore {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Kind(kind) => serializer.serialize_str(kind.as_str()),
            Self::TakesBack(kind) => TakesBack {
                takes_back: kind.as_str().to_owned(),
            }
            .serialize(serializer),
            Self::Ignore => serializer.serialize_str("ignore"),
        }
    }
}

impl<'de> Deserialize<'de> for KindOrIgnore {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const NAMES: &[&str] = &["impression", "view", "click", "add_to_cart", "conversion", "ignore"];
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "expected a kind of event, \"ignore\", or { takes_back = \"add_to_cart\" }"
        )]
        enum Written {
            Name(String),
            Table(TakesBack),
        }
        let kind = |name: &str| EventKind::parse(name).ok_or_else(|| serde::de::Error::unknown_variant(name, NAMES));
        match Written::deserialize(deserializer)? {
            Written::Name(name) if name == "ignore" => Ok(Self::Ignore),
            Written::Name(name) => kind(&name).map(Self::Kind),
            Written::Table(table) => kind(&table.takes_back).map(Self::TakesBack),
        }
    }
}

/// What becomes of rows whose event type neither the schema nor `event_types` knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownTypes {
    /// They are refused.
    #[default]
    Quarantine,
    /// They are left out, and counted.
    Ignore,
}

impl UnknownTypes {
    /// Whether it is the default, which is no part of a source's id.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What becomes of rows without an id that are equal in every column that is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepeatedRows {
    /// All of them count: a shopper may buy two. Their number is told.
    #[default]
    Keep,
    /// The first counts.
    Once,
}

impl RepeatedRows {
    /// Whether it is the default. Then it is no part of a source's id, which must stay what it was.
    #[must_use]
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

/// `[[events]]`: files of events.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventSource {
    /// What the source is called. Event ids are unique within a source, and sources with one name are one source. Absent: the path as it is
    /// written stands for the name.
    pub name: Option<String>,
    /// Files, as a glob pattern: `*`, `?`, `**`, `[ab]`.
    pub path: String,
    /// The path as the configuration writes it, before variables and the configuration's directory are filled in, so that it stays when the
    /// folder moves. Empty: `path` is as it was written.
    #[serde(skip)]
    pub written_path: String,
    /// Whether it is fine that no file matches; default no, except for a preset.
    pub optional: Option<bool>,
    /// A ready mapping instead of `columns`.
    pub preset: Option<EventPreset>,
    /// What the files are made of.
    #[serde(default)]
    pub format: FileFormat,
    /// Separator of text columns, one to four characters; absent: found out.
    pub delimiter: Option<String>,
    /// Whether a text file has a line that names the columns; absent: found out.
    pub header: Option<bool>,
    /// Encoding of text, such as `windows-1252`; absent: found out.
    pub encoding: Option<String>,
    /// Lines above the header; absent: found out.
    pub skip_lines: Option<u64>,
    /// The dotted path of a list in JSON or Parquet, such as `items`: each of its elements is a row.
    pub explode: Option<String>,
    /// Which file of a zip archive, or which sheet of a spreadsheet.
    pub member: Option<String>,
    /// The columns.
    pub columns: Option<EventColumns>,
    /// The kind of every row, where no column tells it.
    pub event_type: Option<EventKind>,
    /// What the values of `columns.event_type` stand for; the schema's own names need no entry.
    #[serde(default)]
    pub event_types: BTreeMap<String, KindOrIgnore>,
    /// `auto`, `day_first`, `month_first`, `year_first`, `rfc3339`, `unix_s`, `unix_ms`, `unix_us`, `unix_ns`, `spreadsheet_days`, or a
    /// strftime pattern.
    #[serde(default = "auto")]
    pub timestamp_format: String,
    /// The IANA zone of times that tell none.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// Whether rows without a user are kept, as anonymous.
    #[serde(default)]
    pub anonymous: bool,
    /// Which rows count, in the language of [`RowFilter`]; absent: all.
    #[serde(rename = "where")]
    pub filter: Option<String>,
    /// What becomes of rows with an unknown event type.
    #[serde(default)]
    pub unknown_event_types: UnknownTypes,
    /// The decimal mark of numbers, `,` or `.`; absent: numbers that can be read in one way only are read.
    pub decimal: Option<char>,
    /// User ids that are nobody, in any case; absent: [`USER_PLACEHOLDERS`].
    pub placeholders: Option<Vec<String>>,
    /// What becomes of rows that are equal in every column that is read.
    #[serde(default)]
    pub repeated_rows: RepeatedRows,
}

/// `[events.columns]`: column names; in JSON lines a dotted path (`context.slot`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventColumns {
    /// Who.
    pub user: Option<String>,
    /// Which item.
    pub item: String,
    /// When: a column, or text with columns in braces where date and time stand apart (`{Date} {Time}`).
    pub timestamp: String,
    /// What happened, where not all rows are of one kind.
    pub event_type: Option<String>,
    /// How much: price, rating, seconds.
    pub value: Option<String>,
    /// An id of the event: rows with the same id, of the same user and from the same source, are kept once.
    pub id: Option<String>,
    /// Whether the visitor had been there before: `false` until the edge's cookie has come back. Only for what the edge collected.
    #[serde(skip_deserializing)]
    pub returning: Option<String>,
    /// What else is worth keeping.
    #[serde(default)]
    pub context: ColumnMap,
}

/// `[[catalogue]]`: files of items.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueSource {
    /// Files, as a glob pattern.
    pub path: String,
    /// Whether it is fine that no file matches.
    #[serde(default)]
    pub optional: bool,
    /// What the files are made of.
    #[serde(default)]
    pub format: FileFormat,
    /// Separator of text columns, one to four characters; absent: found out.
    pub delimiter: Option<String>,
    /// Whether a text file has a line that names the columns; absent: found out.
    pub header: Option<bool>,
    /// Encoding of text, such as `windows-1252`; absent: found out.
    pub encoding: Option<String>,
    /// Lines above the header; absent: found out.
    pub skip_lines: Option<u64>,
    /// The dotted path of a list in JSON or Parquet, such as `items`: each of its elements is a row.
    pub explode: Option<String>,
    /// Which file of a zip archive, or which sheet of a spreadsheet.
    pub member: Option<String>,
    /// The columns.
    pub columns: CatalogueColumns,
    /// Columns written in capitals that people should not be shouted at with: `ICE - CRUSHED` → `Ice – Crushed`.
    #[serde(default)]
    pub title_case: Vec<String>,
    /// What separates several categories in one column.
    pub category_separator: Option<String>,
    /// As in `[[events]]`.
    #[serde(default = "auto")]
    pub timestamp_format: String,
    /// As in `[[events]]`.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// As in `[[events]]`.
    #[serde(rename = "where")]
    pub filter: Option<String>,
    /// As in `[[events]]`; only the filter reads numbers.
    pub decimal: Option<char>,
}

/// `[catalogue.columns]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueColumns {
    /// The item's id, as events name it.
    pub id: String,
    /// A column, or text with columns in braces: `{product_type} {package_size}`.
    pub title: Option<String>,
    /// Columns from the root category to the deepest.
    #[serde(default)]
    pub categories: Vec<String>,
    /// What else a page may show.
    #[serde(default)]
    pub attributes: ColumnMap,
    /// Address of a picture.
    pub image: Option<String>,
    /// From when the item may be shown.
    pub available_from: Option<String>,
    /// Until when.
    pub available_until: Option<String>,
}

impl CatalogueSource {
    /// Refuses settings that no file can be read with.
    ///
    /// # Errors
    /// [`InvalidValue`] with the key.
    pub fn check(&self) -> Result<(), InvalidValue> {
        self.text_format().check("catalogue")?;
        check_reading("catalogue", self.filter.as_deref(), self.decimal)
    }

    /// How the files are to be read.
    #[must_use]
    pub fn text_format(&self) -> TextFormat {
        TextFormat {
            format: self.format,
            delimiter: self.delimiter.clone(),
            header: self.header,
            collected: false,
            encoding: self.encoding.clone(),
            skip_lines: self.skip_lines,
            explode: self.explode.clone(),
            member: self.member.clone(),
        }
    }
}

impl EventSource {
    /// How the files are to be read.
    #[must_use]
    pub fn text_format(&self) -> TextFormat {
        TextFormat {
            format: self.format,
            delimiter: self.delimiter.clone(),
            header: self.header,
            collected: false,
            encoding: self.encoding.clone(),
            skip_lines: self.skip_lines,
            explode: self.explode.clone(),
            member: self.member.clone(),
        }
    }

    /// Whether it is fine that no file matches.
    #[must_use]
    pub fn optional(&self) -> bool {
        self.optional.unwrap_or(self.preset.is_some())
    }

    /// Refuses settings that contradict each other.
    ///
    /// # Errors
    /// [`InvalidValue`] with the key.
    pub fn check(&self) -> Result<(), InvalidValue> {
        self.text_format().check("events")?;
        let wrong = |key: &str, expected: &str, found: &str| Err(InvalidValue::new(key, expected, found));
        if self.name.as_deref() == Some("") {
            return wrong("events.name", "at least one character", "none");
        }
        check_reading("events", self.filter.as_deref(), self.decimal)?;
        match (&self.preset, &self.columns) {
            (Some(_), Some(_)) => wrong("events.preset", "either a preset or [events.columns]", "both"),
            (None, None) => wrong("events.columns", "either [events.columns] or a preset", "neither"),
            (Some(_), None) if self.event_type.is_some() => wrong("events.event_type", "none beside a preset", "one"),
            (None, Some(columns)) => match (self.event_type, &columns.event_type) {
                (Some(_), Some(_)) => wrong(
                    "events.event_type",
                    "either one kind for all rows or columns.event_type",
                    "both",
                ),
                (None, None) => wrong(
                    "events.event_type",
                    "one kind for all rows (event_type = \"conversion\") or columns.event_type",
                    "neither",
                ),
                _ if columns.user.is_none() && !self.anonymous => {
                    wrong("events.columns.user", "a column, or anonymous = true", "neither")
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

fn check_reading(section: &str, filter: Option<&str>, decimal: Option<char>) -> Result<(), InvalidValue> {
    if let Some(decimal) = decimal
        && !matches!(decimal, ',' | '.')
    {
        let key = format!("{section}.decimal");
        return Err(InvalidValue::new(&key, "\",\" or \".\"", format!("{decimal:?}")));
    }
    if let Some(text) = filter
        && let Err(error) = RowFilter::parse(text)
    {
        let key = format!("{section}.where, column {}", error.at);
        let found = format!("{} in: {text}", error.found);
        return Err(InvalidValue::new(&key, &error.expected, found));
    }
    Ok(())
}

/// What tells the sources of a configuration apart: the declared name, or the path as it is written. Sources without a name that have the same
/// path are told apart by their order, because each reads the files by another mapping.
#[must_use]
pub fn source_names(sources: &[EventSource]) -> Vec<String> {
    let mut paths: Vec<&str> = Vec::new();
    let mut names = Vec::new();
    for source in sources {
        names.push(match &source.name {
            Some(name) => format!("name {name}"),
            None => {
                let written = source.written_path.as_str();
                let path = if written.is_empty() { &source.path } else { written };
                paths.push(path);
                let number = paths.iter().filter(|known| **known == path).count();
                format!("path {number} {path}")
            }
        });
    }
    names
}

fn auto() -> String {
    "auto".to_owned()
}

fn utc() -> String {
    "UTC".to_owned()
}
