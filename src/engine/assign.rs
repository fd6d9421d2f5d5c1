//! Stages *assign* and *encode*: from a request to the decision context. They check the request, take over arms and overlay, and find whose
//! list the visitor is shown; the visitor is encoded only where that is needed to know it.

use alloc::vec::Vec;

use super::Engine;
use super::context::{Conditions, DecisionContext, Task};
use super::encode::EncodedVisitor;
use super::request::{MAX_CANDIDATES, MAX_EXCLUDE, MAX_SIMILAR, Request, RequestError, Visitor, quoted};
use super::scope::Scope;
use crate::context::{Daypart, Locale};
use crate::event::{EventKind, ItemIndex};
use crate::policy::{Audience, PerVisitor, SlotPolicy};
use crate::profile::{Consent, Profile, minutes};
use crate::snapshot::CategoryIndex;

/// The rung of the ladder that an answer stands on: visitor, segment, daypart or everyone.
pub(super) struct Rung {
    pub scope: Scope,
    pub segment: Option<u16>,
    pub daypart: Option<Daypart>,
    pub visitor: Option<EncodedVisitor>,
}

impl<B: AsRef<[u8]>> Engine<B> {
    /// The context of a slot's decision. Costs no scan; for a slot of segments and a profile that remembers its segment not even
    /// an encoding, unless the slot puts its list in the visitor's order.
    ///
    /// # Errors
    /// [`RequestError`]: what was asked for, and what is there.
    pub fn assign<'s>(&'s self, request: &Request<'_>) -> Result<DecisionContext<'s>, RequestError> {
        self.assign_under(&Conditions::PLAIN, request)
    }

    /// [`Engine::assign`] with arms of experiments, live state and a seed.
    ///
    /// # Errors
    /// Those of [`Engine::assign`].
    pub fn assign_under<'s>(
        &'s self,
        conditions: &Conditions<'s>,
        request: &Request<'_>,
    ) -> Result<DecisionContext<'s>, RequestError> {
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
        check_count(n, usize::from(slot.n_max))?;
        if request.exclude.len() > MAX_EXCLUDE {
            return Err(RequestError::TooManyExcluded {
                found: request.exclude.len(),
            });
        }
        let categories = self.categories(request.category)?;
        let rung = self.rung(place, &request.visitor);
        let mut context = DecisionContext {
            categories,
            narrowed: !request.exclude.is_empty(),
            excluded: request
                .exclude
                .iter()
                .filter_map(|id| self.snapshot.find_id(id))
                .collect(),
            locale: if slot.locales.is_empty() {
                Locale::default()
            } else {
                slot.locale_for_key(request.visitor.context.locale.get())
            },
            device: slot.vary_device.then(|| request.visitor.context.device.get()),
            ..self.context(conditions, Task::Slot(slot), rung, n, &request.visitor)
        };
        if let Some(profile) = request.visitor.usable_profile() {
            self.make_personal(&mut context, slot, profile);
        }
        Ok(context)
    }

    /// The context of the items near an item.
    ///
    /// # Errors
    /// [`RequestError::UnknownItem`] or [`RequestError::Count`].
    pub fn assign_similar<'s>(
        &'s self,
        conditions: &Conditions<'s>,
        id: &str,
        n: usize,
        now_ms: u64,
    ) -> Result<DecisionContext<'s>, RequestError> {
        check_count(n, MAX_SIMILAR)?;
        let item = self
            .snapshot
            .find_id(id)
            .ok_or_else(|| RequestError::UnknownItem { found: quoted(id) })?;
        let key = self
            .snapshot
            .key(item)
            .ok_or_else(|| RequestError::UnknownItem { found: quoted(id) })?;
        let everyone = Visitor::nobody(now_ms);
        Ok(self.context(conditions, Task::Similar(item, key), Rung::EVERYONE, n, &everyone))
    }

    /// The context of the caller's candidates, ranked for a visitor. Ids that the model does not know are told apart, in the order
    /// given, and repeated ids once.
    ///
    /// # Errors
    /// [`RequestError::Candidates`] or [`RequestError::Count`].
    pub fn assign_rank<'s>(
        &'s self,
        conditions: &Conditions<'s>,
        visitor: &Visitor<'_>,
        ids: &[&'s str],
        n: usize,
    ) -> Result<DecisionContext<'s>, RequestError> {
        if ids.is_empty() || ids.len() > MAX_CANDIDATES {
            return Err(RequestError::Candidates { found: ids.len() });
        }
        check_count(n, MAX_CANDIDATES)?;
        let (mut known, mut unknown) = (Vec::with_capacity(ids.len()), Vec::new());
        for id in ids {
            match self.snapshot.find_id(id) {
                Some(item) => known.push(item),
                None if !unknown.contains(id) => unknown.push(*id),
                None => {}
            }
        }
        let rung = match self.encoded(visitor) {
            Some(encoded) => Rung {
                scope: Scope::Visitor,
                segment: encoded.segment(),
                daypart: None,
                visitor: Some(encoded),
            },
            None => self.contextual_rung(visitor),
        };
        Ok(self.context(conditions, Task::Rank { known, unknown }, rung, n, visitor))
    }

    /// The context of a page of the catalogue.
    pub(super) fn catalogue_context(&self, offset: usize, n: usize) -> DecisionContext<'_> {
        let nobody = Visitor::nobody(0);
        self.context(&Conditions::PLAIN, Task::Catalogue(offset), Rung::EVERYONE, n, &nobody)
    }

    fn context<'s>(
        &'s self,
        conditions: &Conditions<'s>,
        task: Task<'s>,
        rung: Rung,
        n: usize,
        visitor: &Visitor<'_>,
    ) -> DecisionContext<'s> {
        DecisionContext {
            model: &self.version,
            arms: conditions.arms,
            overlay: conditions.overlay,
            seed: conditions.seed,
            consent: visitor.consent,
            now_ms: visitor.now_ms,
            locale: Locale::default(),
            device: None,
            scope: rung.scope,
            segment: rung.segment,
            daypart: rung.daypart,
            n,
            task,
            list: rung.scope,
            consumed: Vec::new(),
            excluded: Vec::new(),
            narrowed: false,
            categories: Vec::new(),
            visitor: rung.visitor,
        }
    }

    fn categories(&self, name: Option<&str>) -> Result<Vec<CategoryIndex>, RequestError> {
        let Some(name) = name else {
            return Ok(Vec::new());
        };
        let found = self.snapshot.categories_named(name);
        if found.is_empty() {
            return Err(RequestError::UnknownCategory { found: quoted(name) });
        }
        Ok(found)
    }

    /// Leaves what the visitor consumed out of an answer for this visitor alone; and makes such an answer out of a shared list, where
    /// the slot asks for it and it would not be the shared answer anyway.
    fn make_personal(&self, context: &mut DecisionContext<'_>, slot: &SlotPolicy, profile: &Profile) {
        if context.scope != Scope::Visitor && slot.per_visitor == PerVisitor::Nothing {
            return;
        }
        let consumed = self.consumed(profile, &slot.exclude);
        if context.scope == Scope::Visitor {
            context.consumed = consumed;
            return;
        }
        let reordering = match slot.per_visitor {
            PerVisitor::Rerank => self.encode_to_reorder(profile, context.now_ms),
            _ => None,
        };
        // A list that the request narrows down is nobody else's anyway, and shows what stands further behind.
        let own = reordering.is_some() || (context.narrowed && !consumed.is_empty());
        if own || self.may_show(context, slot, &consumed) {
            context.scope = Scope::Visitor;
            context.visitor = reordering;
            context.consumed = consumed;
        }
    }

    /// Whether a shared answer in use may show one of these items. Every answer counts that was computed since the oldest
    /// one that may still be used, as items come and go meanwhile.
    fn may_show(&self, context: &DecisionContext<'_>, slot: &SlotPolicy, consumed: &[ItemIndex]) -> bool {
        if consumed.is_empty() {
            return false;
        }
        let kept_ms = u64::from(context.freshness().kept_s()) * 1000;
        let (since_min, now_min) = (minutes(context.now_ms.saturating_sub(kept_ms)), minutes(context.now_ms));
        let availability = self.snapshot.availability();
        let lasts = |item: &ItemIndex| {
            let window = availability.map(|windows| windows.get(item.get()));
            window.is_none_or(|window| window.is_some_and(|[from, until]| *from <= since_min && now_min < *until))
        };
        let inside = self.inside(&context.categories);
        let (list, _) = self.ready_list_of(context);
        let mut lasting = 0;
        for item in self.snapshot.slate(list) {
            if inside.as_ref().is_some_and(|inside| !inside(item)) {
                continue;
            }
            if consumed.contains(&item) {
                return true;
            }
            lasting += usize::from(lasts(&item));
            // So many stand before all others at any time. For diversity, one of the others may have been preferred.
            if lasting == context.n && slot.max_per_category == 0 {
                return false;
            }
        }
        // With too little of the list left, the answer may have come from a search.
        lasting < context.n
    }

    /// The items that a visitor consumed, by events of these kinds.
    fn consumed(&self, profile: &Profile, kinds: &[EventKind]) -> Vec<ItemIndex> {
        let of_kinds = profile.history().iter().filter(|entry| kinds.contains(&entry.kind));
        of_kinds.filter_map(|entry| self.snapshot.find(entry.item)).collect()
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
        if let Some(encoded) = self.encoded(visitor) {
            let segment = encoded.segment();
            let enough = encoded.history.len() as u64 >= u64::from(self.snapshot.policy().min_history);
            if slot.audience == Audience::Visitor && enough {
                return Rung {
                    scope: Scope::Visitor,
                    segment,
                    daypart: None,
                    visitor: Some(encoded),
                };
            }
            if let Some(segment) = segment {
                return self.segment_rung(place, segment, Some(encoded), visitor);
            }
        }
        self.contextual_rung(visitor)
    }

    /// The rung that the slot's traffic affords to a segment: its own, a coarser one, or none of them.
    fn segment_rung(&self, place: usize, segment: u16, encoded: Option<EncodedVisitor>, visitor: &Visitor<'_>) -> Rung {
        match self.snapshot.rung(place, segment) {
            Some(shown) => Rung {
                scope: Scope::Segment,
                segment: Some(shown),
                daypart: None,
                visitor: encoded,
            },
            None => self.contextual_rung(visitor),
        }
    }

    /// The rung of a visitor of whom nothing is known.
    fn contextual_rung(&self, visitor: &Visitor<'_>) -> Rung {
        if self.snapshot.contexts() == 0 {
            return Rung::EVERYONE;
        }
        Rung {
            scope: Scope::Context,
            daypart: Some(Daypart::of_local_ms(visitor.context.local_ms.get())),
            ..Rung::EVERYONE
        }
    }
}

impl Rung {
    const EVERYONE: Self = Self {
        scope: Scope::Everyone,
        segment: None,
        daypart: None,
        visitor: None,
    };
}

impl Visitor<'_> {
    /// Nobody in particular: for answers that no visitor plays a part in.
    fn nobody(now_ms: u64) -> Self {
        Self {
            profile: None,
            consent: Consent::Denied,
            context: crate::context::Context::default(),
            now_ms,
        }
    }
}

fn check_count(n: usize, max: usize) -> Result<(), RequestError> {
    if n == 0 || n > max {
        return Err(RequestError::Count { max, found: n });
    }
    Ok(())
}
