//! Ranking: from a plan to items with reasons.

use alloc::vec::Vec;

use super::Engine;
use super::available::Available;
use super::decision::{Decision, Explanation, Item, Reason, Scope};
use super::plan::Plan;
use super::request::{MAX_CANDIDATES, MAX_SIMILAR, Request, RequestError, Visitor, quoted};
use super::visitor::Portrait;
use crate::cache::CacheKey;
use crate::event::{EventKind, ItemIndex};
use crate::profile::Profile;
use crate::quantize::Query;
use crate::rank::diversify;
use crate::retrieve::{Filter, Scored, ranked, ranked_first, score_rows, top_k};
use crate::snapshot::CategoryIndex;

impl<B: AsRef<[u8]>> Engine<B> {
    /// Computes the answer that was planned.
    #[must_use]
    pub fn decide<'s>(&'s self, request: &Request<'_>, plan: &Plan<'s>) -> Decision<'s> {
        self.decide_among(&self.available(request.visitor.now_ms), request, plan)
    }

    /// [`Engine::decide`] for whoever kept what may be shown at the request's time. Of another time or another snapshot it is not used.
    #[must_use]
    pub fn decide_among<'s>(&'s self, available: &Available, request: &Request<'_>, plan: &Plan<'s>) -> Decision<'s> {
        let mut filter = self.showable(available, request.visitor.now_ms);
        for id in request.exclude {
            if let Some(item) = self.snapshot.find_id(id) {
                filter.forbid(item);
            }
        }
        if let Some(inside) = self.inside(&plan.categories) {
            filter.retain(inside);
        }
        // Only in an answer for this visitor alone.
        for item in &plan.done {
            filter.forbid(*item);
        }
        let candidates = filter.count();
        let personal = plan.portrait.as_ref().filter(|_| plan.scope == Scope::Visitor);
        let ranking = self.ranking(plan, personal, &filter);
        let limit = usize::from(plan.slot.max_per_category);
        let chosen = diversify(&ranking, plan.n, limit, |item| self.snapshot.leaf_category(item));
        let items = self.items(&chosen, plan.list, personal);
        Decision {
            slot: &plan.slot.name,
            model: &self.version,
            scope: plan.scope,
            segment: plan.segment,
            context: plan.daypart.map(crate::context::Daypart::name),
            items,
            unknown: Vec::new(),
            explanation: self.explanation(plan.segment, personal, candidates),
        }
    }

    /// Items near an item, by cosine of their factors.
    ///
    /// # Errors
    /// [`RequestError::UnknownItem`], [`RequestError::Count`], or [`RequestError::NotReady`] before the factors are verified.
    pub fn similar(&self, id: &str, n: usize, now_ms: u64) -> Result<Decision<'_>, RequestError> {
        self.similar_among(&self.available(now_ms), id, n, now_ms)
    }

    /// [`Engine::similar`] for whoever kept what may be shown at this time.
    ///
    /// # Errors
    /// Those of [`Engine::similar`].
    pub fn similar_among(
        &self,
        available: &Available,
        id: &str,
        n: usize,
        now_ms: u64,
    ) -> Result<Decision<'_>, RequestError> {
        if n == 0 || n > MAX_SIMILAR {
            return Err(RequestError::Count {
                max: MAX_SIMILAR,
                found: n,
            });
        }
        let item = self.find(id)?;
        if !self.personal_ready() {
            return Err(RequestError::NotReady);
        }
        let mut filter = self.showable(available, now_ms);
        filter.forbid(item);
        let near = match (self.snapshot.cosine_rows(), Query::unit(&self.snapshot.codes(item))) {
            (Some(rows), Ok(query)) => top_k(&rows, &query, &filter, n),
            _ => Vec::new(),
        };
        let name = self.snapshot.name(item);
        let reason = Reason::Similar {
            item: name.id,
            title: name.title,
        };
        Ok(Decision {
            slot: "similar",
            model: &self.version,
            scope: Scope::Everyone,
            segment: None,
            context: None,
            items: near.iter().map(|scored| self.item(scored, reason)).collect(),
            unknown: Vec::new(),
            explanation: self.explanation(None, None, filter.count()),
        })
    }

    /// The key under which the items near an item may be shared.
    ///
    /// # Errors
    /// [`RequestError::UnknownItem`].
    pub fn similar_key(&self, id: &str, n: usize) -> Result<CacheKey, RequestError> {
        let item = self.find(id)?;
        let key = self.snapshot.key(item).map_or(0, |key| key.0);
        Ok(CacheKey::similar(&self.version, key, n))
    }

    /// Ranks the caller's candidates for a visitor; ids the model does not know are returned apart, in the order given, and
    /// repeated ids once.
    ///
    /// # Errors
    /// [`RequestError::Candidates`] or [`RequestError::Count`].
    pub fn rank<'s>(&'s self, visitor: &Visitor<'_>, ids: &[&'s str], n: usize) -> Result<Decision<'s>, RequestError> {
        if ids.is_empty() || ids.len() > MAX_CANDIDATES {
            return Err(RequestError::Candidates { found: ids.len() });
        }
        if n == 0 || n > MAX_CANDIDATES {
            return Err(RequestError::Count {
                max: MAX_CANDIDATES,
                found: n,
            });
        }
        let mut rows = Vec::with_capacity(ids.len());
        let mut unknown = Vec::new();
        for id in ids {
            match self.snapshot.find_id(id) {
                Some(item) => rows.push(item),
                None if !unknown.contains(id) => unknown.push(*id),
                None => {}
            }
        }
        let portrait = self.portrait_of(visitor);
        let (scope, daypart) = match &portrait {
            Some(_) => (Scope::Visitor, None),
            None => {
                let contextual = self.contextual_rung(visitor);
                (contextual.scope, contextual.daypart)
            }
        };
        let prior = daypart.map(|daypart| self.snapshot.context_prior(daypart.index()));
        let vector = portrait.as_ref().map(Portrait::vector).or(prior);
        let scores = self.scores(vector, &rows);
        let ranking = rows
            .iter()
            .zip(scores)
            .map(|(item, score)| Scored { item: *item, score })
            .collect();
        let mut ranking = ranked(ranking);
        // The same item has the same score, so it stands beside itself.
        ranking.dedup_by_key(|scored| scored.item);
        let candidates = ranking.len();
        ranking.truncate(n);
        let segment = portrait.as_ref().and_then(|portrait| portrait.assignment);
        let segment = segment.and_then(|found| u16::try_from(found.segment).ok());
        Ok(Decision {
            slot: "rank",
            model: &self.version,
            scope,
            segment,
            context: daypart.map(crate::context::Daypart::name),
            items: self.items(&ranking, scope, portrait.as_ref()),
            unknown,
            explanation: self.explanation(segment, portrait.as_ref(), candidates),
        })
    }

    /// Catalogue items from a place in the order of popularity on.
    #[must_use]
    pub fn browse(&self, offset: usize, count: usize) -> Decision<'_> {
        let end = offset
            .saturating_add(count.min(MAX_CANDIDATES))
            .min(self.snapshot.rows());
        let items = (offset.min(end)..end)
            .filter_map(|place| self.snapshot.by_popularity(place))
            .map(|item| {
                let score = self.snapshot.popularity(item);
                self.item(&Scored { item, score }, Reason::Popular)
            })
            .collect();
        Decision {
            slot: "catalogue",
            model: &self.version,
            scope: Scope::Everyone,
            segment: None,
            context: None,
            items,
            unknown: Vec::new(),
            explanation: self.explanation(None, None, self.snapshot.rows()),
        }
    }

    fn find(&self, id: &str) -> Result<ItemIndex, RequestError> {
        self.snapshot
            .find_id(id)
            .ok_or_else(|| RequestError::UnknownItem { found: quoted(id) })
    }

    /// Scores of rows under a vector; by popularity where there is none or the factors are not verified.
    fn scores(&self, vector: Option<&[f32]>, rows: &[ItemIndex]) -> Vec<f32> {
        let query = vector
            .filter(|_| self.personal_ready())
            .and_then(|vector| Query::new(vector, self.snapshot.stride()).ok());
        match (self.snapshot.factor_rows(), query) {
            (Some(factors), Some(query)) => score_rows(&factors, &query, rows),
            _ => rows.iter().map(|item| self.snapshot.popularity(*item)).collect(),
        }
    }

    /// Tells which items are in one of these categories or below; nothing for no categories, which limit nothing.
    pub(super) fn inside(&self, roots: &[CategoryIndex]) -> Option<impl Fn(ItemIndex) -> bool> {
        if roots.is_empty() {
            return None;
        }
        let inside = self.snapshot.below(roots);
        let leaves = self.snapshot.leaf_categories();
        Some(move |item: ItemIndex| {
            let leaf = leaves.get(item.get()).and_then(|leaf| usize::try_from(*leaf).ok());
            leaf.and_then(|leaf| inside.get(leaf)).copied().unwrap_or(false)
        })
    }

    /// The items that a visitor is done with, by events of these kinds.
    pub(super) fn done(&self, profile: &Profile, kinds: &[EventKind]) -> Vec<ItemIndex> {
        let of_kinds = profile.history().iter().filter(|entry| kinds.contains(&entry.kind));
        of_kinds.filter_map(|entry| self.snapshot.find(entry.item)).collect()
    }

    /// The ready list that a plan's shared answer begins with, and the vector that lists more.
    pub(super) fn listed(&self, plan: &Plan<'_>) -> (usize, &[f32]) {
        match (plan.list, plan.segment, plan.daypart) {
            (Scope::Segment, Some(segment), _) => {
                let segment = usize::from(segment);
                (1 + segment, self.snapshot.centroid(segment))
            }
            (Scope::Context, _, Some(daypart)) => (
                1 + self.snapshot.segments() + daypart.index(),
                self.snapshot.context_prior(daypart.index()),
            ),
            _ => (0, &[][..]),
        }
    }

    /// The ranking that the plan asks for, long enough for the diversity rule to choose from.
    fn ranking(&self, plan: &Plan<'_>, personal: Option<&Portrait>, filter: &Filter) -> Vec<Scored> {
        let k = match plan.slot.max_per_category {
            0 => plan.n,
            _ => plan.n * DIVERSITY_POOL,
        };
        let own = personal.map(Portrait::vector);
        if let (Scope::Visitor, Some(own)) = (plan.list, own) {
            return self.retrieve(own, filter, k);
        }
        let (list, vector) = self.listed(plan);
        let vector = own.unwrap_or(vector);
        let ready = self.ready_list(list, filter);
        if ready.len() >= plan.n {
            return match own {
                Some(own) => self.reordered(&ready, own, k),
                None => ready,
            };
        }
        // The list was made for the whole catalogue; a filter can leave too little of it.
        if !vector.is_empty() && self.personal_ready() {
            return self.retrieve(vector, filter, k);
        }
        let popular = filter.iter().map(|item| Scored {
            item,
            score: self.snapshot.popularity(item),
        });
        ranked_first(popular, k)
    }

    /// The first `k` of a list in the order of a vector.
    fn reordered(&self, list: &[Scored], vector: &[f32], k: usize) -> Vec<Scored> {
        let rows: Vec<ItemIndex> = list.iter().map(|scored| scored.item).collect();
        let scores = self.scores(Some(vector), &rows);
        let scored = rows.into_iter().zip(scores).map(|(item, score)| Scored { item, score });
        ranked_first(scored, k)
    }

    fn retrieve(&self, vector: &[f32], filter: &Filter, k: usize) -> Vec<Scored> {
        match (self.snapshot.factor_rows(), Query::new(vector, self.snapshot.stride())) {
            (Some(rows), Ok(query)) => top_k(&rows, &query, filter, k),
            _ => Vec::new(),
        }
    }

    fn ready_list(&self, list: usize, filter: &Filter) -> Vec<Scored> {
        let length = u16::try_from(self.snapshot.slate_len()).unwrap_or(u16::MAX);
        let place = |rank: usize| 1.0 - f32::from(u16::try_from(rank).unwrap_or(u16::MAX)) / f32::from(length);
        self.snapshot
            .slate(list)
            .enumerate()
            .filter(|(_, item)| filter.allows(*item))
            .map(|(rank, item)| Scored {
                item,
                score: place(rank),
            })
            .collect()
    }

    fn item<'s>(&'s self, scored: &Scored, reason: Reason<'s>) -> Item<'s> {
        let text = self.snapshot.text(scored.item);
        Item {
            id: text.id,
            title: text.title,
            categories: self
                .snapshot
                .category_path(scored.item)
                .into_iter()
                .map(|category| self.snapshot.category_name(category))
                .collect(),
            image: text.image,
            attributes: text.attributes,
            score: scored.score,
            reason,
        }
    }

    /// Items with what they are shown for: what of the history speaks for each, or whose list they are from.
    fn items(&self, chosen: &[Scored], list: Scope, portrait: Option<&Portrait>) -> Vec<Item<'_>> {
        let exact = portrait.and_then(|portrait| Some((portrait, portrait.exact()?)));
        let reason = match (list, exact) {
            (Scope::Visitor, Some((portrait, encoded))) => {
                let factors: Vec<_> = chosen.iter().map(|scored| self.snapshot.factors(scored.item)).collect();
                let parts = encoded.contributions(&factors);
                return chosen
                    .iter()
                    .zip(parts)
                    .map(|(scored, parts)| self.item(scored, self.because(portrait, &parts)))
                    .collect();
            }
            (Scope::Segment, _) => Reason::Segment,
            (Scope::Context, _) => Reason::Context,
            _ => Reason::Popular,
        };
        chosen.iter().map(|scored| self.item(scored, reason)).collect()
    }

    /// The history item that adds most to an item's score, of what each adds.
    fn because(&self, portrait: &Portrait, parts: &[f64]) -> Reason<'_> {
        let positive: f64 = parts.iter().filter(|part| **part > 0.0).sum();
        let mut best: Option<(usize, f64)> = None;
        for (index, part) in parts.iter().enumerate() {
            if *part > best.map_or(0.0, |(_, part)| part) {
                best = Some((index, *part));
            }
        }
        let Some((index, part)) = best else {
            return Reason::Popular;
        };
        let name = self.snapshot.name(portrait.known[index].item);
        #[expect(clippy::cast_possible_truncation, reason = "a share for people, in 32 bits")]
        let share = (part / positive) as f32;
        Reason::Because {
            item: name.id,
            title: name.title,
            share,
        }
    }

    fn explanation(&self, segment: Option<u16>, portrait: Option<&Portrait>, candidates: usize) -> Explanation<'_> {
        let assignment = portrait.and_then(|portrait| portrait.assignment);
        #[expect(clippy::cast_possible_truncation, reason = "a cosine for people, in 32 bits")]
        let segment_cosine = assignment.map(|found| found.cosine as f32);
        Explanation {
            history: portrait.map_or_else(Vec::new, |portrait| self.history_items(&portrait.known)),
            segment_members: segment.map(|segment| self.snapshot.segment_members(usize::from(segment))),
            segment_cosine,
            kept_segment: assignment.is_some_and(|found| found.kept),
            exact: true,
            candidates,
            excluded: self.snapshot.rows().saturating_sub(candidates),
        }
    }
}

/// How many times the asked number of items the diversity rule chooses from.
const DIVERSITY_POOL: usize = 6;
