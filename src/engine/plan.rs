//! For whom an answer is, and under which key it may be shared.

use alloc::vec::Vec;

use super::Engine;
use super::decision::Scope;
use super::request::{MAX_EXCLUDE, Request, RequestError, Visitor, quoted};
use super::visitor::Portrait;
use crate::cache::{CacheKey, Freshness, Sharing};
use crate::context::Daypart;
use crate::event::ItemIndex;
use crate::policy::{Audience, PerVisitor, SlotPolicy};
use crate::profile::{Profile, minutes};
use crate::snapshot::CategoryIndex;

/// What a request comes down to before anything is ranked.
#[derive(Clone, Debug)]
pub struct Plan<'s> {
    /// For whom.
    pub scope: Scope,
    /// The visitor's segment, where it plays a part.
    pub segment: Option<u16>,
    /// The daypart, where it plays a part.
    pub daypart: Option<Daypart>,
    /// How many items.
    pub n: usize,
    /// The key under which the answer may be shared; `None` for an answer that must not be.
    pub cache_key: Option<CacheKey>,
    /// How long a shared answer lives.
    pub freshness: Freshness,
    pub(super) slot: &'s SlotPolicy,
    /// Whose list is shown. Coarser than the scope where a shared list is changed for one visitor.
    pub(super) list: Scope,
    /// What the visitor is done with, where the answer is for this visitor alone.
    pub(super) done: Vec<ItemIndex>,
    pub(super) categories: Vec<CategoryIndex>,
    pub(super) portrait: Option<Portrait>,
}

impl Plan<'_> {
    /// Whether computing the answer may take a search through the rows. A shared answer is read from a ready list, unless a
    /// category leaves too little of that.
    #[must_use]
    pub fn may_search(&self) -> bool {
        self.list == Scope::Visitor || !self.categories.is_empty()
    }
}

/// The rung of the ladder that an answer stands on.
pub(super) struct Rung {
    pub scope: Scope,
    pub segment: Option<u16>,
    pub daypart: Option<Daypart>,
    pub portrait: Option<Portrait>,
}

impl<B: AsRef<[u8]>> Engine<B> {
    /// Checks a request and says for whom its answer is. Costs no scan; for a slot of segments and a profile that remembers
    /// its segment not even an encoding, unless the slot puts its list in the visitor's order.
    ///
    /// # Errors
    /// [`RequestError`]: what was asked for, and what is there.
    pub fn plan<'s>(&'s self, request: &Request<'_>) -> Result<Plan<'s>, RequestError> {
        let policy = self.snapshot.policy();
        let place = self.slot_place(request.slot).ok_or_else(|| {
            let names: Vec<&str> = policy.slots.iter().map(|slot| slot.name.as_str()).collect();
            RequestError::UnknownSlot {
                known: names.join(", "),
                found: quoted(request.slot),
            }
        })?;
        let slot = &policy.slots[place];
        let n = request.n.unwrap_or(usize::from(slot.n_default));
        let max = usize::from(slot.n_max);
        if n == 0 || n > max {
            return Err(RequestError::Count { max, found: n });
        }
        if request.exclude.len() > MAX_EXCLUDE {
            return Err(RequestError::TooManyExcluded {
                found: request.exclude.len(),
            });
        }
        let categories = match request.category {
            None => Vec::new(),
            Some(name) => self.snapshot.categories_named(name),
        };
        if let Some(name) = request.category.filter(|_| categories.is_empty()) {
            return Err(RequestError::UnknownCategory { found: quoted(name) });
        }
        let mut rung = self.rung(place, &request.visitor);
        let mut plan = Plan {
            scope: rung.scope,
            segment: rung.segment,
            daypart: rung.daypart,
            n,
            cache_key: None,
            freshness: Freshness::of(slot),
            slot,
            list: rung.scope,
            done: Vec::new(),
            categories,
            portrait: rung.portrait.take(),
        };
        if let Some(profile) = request.visitor.usable_profile() {
            self.make_personal(&mut plan, profile, !request.exclude.is_empty(), request.visitor.now_ms);
        }
        let sharing = match plan.scope {
            Scope::Visitor => None,
            Scope::Segment => rung.segment.map(Sharing::Segment),
            Scope::Context => rung
                .daypart
                .and_then(|daypart| u8::try_from(daypart.index()).ok())
                .map(Sharing::Daypart),
            Scope::Everyone => Some(Sharing::Everyone),
        };
        // A list of exclusions would let a client make as many keys as it likes, so such an answer is not shared.
        plan.cache_key = sharing.filter(|_| request.exclude.is_empty()).map(|sharing| {
            CacheKey::new(
                &self.version,
                slot,
                sharing,
                &plan.categories,
                &request.visitor.context,
                n,
            )
        });
        Ok(plan)
    }

    /// Plans what the visitor is done with out of an answer for this visitor alone; and such an answer out of a shared list, where
    /// the slot asks for it and it would not be the shared answer anyway.
    fn make_personal(&self, plan: &mut Plan<'_>, profile: &Profile, narrowed: bool, now_ms: u64) {
        if plan.scope != Scope::Visitor && plan.slot.per_visitor == PerVisitor::Nothing {
            return;
        }
        let done = self.done(profile, &plan.slot.exclude);
        if plan.scope == Scope::Visitor {
            plan.done = done;
            return;
        }
        let ranked = match plan.slot.per_visitor {
            PerVisitor::Rerank => self.quick_portrait(profile, now_ms),
            _ => None,
        };
        // A list that the request narrows down is nobody else's anyway, and shows what stands further behind.
        let own = ranked.is_some() || (narrowed && !done.is_empty());
        if own || self.may_show(plan, &done, now_ms) {
            plan.scope = Scope::Visitor;
            plan.portrait = ranked;
            plan.done = done;
        }
    }

    /// Whether a shared answer in use may show one of these items. Every answer is thought of that was computed since the oldest
    /// one that may still be used, as items come and go meanwhile.
    fn may_show(&self, plan: &Plan<'_>, done: &[ItemIndex], now_ms: u64) -> bool {
        if done.is_empty() {
            return false;
        }
        let kept_ms = u64::from(plan.freshness.kept_s()) * 1000;
        let (since_min, now_min) = (minutes(now_ms.saturating_sub(kept_ms)), minutes(now_ms));
        let availability = self.snapshot.availability();
        let lasts = |item: &ItemIndex| {
            let window = availability.map(|windows| windows.get(item.get()));
            window.is_none_or(|window| window.is_some_and(|[from, until]| *from <= since_min && now_min < *until))
        };
        let inside = self.inside(&plan.categories);
        let (list, _) = self.listed(plan);
        let mut lasting = 0;
        for item in self.snapshot.slate(list) {
            if inside.as_ref().is_some_and(|inside| !inside(item)) {
                continue;
            }
            if done.contains(&item) {
                return true;
            }
            lasting += usize::from(lasts(&item));
            // So many stand before all others at any time. For diversity, one of the others may have been preferred.
            if lasting == plan.n && plan.slot.max_per_category == 0 {
                return false;
            }
        }
        // With too little of the list left, the answer may have come from a search.
        lasting < plan.n
    }

    /// The finest rung that the slot allows and the visitor's history reaches.
    fn rung(&self, place: usize, visitor: &Visitor<'_>) -> Rung {
        let slot = &self.snapshot.policy().slots[place];
        if slot.audience == Audience::Everyone {
            return self.contextual_rung(visitor);
        }
        let profile = visitor.usable_profile();
        let remembered = profile.and_then(|profile| self.remembered(profile));
        if (slot.audience == Audience::Segment || !self.personal_ready())
            && let Some(segment) = remembered
        {
            return self.segment_rung(place, segment, None, visitor);
        }
        if let Some(portrait) = self.portrait_of(visitor) {
            let assigned = portrait.assignment.and_then(|found| u16::try_from(found.segment).ok());
            let enough = portrait.known.len() as u64 >= u64::from(self.snapshot.policy().min_history);
            if slot.audience == Audience::Visitor && enough {
                return Rung {
                    scope: Scope::Visitor,
                    segment: assigned,
                    daypart: None,
                    portrait: Some(portrait),
                };
            }
            if let Some(segment) = assigned {
                return self.segment_rung(place, segment, Some(portrait), visitor);
            }
        }
        self.contextual_rung(visitor)
    }

    /// The rung that the slot's traffic affords to a segment: its own, a coarser one, or none of them.
    fn segment_rung(&self, place: usize, segment: u16, portrait: Option<Portrait>, visitor: &Visitor<'_>) -> Rung {
        match self.snapshot.rung(place, segment) {
            Some(shown) => Rung {
                scope: Scope::Segment,
                segment: Some(shown),
                daypart: None,
                portrait,
            },
            None => self.contextual_rung(visitor),
        }
    }

    /// The rung of a visitor of whom nothing is known.
    pub(super) fn contextual_rung(&self, visitor: &Visitor<'_>) -> Rung {
        let has_priors = self.snapshot.contexts() > 0;
        let daypart = has_priors.then(|| Daypart::of_local_ms(visitor.context.local_ms.get()));
        Rung {
            scope: if has_priors { Scope::Context } else { Scope::Everyone },
            segment: None,
            daypart,
            portrait: None,
        }
    }
}
