//! One model from the events before a time, with the number of iterations found on the last days of them.

use crate::als::{Factors, MatrixError, Objective, Outcome, Parameters, Scorer, TrainError, train};
use crate::config::TrainConfig;
use crate::evaluate::metrics::Discounts;
use crate::interactions::{EventLog, TrainingSet, Weighting, positions, training_set};
use crate::model::TrainingCurve;

/// Length of the lists that early stopping looks at.
const VALIDATION_K: usize = 20;

/// Users that early stopping looks at, at most: their mean is then known to about one percent, and a validation costs a
/// small part of an iteration.
const VALIDATION_USERS: usize = 2_000;

/// Fewer users than this say nothing about when to stop.
const MIN_VALIDATION_USERS: usize = 30;

/// Iterations without a better score after which training stops.
const PATIENCE: u32 = 3;

/// Standard deviation of initial factors times √dims (Rendle et al. 2021 use the same).
const INITIAL_DEVIATION: f64 = 0.1;

/// A model and what it was trained on.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// Users, items and their interactions.
    pub set: TrainingSet,
    /// Factors.
    pub outcome: Outcome,
    /// How the number of iterations was found.
    pub validation: Option<TrainingCurve>,
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
}

/// The objective of a configuration.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the solver and the snapshot work in single precision"
)]
pub fn objective(config: &TrainConfig) -> Objective {
    Objective {
        unobserved_weight: config.unobserved_weight as f32,
        regularisation: config.regularisation as f32,
        regularisation_exponent: config.regularisation_exponent as f32,
    }
}

/// Days in milliseconds.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the range of days is checked with the configuration"
)]
pub fn days_ms(days: f64) -> i64 {
    (days * 86_400_000.0) as i64
}

/// Trains on the events before `until_ms`. When the configuration gives validation days, a first model is trained without
/// them to find the number of iterations; the model that is returned is then trained on all with that number.
///
/// # Errors
/// [`FitError`].
pub fn fit(log: &EventLog, until_ms: i64, config: &TrainConfig) -> Result<Fitted, FitError> {
    let weighting = Weighting::new(config);
    let mut parameters = Parameters {
        dims: config.factors,
        iterations: config.iterations,
        objective: objective(config),
        initial_deviation: INITIAL_DEVIATION,
        seed: config.seed,
        patience: PATIENCE,
    };
    let mut validation = None;
    if config.validation_days > 0.0 {
        let split_ms = until_ms.saturating_sub(days_ms(config.validation_days));
        let set = training_set(log, split_ms, &weighting, config.min_item_users)?;
        let held_out = Validation::new(log, &set, until_ms, &weighting);
        if held_out.users.len() >= MIN_VALIDATION_USERS {
            let mut score = |users: &Factors, items: &Factors| held_out.score(&set, users, items);
            let outcome = train(&set.matrix, &parameters, Some(&mut score))?;
            parameters.iterations = outcome.iteration;
            validation = Some(TrainingCurve {
                metric: format!("ndcg@{VALIDATION_K}"),
                split_ms,
                users: held_out.users.len(),
                values: outcome.curve,
            });
        }
    }
    let set = training_set(log, until_ms, &weighting, config.min_item_users)?;
    let outcome = train(&set.matrix, &parameters, None)?;
    Ok(Fitted {
        set,
        outcome,
        validation,
    })
}

/// New items of users after the split: rows of the training matrix with ascending columns that the row does not have.
struct Validation {
    users: Vec<(usize, Vec<u32>)>,
}

impl Validation {
    fn new(log: &EventLog, set: &TrainingSet, until_ms: i64, weighting: &Weighting) -> Self {
        let rows = positions(&set.users, log.users.len());
        let columns = positions(&set.items, log.items.len());
        let mut pairs: Vec<(u32, u32)> = log
            .since(set.until_ms)
            .iter()
            .take_while(|event| event.at_ms < until_ms)
            .filter(|event| weighting.of_kind(event.kind) > 0.0)
            .filter_map(|event| Some((rows[event.user as usize]?, columns[event.item as usize]?)))
            .filter(|&(row, column)| set.matrix.row(row as usize).binary_search(&column).is_err())
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        let users: Vec<(usize, Vec<u32>)> = pairs
            .chunk_by(|a, b| a.0 == b.0)
            .filter_map(|pairs| Some((pairs.first()?.0 as usize, pairs.iter().map(|&(_, item)| item).collect())))
            .collect();
        // Every so-manieth user, spread over all: ids are often in order of arrival.
        let step = users.len().div_ceil(VALIDATION_USERS).max(1);
        Self {
            users: users.into_iter().step_by(step).collect(),
        }
    }

    fn score(&self, set: &TrainingSet, users: &Factors, items: &Factors) -> f64 {
        let queries: Vec<(&[f32], &[u32])> = self
            .users
            .iter()
            .map(|&(row, _)| (users.row(row), set.matrix.row(row)))
            .collect();
        let lists = Scorer::new(items).top_k(&queries, VALIDATION_K);
        let discounts = Discounts::new(VALIDATION_K);
        let values: Vec<f64> = lists
            .iter()
            .zip(&self.users)
            .filter_map(|(list, (_, held_out))| discounts.judge(list, held_out))
            .map(|judged| judged.ndcg)
            .collect();
        crate::evaluate::Estimate::mean(&values).value
    }
}
