//! What was read from which file.

use std::collections::HashMap;
use std::fmt;
use std::io::Read;
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
        Self::of_content(&mut file, mapping).map_err(LakeError::io("read", path))
    }

    /// The id of a content under a mapping, and its length in bytes. The id of a plain file is that of its content, so that a compressed copy is
    /// the same source.
    ///
    /// # Errors
    /// The content cannot be read to its end.
    pub fn of_content(content: &mut dyn Read, mapping: &str) -> std::io::Result<(Self, u64)> {
        let mut hash = Sha256::new();
        hash.update(FORMAT.to_le_bytes());
        // The length keeps a mapping's end and a file's beginning apart.
        hash.update(mapping.len().to_le_bytes());
        hash.update(mapping.as_bytes());
        let mut buffer = vec![0; 1 << 16];
        let mut length = 0u64;
        loop {
            let read = content.read(&mut buffer)?;
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
    /// Counts up with each source. Of two records of which one replaces the other, and of an item in two catalogues, the later one holds.
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
    /// Lines in the quarantine, which is capped; absent in records from before the cap, when it had all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine_kept: Option<u64>,
    /// Rows that equal an earlier row of the file in everything that is read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repeated: u64,
    /// Whether these were left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeated_once: bool,
    /// Rows with the user and the event id of an earlier row of the file; reading merges them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub merged: u64,
    /// Whether [`Self::repeated`] and [`Self::merged`] are estimates.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub copies_estimated: bool,
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
    /// Earlier contents of the same file (or the same content under an earlier mapping), which no longer count. Only a record with a lower
    /// [`Self::sequence`] is replaced: a content that comes back gets a later one, and counts again.
    pub replaces: Vec<SourceId>,
    /// Other ids of the same content: those of the bytes of its compressed copies, by which they are known without being decompressed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<SourceId>,
    /// Whether a person has taken the source out of the lake. What is left of it is removed, and this record last.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forgotten: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The records that count, and those that do not any more, each by sequence.
pub(crate) struct Judged {
    pub counting: Vec<IngestRecord>,
    pub gone: Vec<IngestRecord>,
}

impl Judged {
    /// A record is gone if it is forgotten or if a later one replaces it. The later one need not count itself: of three contents of a file the
    /// third replaces the second, and the first stays replaced.
    fn of(records: Vec<IngestRecord>) -> Self {
        let mut replaced: HashMap<&SourceId, u64> = HashMap::new();
        for record in &records {
            for source in &record.replaces {
                let by = replaced.entry(source).or_insert(record.sequence);
                *by = record.sequence.max(*by);
            }
        }
        let is_gone = |record: &IngestRecord| {
            record.forgotten || replaced.get(&record.source).is_some_and(|by| *by > record.sequence)
        };
        let gone: Vec<bool> = records.iter().map(is_gone).collect();
        let mut judged = Self {
            counting: Vec::new(),
            gone: Vec::new(),
        };
        for (record, gone) in records.into_iter().zip(gone) {
            if gone {
                judged.gone.push(record);
            } else {
                judged.counting.push(record);
            }
        }
        judged
    }
}

impl Lake {
    /// The records of all sources that count, by sequence.
    ///
    /// # Errors
    /// A record cannot be read.
    pub fn records(&self) -> Result<Vec<IngestRecord>, LakeError> {
        Ok(self.judged_records()?.counting)
    }

    /// The records that count and those that do not.
    pub(crate) fn judged_records(&self) -> Result<Judged, LakeError> {
        Ok(Judged::of(self.all_records()?))
    }

    /// The records, those of replaced sources included, by sequence.
    fn all_records(&self) -> Result<Vec<IngestRecord>, LakeError> {
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

    /// The sequence of the next record: above that of every record, so that it replaces and is not replaced.
    pub(crate) fn next_sequence(&self) -> Result<u64, LakeError> {
        let sequences = self.all_records()?.into_iter().map(|record| record.sequence);
        Ok(sequences.max().map_or(0, |last| last.saturating_add(1)))
    }

    /// Makes a source count.
    pub(crate) fn write_record(&self, record: &IngestRecord) -> Result<(), LakeError> {
        atomic::write_json(&self.record_path(&record.source), record)
    }

    pub(crate) fn record_path(&self, source: &SourceId) -> std::path::PathBuf {
        self.records_dir().join(format!("{source}.json"))
    }

    /// Removes what sources that do not count any more have left. A run that died here is completed by the next.
    pub(crate) fn remove_sources(&self, gone: &[IngestRecord]) -> Result<(), LakeError> {
        for record in gone {
            for part in &record.parts {
                atomic::remove(&self.dir().join(part))?;
            }
            atomic::remove(&self.quarantine_path(&record.source))?;
            atomic::remove(&self.sketch_path(&record.source))?;
            // The record goes last: without it the other files would never be found again.
            atomic::remove(&self.record_path(&record.source))?;
        }
        Ok(())
    }

    /// Whether every part of a source is there.
    pub(crate) fn is_whole(&self, record: &IngestRecord) -> bool {
        record.parts.iter().all(|part| self.dir().join(part).is_file())
    }

    /// The digests of a source's rows.
    pub(crate) fn sketch_path(&self, source: &SourceId) -> std::path::PathBuf {
        self.dir().join("_sketches").join(format!("{source}.rows"))
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
