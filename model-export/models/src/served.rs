//! The model as it is served: quantized item rows, and users folded in from their events by the core.

use rayon::prelude::*;
use selvedge::encode::{FoldInParameters, fold_in};
use selvedge::event::ItemIndex;
use selvedge::quantize::{CodeTable, QuantizeError, Query, RowError, Width};
use selvedge::retrieve::{Filter, RowsError, top_k};

use crate::als::Factors;

/// Quantized item rows with the Gram matrix of what they stand for.
#[derive(Clone, Debug)]
pub struct ServedItems {
    table: CodeTable,
    /// `order[i]` is the trained item of row `i`: rows lie longest first.
    order: Vec<u32>,
    /// The row of each trained item.
    row_of: Vec<u32>,
    bounds: Vec<f32>,
    gram: Vec<f32>,
    parameters: FoldInParameters,
}

/// Why factors cannot be served.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An item cannot be quantized.
    #[error("an item's factors cannot be quantized")]
    Quantize(#[source] RowError),
    /// A user's vector cannot be a query.
    #[error("a user's vector cannot be quantized")]
    Query(#[source] QuantizeError),
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
    /// Quantizes the item factors, as a snapshot does.
    ///
    /// # Errors
    /// [`ServeError`] for factors that the core cannot hold.
    pub fn new(items: &Factors, width: Width, parameters: FoldInParameters) -> Result<Self, ServeError> {
        let rows = (0..items.rows()).map(|row| items.row(row));
        let table = CodeTable::quantize(rows, items.dims(), width).map_err(ServeError::Quantize)?;
        let (table, places) = table.longest_first();
        let order: Vec<u32> = places
            .iter()
            .map(|place| u32::try_from(*place).unwrap_or(u32::MAX))
            .collect();
        let mut row_of = vec![0; order.len()];
        for (row, place) in (0..).zip(&places) {
            row_of[*place] = row;
        }
        Ok(Self {
            bounds: table.block_bounds(),
            gram: table.gram(),
            table,
            order,
            row_of,
            parameters,
        })
    }

    /// The vector that the edge computes for a history.
    #[must_use]
    pub fn encode(&self, history: &[(u32, f32)]) -> Vec<f32> {
        let mut rows: Vec<(u32, f32)> = history
            .iter()
            .map(|(item, weight)| (self.row_of[*item as usize], *weight))
            .collect();
        // The engine folds in by ascending row.
        rows.sort_by_key(|(row, _)| *row);
        let rows: Vec<(Vec<f32>, f32)> = rows
            .into_iter()
            .map(|(row, weight)| (self.table.factors(row as usize), weight))
            .collect();
        fold_in(&self.gram, self.table.dims(), &rows, &self.parameters).vector
    }

    /// The best `k` items of each user, best first, by the core's exact top-k.
    ///
    /// # Errors
    /// [`ServeError`] for a vector that is not finite.
    pub fn top_k(&self, users: &[ServedUser], k: usize) -> Result<Vec<Vec<u32>>, ServeError> {
        let rows = self.table.rows().and_then(|rows| rows.with_bounds(&self.bounds));
        let rows = rows.map_err(ServeError::Rows)?;
        users
            .par_iter()
            .map(|user| {
                let query = Query::new(&self.encode(&user.history), self.table.stride()).map_err(ServeError::Query)?;
                let mut filter = Filter::all(rows.len());
                for &item in &user.excluded {
                    filter.forbid(ItemIndex(self.row_of[item as usize]));
                }
                Ok(top_k(&rows, &query, &filter, k)
                    .into_iter()
                    .map(|scored| self.order[scored.item.get()])
                    .collect())
            })
            .collect()
    }

    /// The best `k` items for a vector of the items' space, best first, by the core's exact top-k.
    ///
    /// # Errors
    /// As [`Self::top_k`].
    pub fn nearest(&self, vector: &[f32], k: usize) -> Result<Vec<u32>, ServeError> {
        let rows = self.table.rows().and_then(|rows| rows.with_bounds(&self.bounds));
        let rows = rows.map_err(ServeError::Rows)?;
        let query = Query::new(vector, self.table.stride()).map_err(ServeError::Query)?;
        let found = top_k(&rows, &query, &Filter::all(rows.len()), k);
        Ok(found.into_iter().map(|scored| self.order[scored.item.get()]).collect())
    }

    /// Mean time of one exact search for `k` items on one core, microseconds; the encoding is not in it. `clock_us` tells
    /// the microseconds since any one moment.
    ///
    /// # Errors
    /// As [`Self::top_k`].
    pub fn search_us(&self, users: &[ServedUser], k: usize, clock_us: &dyn Fn() -> f64) -> Result<f64, ServeError> {
        const MOST: usize = 200;
        let rows = self.table.rows().and_then(|rows| rows.with_bounds(&self.bounds));
        let rows = rows.map_err(ServeError::Rows)?;
        let queries: Result<Vec<Query>, ServeError> = users
            .iter()
            .take(MOST)
            .map(|user| Query::new(&self.encode(&user.history), self.table.stride()).map_err(ServeError::Query))
            .collect();
        let queries = queries?;
        let filter = Filter::all(rows.len());
        let start = clock_us();
        for query in &queries {
            std::hint::black_box(top_k(&rows, query, &filter, k));
        }
        let searched = u32::try_from(queries.len().max(1)).unwrap_or(u32::MAX);
        Ok((clock_us() - start) / f64::from(searched))
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
        let served = ServedItems::new(&model.items, Width::Int8, objective.fold_in(40)).unwrap();
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
        let served = ServedItems::new(&items, Width::Int8, objective.fold_in(3)).unwrap();
        let user = ServedUser {
            history: vec![(0, 1.0)],
            excluded: vec![0],
        };
        assert_eq!(served.top_k(&[user], 3).unwrap(), [[1, 2]]);
    }
}
