//! Visitors who come again: each event of the test days is a request just before it, answered by the core's engine.

use std::time::Instant;

use rayon::prelude::*;
use selvedge::context::Context;
use selvedge::engine::{Engine, Recorded, Request, Visitor};
use selvedge::event::{EventKind, ItemKey};
use selvedge::profile::{Consent, Profile, VisitorId};
use selvedge::snapshot::AlignedBytes;

use crate::evaluate::metrics::Discounts;
use crate::interactions::{EventLog, LogEvent, Weighting};

use super::model::{PERSONAL, SHARED};

/// A request and what each kind of answer was worth to the visitor, NDCG.
#[derive(Clone, Debug)]
pub struct Served {
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// Row in the log.
    pub user: u32,
    /// The segment that the engine shared the answer with; none for a stranger.
    pub leaf: Option<u16>,
    /// Of the list for this visitor alone.
    pub personal: f64,
    /// Of each level's list.
    pub shared: Vec<f64>,
    /// Of each level's list without what this visitor is done with.
    pub filtered: Vec<f64>,
    /// Of each level's pool, put in order for this visitor.
    pub reranked: Vec<f64>,
}

/// Time of the core's calls on this machine, mean microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Costs {
    /// What a hit costs: finding the key of a visitor whose profile remembers its segment.
    pub plan_us: f64,
    /// What a miss costs besides: making a shared answer.
    pub shared_us: f64,
    /// An answer for one visitor, encoding included.
    pub personal_us: f64,
    /// Leaving out of a segment's pool what one visitor is done with.
    pub filter_us: f64,
    /// Putting a segment's pool in order for one visitor, encoding included.
    pub rerank_us: f64,
}

/// A level of the segment tree, and what is shown on it.
#[derive(Clone, Debug)]
pub struct Level {
    /// The segment of the level that each leaf belongs to.
    pub of_leaf: Vec<u32>,
    /// What each segment of the tree is shown, longer than a page; items by their row in the log.
    pub pools: Vec<Vec<u32>>,
}

/// What is asked of a replay.
pub struct Replay<'r> {
    /// All events.
    pub log: &'r EventLog,
    /// When the test days begin.
    pub split_ms: i64,
    /// Which events count.
    pub weighting: &'r Weighting,
    /// Length of the lists.
    pub k: usize,
    /// Every so-manieth user.
    pub every: usize,
    /// Kinds of events after which an item is not shown again.
    pub exclude: &'r [EventKind],
}

impl Replay<'_> {
    /// Serves every request of the test days. Without `alone`, only what is shared is asked for.
    #[must_use]
    pub fn serve(&self, engine: &Engine<AlignedBytes>, levels: &[Level], alone: bool) -> (Vec<Served>, Costs) {
        let mut of_user: Vec<Vec<LogEvent>> = vec![Vec::new(); self.log.users.len()];
        for event in &self.log.events {
            of_user[event.user as usize].push(*event);
        }
        let everyone: Vec<u32> = numbers(
            self.log,
            engine.snapshot().slate(0).map(|item| engine.snapshot().text(item).id),
        );
        let asked: Vec<Vec<LogEvent>> = of_user
            .into_iter()
            .filter(|events| events.last().is_some_and(|event| event.at_ms >= self.split_ms))
            .step_by(self.every.max(1))
            .collect();
        let served: Vec<(Vec<Served>, Sums)> = asked
            .par_iter()
            .map(|events| self.visitor(engine, levels, &everyone, events, alone))
            .collect();
        let mut requests = Vec::new();
        let mut sums = Sums::default();
        for (of_user, own) in served {
            requests.extend(of_user);
            sums.add(&own);
        }
        requests.sort_by_key(|request: &Served| (request.at_ms, request.user));
        (requests, sums.mean())
    }

    fn visitor(
        &self,
        engine: &Engine<AlignedBytes>,
        levels: &[Level],
        everyone: &[u32],
        events: &[LogEvent],
        alone: bool,
    ) -> (Vec<Served>, Sums) {
        let discounts = Discounts::new(self.k);
        let split = events.partition_point(|event| event.at_ms < self.split_ms);
        let (past, future) = events.split_at(split);
        let mut profile = Profile::new(VisitorId([0; 16]));
        for event in past {
            self.remember(&mut profile, event);
        }
        engine.settle(&mut profile, unsigned(self.split_ms));
        let mut served = Vec::new();
        let mut sums = Sums::default();
        let mut from = 0;
        for page in future.chunk_by(|a, b| a.at_ms == b.at_ms) {
            let rest = &future[from..];
            from += page.len();
            let Some(at_ms) = page.first().map(|event| event.at_ms) else {
                continue;
            };
            let mut held_out: Vec<u32> = rest
                .iter()
                .filter(|event| self.weighting.of_kind(event.kind) > 0.0)
                .map(|event| event.item)
                .collect();
            held_out.sort_unstable();
            held_out.dedup();
            let worth = |list: &[u32]| discounts.judge(list, &held_out).map(|metrics| metrics.ndcg);
            let visitor = Visitor {
                profile: Some(&profile),
                consent: Consent::Granted,
                context: Context {
                    local_time: unsigned(at_ms).into(),
                    ..Context::default()
                },
                now_ms: unsigned(at_ms),
            };
            if let Some(request) = self.request(engine, (levels, everyone), &visitor, &worth, alone, &mut sums) {
                served.push(Served {
                    at_ms,
                    user: page[0].user,
                    ..request
                });
            }
            for event in page {
                self.remember(&mut profile, event);
            }
            engine.settle(&mut profile, unsigned(at_ms));
        }
        (served, sums)
    }

    /// One request; `None` where nothing can be measured, as nothing that counts comes after it.
    fn request(
        &self,
        engine: &Engine<AlignedBytes>,
        (levels, everyone): (&[Level], &[u32]),
        visitor: &Visitor<'_>,
        worth: &dyn Fn(&[u32]) -> Option<f64>,
        alone: bool,
        sums: &mut Sums,
    ) -> Option<Served> {
        let ask = |slot| Request {
            slot,
            n: Some(self.k),
            category: None,
            exclude: &[],
            visitor: *visitor,
        };
        let begin = Instant::now();
        let plan = engine.plan(&ask(SHARED)).ok()?;
        sums.plan.add(begin);
        // A profile without known items gets what everyone gets.
        let leaf = plan.segment.filter(|_| plan.cache_key.is_some());
        let pools: Vec<&[u32]> = levels
            .iter()
            .map(|level| match leaf {
                Some(leaf) => level.pools[level.of_leaf[usize::from(leaf)] as usize].as_slice(),
                None => everyone,
            })
            .collect();
        let first = |pool: &[u32]| pool.iter().take(self.k).copied().collect::<Vec<u32>>();
        let shared: Option<Vec<f64>> = pools.iter().map(|pool| worth(&first(pool))).collect();
        let mut served = Served {
            at_ms: 0,
            user: 0,
            leaf,
            personal: 0.0,
            shared: shared?,
            filtered: Vec::new(),
            reranked: Vec::new(),
        };
        if alone {
            let begin = Instant::now();
            std::hint::black_box(engine.decide(&ask(SHARED), &plan));
            sums.shared.add(begin);
            let begin = Instant::now();
            let plan = engine.plan(&ask(PERSONAL)).ok()?;
            let own = engine.decide(&ask(PERSONAL), &plan);
            sums.personal.add(begin);
            served.personal = worth(&numbers(self.log, own.items.iter().map(|item| item.id)))?;
            for pool in pools {
                let begin = Instant::now();
                let open: Vec<u32> = pool
                    .iter()
                    .copied()
                    .filter(|item| !self.done(visitor, self.id(*item)))
                    .collect();
                sums.filter.add(begin);
                served.filtered.push(worth(&first(&open))?);
                let ids: Vec<&str> = open.iter().map(|item| self.id(*item)).collect();
                let begin = Instant::now();
                let ranked = engine.rank(visitor, &ids, self.k.min(ids.len()));
                sums.rerank.add(begin);
                let ranked = ranked.map_or_else(
                    |_| Vec::new(),
                    |ranked| numbers(self.log, ranked.items.iter().map(|item| item.id)),
                );
                served.reranked.push(worth(&ranked)?);
            }
        }
        Some(served)
    }

    fn id(&self, item: u32) -> &str {
        &self.log.items[item as usize]
    }

    fn done(&self, visitor: &Visitor<'_>, id: &str) -> bool {
        let key = ItemKey::of(id);
        let history = visitor.usable_profile().map_or(&[][..], Profile::history);
        history
            .iter()
            .any(|entry| entry.item == key && self.exclude.contains(&entry.kind))
    }

    fn remember(&self, profile: &mut Profile, event: &LogEvent) {
        let Some(kind) = EventKind::ALL.into_iter().find(|kind| kind.code() == event.kind) else {
            return;
        };
        let recorded = Recorded {
            kind,
            at_ms: unsigned(event.at_ms),
        };
        recorded.remember(profile, &self.log.items[event.item as usize]);
    }
}

/// Rows of the log.
pub fn numbers<'i>(log: &EventLog, ids: impl Iterator<Item = &'i str>) -> Vec<u32> {
    ids.filter_map(|id| log.items.binary_search_by(|item| item.as_str().cmp(id)).ok())
        .filter_map(|row| u32::try_from(row).ok())
        .collect()
}

/// Times before 1970 are none at the edge.
fn unsigned(at_ms: i64) -> u64 {
    u64::try_from(at_ms).unwrap_or(0)
}

#[derive(Clone, Copy, Default)]
struct Sum {
    us: f64,
    calls: f64,
}

impl Sum {
    fn add(&mut self, begin: Instant) {
        self.us += begin.elapsed().as_secs_f64() * 1e6;
        self.calls += 1.0;
    }

    fn mean(self) -> f64 {
        self.us / self.calls.max(1.0)
    }
}

#[derive(Clone, Copy, Default)]
struct Sums {
    plan: Sum,
    shared: Sum,
    personal: Sum,
    filter: Sum,
    rerank: Sum,
}

impl Sums {
    fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.plan, other.plan),
            (&mut self.shared, other.shared),
            (&mut self.personal, other.personal),
            (&mut self.filter, other.filter),
            (&mut self.rerank, other.rerank),
        ];
        for (own, other) in pairs {
            own.us += other.us;
            own.calls += other.calls;
        }
    }

    fn mean(self) -> Costs {
        Costs {
            plan_us: self.plan.mean(),
            shared_us: self.shared.mean(),
            personal_us: self.personal.mean(),
            filter_us: self.filter.mean(),
            rerank_us: self.rerank.mean(),
        }
    }
}
