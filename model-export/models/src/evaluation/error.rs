//! Why there is no evaluation.

use crate::recommender::FitError;
use crate::served::ServeError;

/// A line of a data set that is no list of numbers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: expected numbers separated by spaces, found {found:?}")]
pub struct GivenLine {
    /// The part.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is there.
    pub found: String,
}

/// Why there is no evaluation.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
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
    /// A data set with its own split cannot be read.
    #[error(transparent)]
    Given(#[from] GivenLine),
    /// There is no model.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The model cannot be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
}
