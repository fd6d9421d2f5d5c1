//! The model as it is served: quantized item rows, and users folded in from their events by the core.

use half::f16;
use rayon::prelude::*;
use selvedge::encode::{FoldInParameters, fold_in};
use selvedge::event::ItemIndex;
use selvedge::quantize::{QuantizeError, Query, dequantize_row, quantize_row, stride_of};
use selvedge::retrieve::{Filter, Rows, RowsError, top_k};

use crate::als::Factors;

/// Quantized item rows with the Gram matrix of what they stand for.
#[derive(Clone, Debug)]
pub struct ServedItems {
    dims: usize,
    stride: usize,
    codes: Vec<i8>,
    scales: Vec<f16>,
    gram: Vec<f32>,
    parameters: FoldInParameters,
}

/// Why factors cannot be served.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// A row cannot be quantized.
    #[error("item {row} cannot be quantized")]
    Quantize {
        /// Row of the item.
        row: usize,
        /// Why.
        #[source]
        source: QuantizeError,
    },
    /// A user's vector cannot be a query.
    #[error("a user's vector cannot be quantized")]
    Query(#[source] QuantizeError),
    /// The factors are too long for the core.
    #[error("{dims} factors are more than the core can serve")]
    Dims {
        /// Number of factors.
        dims: usize,
    },
    /// Rows do not fit together.
    #[error("quantized rows do not fit together")]
    Rows(#[source] RowsError),
}

/// One user as the edge knows it: items ascending with their weights, and the items that are not to be shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServedUser {
    /// Items with the sums of their events' weights, ascending.
    pub history: Vec<(u32, f32)>,
    /// Items to leave out.
    pub excluded: Vec<u32>,
}

impl ServedItems {
    /// Quantizes the item factors.
    ///
    /// # Errors
    /// [`ServeError`] for factors that the core cannot hold.
    pub fn new(items: &Factors, parameters: FoldInParameters) -> Result<Self, ServeError> {
        let dims = items.dims();
        let stride = stride_of(dims).ok_or(ServeError::Dims { dims })?;
        let mut codes = vec![0; items.rows() * stride];
        let mut scales = Vec::with_capacity(items.rows());
        for (row, codes) in codes.chunks_exact_mut(stride).enumerate() {
            let scale = quantize_row(items.row(row), codes).map_err(|source| ServeError::Quantize { row, source })?;
            scales.push(scale);
        }
        let mut served = Self {
            dims,
            stride,
            codes,
            scales,
            gram: Vec::new(),
            parameters,
        };
        served.gram = served.gram();
        Ok(served)
    }

    /// Dequantized factors of one item.
    fn factors(&self, row: usize) -> Vec<f32> {
        let mut values = vec![0.0; self.dims];
        dequantize_row(
            &self.codes[row * self.stride..(row + 1) * self.stride],
            self.scales[row],
            &mut values,
        );
        values
    }

    fn gram(&self) -> Vec<f32> {
        let mut sums = vec![0.0_f64; self.dims * self.dims];
        for row in 0..self.scales.len() {
            let factors = self.factors(row);
            for (sums, &left) in sums.chunks_exact_mut(self.dims).zip(&factors) {
                for (sum, &right) in sums.iter_mut().zip(&factors) {
                    *sum += f64::from(left) * f64::from(right);
                }
            }
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the snapshot holds the Gram matrix in single precision"
        )]
        let gram = sums.into_iter().map(|sum| sum as f32).collect();
        gram
    }

    /// The vector that the edge computes for a history.
    #[must_use]
    pub fn encode(&self, history: &[(u32, f32)]) -> Vec<f32> {
        let rows: Vec<(Vec<f32>, f32)> = history
            .iter()
            .map(|&(item, weight)| (self.factors(item as usize), weight))
            .collect();
        fold_in(&self.gram, self.dims, &rows, &self.parameters).vector
    }

    /// The best `k` items of each user, best first, by the core's exact top-k.
    ///
    /// # Errors
    /// [`ServeError`] for a vector that is not finite.
    pub fn top_k(&self, users: &[ServedUser], k: usize) -> Result<Vec<Vec<u32>>, ServeError> {
        let rows = Rows::new(&self.codes, self.stride, &self.scales).map_err(ServeError::Rows)?;
        users
            .par_iter()
            .map(|user| {
                let query = Query::new(&self.encode(&user.history), self.stride).map_err(ServeError::Query)?;
                let mut filter = Filter::all(rows.len());
                for &item in &user.excluded {
                    filter.forbid(ItemIndex(item));
                }
                Ok(top_k(&rows, &query, &filter, k)
                    .into_iter()
                    .map(|scored| scored.item.0)
                    .collect())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;
    use crate::als::{Objective, Parameters, SparseMatrix, train};
    use crate::random::SplitMix64;

    #[test]
    fn folding_in_a_training_row_gives_nearly_the_trained_user() {
        let mut entries = Vec::new();
        for user in 0..80_u32 {
            let mut random = SplitMix64::new(2, u64::from(user));
            for item in 0..40_u32 {
                if random.uniform() < if user % 4 == item % 4 { 0.7 } else { 0.05 } {
                    entries.push((user, item, 1.0));
                }
            }
        }
        let matrix = SparseMatrix::from_entries(80, 40, entries).unwrap();
        let objective = Objective {
            unobserved_weight: 0.1,
            regularisation: 0.02,
            regularisation_exponent: 1.0,
        };
        let parameters = Parameters {
            dims: 12,
            iterations: 60,
            objective,
            initial_deviation: 0.1,
            seed: 1,
            patience: 1,
        };
        let model = train(&matrix, &parameters, None).unwrap();
        let served = ServedItems::new(&model.items, objective.fold_in(40)).unwrap();
        for user in 0..80 {
            let history: Vec<(u32, f32)> = matrix.row(user).iter().map(|&item| (item, 1.0)).collect();
            let (edge, trained) = (served.encode(&history), model.users.row(user));
            let dot: f32 = edge.iter().zip(trained).map(|(a, b)| a * b).sum();
            let norms = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
            let cosine = dot / norms(&edge) / norms(trained);
            assert!(cosine > 0.999, "user {user}: cosine {cosine}");
        }
    }

    #[test]
    fn excluded_items_are_not_shown() {
        let items = Factors::new(2, vec![1.0, 0.0, 0.9, 0.1, 0.0, 1.0]);
        let objective = Objective {
            unobserved_weight: 0.1,
            regularisation: 0.01,
            regularisation_exponent: 1.0,
        };
        let served = ServedItems::new(&items, objective.fold_in(3)).unwrap();
        let user = ServedUser {
            history: vec![(0, 1.0)],
            excluded: vec![0],
        };
        assert_eq!(served.top_k(&[user], 3).unwrap(), [[1, 2]]);
    }
}
