//! `[train]`: how the model is trained.

use std::path::{Path, PathBuf};

use selvedge::event::{EVENT_KINDS, EventKind};
use selvedge_models::als::Objective;
use selvedge_models::edge_visitors::Limits;
use selvedge_models::fit::{FitPlan, days_ms};
use selvedge_models::interactions::Weighting;
use selvedge_models::recommender::Als;
use serde::{Deserialize, Serialize};

use super::error::{ConfigError, range};

/// `[train]`: implicit-feedback ALS (Hu, Koren and Volinsky 2008; Rendle et al. 2021).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// Length of a factor, 1 to 256.
    pub factors: usize,
    /// At most this many sweeps over items and users.
    pub iterations: u32,
    /// L2 regularisation λ, before the scaling by frequency.
    pub regularisation: f64,
    /// The exponent ν of frequency in the regularisation: 0 is plain L2, 1 scales by how often a row occurs.
    pub regularisation_exponent: f64,
    /// The weight α₀ of the pairs that were not observed.
    pub unobserved_weight: f64,
    /// Seed of the initial factors.
    pub seed: u64,
    /// Items with fewer distinct users are left out of training.
    pub min_item_users: u64,
    /// After this many days an event counts half; absent: events do not age.
    pub half_life_days: Option<f64>,
    /// The last days before the test days, on which early stopping is decided.
    pub validation_days: f64,
    /// The IANA zone of the clock that people live by, for what is usual at which time of day; absent: the zone that
    /// a source of events declares, or UTC.
    pub time_zone: Option<String>,
    /// A Parquet table of item vectors (`item_id`, `factor`) that are served instead of trained ones; users are folded in
    /// against them. Absent: items are trained.
    pub import: Option<PathBuf>,
    /// Whether items are trained and packed that only events name. They carry their id as title. Without a catalogue all items are such.
    pub uncatalogued_items: bool,
    /// What each kind of event counts.
    pub weights: WeightsConfig,
    /// What visitors may decide who are known by the edge's cookie only.
    pub visitors: VisitorsConfig,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            factors: 64,
            iterations: 15,
            regularisation: 0.01,
            regularisation_exponent: 1.0,
            unobserved_weight: 0.2,
            seed: 42,
            min_item_users: 5,
            half_life_days: None,
            validation_days: 7.0,
            time_zone: None,
            import: None,
            uncatalogued_items: false,
            visitors: VisitorsConfig::default(),
            weights: WeightsConfig::default(),
        }
    }
}

/// `[train.visitors]`: what visitors may decide who are known by the edge's cookie only. Users of other sources are not limited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VisitorsConfig {
    /// Whether a visitor counts only once the cookie has come back.
    pub returned: bool,
    /// The greatest summed weight of one visitor's events; the newest count.
    pub max_weight: f64,
    /// Of the visitors of one item, the largest share that may have come in one and the same hour.
    pub max_hour_share: f64,
    /// So many visitors of an item always count in one hour.
    pub min_hour_visitors: u64,
}

impl Default for VisitorsConfig {
    fn default() -> Self {
        Self {
            returned: true,
            max_weight: 200.0,
            max_hour_share: 0.25,
            min_hour_visitors: 20,
        }
    }
}

impl VisitorsConfig {
    /// The limits of training.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        Limits {
            returned: self.returned,
            max_weight: self.max_weight,
            max_hour_share: self.max_hour_share,
            min_hour_visitors: self.min_hour_visitors,
        }
    }
}

/// `[train.weights]`: what each kind of event counts as a sign of interest; 0 leaves it out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WeightsConfig {
    /// The item was on the screen.
    pub impression: f64,
    /// The item's page was seen.
    pub view: f64,
    /// The item was chosen.
    pub click: f64,
    /// The item was put into the basket.
    pub add_to_cart: f64,
    /// The item was bought.
    pub conversion: f64,
}

impl Default for WeightsConfig {
    fn default() -> Self {
        Self {
            impression: 0.0,
            view: 0.5,
            click: 0.5,
            add_to_cart: 1.0,
            conversion: 1.0,
        }
    }
}

impl WeightsConfig {
    /// The weight of a kind.
    #[must_use]
    pub const fn of(&self, kind: EventKind) -> f64 {
        match kind {
            EventKind::Impression => self.impression,
            EventKind::View => self.view,
            EventKind::Click => self.click,
            EventKind::AddToCart => self.add_to_cart,
            EventKind::Conversion => self.conversion,
        }
    }
}

impl TrainConfig {
    /// What training minimises.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the solver and the snapshot work in single precision"
    )]
    pub const fn objective(&self) -> Objective {
        Objective {
            unobserved_weight: self.unobserved_weight as f32,
            regularisation: self.regularisation as f32,
            regularisation_exponent: self.regularisation_exponent as f32,
        }
    }

    /// What each event counts.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "weights are used in single precision; the range of the half-life is checked with the configuration"
    )]
    pub fn weighting(&self) -> Weighting {
        let mut kinds = [0.0; EVENT_KINDS];
        for kind in EventKind::ALL {
            if let Some(weight) = kinds.get_mut(usize::from(kind.code())) {
                *weight = self.weights.of(kind) as f32;
            }
        }
        let half_life_ms = self.half_life_days.map(|days| (days * 86_400_000.0) as u64);
        Weighting { kinds, half_life_ms }
    }

    /// What of a log a model is fitted on.
    #[must_use]
    pub fn fit_plan(&self) -> FitPlan {
        FitPlan {
            weighting: self.weighting(),
            min_item_users: self.min_item_users,
            validation_ms: days_ms(self.validation_days),
        }
    }

    /// The model that is trained.
    #[must_use]
    pub const fn als(&self) -> Als {
        Als {
            dims: self.factors,
            iterations: self.iterations,
            objective: self.objective(),
            seed: self.seed,
        }
    }

    pub(super) fn check(&self, path: &Path) -> Result<(), ConfigError> {
        const MAX: f64 = 1e9;
        if !(1..=256).contains(&self.factors) {
            return Err(ConfigError::value(path, "train.factors", "1 to 256", self.factors));
        }
        if !(1..=1000).contains(&self.iterations) {
            return Err(ConfigError::value(
                path,
                "train.iterations",
                "1 to 1000",
                self.iterations,
            ));
        }
        // TOML's integers are signed.
        if i64::try_from(self.seed).is_err() {
            return Err(ConfigError::value(path, "train.seed", "0 to 2^63-1", self.seed));
        }
        range(path, "train.regularisation", self.regularisation, 1e-9..=MAX)?;
        // The edge has no `pow` that agrees on every platform.
        if ![0.0, 0.5, 1.0].contains(&self.regularisation_exponent) {
            let found = self.regularisation_exponent;
            return Err(ConfigError::value(
                path,
                "train.regularisation_exponent",
                "0, 0.5 or 1",
                found,
            ));
        }
        range(path, "train.unobserved_weight", self.unobserved_weight, 1e-9..=MAX)?;
        range(path, "train.validation_days", self.validation_days, 0.0..=36_500.0)?;
        if let Some(days) = self.half_life_days {
            range(path, "train.half_life_days", days, 0.001..=MAX)?;
        }
        let visitors = &self.visitors;
        range(path, "train.visitors.max_weight", visitors.max_weight, 0.0..=MAX)?;
        range(
            path,
            "train.visitors.max_hour_share",
            visitors.max_hour_share,
            0.0..=1.0,
        )?;
        for kind in EventKind::ALL {
            let key = format!("train.weights.{}", kind.as_str());
            range(path, &key, self.weights.of(kind), 0.0..=MAX)?;
        }
        if EventKind::ALL.into_iter().all(|kind| self.weights.of(kind) == 0.0) {
            return Err(ConfigError::value(
                path,
                "train.weights",
                "at least one above 0",
                "none",
            ));
        }
        Ok(())
    }
}
