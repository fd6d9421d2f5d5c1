//! Item vectors from elsewhere (Spark MLlib, a two-tower network, a language model) served like trained ones.

use std::collections::BTreeMap;

use rayon::prelude::*;
use selvedge::quantize::Width;

use super::interface::{Export, FitError, Recommender, Stopping, TrainingData};
use crate::als::{Factors, Objective, Outcome};

/// An embedding whose items are given and whose users are encoded against them.
///
/// A user is folded in exactly as the edge does it for a visitor: least squares over the user's items, with the Gram matrix
/// computed from the item vectors themselves. Nothing else is learnt, and items without a vector are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    vectors: Factors,
    row_of: BTreeMap<String, usize>,
    objective: Objective,
}

impl Imported {
    /// Takes one vector per id. `objective` says how a user is folded in; of an id that comes twice the last vector counts.
    #[must_use]
    pub fn new(ids: Vec<String>, vectors: Factors, objective: Objective) -> Self {
        let row_of = ids.into_iter().take(vectors.rows()).zip(0..).collect();
        Self {
            vectors,
            row_of,
            objective,
        }
    }

    /// Values per vector.
    #[must_use]
    pub fn dims(&self) -> usize {
        self.vectors.dims()
    }
}

impl Recommender for Imported {
    fn name(&self) -> &'static str {
        "imported"
    }

    fn covers(&self, item: &str) -> bool {
        self.row_of.contains_key(item)
    }

    fn iterates(&self) -> bool {
        false
    }

    fn fit(&self, data: &TrainingData<'_>, _: Stopping<'_>) -> Result<Outcome, FitError> {
        let mut values = Vec::with_capacity(data.items.len() * self.dims());
        for item in data.items {
            let row = self
                .row_of
                .get(item)
                .ok_or_else(|| FitError::NoVector { item: item.clone() })?;
            values.extend_from_slice(self.vectors.row(*row));
        }
        let items = Factors::new(self.dims(), values);
        let export = Export {
            fold_in: self.objective.fold_in(items.rows()),
            items,
        };
        let served = export.served(Width::Int8)?;
        let users: Vec<Vec<f32>> = (0..data.matrix.rows())
            .into_par_iter()
            .map(|user| {
                let weights = data.matrix.row_weights(user).iter().copied();
                let history: Vec<(u32, f32)> = data.matrix.row(user).iter().copied().zip(weights).collect();
                served.encode(&history)
            })
            .collect();
        Ok(Outcome {
            // The core pads vectors to whole registers.
            users: Factors::new(
                self.dims(),
                users.iter().flat_map(|user| user[..self.dims()].to_vec()).collect(),
            ),
            items: export.items,
            iteration: 0,
            curve: Vec::new(),
        })
    }

    fn export(&self, model: &Outcome) -> Export {
        Export {
            fold_in: self.objective.fold_in(model.items.rows()),
            items: model.items.clone(),
        }
    }
}
