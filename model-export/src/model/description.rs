//! `model.json`: how a model was trained, and what serving needs to know of it.

use std::collections::BTreeMap;

use selvedge::event::EventKind;
use selvedge_models::evaluation::Evaluation;
use selvedge_models::fit::TrainingCurve;
use serde::{Deserialize, Serialize};

use crate::config::TrainConfig;
use selvedge_models::als::Objective;

/// `model.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// Values per factor row.
    pub dims: usize,
    /// α₀.
    pub unobserved_weight: f32,
    /// λ.
    pub regularisation: f32,
    /// ν.
    pub regularisation_exponent: f32,
    /// Iterations that the shipped factors were trained for.
    pub iterations: u32,
    /// Seed of the initial factors.
    pub seed: u64,
    /// Events before this time were trained on, milliseconds since 1970.
    pub trained_until_ms: i64,
    /// Weight of each kind of event.
    pub weights: BTreeMap<String, f64>,
    /// Half-life of an event's weight in days; null: events do not age.
    pub half_life_days: Option<f64>,
    /// Zone of the clock that dayparts are of.
    pub time_zone: String,
    /// Rows of the user factors.
    pub users: usize,
    /// Rows of the item factors: N of the fold-in.
    pub items: usize,
    /// User-item pairs with an event that counts.
    pub interactions: usize,
    /// How the number of iterations was found; null where there were no days for it.
    pub validation: Option<TrainingCurve>,
    /// What it was trained on, and with which settings.
    pub origin: Origin,
}

/// What a model or its evaluation was made from: digests of the lake and of the settings of training.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The lake's fingerprint.
    pub lake: String,
    /// SHA-256 of the sections that training reads.
    pub training: String,
}

/// `evaluation.json`: the evaluation, and what the model that was judged was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgedEvaluation {
    /// The evaluation.
    #[serde(flatten)]
    pub evaluation: Evaluation,
    /// Lake and settings.
    pub origin: Origin,
}

impl Description {
    /// What training minimised.
    #[must_use]
    pub fn objective(&self) -> Objective {
        Objective {
            unobserved_weight: self.unobserved_weight,
            regularisation: self.regularisation,
            regularisation_exponent: self.regularisation_exponent,
        }
    }

    /// Weights by the names of the event kinds.
    #[must_use]
    pub fn weights_of(config: &TrainConfig) -> BTreeMap<String, f64> {
        EventKind::ALL
            .into_iter()
            .map(|kind| (kind.as_str().to_owned(), config.weights.of(kind)))
            .collect()
    }
}
