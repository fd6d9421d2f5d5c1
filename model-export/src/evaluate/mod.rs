//! The stage `evaluate`: what a model is worth on events that it has not seen.
//!
//! `docs/evaluation.md` has the protocol, and every metric as a formula with its source.

mod baselines;
mod given;
mod interval;
pub(crate) mod metrics;
mod report;
mod served;
mod time_split;

use std::path::Path;

use crate::als::{Parameters, train};
use crate::config::{Baseline, Config};
use crate::error::{Exit, Explain};
use crate::model::{ModelDir, ModelError};
use crate::train::{FitError, StageError, objective, read_log};
use selvedge::quantize::Width;

pub use given::{GivenError, GivenSplit};
pub use interval::Estimate;
pub use report::{Evaluation, Judge, Protocol, Ranking, Split};
pub use served::{ServeError, ServedItems, ServedUser};
pub use time_split::evaluate;

/// Users that are judged, at most: with so many, intervals are narrower than any difference worth knowing.
const MAX_USERS: usize = 20_000;

/// Why there is no evaluation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// One side of the split has no events that count.
    #[error(
        "a test part of {test_days} days leaves {before} events before it and {after} in it; expected some in both"
    )]
    EmptyPart {
        /// Days of the test part.
        test_days: f64,
        /// Events before the split.
        before: usize,
        /// Events that count after the split.
        after: usize,
    },
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
    /// Training failed.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The model cannot be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A data set with its own split cannot be read.
    #[error(transparent)]
    Given(#[from] GivenError),
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
            Self::EmptyPart { .. } => Exit::Data,
            Self::Gate { .. } => Exit::Gate,
            Self::Given(GivenError::Read { .. }) => Exit::Environment,
            Self::Given(_) => Exit::Data,
            Self::Fit(_) | Self::Serve(_) => Exit::Usage,
            Self::Read(error) => error.exit(),
            Self::Write(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::EmptyPart { .. } => "change evaluate.test_days so that events lie on both sides of the split",
            Self::Gate { .. } => {
                "nothing was packed, and what is published stays; look at evaluation.json and at the new data, or change evaluate.must_beat"
            }
            Self::Fit(_) => "correct the value in [train]",
            Self::Serve(_) => "lower train.factors, or raise train.regularisation",
            Self::Given(_) => "give a folder with train.txt and the part, lines of `user item item …`, numbers from 0",
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
    let evaluation = evaluate(&read_log(config)?, config)?;
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
    let rankings = evaluation
        .protocols
        .first()
        .map_or(&[][..], |protocol| &protocol.rankings);
    let ndcg = |name: &str| {
        let ranking = rankings.iter().find(|ranking| ranking.name == name);
        ranking.map_or(0.0, |ranking| ranking.ndcg.value)
    };
    let (found, expected) = (ndcg("als-served"), ndcg(baseline));
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
    let split = GivenSplit::read(dir, part)?;
    let objective = objective(&config.train);
    let parameters = Parameters {
        dims: config.train.factors,
        iterations: config.train.iterations,
        objective,
        initial_deviation: 0.1,
        seed: config.train.seed,
        patience: 1,
    };
    let model = train(&split.train, &parameters, None).map_err(FitError::from)?;
    let served = ServedItems::new(&model.items, Width::Int8, objective.fold_in(split.train.columns()))?;
    split.evaluate(
        &model,
        &served,
        usize::try_from(config.evaluate.k).unwrap_or(usize::MAX),
    )
}
