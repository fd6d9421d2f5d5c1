//! The levels of the segment tree, each replayed and put through the caches.

use std::collections::HashSet;

use selvedge::cache::Freshness;
use selvedge::engine::Engine;
use selvedge::snapshot::AlignedBytes;
use selvedge_models::als::Factors;
use selvedge_models::fit::Fitted;
use selvedge_models::interactions::EventLog;
use selvedge_models::interval::Estimate;
use selvedge_models::lists::{ListPolicy, Segmentation};
use selvedge_models::segments::{Search, Tree, cluster, tree};

use super::arrivals::Arrivals;
use super::error::SimulateError;
use super::found::{CacheFound, Everyone, LevelFound, Options, Simulation, best};
use super::model::{Level, engine};
use super::visitors::{OfLevel, Replay, Served};
use crate::config::{Config, SlotConfig};

/// One simulation.
pub struct Study<'s> {
    pub log: &'s EventLog,
    pub fitted: &'s Fitted,
    pub config: &'s Config,
    pub slot: &'s SlotConfig,
    pub replay: Replay<'s>,
    pub options: &'s Options,
}

/// Segments, and the levels of their tree that are looked at.
pub struct Grouped {
    /// Segments of each level, falling; the last level, one list for all, is not among them.
    counts: Vec<u32>,
    /// Who answers for whom on each level.
    levels: Vec<Level>,
    tree: Tree,
    assignment: Vec<Option<u32>>,
}

impl Study<'_> {
    /// Everything that is found; `None` where no request can be judged.
    ///
    /// # Errors
    /// [`SimulateError`].
    pub fn run(&self) -> Result<Option<Simulation>, SimulateError> {
        let grouped = self.grouped();
        let (counts, levels) = (&grouped.counts, grouped.levels.len());
        let shipped = self.config.segment.lists;
        let other = match shipped {
            ListPolicy::Centroid => ListPolicy::Voted,
            ListPolicy::Voted => ListPolicy::Centroid,
        };
        let (served, costs) = self.replay.serve(&self.engine(&grouped, shipped)?, levels, true);
        // For comparison only.
        let (compared, _) = self.replay.serve(&self.engine(&grouped, other)?, counts.len(), false);
        if served.is_empty() {
            return Ok(None);
        }
        let arrivals = Arrivals::new(&served, self.options);
        let personal: Vec<f64> = served.iter().map(|request| request.personal).collect();
        let all = mean(personal.iter().copied());
        // A shared list can be ahead by chance; more than all cannot be kept.
        let share = |value: f64| if all > 0.0 { (value / all).min(1.0) } else { 1.0 };
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
            let by = |lists| {
                let of = if lists == shipped { &served } else { &compared };
                kept(of, at, |level| level.shared)
            };
            found.push(LevelFound {
                segments: *count,
                kept_k_means: kept(&k_means, 0, |level| level.shared),
                kept_tree: by(ListPolicy::Centroid),
                kept_voted: by(ListPolicy::Voted),
                kept: kept(&served, at, |level| level.shared),
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
            lists: shipped,
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
                (level.kept, cache.hit_ratio)
            }),
            before: best(&found, self.options.hit_ratio, |level, cache| {
                (level.kept_k_means, cache.hit_ratio_k_means)
            }),
            levels: found,
        }))
    }

    /// Segments, and the levels of their tree that are looked at.
    pub fn grouped(&self) -> Grouped {
        let mut counts = self.options.segments.clone();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        counts.dedup();
        let (tree, assignment) = self.segments(counts.first().copied().unwrap_or(1));
        // Never more than there are: small sets have fewer segments than asked for.
        let most = u32::try_from(tree.leaves()).unwrap_or(u32::MAX).max(1);
        counts = counts.into_iter().map(|count| count.min(most)).collect();
        counts.dedup();
        let level = |count: &u32| tree.level(*count as usize).into_iter().map(Some).collect();
        Grouped {
            // The last level is one list for all.
            levels: counts.iter().map(level).chain([Vec::new()]).collect(),
            counts,
            tree,
            assignment,
        }
    }

    /// What serves the levels, with lists made in this way.
    ///
    /// # Errors
    /// [`SimulateError`].
    pub fn engine(&self, grouped: &Grouped, lists: ListPolicy) -> Result<Engine<AlignedBytes>, SimulateError> {
        let segments = self.segmentation(&grouped.tree, &grouped.assignment);
        let parts = (self.log, self.fitted, self.config);
        engine(parts, self.slot, &segments, lists, &grouped.levels)
    }

    fn segments(&self, count: u32) -> (Tree, Vec<Option<u32>>) {
        let search = Search {
            count: count as usize,
            ..self.config.segment.search(self.config.train.seed)
        };
        let clusters = cluster(&self.fitted.outcome.users, &search);
        (tree(&clusters.centroids, &clusters.members), clusters.assignment)
    }

    fn segmentation<'t>(&'t self, tree: &'t Tree, assignment: &'t [Option<u32>]) -> Segmentation<'t> {
        Segmentation {
            tree,
            users: &self.fitted.outcome.users,
            assignment,
        }
    }

    /// As it was before there was a tree: k-means for each number of segments, lists by centroid.
    fn k_means(&self, count: u32) -> Result<Vec<Served>, SimulateError> {
        let (whole, assignment) = self.segments(count);
        let leaves = whole.leaves();
        let rows: Vec<f32> = (0..leaves)
            .flat_map(|leaf| whole.centroids.row(leaf).to_vec())
            .collect();
        let alone = Tree::without_unions(
            Factors::new(whole.centroids.dims(), rows),
            whole.members[..leaves].to_vec(),
        );
        let level = (0..).take(leaves).map(Some).collect();
        let parts = (self.log, self.fitted, self.config);
        let segments = self.segmentation(&alone, &assignment);
        let engine = engine(parts, self.slot, &segments, ListPolicy::Centroid, &[level])?;
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

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value;
        count += 1.0;
    }
    sum / f64::max(count, 1.0)
}
