//! Alternating least squares for implicit feedback: a pure library over in-memory sparse matrices.
//!
//! Every row is solved exactly (Cholesky, in the smaller of two equivalent systems). See `docs/evaluation.md` for what was
//! measured against conjugate gradient.

mod eigen;
mod kernel;
mod matrix;
mod objective;
mod score;
mod solve;
#[cfg(test)]
mod tests;
mod train;

pub use eigen::{Eigen, symmetric_eigen};
pub use matrix::{MatrixError, SparseMatrix};
pub use objective::Objective;
pub use score::{Scorer, best};
pub use train::{Factors, MAX_DIMS, Outcome, Parameters, TrainError, train};
