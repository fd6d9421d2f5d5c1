//! The lake: events and catalogue as Parquet files on local disk, in a layout that other engines read as well.
//!
//! ```text
//! events/date=YYYY-MM-DD/<source>-<n>.parquet   rows of one UTC day from one source file
//! catalogue/<source>.parquet                    items from one source file
//! quarantine/<source>.ndjson                    rows that were refused, with file, line and reason
//! _sketches/<source>.rows                       digests of some of its rows, to find them in other sources
//! _ingested/<source>.json                       what was read from which file; written last
//! _forgotten/<source>-<sequence>.json           the record of a source that `selvedge forget` has removed
//! ```
//!
//! `<source>` is the first 16 hex digits of SHA-256 over a file's content, decompressed, and its mapping. A part that no record
//! lists belongs to an ingest that died and is not read; parts with other names come from other engines and are.

pub mod atomic;
mod catalogue;
mod error;
mod interactions;
mod read;
mod record;
pub mod schema;
pub mod table;
mod visitors;

use std::path::{Path, PathBuf};

pub use catalogue::CatalogueItem;
pub use error::LakeError;
pub use interactions::{Interaction, Interactions};
pub use read::EventBatches;
pub(crate) use read::digest;
pub use record::{IngestRecord, SourceId, SourceKind};
pub use visitors::EdgeVisitors;

/// All times.
pub const ALL_TIME: std::ops::Range<i64> = i64::MIN..i64::MAX;

/// A lake on local disk.
#[derive(Clone, Debug)]
pub struct Lake {
    dir: PathBuf,
}

impl Lake {
    /// Opens a lake that is there.
    ///
    /// # Errors
    /// Nothing was ingested into this directory.
    pub fn open(dir: &Path) -> Result<Self, LakeError> {
        let lake = Self { dir: dir.to_owned() };
        if lake.dir.join("events").is_dir() || lake.records_dir().is_dir() {
            Ok(lake)
        } else {
            Err(LakeError::Absent { dir: dir.to_owned() })
        }
    }

    /// Opens a lake, making an empty one where there is none.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn open_or_create(dir: &Path) -> Result<Self, LakeError> {
        let lake = Self { dir: dir.to_owned() };
        let records = lake.records_dir();
        std::fs::create_dir_all(&records).map_err(LakeError::io("make the directory", &records))?;
        Ok(lake)
    }

    /// The lake's directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where refused rows of a source are.
    #[must_use]
    pub fn quarantine_path(&self, source: &SourceId) -> PathBuf {
        self.dir.join("quarantine").join(format!("{source}.ndjson"))
    }

    pub(crate) fn records_dir(&self) -> PathBuf {
        self.dir.join("_ingested")
    }
}
