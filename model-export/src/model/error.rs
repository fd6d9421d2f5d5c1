//! What can go wrong with a model's files.

use std::path::PathBuf;

use selvedge_lake::explain::{Exit, Explain};
use selvedge_lake::storage::LakeError;

/// What can go wrong with a model's files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A stage that comes first has not run.
    #[error("no {} in {}", file, dir.display())]
    Absent {
        /// The model's directory.
        dir: PathBuf,
        /// The file that is missing.
        file: &'static str,
        /// The stage that writes it.
        stage: &'static str,
    },
    /// Another process writes.
    #[error("the model directory {} is being written by {holder}", dir.display())]
    Busy {
        /// The directory.
        dir: PathBuf,
        /// Who it is.
        holder: String,
    },
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] LakeError),
    /// A JSON file cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    Json {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// Two columns of one table are of different lengths, or vectors have no values.
    #[error("{}: the columns do not make a table", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// Why.
        source: arrow_schema::ArrowError,
    },
}

impl Explain for ModelError {
    fn exit(&self) -> Exit {
        match self {
            Self::File(error) => error.exit(),
            _ => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Absent { stage, .. } => Some(format!("run `selvedge {stage}` first")),
            Self::Busy { .. } => Some("wait until it is done: a model directory has one writer at a time".to_owned()),
            Self::File(error) => error.hint(),
            Self::Json { .. } | Self::Table { .. } => {
                Some("remove the model's directory and run `selvedge train` again".to_owned())
            }
        }
    }
}
