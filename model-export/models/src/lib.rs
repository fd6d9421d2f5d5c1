//! The models of Selvedge's native half: values in, values out. No file, no clock and no configuration is known here.
//!
//! [`interactions`] turns events into the weighted matrix, a [`recommender::Recommender`] (trained by [`als`], or imported) makes user
//! and item vectors of it, [`segments`] groups users, [`compress`] finds smaller codes, and [`evaluation`] measures all of
//! them on events that they have not seen.

pub mod als;
pub mod baselines;
pub mod compress;
pub mod contexts;
pub mod edge_visitors;
pub mod evaluation;
pub mod fit;
pub mod interactions;
pub mod interval;
pub mod lists;
pub mod metrics;
pub mod random;
pub mod recommender;
pub mod segments;
pub mod served;
