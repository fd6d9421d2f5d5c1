//! Which stages `selvedge run` may leave out: those whose inputs and outputs are what they were.
//!
//! A stage's inputs are this program, what its [`Input`]s name, its sections of the configuration and its options; the
//! outputs are compared by content, because `selvedge train` alone, or an editor, may have changed them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use selvedge_lake::storage::{Lake, atomic};
use serde::{Deserialize, Serialize};

use super::digest::{DigestError, Hash, digest_files, digest_sections};
use super::interface::{Input, Stage};
use crate::config::Config;
use crate::model::ModelDir;

/// What a stage was made from and what it made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Done {
    inputs: String,
    outputs: String,
}

/// The stages that are done, kept in `stages.json` in the model's directory.
#[derive(Debug)]
pub struct DoneStages {
    path: PathBuf,
    done: BTreeMap<String, Done>,
}

impl DoneStages {
    /// What is known of the stages of a model, from `stages.json`. A file that cannot be read means that nothing is known.
    #[must_use]
    pub fn load(path: PathBuf) -> Self {
        let done = std::fs::read(&path)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self {
            path,
            done: done.unwrap_or_default(),
        }
    }

    /// Whether a stage with these inputs is done and its outputs are untouched.
    #[must_use]
    pub fn is_done(&self, stage: &str, inputs: &str, outputs: &[PathBuf]) -> bool {
        let Some(done) = self.done.get(stage) else {
            return false;
        };
        // An output that cannot be read is one that must be made again.
        done.inputs == inputs && digest_files(outputs).is_ok_and(|found| found == done.outputs)
    }

    /// Notes that a stage is done.
    ///
    /// # Errors
    /// An output cannot be read, or `stages.json` not written.
    pub fn set_done(&mut self, stage: &str, inputs: String, outputs: &[PathBuf]) -> Result<(), DigestError> {
        let outputs = digest_files(outputs)?;
        self.done.insert(stage.to_owned(), Done { inputs, outputs });
        atomic::write_json(&self.path, &self.done)?;
        Ok(())
    }
}

/// A digest of all that a stage depends on; `None` for one that reads files outside, of which only it knows what is new.
/// `stages` are all stages, `options` what it was told on the command line.
///
/// # Errors
/// The lake, this program or a file that the stage reads cannot be read.
pub fn inputs(
    stage: &dyn Stage,
    stages: &[&dyn Stage],
    config: &Config,
    model: &ModelDir,
    options: &str,
) -> Result<Option<String>, DigestError> {
    let mut hash = Hash::default();
    hash.part(&this_program());
    for input in stage.inputs() {
        match input {
            Input::Outside => return Ok(None),
            Input::Lake => hash.part(&Lake::open(&config.lake.dir)?.fingerprint()?),
            Input::Stage(name) => {
                let read = stages.iter().filter(|other| other.name() == *name);
                let files: Vec<PathBuf> = read
                    .flat_map(|other| other.outputs())
                    .map(|file| model.path().join(file))
                    .filter(|path| path.is_file())
                    .collect();
                hash.part(&digest_files(&files)?);
            }
            Input::File(_, path) => hash.part(&digest_files(path(config).as_slice())?),
        }
    }
    hash.part(&digest_sections(config, stage.sections())?);
    hash.part(options);
    Ok(Some(hash.finish()))
}

/// A digest of this program, so that a changed one does its work again. Where the program cannot be read (deleted
/// while it runs), the version has to do.
fn this_program() -> String {
    let path = std::env::current_exe().ok();
    let digest = path.and_then(|path| digest_files(&[path]).ok());
    digest.unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_stage_is_done_until_its_inputs_or_its_outputs_change() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stages.json");
        let output = dir.path().join("evaluation.json");
        let outputs = [output.clone()];
        std::fs::write(&output, "1").unwrap();
        let mut done = DoneStages::load(path.clone());
        assert!(!done.is_done("evaluate", "a", &outputs));
        done.set_done("evaluate", "a".to_owned(), &outputs).unwrap();
        let done = DoneStages::load(path);
        assert!(done.is_done("evaluate", "a", &outputs));
        assert!(!done.is_done("evaluate", "b", &outputs));
        assert!(!done.is_done("train", "a", &outputs));
        std::fs::write(&output, "2").unwrap();
        assert!(!done.is_done("evaluate", "a", &outputs));
        std::fs::remove_file(&output).unwrap();
        assert!(!done.is_done("evaluate", "a", &outputs));
    }
}
