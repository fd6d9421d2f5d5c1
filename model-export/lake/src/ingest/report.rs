//! What an ingest has done.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::storage::{EdgeVisitors, IngestRecord, SourceKind};

/// Whether a file was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileStatus {
    /// It was.
    New,
    /// It was, and its rows stand for those that the same path held before.
    Replaced,
    /// It is in the lake since an earlier run.
    Unchanged,
}

/// What two files have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CopyOf {
    /// Who did what to which item when.
    Rows,
    /// The ids of orders or events, with their users.
    Orders,
}

/// What is worth saying beside the files.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "note")]
pub enum Note {
    /// An optional source has no files.
    NoFilesYet {
        /// Its path.
        pattern: String,
    },
    /// A file has the content of another, whatever their compression.
    SameContent {
        /// The file.
        file: String,
        /// The one that is read.
        other: String,
    },
    /// A content was in the lake twice, as a plain and as a compressed file, and counts once from now on.
    CountedTwice {
        /// The file.
        file: String,
    },
    /// Rows of a source were removed from the lake by hand, and its file is not there to be read again.
    PartsMissing {
        /// The file.
        file: String,
    },
    /// Rows of a file are in another file, too.
    InOtherFile {
        /// The smaller file.
        file: String,
        /// The other one.
        other: String,
        /// Rows, or orders.
        what: CopyOf,
        /// Share of them that is in the other file.
        share: f64,
        /// Whether all were compared; else a sample was.
        exact: bool,
        /// Whether reading merges them, for they have ids and are of one source.
        merged: bool,
    },
    /// The dates of a file can be read with day and month either way, and its rows are in order the other way only.
    OtherOrder {
        /// The file.
        file: String,
        /// The configured format.
        format: String,
        /// The format under which the rows are in order.
        other: String,
        /// Of 100 pairs of rows, how many are in order as configured.
        configured_percent: u8,
        /// How many are under the other order.
        other_percent: u8,
    },
    /// One user did much of what a file tells.
    OneUser {
        /// The file.
        file: String,
        /// The user.
        user: String,
        /// The share of the rows, about.
        percent: u8,
    },
    /// Most of a file is about one item.
    OneItem {
        /// The file.
        file: String,
        /// The item.
        item: String,
        /// The share of the rows, about.
        percent: u8,
    },
    /// An item has dozens of titles, so its id is none.
    ManyTitles {
        /// The file.
        file: String,
        /// The item.
        item: String,
        /// Some of its titles.
        titles: Vec<String>,
    },
}

/// One file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileReport {
    /// The file.
    pub file: String,
    /// Whether it was read.
    pub status: FileStatus,
    /// Its record.
    #[serde(flatten)]
    pub counts: FileCounts,
    /// Refused rows by reason; empty where the file was read earlier.
    pub reasons: BTreeMap<&'static str, u64>,
}

/// The counts of a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileCounts {
    /// Its id in the lake.
    pub source: String,
    /// Events or catalogue.
    pub kind: SourceKind,
    /// Rows in the file.
    pub rows: u64,
    /// Rows in the lake.
    pub accepted: u64,
    /// Rows of an ignored event type.
    pub ignored: u64,
    /// Rows that the source's `where` leaves out.
    pub filtered: u64,
    /// Rows in quarantine.
    pub quarantined: u64,
    /// Texts that were left out or shortened in accepted rows.
    pub changed: u64,
    /// Lines of the quarantine, which is capped.
    pub quarantine_kept: u64,
    /// Rows that equal an earlier one in every column that is read.
    pub repeated: u64,
    /// Whether these were left out.
    pub repeated_once: bool,
    /// Rows with the user and the id of an earlier one, which reading merges.
    pub merged: u64,
    /// Whether the last two are estimates.
    pub copies_estimated: bool,
    /// First event.
    pub first_ms: Option<i64>,
    /// Last event.
    pub last_ms: Option<i64>,
}

/// What an ingest has done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IngestReport {
    /// The lake.
    pub lake: String,
    /// The files, in the order of the configuration, catalogues first.
    pub files: Vec<FileReport>,
    /// What is worth saying beside them.
    pub notes: Vec<Note>,
    /// The visitors of the events that the edge collected; [`None`] if the lake has no such events.
    pub visitors: Option<EdgeVisitors>,
}

impl IngestReport {
    pub(super) fn new(lake: &Path) -> Self {
        Self {
            lake: lake.display().to_string(),
            files: Vec::new(),
            notes: Vec::new(),
            visitors: None,
        }
    }

    pub(super) fn add(
        &mut self,
        path: &Path,
        status: FileStatus,
        record: &IngestRecord,
        reasons: BTreeMap<&'static str, u64>,
    ) {
        self.files.push(FileReport {
            file: path.display().to_string(),
            status,
            counts: FileCounts {
                source: record.source.to_string(),
                kind: record.kind,
                rows: record.rows,
                accepted: record.accepted,
                ignored: record.ignored,
                filtered: record.filtered,
                quarantined: record.quarantined,
                changed: record.changed,
                quarantine_kept: record.quarantine_kept.unwrap_or(record.quarantined + record.changed),
                repeated: record.repeated,
                repeated_once: record.repeated_once,
                merged: record.merged,
                copies_estimated: record.copies_estimated,
                first_ms: record.first_ms,
                last_ms: record.last_ms,
            },
            reasons,
        });
    }
}
