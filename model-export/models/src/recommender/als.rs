//! ALS as a [`Recommender`].

use super::interface::{Export, FitError, Recommender, Stopping, TrainingData};
use crate::als::{Objective, Outcome, Parameters, train};

/// Standard deviation of initial factors times √dims (Rendle et al. 2021 use the same).
const INITIAL_DEVIATION: f64 = 0.1;

/// Iterations without a better score after which training stops.
const PATIENCE: u32 = 3;

/// Learns users and items by alternating least squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Als {
    /// Length of a factor row, 1 to 256.
    pub dims: usize,
    /// Iterations at most.
    pub iterations: u32,
    /// What is minimised.
    pub objective: Objective,
    /// Seed of the initial factors.
    pub seed: u64,
}

impl Recommender for Als {
    fn name(&self) -> &'static str {
        "als"
    }

    fn iterates(&self) -> bool {
        true
    }

    fn fit(&self, data: &TrainingData<'_>, stopping: Stopping<'_>) -> Result<Outcome, FitError> {
        let mut parameters = Parameters {
            dims: self.dims,
            iterations: self.iterations,
            objective: self.objective,
            initial_deviation: INITIAL_DEVIATION,
            seed: self.seed,
            patience: PATIENCE,
        };
        Ok(match stopping {
            Stopping::AtMost(iterations) => {
                parameters.iterations = iterations.unwrap_or(self.iterations);
                train(data.matrix, &parameters, None)?
            }
            Stopping::Validated(score) => train(data.matrix, &parameters, Some(score))?,
        })
    }

    fn export(&self, model: &Outcome) -> Export {
        Export {
            fold_in: self.objective.fold_in(model.items.rows()),
            items: model.items.clone(),
        }
    }
}
