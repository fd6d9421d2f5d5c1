//! The user encoder of a snapshot.

use alloc::vec::Vec;

use super::{Approximation, Encoded, FoldInParameters, fold_in};

/// A user encoder: makes a user vector, in the space of the item factors, out of weighted history items.
///
/// Each snapshot has one encoder, today always the least-squares fold-in. Another kind of encoder is one more variant here.
///
/// ```
/// use selvedge::encode::{Encoder, FoldInParameters};
///
/// let encoder = Encoder::FoldIn {
///     parameters: FoldInParameters {
///         unobserved_weight: 0.1,
///         regularisation: 0.01,
///         regularisation_exponent: 1.0,
///         items: 2,
///     },
///     approximation: None,
/// };
/// // A catalogue of two items with the factors [1, 0] and [0, 1], so its Gram matrix is the identity. The visitor likes the first.
/// let user = encoder.encode(&[1.0, 0.0, 0.0, 1.0], 2, &[(vec![1.0, 0.0], 1.0)]);
/// assert!(user.values()[0] > 0.8 && user.values()[1] == 0.0);
/// // All of the first item's score comes from the one history item.
/// let parts = user.contributions(&[vec![1.0, 0.0]]).expect("a fold-in can be explained");
/// assert!((parts[0][0] - f64::from(user.values()[0])).abs() < 1e-6);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Encoder {
    /// Least-squares fold-in against the Gram matrix of the factors.
    FoldIn {
        /// Parameters of the fold-in.
        parameters: FoldInParameters,
        /// Solves the same equations approximately, for re-ranking. [`None`] if no slot re-ranks, because preparing it takes `O(dims³)`.
        approximation: Option<Approximation>,
    },
}

/// A user vector, with what is needed to explain scores.
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

    /// What each history item adds to the scores of `items`, given by their factors (`dims` values each): items × history items. [`None`] if the
    /// scores of this vector are not a sum over the history, as for an approximate vector.
    #[must_use]
    pub fn contributions(&self, items: &[Vec<f32>]) -> Option<Vec<Vec<f64>>> {
        Some(self.explanation.as_ref()?.contributions(items))
    }

    /// Whether [`UserVector::contributions`] returns a value.
    #[must_use]
    pub const fn is_explained(&self) -> bool {
        self.explanation.is_some()
    }
}

impl Encoder {
    /// Encodes history items, each given by its factors (`dims` values) and its weight, in order of item index. `gram`: Gram matrix of the item
    /// factors, dims × dims, row-major.
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

    /// Encodes history items for re-ranking: nearly the same vector at a fraction of the cost, without an explanation. `factors`: history items ×
    /// dims, row-major; `weights`: one for each history item. [`None`] if no slot of the snapshot re-ranks.
    #[must_use]
    pub fn encode_to_reorder(&self, factors: &[f64], weights: &[f64]) -> Option<UserVector> {
        match self {
            Self::FoldIn { approximation, .. } => Some(UserVector {
                values: approximation.as_ref()?.encode(factors, weights),
                explanation: None,
            }),
        }
    }

    /// Whether [`Encoder::encode_to_reorder`] returns a vector.
    #[must_use]
    pub const fn can_reorder(&self) -> bool {
        match self {
            Self::FoldIn { approximation, .. } => approximation.is_some(),
        }
    }
}
