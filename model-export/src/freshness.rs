//! Which stages `selvedge run` may leave out: those whose inputs and outputs are what they were.
//!
//! A stage's inputs are this program, the stages before it, and its sections of the configuration; the outputs are
//! compared by content, because `selvedge train` alone, or an editor, may have changed them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::config::Config;
use selvedge_lake::explain::{Exit, Explain};
use selvedge_lake::storage::{Lake, LakeError, SourceId, atomic};

/// A stage after ingest, in order. Ingest knows itself what is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// `selvedge train`
    Train,
    /// `selvedge segment`
    Segment,
    /// `selvedge evaluate`
    Evaluate,
    /// `selvedge pack`
    Pack,
}

impl Stage {
    /// Its verb.
    #[must_use]
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Segment => "segment",
            Self::Evaluate => "evaluate",
            Self::Pack => "pack",
        }
    }
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FreshnessError {
    /// The lake or a file of the model cannot be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A section of the configuration is no JSON: a number that is infinite, for instance.
    #[error("cannot digest the configuration of {}", stage.verb())]
    Digest {
        /// The stage.
        stage: Stage,
        /// Why.
        source: serde_json::Error,
    },
}

impl Explain for FreshnessError {
    fn exit(&self) -> Exit {
        match self {
            Self::Lake(error) => error.exit(),
            Self::Digest { .. } => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Lake(error) => error.hint(),
            Self::Digest { .. } => None,
        }
    }
}

/// What a stage was made from and what it made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Done {
    inputs: String,
    outputs: String,
}

/// The stages that are done, kept in `stages.json` in the model's directory.
#[derive(Debug)]
pub struct Freshness {
    path: PathBuf,
    done: BTreeMap<Stage, Done>,
}

impl Freshness {
    /// What is known of the stages of a configuration. A file that cannot be read means that nothing is known.
    #[must_use]
    pub fn load(config: &Config) -> Self {
        let path = config.model.dir.join("stages.json");
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
    pub fn is_done(&self, stage: Stage, inputs: &str, outputs: &[PathBuf]) -> bool {
        let Some(done) = self.done.get(&stage) else {
            return false;
        };
        // An output that cannot be read is one that must be made again.
        done.inputs == inputs && digest_files(outputs).is_ok_and(|found| found == done.outputs)
    }

    /// Notes that a stage is done.
    ///
    /// # Errors
    /// An output cannot be read, or `stages.json` not written.
    pub fn set_done(&mut self, stage: Stage, inputs: String, outputs: &[PathBuf]) -> Result<(), FreshnessError> {
        let outputs = digest_files(outputs)?;
        self.done.insert(stage, Done { inputs, outputs });
        atomic::write_json(&self.path, &self.done)?;
        Ok(())
    }
}

/// The files that a stage writes.
#[must_use]
pub fn outputs(stage: Stage, config: &Config) -> Vec<PathBuf> {
    let names: &[&str] = match stage {
        Stage::Train => &[
            "model.json",
            "item_factors.parquet",
            "user_factors.parquet",
            "contexts.parquet",
        ],
        Stage::Segment => &["segments.parquet", "user_segments.parquet"],
        Stage::Evaluate => &["evaluation.json"],
        Stage::Pack => return vec![crate::pack::output_path(config)],
    };
    names.iter().map(|name| config.model.dir.join(name)).collect()
}

/// A digest of all that a stage depends on. `more` is what else it was told, on the command line for instance.
///
/// # Errors
/// The lake, this program or the signing key cannot be read.
pub fn inputs(stage: Stage, config: &Config, more: &str) -> Result<String, FreshnessError> {
    let digest = |source| FreshnessError::Digest { stage, source };
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    };
    part(&this_program());
    part(&Lake::open(&config.lake.dir)?.fingerprint()?);
    for source in &config.events {
        part(&source.time_zone);
    }
    part(&serde_json::to_string(&config.train).map_err(digest)?);
    if stage == Stage::Evaluate {
        part(&serde_json::to_string(&config.evaluate).map_err(digest)?);
    }
    if stage == Stage::Segment || stage == Stage::Pack {
        part(&serde_json::to_string(&config.segment).map_err(digest)?);
    }
    if stage == Stage::Pack {
        part(&serde_json::to_string(&config.slots).map_err(digest)?);
        part(&serde_json::to_string(&config.traffic).map_err(digest)?);
        part(&serde_json::to_string(&config.pack).map_err(digest)?);
        // The choice of a coding is made from the evaluation.
        part(&serde_json::to_string(&config.evaluate).map_err(digest)?);
        part(&digest_files(std::slice::from_ref(&config.pack.signing_key))?);
    }
    part(more);
    Ok(base16ct::lower::encode_string(&hash.finalize()))
}

/// A digest of this program, so that a changed one does its work again. Where the program cannot be read (deleted
/// while it runs), the version has to do.
fn this_program() -> String {
    let path = std::env::current_exe().ok();
    let digest = path.and_then(|path| SourceId::of_file(&path, "").ok());
    digest.map_or_else(
        || env!("CARGO_PKG_VERSION").to_owned(),
        |(digest, _)| digest.to_string(),
    )
}

fn digest_files(paths: &[impl AsRef<Path>]) -> Result<String, LakeError> {
    let digests = paths
        .iter()
        .map(|path| Ok(SourceId::of_file(path.as_ref(), "")?.0.to_string()));
    Ok(digests.collect::<Result<Vec<_>, LakeError>>()?.join("-"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_stage_is_done_until_its_inputs_or_its_outputs_change() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.model.dir = dir.path().to_owned();
        let output = dir.path().join("evaluation.json");
        let outputs = outputs(Stage::Evaluate, &config);
        assert_eq!(outputs, std::slice::from_ref(&output));
        std::fs::write(&output, "1").unwrap();
        let mut freshness = Freshness::load(&config);
        assert!(!freshness.is_done(Stage::Evaluate, "a", &outputs));
        freshness.set_done(Stage::Evaluate, "a".to_owned(), &outputs).unwrap();
        let freshness = Freshness::load(&config);
        assert!(freshness.is_done(Stage::Evaluate, "a", &outputs));
        assert!(!freshness.is_done(Stage::Evaluate, "b", &outputs));
        assert!(!freshness.is_done(Stage::Train, "a", &outputs));
        std::fs::write(&output, "2").unwrap();
        assert!(!freshness.is_done(Stage::Evaluate, "a", &outputs));
        std::fs::remove_file(&output).unwrap();
        assert!(!freshness.is_done(Stage::Evaluate, "a", &outputs));
    }
}
