//! The stage `evaluate`: what a model is worth on events that it has not seen.
//!
//! `docs/evaluation.md` has the protocol, and every metric as a formula with its source.

use std::path::{Path, PathBuf};
use std::time::Instant;

use selvedge_lake::explain::{Exit, Explain};
use selvedge_models::evaluation::{Evaluation, EvaluationError, GivenSplit, Ranking, TimeSplit, evaluate};

use crate::config::{Baseline, Config};
use crate::model::{ModelDir, ModelError};
use crate::train::{StageError, read_log};

/// Why there is no evaluation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// The model is not good enough to be packed.
    #[error("als-served reaches NDCG@{k} {found:.4} on all items; expected at least the {expected:.4} of {baseline}")]
    Gate {
        /// Length of the lists.
        k: usize,
        /// The model's.
        found: f64,
        /// The baseline's.
        expected: f64,
        /// Its name.
        baseline: &'static str,
    },
    /// There is nothing to judge, or no model.
    #[error(transparent)]
    Judge(#[from] EvaluationError),
    /// A data set with its own split cannot be read.
    #[error("cannot read {}", path.display())]
    ReadGiven {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The events cannot be read.
    #[error(transparent)]
    Read(#[from] StageError),
    /// The result cannot be written.
    #[error(transparent)]
    Write(#[from] ModelError),
}

impl Explain for EvaluateError {
    fn exit(&self) -> Exit {
        match self {
            Self::Judge(EvaluationError::EmptyPart { .. } | EvaluationError::Given(_)) => Exit::Data,
            Self::Gate { .. } => Exit::Gate,
            Self::ReadGiven { .. } => Exit::Environment,
            Self::Judge(_) => Exit::Usage,
            Self::Read(error) => error.exit(),
            Self::Write(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Judge(EvaluationError::EmptyPart { .. }) => {
                "change evaluate.test_days so that events lie on both sides of the split"
            }
            Self::Gate { .. } => {
                "nothing was packed, and what is published stays; look at evaluation.json and at the new data, or change evaluate.must_beat"
            }
            Self::Judge(EvaluationError::Serve(_)) => "lower train.factors, or raise train.regularisation",
            Self::Judge(EvaluationError::Given(_)) | Self::ReadGiven { .. } => {
                "give a folder with train.txt and the part, lines of `user item item …`, numbers from 0"
            }
            Self::Judge(_) => "correct the value in [train]",
            Self::Read(error) => return error.hint(),
            Self::Write(error) => return error.hint(),
        };
        Some(text.to_owned())
    }
}

/// Judges on the last days of the lake and writes `evaluation.json`.
///
/// # Errors
/// [`EvaluateError`].
pub fn run(config: &Config) -> Result<Evaluation, EvaluateError> {
    let split = TimeSplit {
        k: list_length(config),
        test_days: config.evaluate.test_days,
        fit: config.train.fit_plan(),
    };
    let start = Instant::now();
    let clock_us = || start.elapsed().as_secs_f64() * 1e6;
    let evaluation = evaluate(&read_log(config)?, &config.train.als(), &split, &clock_us)?;
    ModelDir::new(&config.model.dir).write_evaluation(&evaluation)?;
    Ok(evaluation)
}

/// Whether the model that was judged may be packed.
///
/// # Errors
/// [`EvaluateError::Gate`] where it falls behind `evaluate.must_beat`.
pub fn gate(evaluation: &Evaluation, config: &Config) -> Result<(), EvaluateError> {
    let Some(baseline) = config.evaluate.must_beat.map(Baseline::name) else {
        return Ok(());
    };
    let ndcg = |ranking: Option<&Ranking>| ranking.map_or(0.0, |ranking| ranking.ndcg.value);
    let (found, expected) = (ndcg(evaluation.as_served()), ndcg(evaluation.ranking(baseline)));
    if found >= expected {
        return Ok(());
    }
    Err(EvaluateError::Gate {
        k: evaluation.k,
        found,
        expected,
        baseline,
    })
}

/// Judges the configured training on a data set that comes with its own split; writes nothing.
///
/// # Errors
/// [`EvaluateError`].
pub fn run_given(config: &Config, dir: &Path, part: &str) -> Result<Evaluation, EvaluateError> {
    Ok(read_given(dir, part)?.evaluate(&config.train.als(), list_length(config))?)
}

/// The parts whose largest numbers make the shape of the matrix, whichever of them is predicted.
const PARTS: [&str; 3] = ["train", "valid", "test"];

/// Reads `<dir>/train.txt` and `<dir>/<part>.txt`.
///
/// # Errors
/// A file cannot be read, or has a line that is no list of numbers.
pub fn read_given(dir: &Path, part: &str) -> Result<GivenSplit, EvaluateError> {
    let mut texts = Vec::new();
    for name in PARTS.into_iter().chain([part]) {
        let path = dir.join(name).with_extension("txt");
        let wanted = name == "train" || name == part;
        if texts.iter().any(|(known, _)| *known == name) || !(wanted || path.is_file()) {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|source| EvaluateError::ReadGiven { path, source })?;
        texts.push((name, text));
    }
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let set = dir.file_name().unwrap_or_default().to_string_lossy();
    Ok(GivenSplit::parse(&set, part, &texts)?)
}

fn list_length(config: &Config) -> usize {
    usize::try_from(config.evaluate.k).unwrap_or(usize::MAX)
}
