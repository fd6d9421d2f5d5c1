//! The sections that say how the model is made, with their defaults and ranges.

use std::path::{Path, PathBuf};

use selvedge::event::EventKind;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// `[lake]`: where the events are kept, and how clean files must be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LakeConfig {
    /// The lake's directory.
    pub dir: PathBuf,
    /// The largest share of bad rows that a file may have, 0 to 1.
    pub max_bad_share: f64,
}

impl Default for LakeConfig {
    fn default() -> Self {
        Self {
            dir: PathBuf::from(".selvedge/lake"),
            max_bad_share: 0.01,
        }
    }
}

/// `[model]`: the work directory of training, and where `pack` takes the model from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// The model's directory.
    pub dir: PathBuf,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            dir: PathBuf::from(".selvedge/model"),
        }
    }
}

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
    /// What each kind of event counts.
    pub weights: WeightsConfig,
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
            weights: WeightsConfig::default(),
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

/// `[segment]`: k-means on user factors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SegmentConfig {
    /// How many segments to look for.
    pub count: u32,
    /// A segment with fewer members does not exist: it could point at people.
    pub min_members: u32,
}

impl Default for SegmentConfig {
    fn default() -> Self {
        Self {
            count: 24,
            min_members: 20,
        }
    }
}

/// `[evaluate]`: a global time split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluateConfig {
    /// Length of the lists that are judged.
    pub k: u32,
    /// The last days, which training never sees.
    pub test_days: f64,
    /// A ranking that the model as served must not fall behind, by NDCG on all items; absent: nothing is asked.
    pub must_beat: Option<Baseline>,
}

/// Rankings that need no model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Baseline {
    /// Items by number of users.
    MostPopular,
    /// The same over the last days.
    RecentlyPopular,
    /// The user's own items first.
    BuyAgain,
}

impl Baseline {
    /// Its name in tables and in `evaluation.json`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MostPopular => "most-popular",
            Self::RecentlyPopular => "recently-popular",
            Self::BuyAgain => "buy-again",
        }
    }
}

impl Default for EvaluateConfig {
    fn default() -> Self {
        Self {
            k: 20,
            test_days: 7.0,
            must_beat: None,
        }
    }
}

/// `[pack]`: the snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PackConfig {
    /// The private key that signs; `selvedge keygen` makes one.
    pub signing_key: PathBuf,
    /// Where the snapshot is written; absent: `snapshot.selvedge` in the model's directory.
    pub output: Option<PathBuf>,
    /// Items in the ready-made list of a segment.
    pub slate_length: u32,
    /// What the data is called; pages and `inspect` show it.
    pub dataset: String,
    /// A visitor keeps a segment until another one's cosine is larger by more than this.
    pub hysteresis: f32,
    /// Known items in a visitor's history from which the answer is personal.
    pub min_history: u32,
    /// How factors are coded.
    pub codes: Codes,
    /// With `codes = "auto"`: the share of NDCG that a smaller coding has to keep.
    pub keep: f64,
    /// A larger snapshot is not written.
    pub max_bytes: Option<u64>,
    /// Leave out items whose `available_until` has passed. A visitor's history of them is then not known either.
    pub drop_expired: bool,
}

/// `pack.codes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codes {
    /// One byte per factor.
    Int8,
    /// Half a byte per factor.
    Int4,
    /// The smallest coding that `selvedge evaluate` found to keep enough.
    Auto,
}

impl Default for PackConfig {
    fn default() -> Self {
        Self {
            signing_key: PathBuf::from(".selvedge/signing.key"),
            output: None,
            slate_length: 100,
            dataset: "your own data".to_owned(),
            hysteresis: 0.05,
            min_history: 1,
            codes: Codes::Int8,
            keep: 0.995,
            max_bytes: None,
            drop_expired: false,
        }
    }
}

/// Refuses `found` unless it is in the range; NaN is in none.
pub(super) fn range(
    path: &Path,
    key: &str,
    found: f64,
    allowed: std::ops::RangeInclusive<f64>,
) -> Result<(), ConfigError> {
    if allowed.contains(&found) {
        return Ok(());
    }
    let expected = if allowed.end().is_finite() {
        format!("{} to {}", allowed.start(), allowed.end())
    } else {
        format!("at least {}", allowed.start())
    };
    Err(ConfigError::value(path, key, &expected, found))
}

impl LakeConfig {
    pub(super) fn check(&self, path: &Path) -> Result<(), ConfigError> {
        range(path, "lake.max_bad_share", self.max_bad_share, 0.0..=1.0)
    }
}

impl TrainConfig {
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

impl SegmentConfig {
    pub(super) fn check(&self, path: &Path) -> Result<(), ConfigError> {
        if !(1..=4096).contains(&self.count) {
            return Err(ConfigError::value(path, "segment.count", "1 to 4096", self.count));
        }
        if self.min_members == 0 {
            return Err(ConfigError::value(path, "segment.min_members", "at least 1", 0));
        }
        Ok(())
    }
}

impl EvaluateConfig {
    pub(super) fn check(&self, path: &Path) -> Result<(), ConfigError> {
        if !(1..=1000).contains(&self.k) {
            return Err(ConfigError::value(path, "evaluate.k", "1 to 1000", self.k));
        }
        range(path, "evaluate.test_days", self.test_days, 0.0..=36_500.0)
    }
}

impl PackConfig {
    pub(super) fn check(&self, path: &Path) -> Result<(), ConfigError> {
        if !(1..=1000).contains(&self.slate_length) {
            return Err(ConfigError::value(
                path,
                "pack.slate_length",
                "1 to 1000",
                self.slate_length,
            ));
        }
        range(path, "pack.hysteresis", f64::from(self.hysteresis), 0.0..=2.0)?;
        range(path, "pack.keep", self.keep, 0.0..=1.0)?;
        Ok(())
    }
}
