//! What can go wrong with the lake or with a Parquet file of the model.

use std::path::{Path, PathBuf};

use arrow_schema::ArrowError;
use parquet::errors::ParquetError;

use crate::explain::{Exit, Explain};

/// What can go wrong with the lake or with a Parquet file of the model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// Nothing was ingested yet.
    #[error("no lake in {}", dir.display())]
    Absent {
        /// The directory.
        dir: PathBuf,
    },
    /// Another process writes to the lake.
    #[error("the lake {} is being written by another process", dir.display())]
    Busy {
        /// The directory.
        dir: PathBuf,
    },
    /// A file operation failed.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A Parquet file cannot be read or written.
    #[error("cannot {action} the Parquet file {}", path.display())]
    Parquet {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: ParquetError,
    },
    /// Arrow refused a batch.
    #[error("cannot work with the columns of {}", path.display())]
    Arrow {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ArrowError,
    },
    /// A column is missing or has another type.
    #[error("{}: column {column}: expected {expected}, found {found}", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The type that belongs there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A value in the lake is outside its schema.
    #[error("{}: column {column}, row {row}: expected {expected}, found {found:?}", path.display())]
    Cell {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// The row, from 0.
        row: usize,
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// More distinct ids than a u32 counts.
    #[error("expected at most {} distinct {what} ids", u32::MAX)]
    TooMany {
        /// Users or items.
        what: &'static str,
    },
    /// An ingest record is damaged.
    #[error("the ingest record {} is damaged", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

impl LakeError {
    /// For `map_err` on file operations.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// For `map_err` on Parquet operations.
    pub fn parquet(action: &'static str, path: &Path) -> impl FnOnce(ParquetError) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Parquet { action, path, source }
    }

    /// For `map_err` on Arrow operations.
    pub fn arrow(path: &Path) -> impl FnOnce(ArrowError) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Arrow { path, source }
    }
}

impl Explain for LakeError {
    fn exit(&self) -> Exit {
        match self {
            Self::TooMany { .. } => Exit::Data,
            _ => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Absent { .. } => Some("`selvedge ingest` fills it from the files in the configuration".to_owned()),
            Self::Busy { .. } => Some("wait until the other `selvedge ingest` is done".to_owned()),
            Self::Record { .. } => Some("remove this record and run `selvedge ingest` again".to_owned()),
            Self::Column { .. } | Self::Cell { .. } => Some(
                "was this file written by another engine or an older version? docs/cli.md has the schema".to_owned(),
            ),
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                Some("the disk is full".to_owned())
            }
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Some("a stage before this one writes it; `selvedge run` does all of them in order".to_owned())
            }
            _ => None,
        }
    }
}
