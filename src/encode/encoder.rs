//! The encoder that a snapshot is served with.

use alloc::vec::Vec;

use super::{Approximation, Encoded, FoldInParameters, fold_in};

/// A user encoder: from weighted items to a vector in the space of the item factors.
///
/// A snapshot has one. Today every snapshot has the least-squares fold-in; another kind is one more variant here, and one more
/// answer in each of the two functions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Encoder {
    /// Least-squares fold-in against the Gram matrix of the factors.
    FoldIn {
        /// Its parameters.
        parameters: FoldInParameters,
        /// What nearly solves the same equations, for lists that are only put in another order. Absent where no slot asks for it:
        /// it takes `O(dims³)` to prepare.
        approximation: Option<Approximation>,
    },
}

/// A visitor's vector, and what explains it.
#[derive(Clone, Debug)]
pub struct UserVector {
    values: Vec<f32>,
    explanation: Option<Encoded>,
}

impl UserVector {
    /// The vector, `dims` long.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// What each of the weighted items adds to the scores of items with these factors, an item each; nothing for a vector whose
    /// scores are not a sum over the history.
    #[must_use]
    pub fn contributions(&self, items: &[Vec<f32>]) -> Option<Vec<Vec<f64>>> {
        Some(self.explanation.as_ref()?.contributions(items))
    }

    /// Whether [`UserVector::contributions`] has an answer.
    #[must_use]
    pub const fn is_explained(&self) -> bool {
        self.explanation.is_some()
    }
}

impl Encoder {
    /// Encodes weighted items, each with its `dims` factors, in order of their rows. `gram` is dims × dims, row-major.
    ///
    /// Complexity: that of [`fold_in`].
    #[must_use]
    pub fn encode(&self, gram: &[f32], dims: usize, history: &[(Vec<f32>, f32)]) -> UserVector {
        match self {
            Self::FoldIn { parameters, .. } => {
                let mut encoded = fold_in(gram, dims, history, parameters);
                UserVector {
                    values: core::mem::take(&mut encoded.vector),
                    explanation: Some(encoded),
                }
            }
        }
    }

    /// Encodes for putting a list into another order: nearly the same vector at a fraction of the cost, without an explanation. `factors`
    /// holds `dims` values for each weight. [`None`] where the snapshot has no slot that asks for it.
    #[must_use]
    pub fn encode_to_reorder(&self, factors: &[f64], weights: &[f64]) -> Option<UserVector> {
        match self {
            Self::FoldIn { approximation, .. } => Some(UserVector {
                values: approximation.as_ref()?.encode(factors, weights),
                explanation: None,
            }),
        }
    }

    /// Whether [`Encoder::encode_to_reorder`] has an answer.
    #[must_use]
    pub const fn can_reorder(&self) -> bool {
        match self {
            Self::FoldIn { approximation, .. } => approximation.is_some(),
        }
    }
}
