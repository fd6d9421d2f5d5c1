//! The stage `simulate`: how much of per-visitor quality a cache keeps, at which hit ratio and what CPU.
//!
//! The last days of the log are replayed in their order: each event is a request just before it, by a visitor whose profile
//! the core keeps, for a list that the core decides. What is shared goes through a cache at each edge location, by the core's
//! freshness. The model, its segments and what they are shown know nothing of these days.

mod edge;
mod model;
mod plot;
mod visitors;
mod write;

use std::collections::HashSet;

use selvedge::cache::Freshness;
use selvedge::snapshot::SnapshotError;
use serde::Serialize;

pub use plot::plot;
pub use visitors::Costs;
pub use write::{WriteError, write};

use crate::config::{Audience, Config, SlotConfig};
use crate::train::{StageError, read_log};
use edge::{Asked, Outcome, location, replay};
use model::{Level, engine};
use selvedge_lake::explain::{Exit, Explain};
use selvedge_models::als::Factors;
use selvedge_models::fit::{Fitted, days_ms, fit};
use selvedge_models::interactions::EventLog;
use selvedge_models::interval::Estimate;
use selvedge_models::recommender::FitError;
use selvedge_models::segments::{Search, Tree, cluster, tree, voted};
use visitors::{OfLevel, Replay, Served};

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

/// Why nothing was simulated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// One of the parts is empty.
    #[error(
        "the last {test_days} days have {after} requests of visitors with something to find; expected some, and events before them ({before} found)"
    )]
    Empty {
        /// Days of the test part.
        test_days: f64,
        /// Events before it.
        before: usize,
        /// Requests in it.
        after: usize,
    },
    /// Training failed.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The model cannot be served.
    #[error("the model cannot be packed")]
    Build(#[from] SnapshotError),
    /// The events cannot be read.
    #[error(transparent)]
    Read(#[from] StageError),
}

impl Explain for SimulateError {
    fn exit(&self) -> Exit {
        match self {
            Self::Empty { .. } => Exit::Data,
            Self::Fit(_) => Exit::Usage,
            Self::Build(_) => Exit::Snapshot,
            Self::Read(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Empty { .. } => {
                Some("change evaluate.test_days so that events lie on both sides of the split".to_owned())
            }
            Self::Fit(_) => Some("correct the value in [train]".to_owned()),
            Self::Build(_) => Some("lower train.factors, or raise train.regularisation".to_owned()),
            Self::Read(error) => error.hint(),
        }
    }
}

/// Items in the pool of a segment, from which pages are made.
const POOL: usize = 100;

/// Simulates the last `evaluate.test_days` of the lake.
///
/// # Errors
/// [`SimulateError`].
pub fn run(config: &Config, options: &Options) -> Result<Simulation, SimulateError> {
    simulate(&read_log(config)?, config, options)
}

/// The same for a log.
///
/// # Errors
/// [`SimulateError`].
pub fn simulate(log: &EventLog, config: &Config, options: &Options) -> Result<Simulation, SimulateError> {
    let until_ms = log.end_ms().unwrap_or(0);
    let split_ms = until_ms.saturating_sub(days_ms(config.evaluate.test_days));
    let empty = |after| SimulateError::Empty {
        test_days: config.evaluate.test_days,
        before: log.before(split_ms).len(),
        after,
    };
    if log.before(split_ms).is_empty() || log.since(split_ms).is_empty() {
        return Err(empty(0));
    }
    let past = EventLog {
        users: log.users.clone(),
        items: log.items.clone(),
        events: log.before(split_ms).to_vec(),
    };
    let fitted = fit(&config.train.als(), &past, split_ms, &config.train.fit_plan())?;
    let weighting = config.train.weighting();
    let slot = shared_slot(config);
    let study = Study {
        log,
        fitted: &fitted,
        config,
        slot: &slot,
        replay: Replay {
            log,
            split_ms,
            weighting: &weighting,
            k: usize::try_from(config.evaluate.k).unwrap_or(usize::MAX).min(POOL),
            every: log.since(split_ms).len().div_ceil(options.requests.max(1)),
        },
        options,
    };
    study.run()?.ok_or_else(|| empty(0))
}

/// The slot whose answers are shared, or the first one.
fn shared_slot(config: &Config) -> SlotConfig {
    let slots = config.slots();
    let shared = slots.iter().find(|slot| slot.audience != Audience::Visitor);
    shared.or(slots.first()).cloned().unwrap_or_default()
}

struct Study<'s> {
    log: &'s EventLog,
    fitted: &'s Fitted,
    config: &'s Config,
    slot: &'s SlotConfig,
    replay: Replay<'s>,
    options: &'s Options,
}

impl Study<'_> {
    fn run(&self) -> Result<Option<Simulation>, SimulateError> {
        let mut counts = self.options.segments.clone();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        counts.dedup();
        let (whole, assignment) = self.segments(counts.first().copied().unwrap_or(1));
        let votes = voted(
            &self.fitted.outcome.users,
            &assignment,
            &whole,
            &self.fitted.outcome.items,
            POOL,
        );
        // Never more than there are: small sets have fewer segments than asked for.
        let most = u32::try_from(whole.leaves()).unwrap_or(u32::MAX).max(1);
        counts = counts.into_iter().map(|count| count.min(most)).collect();
        counts.dedup();
        let level = |count: &u32| whole.level(*count as usize).into_iter().map(Some).collect();
        // The last level is one list for all.
        let levels: Vec<Level> = counts.iter().map(level).chain([Vec::new()]).collect();
        let parts = (self.log, self.fitted, self.config);
        let by_centroid = engine(parts, self.slot, &whole, None, POOL, &levels)?;
        let by_votes = engine(parts, self.slot, &whole, Some(&votes), POOL, &levels)?;
        let (served, costs) = self.replay.serve(&by_votes, levels.len(), true);
        let (unvoted, _) = self.replay.serve(&by_centroid, counts.len(), false);
        if served.is_empty() {
            return Ok(None);
        }
        let arrivals = Arrivals::new(&served, self.options);
        let personal: Vec<f64> = served.iter().map(|request| request.personal).collect();
        let all = mean(personal.iter().copied());
        let share = |value: f64| if all > 0.0 { value / all } else { 1.0 };
        let kept = |served: &[Served], at: usize, of: fn(&OfLevel) -> f64| share(mean_at(served, at, of));
        let mut found = Vec::new();
        for (at, count) in counts.iter().enumerate() {
            let k_means = self.k_means(*count)?;
            let keys: Vec<u32> = keys(&served, at);
            let k_means_keys: Vec<u32> = self::keys(&k_means, 0);
            let caches = self.options.ttl_s.iter().map(|&ttl_s| {
                let outcome = arrivals.through(&keys, &self.freshness(ttl_s), self.options.refresh_s);
                let before = arrivals.through(&k_means_keys, &self.freshness(ttl_s), self.options.refresh_s);
                CacheFound::new(ttl_s, &outcome, &before, &costs)
            });
            found.push(LevelFound {
                segments: *count,
                kept_k_means: kept(&k_means, 0, |level| level.shared),
                kept_tree: kept(&unvoted, at, |level| level.shared),
                kept_voted: kept(&served, at, |level| level.shared),
                kept_exclude: kept(&served, at, |level| level.exclude),
                still_shared: mean_at(&served, at, OfLevel::stays_shared),
                kept_rerank: kept(&served, at, |level| level.rerank),
                caches: caches.collect(),
            });
        }
        let last = counts.len();
        let everyone = Everyone {
            value: mean_at(&served, last, |level| level.shared),
            kept: kept(&served, last, |level| level.shared),
            kept_exclude: kept(&served, last, |level| level.exclude),
            still_shared: mean_at(&served, last, OfLevel::stays_shared),
            kept_rerank: kept(&served, last, |level| level.rerank),
        };
        let users: HashSet<u32> = served.iter().map(|request| request.user).collect();
        Ok(Some(Simulation {
            k: self.replay.k,
            users: users.len(),
            requests: served.len(),
            requests_per_s: arrivals.requests_per_s,
            locations: self.options.locations,
            refresh_s: self.options.refresh_s,
            stale_while_revalidate_s: self.slot.stale_while_revalidate_s,
            personal: Estimate::mean(&personal),
            everyone,
            costs,
            hit_ratio: self.options.hit_ratio,
            recommended: best(&found, self.options.hit_ratio, |level, cache| {
                (level.kept_voted, cache.hit_ratio)
            }),
            before: best(&found, self.options.hit_ratio, |level, cache| {
                (level.kept_k_means, cache.hit_ratio_k_means)
            }),
            levels: found,
        }))
    }

    fn segments(&self, count: u32) -> (Tree, Vec<Option<u32>>) {
        let search = Search {
            count: count as usize,
            min_members: self.config.segment.min_members,
            seed: self.config.train.seed,
        };
        let clusters = cluster(&self.fitted.outcome.users, &search);
        (tree(&clusters.centroids, &clusters.members), clusters.assignment)
    }

    /// As it was before there was a tree: k-means for each number of segments, lists by centroid.
    fn k_means(&self, count: u32) -> Result<Vec<Served>, SimulateError> {
        let (whole, _) = self.segments(count);
        let leaves = whole.leaves();
        let rows: Vec<f32> = (0..leaves)
            .flat_map(|leaf| whole.centroids.row(leaf).to_vec())
            .collect();
        let alone = Tree {
            centroids: Factors::new(whole.centroids.dims(), rows),
            members: whole.members[..leaves].to_vec(),
            parents: vec![None; leaves],
        };
        let level = (0..).take(leaves).map(Some).collect();
        let parts = (self.log, self.fitted, self.config);
        let engine = engine(parts, self.slot, &alone, None, POOL, &[level])?;
        Ok(self.replay.serve(&engine, 1, false).0)
    }

    const fn freshness(&self, ttl_s: u32) -> Freshness {
        Freshness {
            ttl_s,
            stale_while_revalidate_s: self.slot.stale_while_revalidate_s,
            stale_if_error_s: self.slot.stale_if_error_s,
        }
    }
}

/// Requests in time and place.
struct Arrivals {
    at_s: Vec<f64>,
    locations: Vec<u32>,
    requests_per_s: f64,
}

impl Arrivals {
    /// The logged times, stretched or drawn together to the rate that is asked for.
    fn new(served: &[Served], options: &Options) -> Self {
        const SEED: u64 = 0x0005_1a71_0e5e;
        let first = served.first().map_or(0, |request| request.at_ms);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of some years")]
        let logged = |request: &Served| (request.at_ms - first) as f64 / 1e3;
        let span = served.last().map_or(0.0, logged).max(1.0);
        #[expect(clippy::cast_precision_loss, reason = "counts of requests")]
        let requests = served.len() as f64;
        let requests_per_s = options.requests_per_s.unwrap_or(requests / span);
        let stretched = requests / requests_per_s / span;
        Self {
            at_s: served.iter().map(|request| logged(request) * stretched).collect(),
            locations: served
                .iter()
                .map(|request| location(request.user, options.locations, SEED))
                .collect(),
            requests_per_s,
        }
    }

    /// The requests again and again until a snapshot's time has passed, so that what is found is not that of caches that are
    /// still filling; but no more than [`LOOKUPS`].
    fn through(&self, keys: &[u32], freshness: &Freshness, refresh_s: f64) -> Outcome {
        #[expect(clippy::cast_precision_loss, reason = "counts of requests")]
        let round_s = keys.len().max(1) as f64 / self.requests_per_s;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is limited"
        )]
        let wanted = (refresh_s / round_s).ceil() as usize;
        let rounds = wanted.clamp(1, (LOOKUPS / keys.len().max(1)).max(1));
        let asked = (0..rounds)
            .zip(std::iter::successors(Some(0.0), |begin| Some(begin + round_s)))
            .flat_map(|(_, begin)| {
                let asked = self.at_s.iter().zip(&self.locations).zip(keys);
                asked.map(move |((at_s, location), key)| Asked {
                    at_s: begin + at_s,
                    location: *location,
                    key: *key,
                })
            });
        replay(asked, freshness, refresh_s)
    }
}

/// Requests that go through the caches for one number of segments and one time to live, at most.
const LOOKUPS: usize = 2_000_000;

/// The key of those who are in no segment.
const STRANGERS: u32 = u32::MAX;

/// The key of each request on a level.
fn keys(served: &[Served], level: usize) -> Vec<u32> {
    served
        .iter()
        .map(|request| request.levels[level].segment.map_or(STRANGERS, u32::from))
        .collect()
}

fn mean_at(served: &[Served], level: usize, of: fn(&OfLevel) -> f64) -> f64 {
    mean(served.iter().map(|request| of(&request.levels[level])))
}

impl CacheFound {
    #[expect(clippy::cast_precision_loss, reason = "counts of requests")]
    fn new(ttl_s: u32, outcome: &Outcome, before: &Outcome, costs: &Costs) -> Self {
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
fn best(
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

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value;
        count += 1.0;
    }
    sum / f64::max(count, 1.0)
}

#[cfg(test)]
mod tests;
