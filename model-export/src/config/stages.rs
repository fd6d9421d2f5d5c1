//! `[model]`, `[segment]` and `[evaluate]`, with their defaults and ranges.

use std::path::{Path, PathBuf};

use selvedge_models::lists::ListPolicy;
use selvedge_models::segments::Search;
use serde::{Deserialize, Serialize};

use super::error::{ConfigError, range};

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

/// `[segment]`: k-means on user factors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SegmentConfig {
    /// How many segments to look for.
    pub count: u32,
    /// A segment with fewer members does not exist: it could point at people.
    pub min_members: u32,
    /// How the list that a segment is shown is made.
    pub lists: ListPolicy,
}

impl Default for SegmentConfig {
    fn default() -> Self {
        Self {
            count: 24,
            min_members: 20,
            lists: ListPolicy::Voted,
        }
    }
}

impl SegmentConfig {
    /// How to look for segments.
    #[must_use]
    pub fn search(&self, seed: u64) -> Search {
        Search {
            count: usize::try_from(self.count).unwrap_or(usize::MAX),
            min_members: self.min_members,
            seed,
        }
    }

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

impl EvaluateConfig {
    pub(super) fn check(&self, path: &Path) -> Result<(), ConfigError> {
        if !(1..=1000).contains(&self.k) {
            return Err(ConfigError::value(path, "evaluate.k", "1 to 1000", self.k));
        }
        range(path, "evaluate.test_days", self.test_days, 0.0..=36_500.0)
    }
}
