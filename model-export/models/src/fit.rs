//! One model from the events before a time, with the number of iterations found on the last days of them.

use serde::{Deserialize, Serialize};

use crate::als::{Factors, Outcome, Scorer};
use crate::interactions::{EventLog, TrainingSet, Weighting, positions, training_set};
use crate::interval::Estimate;
use crate::metrics::Discounts;
use crate::recommender::{FitError, Recommender, Stopping, TrainingData};

/// Length of the lists that early stopping looks at.
const VALIDATION_K: usize = 20;

/// Users that early stopping looks at, at most: their mean is then known to about one percent, and a validation costs a
/// small part of an iteration.
const VALIDATION_USERS: usize = 2_000;

/// Fewer users than this say nothing about when to stop.
const MIN_VALIDATION_USERS: usize = 30;

/// What of a log a model is fitted on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitPlan {
    /// What each event counts.
    pub weighting: Weighting,
    /// Items of fewer distinct users are left out.
    pub min_item_users: u64,
    /// The last days on which the number of iterations is found, in milliseconds; 0: it is not looked for.
    pub validation_ms: i64,
}

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

/// Validation while the number of iterations was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingCurve {
    /// What was measured, as `ndcg@20`.
    pub metric: String,
    /// Events before this time were trained on for it, those at it or after it were predicted.
    pub split_ms: i64,
    /// Users that were measured.
    pub users: usize,
    /// The value after each iteration.
    pub values: Vec<f64>,
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

/// Fits on the events before `until_ms`. When the plan gives validation days and the recommender learns in iterations, a
/// first model is trained without those days to find the number of iterations; the model that is returned is then trained
/// on all with that number.
///
/// # Errors
/// [`FitError`].
pub fn fit(recommender: &dyn Recommender, log: &EventLog, until_ms: i64, plan: &FitPlan) -> Result<Fitted, FitError> {
    let covered: EventLog;
    let log = if log.items.iter().all(|item| recommender.covers(item)) {
        log
    } else {
        let mut events = log.events.clone();
        events.retain(|event| recommender.covers(&log.items[event.item as usize]));
        covered = EventLog {
            users: log.users.clone(),
            items: log.items.clone(),
            events,
        };
        &covered
    };
    let learn = |set: &TrainingSet, stopping: Stopping<'_>| {
        let ids: Vec<String> = set.items.iter().map(|item| log.items[*item as usize].clone()).collect();
        let data = TrainingData {
            matrix: &set.matrix,
            items: &ids,
        };
        recommender.fit(&data, stopping)
    };
    let mut iterations = None;
    let mut validation = None;
    if plan.validation_ms > 0 && recommender.iterates() {
        let split_ms = until_ms.saturating_sub(plan.validation_ms);
        let set = training_set(log, split_ms, &plan.weighting, plan.min_item_users)?;
        let held_out = Validation::new(log, &set, until_ms, &plan.weighting);
        if held_out.users.len() >= MIN_VALIDATION_USERS {
            let mut score = |users: &Factors, items: &Factors| held_out.score(&set, users, items);
            let outcome = learn(&set, Stopping::Validated(&mut score))?;
            iterations = Some(outcome.iteration);
            validation = Some(TrainingCurve {
                metric: format!("ndcg@{VALIDATION_K}"),
                split_ms,
                users: held_out.users.len(),
                values: outcome.curve,
            });
        }
    }
    let set = training_set(log, until_ms, &plan.weighting, plan.min_item_users)?;
    let outcome = learn(&set, Stopping::AtMost(iterations))?;
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
        Estimate::mean(&values).value
    }
}
