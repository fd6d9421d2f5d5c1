//! Why nothing was simulated.

use selvedge::snapshot::SnapshotError;
use selvedge_lake::explain::{Exit, Explain};
use selvedge_models::recommender::FitError;
use selvedge_models::served::ServeError;

use crate::events::EventsError;
use crate::recommender::ImportError;

/// Why nothing was simulated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// One of the parts is empty.
    #[error(
        "the last {test_days} days have {after} requests of visitors with something to find; expected some, and events before them ({before} found)"
    )]
    Empty {
        /// Days of the test part.
        test_days: f64,
        /// Events before it.
        before: usize,
        /// Requests in it.
        after: usize,
    },
    /// Training failed.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The model cannot be served.
    #[error("the model cannot be packed")]
    Build(#[from] SnapshotError),
    /// The lists of the segments cannot be made.
    #[error("the lists of the segments cannot be made")]
    Lists(#[from] ServeError),
    /// The events cannot be read.
    #[error(transparent)]
    Read(#[from] EventsError),
    /// The table of imported vectors cannot be read.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The plot cannot be drawn.
    #[error("the plot cannot be drawn: {0}")]
    Plot(String),
}

impl Explain for SimulateError {
    fn exit(&self) -> Exit {
        match self {
            Self::Empty { .. } => Exit::Data,
            Self::Fit(_) => Exit::Usage,
            Self::Build(_) | Self::Lists(_) => Exit::Snapshot,
            Self::Read(error) => error.exit(),
            Self::Import(error) => error.exit(),
            Self::Plot(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Empty { .. } => Some(
                "requests are replayed of visitors who were there before the test part: more days of events are needed"
                    .to_owned(),
            ),
            Self::Fit(_) => Some("correct the value in [train]".to_owned()),
            Self::Build(_) | Self::Lists(_) => Some("lower train.factors, or raise train.regularisation".to_owned()),
            Self::Read(error) => error.hint(),
            Self::Import(error) => error.hint(),
            Self::Plot(_) => None,
        }
    }
}
