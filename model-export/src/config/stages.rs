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
        if self.min_members < selvedge::snapshot::MIN_MEMBERS {
            return Err(ConfigError::value(
                path,
                "segment.min_members",
                "at least 2: a segment of one person shows what that person did",
                self.min_members,
            ));
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
    /// A ranking that the model as served must not fall behind, by NDCG.
    pub must_beat: ToBeat,
    /// Users that must have been judged; fewer are no verdict. 0 asks for none.
    pub min_judged: u32,
}

/// What a model has to beat to be packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToBeat {
    /// The better one of the rankings that know nothing of the visitor, on items that are new to the visitor. There, buying again finds nothing:
    /// whoever wants repeats needs no model.
    #[default]
    BestSimple,
    /// Items by number of users, on all items.
    MostPopular,
    /// The same over the last days.
    RecentlyPopular,
    /// The user's own items first.
    BuyAgain,
    /// Nothing, by declaration.
    None,
}

impl ToBeat {
    /// The question that is asked, by its name in `evaluation.json`, and the rankings of which none must be ahead.
    #[must_use]
    pub const fn asks(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::BestSimple => ("new", &["most-popular", "recently-popular"]),
            Self::MostPopular => ("all", &["most-popular"]),
            Self::RecentlyPopular => ("all", &["recently-popular"]),
            Self::BuyAgain => ("all", &["buy-again"]),
            Self::None => ("all", &[]),
        }
    }
}

impl Default for EvaluateConfig {
    fn default() -> Self {
        Self {
            k: 20,
            test_days: 7.0,
            must_beat: ToBeat::BestSimple,
            min_judged: 30,
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
