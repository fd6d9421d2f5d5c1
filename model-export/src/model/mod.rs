//! The model directory: what training, segmentation and evaluation leave for packing, as one unit with one writer.
//!
//! ```text
//! item_factors.parquet    item_id, popularity (distinct users), events, factor
//! user_factors.parquet    user_id, events, factor
//! contexts.parquet        name (daypart), factor
//! segments.parquet        segment, members, centroid (unit length)
//! user_segments.parquet   user_id, segment
//! model.json              how it was trained
//! evaluation.json         what it is worth on events that it had not seen
//! verdict-….json          what a gate says of it
//! ```

mod description;
mod error;
mod files;
mod tables;
mod units;

pub use description::{Description, JudgedEvaluation, Origin};
pub use error::ModelError;
pub use files::ModelDir;
pub use tables::{ContextFactors, ItemFactors, Segments, UserFactors, UserSegments};
pub use units::{Units, Writer};
