//! What a model is worth on events that it has not seen.
//!
//! `docs/evaluation.md` has the protocol, and every metric as a formula with its source.

mod codings;
mod error;
mod given;
mod known;
mod report;
mod split_time;
mod time_split;

pub use error::{EvaluationError, GivenLine};
pub use given::GivenSplit;
pub use report::{Evaluation, Judge, Protocol, Ranking, Split, served_name};
pub use split_time::{SplitBy, TimeRange, split_time};
pub use time_split::{SegmentPlan, TimeSplit, evaluate};
