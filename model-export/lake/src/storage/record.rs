//! What was read from which file.

use std::fmt;
use std::io::Read as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Lake, LakeError, atomic};

/// Raised when the same file would now give other rows, so that it is read again.
const FORMAT: u32 = 3;

/// A file's content under one mapping: the first 16 hex digits of a SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(String);

impl SourceId {
    /// Digits in an id.
    pub const LENGTH: usize = 16;

    /// The id of a file under a mapping, and the file's length in bytes. Reads the file once.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn of_file(path: &Path, mapping: &str) -> Result<(Self, u64), LakeError> {
        let mut file = std::fs::File::open(path).map_err(LakeError::io("open", path))?;
        let mut hash = Sha256::new();
        hash.update(FORMAT.to_le_bytes());
        // The length keeps a mapping's end and a file's beginning apart.
        hash.update(mapping.len().to_le_bytes());
        hash.update(mapping.as_bytes());
        let mut buffer = vec![0; 1 << 16];
        let mut length = 0u64;
        loop {
            let read = file.read(&mut buffer).map_err(LakeError::io("read", path))?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
            length += read as u64;
        }
        Ok((
            Self(base16ct::lower::encode_string(&hash.finalize()[..Self::LENGTH / 2])),
            length,
        ))
    }

    /// The id in a part's name, `<source>-<n>` or `<source>`.
    pub(super) fn of_part(stem: &str) -> Option<Self> {
        let id = stem.get(..Self::LENGTH)?;
        let rest = &stem[Self::LENGTH..];
        let number = rest.strip_prefix('-').map(|n| n.parse::<u32>().is_ok());
        let hex = id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (hex && (rest.is_empty() || number == Some(true))).then(|| Self(id.to_owned()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a source brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// Rows under `events/`.
    Events,
    /// Items under `catalogue/`.
    Catalogue,
}

/// What was read from a file. A source counts once its record is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IngestRecord {
    /// The source.
    pub source: SourceId,
    /// Events or catalogue.
    pub kind: SourceKind,
    /// The file, as the configuration names it.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// Counts up with each source; of an item in two catalogues the later one holds.
    pub sequence: u64,
    /// Rows in the file.
    pub rows: u64,
    /// Rows that are in the lake.
    pub accepted: u64,
    /// Rows of an event type that the mapping ignores.
    pub ignored: u64,
    /// Rows that the source's `where` leaves out.
    #[serde(default)]
    pub filtered: u64,
    /// Rows in quarantine.
    pub quarantined: u64,
    /// Texts that were left out or shortened in accepted rows; the quarantine has them, too.
    #[serde(default)]
    pub changed: u64,
    /// The `[[events]]` that the file belongs to, by its name or by its path as the configuration writes it. Events with the same id are one
    /// event only within it. Absent for catalogues and in records from before this field.
    #[serde(default)]
    pub declared: Option<String>,
    /// Whether the edge collected the events of the file.
    #[serde(default)]
    pub collected: bool,
    /// First event, in milliseconds since 1970.
    pub first_ms: Option<i64>,
    /// Last event.
    pub last_ms: Option<i64>,
    /// The parts, relative to the lake.
    pub parts: Vec<String>,
    /// Earlier contents of the same file (or the same content under an earlier mapping), which no longer count.
    pub replaces: Vec<SourceId>,
}

impl Lake {
    /// The records of all sources that count, by sequence.
    ///
    /// # Errors
    /// A record cannot be read.
    pub fn records(&self) -> Result<Vec<IngestRecord>, LakeError> {
        let mut records = self.all_records()?;
        let replaced: std::collections::HashSet<SourceId> = records
            .iter()
            .flat_map(|record| record.replaces.iter().cloned())
            .collect();
        records.retain(|record| !replaced.contains(&record.source));
        Ok(records)
    }

    /// The records, those of replaced sources included, by sequence.
    pub(crate) fn all_records(&self) -> Result<Vec<IngestRecord>, LakeError> {
        let dir = self.records_dir();
        let mut records = Vec::new();
        let entries = match std::fs::read_dir(&dir) {
            Ok(entries) => entries,
            // A lake that another engine wrote has no records.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(records),
            Err(error) => return Err(LakeError::io("list", &dir)(error)),
        };
        for entry in entries {
            let path = entry.map_err(LakeError::io("list", &dir))?.path();
            let hidden = path
                .file_name()
                .is_none_or(|name| name.to_string_lossy().starts_with('.'));
            if hidden || path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let bytes = std::fs::read(&path).map_err(LakeError::io("read", &path))?;
            let record: IngestRecord =
                serde_json::from_slice(&bytes).map_err(|source| LakeError::Record { path, source })?;
            records.push(record);
        }
        records.sort_by(|a, b| (a.sequence, &a.source).cmp(&(b.sequence, &b.source)));
        Ok(records)
    }

    /// Makes a source count.
    pub(crate) fn write_record(&self, record: &IngestRecord) -> Result<(), LakeError> {
        atomic::write_json(&self.record_path(&record.source), record)
    }

    pub(crate) fn record_path(&self, source: &SourceId) -> std::path::PathBuf {
        self.records_dir().join(format!("{source}.json"))
    }

    /// A digest of what is in the lake: the same digest, the same rows.
    ///
    /// # Errors
    /// The lake cannot be listed.
    pub fn fingerprint(&self) -> Result<String, LakeError> {
        let mut hash = Sha256::new();
        for record in self.records()? {
            // The order matters where catalogues overlap.
            hash.update(record.source.as_str());
            // It decides which rows are the same event.
            hash.update(record.declared.as_deref().unwrap_or_default());
            hash.update(b"\n");
        }
        for part in self.foreign_parts()? {
            let length = std::fs::metadata(&part).map_err(LakeError::io("look at", &part))?.len();
            hash.update(part.to_string_lossy().as_bytes());
            hash.update(length.to_le_bytes());
        }
        Ok(base16ct::lower::encode_string(&hash.finalize()))
    }
}
