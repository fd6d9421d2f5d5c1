//! What is simulated, and what is found.

use selvedge_models::interval::Estimate;
use selvedge_models::lists::ListPolicy;
use serde::Serialize;

use super::edge::Outcome;
use super::visitors::Costs;

/// What to simulate.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Numbers of segments, each at least 1.
    pub segments: Vec<u32>,
    /// Times to live, seconds.
    pub ttl_s: Vec<u32>,
    /// Mean requests per second over all locations; `None`: as logged.
    pub requests_per_s: Option<f64>,
    /// Edge locations, each with a cache of its own.
    pub locations: u32,
    /// Seconds after which a new snapshot comes, with new keys.
    pub refresh_s: f64,
    /// The hit ratio that a recommendation has to reach.
    pub hit_ratio: f64,
    /// Requests at most; every so-manieth user is left out to get there.
    pub requests: usize,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Simulation {
    /// Length of the lists.
    pub k: usize,
    /// How the lists of segments were made, as they are packed.
    pub lists: ListPolicy,
    /// Visitors.
    pub users: usize,
    /// Requests.
    pub requests: usize,
    /// Their mean rate over all locations.
    pub requests_per_s: f64,
    /// Locations.
    pub locations: u32,
    /// Seconds between snapshots.
    pub refresh_s: f64,
    /// The slot's.
    pub stale_while_revalidate_s: u32,
    /// NDCG@k of lists for each visitor.
    pub personal: Estimate,
    /// One list for all, put beside the levels.
    pub everyone: Everyone,
    /// Times of the core's calls on this machine.
    pub costs: Costs,
    /// By falling number of segments.
    pub levels: Vec<LevelFound>,
    /// The hit ratio that was asked for.
    pub hit_ratio: f64,
    /// The best that reaches it; none where nothing does.
    pub recommended: Option<Recommended>,
    /// The best of k-means at each count and lists by centroid, for comparison.
    pub before: Option<Recommended>,
}

impl Simulation {
    /// Share of per-visitor NDCG that one list for all keeps.
    #[must_use]
    pub fn kept_by_everyone(&self) -> f64 {
        self.everyone.kept
    }

    /// Whether lists for each visitor are worth more than one list for all. If not, there is nothing to keep, and no share of it.
    #[must_use]
    pub fn is_worth_keeping(&self) -> bool {
        self.personal.value > self.everyone.value
    }
}

/// One list for all.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Everyone {
    /// Its NDCG@k.
    pub value: f64,
    /// Share of per-visitor NDCG that it keeps.
    pub kept: f64,
    /// The same of a slot with `per_visitor = "exclude"`.
    pub kept_exclude: f64,
    /// Share of requests that such a slot answers by the shared list all the same.
    pub still_shared: f64,
    /// The same of a slot with `per_visitor = "rerank"`.
    pub kept_rerank: f64,
}

/// A number of segments.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LevelFound {
    /// Segments that visitors were in.
    pub segments: u32,
    /// Share of per-visitor NDCG that k-means with so many segments keeps, lists by centroid.
    pub kept_k_means: f64,
    /// The same for a level of the segment tree.
    pub kept_tree: f64,
    /// The same, lists by votes.
    pub kept_voted: f64,
    /// The same, lists as `segment.lists` says: those that are packed.
    pub kept: f64,
    /// The same of a slot with `per_visitor = "exclude"`.
    pub kept_exclude: f64,
    /// Share of requests that such a slot answers by the shared list all the same.
    pub still_shared: f64,
    /// The same of a slot with `per_visitor = "rerank"`.
    pub kept_rerank: f64,
    /// By time to live.
    pub caches: Vec<CacheFound>,
}

/// A time to live.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CacheFound {
    /// Seconds.
    pub ttl_s: u32,
    /// Hits of all requests, level of the tree.
    pub hit_ratio: f64,
    /// Of these, answered stale.
    pub stale_share: f64,
    /// The same for k-means.
    pub hit_ratio_k_means: f64,
    /// CPU of the core's calls for 1,000 requests, milliseconds.
    pub cpu_ms_per_1000: f64,
}

/// A number of segments and a time to live.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Recommended {
    /// Segments.
    pub segments: u32,
    /// Seconds.
    pub ttl_s: u32,
    /// Hits of all requests.
    pub hit_ratio: f64,
    /// Share of per-visitor NDCG.
    pub kept: f64,
    /// The same of a slot with `per_visitor = "exclude"`.
    pub kept_exclude: f64,
    /// Share of requests that such a slot answers by the shared list all the same.
    pub still_shared: f64,
    /// The same of a slot with `per_visitor = "rerank"`.
    pub kept_rerank: f64,
}

impl CacheFound {
    /// From what went through the caches, with the same for k-means beside it.
    #[expect(clippy::cast_precision_loss, reason = "counts of requests")]
    pub(super) fn new(ttl_s: u32, outcome: &Outcome, before: &Outcome, costs: &Costs) -> Self {
        let requests = (outcome.hits + outcome.misses).max(1) as f64;
        // A stale answer is made anew behind the hit.
        let made = (outcome.misses + outcome.stale) as f64 / requests;
        Self {
            ttl_s,
            hit_ratio: outcome.hit_ratio(),
            stale_share: outcome.stale as f64 / requests,
            hit_ratio_k_means: before.hit_ratio(),
            cpu_ms_per_1000: costs.plan_us + made * costs.shared_us,
        }
    }
}

/// What keeps most at the hit ratio, by the shorter time to live where that is equal.
pub fn best(
    levels: &[LevelFound],
    hit_ratio: f64,
    by: impl Fn(&LevelFound, &CacheFound) -> (f64, f64),
) -> Option<Recommended> {
    let pairs = levels
        .iter()
        .flat_map(|level| level.caches.iter().map(move |cache| (level, cache)));
    let mut chosen: Option<Recommended> = None;
    for (level, cache) in pairs {
        let (kept, hits) = by(level, cache);
        let better = chosen.is_none_or(|other| kept > other.kept || (kept >= other.kept && cache.ttl_s < other.ttl_s));
        if hits >= hit_ratio && better {
            chosen = Some(Recommended {
                segments: level.segments,
                ttl_s: cache.ttl_s,
                hit_ratio: hits,
                kept,
                kept_exclude: level.kept_exclude,
                still_shared: level.still_shared,
                kept_rerank: level.kept_rerank,
            });
        }
    }
    chosen
}
