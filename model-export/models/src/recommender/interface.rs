//! What evaluation, packing and the benchmarks need of a model, whatever it was made by.

use selvedge::encode::FoldInParameters;
use selvedge::quantize::Width;

use crate::als::{Factors, MatrixError, Outcome, Scorer, SparseMatrix, TrainError};
use crate::served::{ServeError, ServedItems};

/// What a recommender learns from.
#[derive(Clone, Copy, Debug)]
pub struct TrainingData<'d> {
    /// Users × items; the weight of a cell is the sum of its events' weights.
    pub matrix: &'d SparseMatrix,
    /// The id of each column.
    pub items: &'d [String],
}

/// When a recommender that learns in iterations stops.
pub enum Stopping<'s> {
    /// After at most so many iterations; `None`: after as many as it is set up for.
    AtMost(Option<u32>),
    /// When this score of (user factors, item factors), higher being better, does not rise any more.
    Validated(&'s mut dyn FnMut(&Factors, &Factors) -> f64),
}

/// Why there is no model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// Weights do not make a matrix.
    #[error("the weights of the events do not make a matrix")]
    Matrix(#[from] MatrixError),
    /// Training failed.
    #[error("training failed")]
    Train(#[from] TrainError),
    /// Imported vectors cannot be served, so that no user can be encoded against them.
    #[error("the imported item vectors cannot be served")]
    Serve(#[from] ServeError),
    /// An item has no imported vector.
    #[error("no imported vector for item {item:?}")]
    NoVector {
        /// The item's id.
        item: String,
    },
}

/// What a snapshot carries of a fitted model: the item vectors, and how the edge encodes a visitor against them.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// Items × dims.
    pub items: Factors,
    /// How a visitor is folded in.
    pub fold_in: FoldInParameters,
}

impl Export {
    /// The items quantized as a snapshot holds them.
    ///
    /// # Errors
    /// [`ServeError`] for vectors that the core cannot hold.
    pub fn served(&self, width: Width) -> Result<ServedItems, ServeError> {
        ServedItems::new(&self.items, width, self.fold_in)
    }
}

/// A way to get user and item vectors whose dot product ranks items for a user.
///
/// A new kind of model is one implementation of this trait: [`super::Als`] learns both sides,
/// [`super::Imported`] is given the items.
pub trait Recommender: Send + Sync {
    /// Its name in tables and in `evaluation.json`; as served it is called the same with `-served` behind.
    fn name(&self) -> &'static str;

    /// Whether it can have a vector for this item; others are left out of what it is fitted on.
    fn covers(&self, _item: &str) -> bool {
        true
    }

    /// Whether it learns in iterations, so that it pays to find their number on held-out days.
    fn iterates(&self) -> bool;

    /// Learns from interactions.
    ///
    /// # Errors
    /// [`FitError`].
    fn fit(&self, data: &TrainingData<'_>, stopping: Stopping<'_>) -> Result<Outcome, FitError>;

    /// For each user, a row of the fitted model with the items to leave out (ascending), the best `k` items, best first:
    /// score descending, then item ascending. This is the model before anything is quantized.
    fn score(&self, model: &Outcome, users: &[(usize, &[u32])], k: usize) -> Vec<Vec<u32>> {
        let queries: Vec<(&[f32], &[u32])> = users
            .iter()
            .map(|&(row, excluded)| (model.users.row(row), excluded))
            .collect();
        Scorer::new(&model.items).top_k(&queries, k)
    }

    /// What a snapshot carries of a fitted model.
    fn export(&self, model: &Outcome) -> Export;
}
