//! The files of one unit of a model.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use selvedge_lake::storage::{LakeError, atomic};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::description::{Description, JudgedEvaluation};
use super::error::ModelError;

const EVALUATION: &str = "evaluation.json";

/// One unit of a model: a folder with its files.
#[derive(Clone, Debug)]
pub struct ModelDir {
    dir: PathBuf,
}

impl ModelDir {
    /// The unit at a path; it need not be there yet.
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
    pub fn write_evaluation(&self, evaluation: &JudgedEvaluation) -> Result<(), ModelError> {
        self.write_json(EVALUATION, evaluation)
    }

    /// Reads `evaluation.json`.
    ///
    /// # Errors
    /// The file is absent or no evaluation.
    pub fn read_evaluation(&self) -> Result<JudgedEvaluation, ModelError> {
        self.read_json(EVALUATION, "evaluate")
    }

    /// Writes a file of JSON.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_json_file<T: Serialize>(&self, file: &str, value: &T) -> Result<(), ModelError> {
        self.write_json(file, value)
    }

    /// Reads a file of JSON; `None` where it is not there.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn find_json_file<T: DeserializeOwned>(&self, file: &str) -> Result<Option<T>, ModelError> {
        let path = self.dir.join(file);
        if path.is_file() {
            read_json(path).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Removes files; those that are not there are none to remove.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn remove(&self, files: &[&str]) -> Result<(), ModelError> {
        for path in files.iter().map(|file| self.dir.join(file)) {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(LakeError::io("remove", &path)(error).into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether all of these files are there.
    #[must_use]
    pub fn has(&self, files: &[&str]) -> bool {
        files.iter().all(|file| self.dir.join(file).is_file())
    }

    pub(super) fn existing(&self, file: &'static str, stage: &'static str) -> Result<PathBuf, ModelError> {
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
        read_json(self.existing(file, stage)?)
    }

    fn write_json<T: Serialize>(&self, file: &str, value: &T) -> Result<(), ModelError> {
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

fn read_json<T: DeserializeOwned>(path: PathBuf) -> Result<T, ModelError> {
    let text = std::fs::read(&path).map_err(LakeError::io("read", &path))?;
    serde_json::from_slice(&text).map_err(|source| ModelError::Json {
        action: "read",
        path,
        source,
    })
}
