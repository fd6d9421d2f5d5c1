//! Visitors who come again: each event of the test days is a request just before it, answered by the core's engine.

use std::time::Instant;

use rayon::prelude::*;
use selvedge::engine::{Decision, Engine, Recorded, Request, Visitor};
use selvedge::event::EventKind;
use selvedge::place::Place;
use selvedge::profile::{Consent, Profile, VisitorId};
use selvedge::snapshot::AlignedBytes;

use selvedge_models::interactions::{EventLog, LogEvent, Weighting};
use selvedge_models::metrics::Discounts;

use super::model::{KINDS, PERSONAL, slot_name};

/// A request and what each kind of answer was worth to the visitor, NDCG.
#[derive(Clone, Debug)]
pub struct Served {
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// Row in the log.
    pub user: u32,
    /// Of the list for this visitor alone.
    pub personal: f64,
    /// By level.
    pub levels: Vec<OfLevel>,
}

/// What a level of the segment tree answered.
#[derive(Clone, Copy, Debug, Default)]
pub struct OfLevel {
    /// The segment that the answer was shared with; none for everyone's.
    pub segment: Option<u16>,
    /// Of the shared list.
    pub shared: f64,
    /// Of the slot that leaves out what this visitor is done with.
    pub exclude: f64,
    /// Whether that slot's answer was the shared one.
    pub still_shared: bool,
    /// Of the slot that puts the list in the visitor's order.
    pub rerank: f64,
}

impl OfLevel {
    /// 1 where the slot that leaves items out answered by the shared list, else 0.
    pub fn stays_shared(&self) -> f64 {
        f64::from(u8::from(self.still_shared))
    }
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
    /// A shared list without what one visitor is done with, for those who are not shown the shared answer.
    pub exclude_us: f64,
    /// A shared list in one visitor's order, encoding included.
    pub rerank_us: f64,
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
}

impl Replay<'_> {
    /// Serves every request of the test days from each of so many levels. Without `alone`, only what is shared is asked for.
    #[must_use]
    pub fn serve(&self, engine: &Engine<AlignedBytes>, levels: usize, alone: bool) -> (Vec<Served>, Costs) {
        let slots: Vec<[String; 3]> = (0..levels)
            .map(|level| KINDS.map(|kind| slot_name(level, kind)))
            .collect();
        let mut of_user: Vec<Vec<LogEvent>> = vec![Vec::new(); self.log.users.len()];
        for event in &self.log.events {
            of_user[event.user as usize].push(*event);
        }
        let asked: Vec<Vec<LogEvent>> = of_user
            .into_iter()
            .filter(|events| events.last().is_some_and(|event| event.at_ms >= self.split_ms))
            .step_by(self.every.max(1))
            .collect();
        let served: Vec<(Vec<Served>, Sums)> = asked
            .par_iter()
            .map(|events| self.visitor(engine, &slots, events, alone))
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
        slots: &[[String; 3]],
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
                place: Place {
                    local_ms: unsigned(at_ms).into(),
                    ..Place::default()
                },
                now_ms: unsigned(at_ms),
            };
            if let Some(request) = self.request(engine, slots, &visitor, &worth, alone, &mut sums) {
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
        slots: &[[String; 3]],
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
        let worth_of = |answer: &Decision<'_>| worth(&numbers(self.log, answer.items.iter().map(|item| item.id)));
        // Planned and computed; for whom, and with which sums.
        let answered = |slot, plan_sum: &mut Sum, sum: &mut Sum| {
            let request = ask(slot);
            let begin = Instant::now();
            let context = engine.assign(&request).ok()?;
            plan_sum.add(begin);
            let begin = Instant::now();
            let answer = engine.decide(&context);
            sum.add(begin);
            Some((context, worth_of(&answer)?))
        };
        let mut served = Served {
            at_ms: 0,
            user: 0,
            personal: 0.0,
            levels: Vec::with_capacity(slots.len()),
        };
        for [shared, exclude, rerank] in slots {
            let (context, worth) = answered(shared, &mut sums.plan, &mut sums.shared)?;
            let mut level = OfLevel {
                segment: context.segment,
                shared: worth,
                ..OfLevel::default()
            };
            if alone {
                let (mut planned, mut decided) = (Sum::default(), Sum::default());
                let (context, worth) = answered(exclude, &mut planned, &mut decided)?;
                level.exclude = worth;
                level.still_shared = context.cache_key().is_some();
                if !level.still_shared {
                    sums.exclude.both(planned, decided);
                }
                let (mut planned, mut decided) = (Sum::default(), Sum::default());
                let (context, worth) = answered(rerank, &mut planned, &mut decided)?;
                level.rerank = worth;
                if context.cache_key().is_none() {
                    sums.rerank.both(planned, decided);
                }
            }
            served.levels.push(level);
        }
        if alone {
            let (mut planned, mut decided) = (Sum::default(), Sum::default());
            served.personal = answered(PERSONAL, &mut planned, &mut decided)?.1;
            sums.personal.both(planned, decided);
        }
        Some(served)
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

    /// One answer, planned and computed.
    fn both(&mut self, planned: Self, decided: Self) {
        self.us += planned.us + decided.us;
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
    exclude: Sum,
    rerank: Sum,
}

impl Sums {
    fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.plan, other.plan),
            (&mut self.shared, other.shared),
            (&mut self.personal, other.personal),
            (&mut self.exclude, other.exclude),
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
            exclude_us: self.exclude.mean(),
            rerank_us: self.rerank.mean(),
        }
    }
}
