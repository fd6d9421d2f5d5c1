//! Takes a source out of the lake, because a person says so.
//!
//! Nothing else does: a file that is removed from the disk has been read, and its rows stay.

use std::path::Path;

use serde::Serialize;

use super::{IngestError, lock, settled};
use crate::source::LakeConfig;
use crate::storage::{IngestRecord, Lake, SourceKind, atomic};

/// A source that was forgotten.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ForgottenSource {
    /// The file.
    pub file: String,
    /// The source.
    pub source: String,
    /// Events or catalogue.
    pub kind: SourceKind,
    /// Rows that were in the lake.
    pub accepted: u64,
    /// First event.
    pub first_ms: Option<i64>,
    /// Last event.
    pub last_ms: Option<i64>,
    /// Whether the file is still there; then the next ingest reads it again, if the configuration names it.
    pub still_there: bool,
}

/// What was forgotten, or would be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forgotten {
    /// The lake.
    pub lake: String,
    /// Whether it was only looked for.
    pub dry_run: bool,
    /// The sources.
    pub sources: Vec<ForgottenSource>,
}

/// Removes the sources whose file a pattern names: its path, the end of its path from a folder or a name on, or its source id. With `dry_run`
/// nothing is removed.
///
/// A receipt, the record of the source, stays in `_forgotten/`. A run that dies on the way is completed by the next ingest.
///
/// # Errors
/// The pattern is none, no source has it, or the lake cannot be written.
pub fn forget(config: &LakeConfig, pattern: &str, dry_run: bool) -> Result<Forgotten, IngestError> {
    let wanted = Wanted::new(pattern)?;
    let lake = Lake::open(&config.dir)?;
    let _lock = if dry_run { None } else { Some(lock(&lake)?) };
    let records = if dry_run { lake.records()? } else { settled(&lake)? };
    let (gone, left): (Vec<IngestRecord>, Vec<IngestRecord>) =
        records.into_iter().partition(|record| wanted.is(record));
    if gone.is_empty() {
        return Err(IngestError::NoSource {
            pattern: pattern.to_owned(),
            known: left.into_iter().map(|record| record.file).take(5).collect(),
        });
    }
    if !dry_run {
        for record in &gone {
            let receipt = lake
                .dir()
                .join("_forgotten")
                .join(format!("{}-{}.json", record.source, record.sequence));
            atomic::write_json(&receipt, record)?;
            // From here on it does not count, whenever this ends.
            let forgotten = IngestRecord {
                forgotten: true,
                ..record.clone()
            };
            lake.write_record(&forgotten)?;
        }
        lake.remove_sources(&gone)?;
    }
    let sources = gone.into_iter().map(|record| ForgottenSource {
        still_there: Path::new(&record.file).is_file(),
        source: record.source.to_string(),
        file: record.file,
        kind: record.kind,
        accepted: record.accepted,
        first_ms: record.first_ms,
        last_ms: record.last_ms,
    });
    Ok(Forgotten {
        lake: lake.dir().display().to_string(),
        dry_run,
        sources: sources.collect(),
    })
}

/// What a pattern names.
struct Wanted {
    text: String,
    path: glob::Pattern,
    end: glob::Pattern,
}

impl Wanted {
    fn new(pattern: &str) -> Result<Self, IngestError> {
        let parse = |text: &str| {
            glob::Pattern::new(text).map_err(|source| IngestError::Pattern {
                pattern: pattern.to_owned(),
                source,
            })
        };
        // A relative path is one from here, if there is such a file; else it is the end of a path.
        let absolute = Path::new(pattern).canonicalize();
        let path = absolute.map_or_else(
            |_| pattern.to_owned(),
            |path| glob::Pattern::escape(&path.to_string_lossy()),
        );
        Ok(Self {
            text: pattern.to_owned(),
            path: parse(&path)?,
            end: parse(&format!("**/{}", pattern.trim_start_matches('/')))?,
        })
    }

    fn is(&self, record: &IngestRecord) -> bool {
        let options = glob::MatchOptions {
            require_literal_separator: true,
            ..glob::MatchOptions::new()
        };
        record.source.as_str() == self.text
            || self.path.matches_with(&record.file, options)
            || self.end.matches_with(&record.file, options)
    }
}
