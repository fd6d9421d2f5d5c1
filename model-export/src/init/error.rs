//! Why no draft is written.

use std::path::PathBuf;

use selvedge_lake::explain::{Exit, Explain, nearest};
use selvedge_lake::ingest::IngestError;
use selvedge_lake::storage::LakeError;

use crate::config::ConfigError;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// A file cannot be read.
    #[error(transparent)]
    Look(#[from] IngestError),
    /// The configuration cannot be written.
    #[error(transparent)]
    Write(#[from] LakeError),
    /// The configuration is there already.
    #[error("{} is there already", path.display())]
    Exists {
        /// The configuration.
        path: PathBuf,
    },
    /// A flag names a column that no file has.
    #[error("{flag} {column}: expected a column of one of the files, found {}", found.join(", "))]
    NoColumn {
        /// The flag.
        flag: &'static str,
        /// The column.
        column: String,
        /// The columns of all files.
        found: Vec<String>,
    },
    /// The draft is written, but a role has no column.
    #[error("{}: the draft has a gap\n{}", output.display(), gaps.join("\n"))]
    Gap {
        /// The configuration.
        output: PathBuf,
        /// What is missing, a line each.
        gaps: Vec<String>,
    },
    /// What was guessed is no configuration: a file's name cannot be written as a path pattern, for instance.
    #[error("the drafted configuration does not read back")]
    Draft(#[source] ConfigError),
}

impl Explain for InitError {
    fn exit(&self) -> Exit {
        match self {
            Self::Look(error) => error.exit(),
            Self::Write(error) => error.exit(),
            Self::Exists { .. } | Self::Draft(_) | Self::NoColumn { .. } => Exit::Usage,
            Self::Gap { .. } => Exit::Data,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Look(error) => error.hint(),
            Self::Write(error) => error.hint(),
            Self::Exists { .. } => Some("--force overwrites it; --output writes another".to_owned()),
            Self::NoColumn { column, found, .. } => nearest(column, found.iter().map(String::as_str)).map(|near| format!("did you mean {near:?}?")),
            Self::Gap { .. } => Some(
                "say it with --user, --item or --time COLUMN (and --force), or write it into the draft: docs/your-data.md shows five files and their drafts".to_owned(),
            ),
            Self::Draft(_) => Some("rename the file or the column that is named above to letters, digits, - and _".to_owned()),
        }
    }
}
