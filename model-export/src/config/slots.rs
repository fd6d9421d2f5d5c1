//! The slots of pages, and the traffic that they have to answer.

use std::path::Path;

use selvedge::event::EventKind;
use serde::{Deserialize, Serialize};

use super::error::{ConfigError, range};

/// Whom a slot is ranked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// The one visitor; the answer is never stored shared.
    Visitor,
    /// The visitor's segment; the answer is shared under the segment's key.
    Segment,
    /// Everyone, by the daypart where the model knows any; the answer is shared.
    Everyone,
}

/// What of a shared list is made for one visitor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PerVisitor {
    /// Nothing.
    #[default]
    Nothing,
    /// Items that the visitor is done with are left out.
    Exclude,
    /// The list is put in the visitor's order besides.
    Rerank,
}

/// What else a slot's shared answers are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vary {
    /// The class of device: desktop, mobile or tablet.
    Device,
    /// The visitor's language, where `pack.locales` lists it.
    Locale,
}

/// `[[slots]]`: a place on a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SlotConfig {
    /// Its name in `/v1/recommend/{slot}`.
    pub name: String,
    /// Whom it is ranked for.
    pub audience: Audience,
    /// How many items it shows unless asked for another number.
    pub n: u32,
    /// How many may be asked for.
    pub n_max: u32,
    /// Seconds for which a shared answer is fresh.
    pub ttl_s: u32,
    /// Seconds after that in which it may be served while a new one is made.
    pub stale_while_revalidate_s: u32,
    /// Seconds after that in which it may be served when none can be made.
    pub stale_if_error_s: u32,
    /// The share of shared answers that is to come from the cache: with too little traffic for that, coarser segments
    /// answer. Needs `traffic.requests_per_s`. Absent: every segment answers for itself.
    pub min_hit_ratio: Option<f64>,
    /// Items with such an event in the visitor's history are left out of an answer for this visitor alone.
    pub exclude: Vec<EventKind>,
    /// What of a list that the segment shares is made for one visitor, behind the cache.
    pub per_visitor: PerVisitor,
    /// What else its shared answers are told apart by: each is kept once for every value.
    pub vary: Vec<Vary>,
    /// At most this many items of one category, of the deepest level.
    pub max_per_category: Option<u32>,
}

impl Default for SlotConfig {
    fn default() -> Self {
        Self {
            name: "home".to_owned(),
            audience: Audience::Visitor,
            n: 12,
            n_max: 48,
            ttl_s: 60,
            stale_while_revalidate_s: 300,
            stale_if_error_s: 86_400,
            min_hit_ratio: None,
            exclude: Vec::new(),
            per_visitor: PerVisitor::Nothing,
            vary: Vec::new(),
            max_per_category: None,
        }
    }
}

impl SlotConfig {
    pub(super) fn check(&self, path: &Path) -> Result<(), ConfigError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > 24 || !self.name.chars().all(plain) {
            let expected = "1 to 24 of a-z, 0-9 and - (it is part of a URL)";
            return Err(ConfigError::value(
                path,
                "slots.name",
                expected,
                format!("{:?}", self.name),
            ));
        }
        if !(1..=1000).contains(&self.n_max) {
            return Err(ConfigError::value(path, "slots.n_max", "1 to 1000", self.n_max));
        }
        if self.n == 0 || self.n > self.n_max {
            return Err(ConfigError::value(path, "slots.n", "1 to n_max", self.n));
        }
        if let Some(share) = self.min_hit_ratio {
            range(path, "slots.min_hit_ratio", share, 0.0..=1.0)?;
        }
        if self.per_visitor == PerVisitor::Exclude && self.exclude.is_empty() {
            return Err(ConfigError::value(
                path,
                "slots.per_visitor",
                "kinds of events in slots.exclude beside \"exclude\"",
                "none",
            ));
        }
        if self.max_per_category == Some(0) {
            return Err(ConfigError::value(
                path,
                "slots.max_per_category",
                "at least 1, or absent",
                0,
            ));
        }
        Ok(())
    }
}

/// `[traffic]`: what each slot has to answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrafficConfig {
    /// Mean requests per second for a slot, over all locations.
    pub requests_per_s: Option<f64>,
    /// Edge locations that they are spread over, each with a cache of its own.
    pub locations: u32,
}

impl Default for TrafficConfig {
    fn default() -> Self {
        Self {
            requests_per_s: None,
            locations: 20,
        }
    }
}

impl TrafficConfig {
    pub(super) fn check(&self, path: &Path) -> Result<(), ConfigError> {
        if let Some(rate) = self.requests_per_s {
            range(path, "traffic.requests_per_s", rate, 1e-6..=1e9)?;
        }
        if self.locations == 0 {
            return Err(ConfigError::value(path, "traffic.locations", "at least 1", 0));
        }
        Ok(())
    }
}
