//! The work directory of a model: what training, segmentation and evaluation leave for packing.
//!
//! ```text
//! item_factors.parquet    item_id, popularity (distinct users), events, factor
//! user_factors.parquet    user_id, events, factor
//! contexts.parquet        name (daypart), factor
//! segments.parquet        segment, members, centroid (unit length)
//! user_segments.parquet   user_id, segment
//! model.json              how it was trained
//! evaluation.json         what it is worth on events that it had not seen
//! ```

mod description;
mod tables;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use selvedge_lake::explain::{Exit, Explain};
use selvedge_lake::storage::{LakeError, atomic};
use selvedge_models::compress::Measured;

pub use description::Description;
pub use tables::{ContextFactors, ItemFactors, Segments, UserFactors, UserSegments};

/// A model's work directory.
#[derive(Clone, Debug)]
pub struct ModelDir {
    dir: PathBuf,
}

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
            Self::File(error) => error.hint(),
            Self::Json { .. } | Self::Table { .. } => {
                Some("remove the model's directory and run `selvedge train` again".to_owned())
            }
        }
    }
}

impl ModelDir {
    /// The work directory at a path; it need not be there yet.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Reads `model.json`.
    ///
    /// # Errors
    /// Training has not run, or the file is damaged.
    pub fn read_description(&self) -> Result<Description, ModelError> {
        self.read_json("model.json", "train")
    }

    /// Writes `model.json`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_description(&self, description: &Description) -> Result<(), ModelError> {
        self.write_json("model.json", description)
    }

    /// Writes `evaluation.json`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_evaluation<T: Serialize>(&self, evaluation: &T) -> Result<(), ModelError> {
        self.write_json("evaluation.json", evaluation)
    }

    /// The codings of `evaluation.json`: what smaller codes keep.
    ///
    /// # Errors
    /// The file is absent or no evaluation.
    pub fn read_codings(&self) -> Result<Vec<Measured>, ModelError> {
        #[derive(Deserialize)]
        struct Codings {
            #[serde(default)]
            codings: Vec<Measured>,
        }
        let read: Codings = self.read_json("evaluation.json", "evaluate")?;
        Ok(read.codings)
    }

    fn existing(&self, file: &'static str, stage: &'static str) -> Result<PathBuf, ModelError> {
        let path = self.dir.join(file);
        if path.is_file() {
            Ok(path)
        } else {
            Err(ModelError::Absent {
                dir: self.dir.clone(),
                file,
                stage,
            })
        }
    }

    fn read_json<T: DeserializeOwned>(&self, file: &'static str, stage: &'static str) -> Result<T, ModelError> {
        let path = self.existing(file, stage)?;
        let text = std::fs::read(&path).map_err(LakeError::io("read", &path))?;
        serde_json::from_slice(&text).map_err(|source| ModelError::Json {
            action: "read",
            path,
            source,
        })
    }

    fn write_json<T: Serialize>(&self, file: &'static str, value: &T) -> Result<(), ModelError> {
        let path = self.dir.join(file);
        let mut text = serde_json::to_vec_pretty(value).map_err(|source| ModelError::Json {
            action: "write",
            path: path.clone(),
            source,
        })?;
        text.push(b'\n');
        atomic::write(&path, |out| out.write_all(&text).map_err(LakeError::io("write", &path)))?;
        Ok(())
    }
}
