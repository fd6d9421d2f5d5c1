//! Models behind one trait: what learns both sides, and what is given the items.

mod als;
mod imported;
mod interface;

pub use als::Als;
pub use imported::Imported;
pub use interface::{Export, FitError, Recommender, Stopping, TrainingData};
