//! Stages *assign* and *encode*: from a request to the decision context. They check the request, take over arms and overlay, and choose the
//! scope of the answer. The profile is encoded only if the scope or the answer depends on the user vector.

use alloc::vec::Vec;

use super::Engine;
use super::context::{Conditions, DecisionContext, Task};
use super::encode::EncodedVisitor;
use super::request::{MAX_CANDIDATES, MAX_EXCLUDE, MAX_SIMILAR, Request, RequestError, Visitor, quoted};
use super::scope::Scope;
use crate::event::{EventKind, ItemIndex};
use crate::place::{Daypart, Locale};
use crate::policy::{Audience, PerVisitor, SlotPolicy};
use crate::profile::{Consent, Profile, minutes};
use crate::snapshot::CategoryIndex;

/// The scope chosen for an answer, with what goes with it.
pub(super) struct ChosenScope {
    pub scope: Scope,
    /// The visitor's segment, or in scope *segment* the serving segment.
    pub segment: Option<u16>,
    /// The daypart, in scope *daypart*.
    pub daypart: Option<Daypart>,
    /// The encoded profile, if choosing the scope needed it.
    pub visitor: Option<EncodedVisitor>,
}

impl<B: AsRef<[u8]>> Engine<B> {
    /// The context of a slot's decision.
    ///
    /// Searches through no rows. The profile is not even encoded if the slot serves segments, the profile remembers its segment, and the slot
    /// does not re-rank per visitor.
    ///
    /// # Errors
    /// [`RequestError`], with what was expected and found.
    pub fn assign<'s>(&'s self, request: &Request<'_>) -> Result<DecisionContext<'s>, RequestError> {
        self.assign_under(&Conditions::PLAIN, request)
    }

    /// Like [`Engine::assign`], with arms of experiments, an overlay and a seed.
    ///
    /// # Errors
    /// Those of [`Engine::assign`].
    pub fn assign_under<'s>(
        &'s self,
        conditions: &Conditions<'s>,
        request: &Request<'_>,
    ) -> Result<DecisionContext<'s>, RequestError> {
        let policy = self.snapshot.policy();
        let index = self.slot_index(request.slot).ok_or_else(|| {
            let names: Vec<&str> = policy.slots.iter().map(|slot| slot.name.as_str()).collect();
            RequestError::UnknownSlot {
                known: names.join(", "),
                found: quoted(request.slot),
            }
        })?;
        let slot = &policy.slots[index];
        let n = request.n.unwrap_or(usize::from(slot.n_default));
        check_count(n, usize::from(slot.n_max))?;
        if request.exclude.len() > MAX_EXCLUDE {
            return Err(RequestError::TooManyExcluded {
                found: request.exclude.len(),
            });
        }
        let categories = self.categories(request.category)?;
        let chosen = self.choose_scope(index, &request.visitor);
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
                slot.locale_for_key(request.visitor.place.locale.get())
            },
            device: slot.vary_device.then(|| request.visitor.place.device.get()),
            ..self.context(conditions, Task::Slot(slot), chosen, n, &request.visitor)
        };
        if let Some(profile) = request.visitor.usable_profile() {
            self.make_personal(&mut context, slot, profile);
        }
        Ok(context)
    }

    /// The context of a decision about the `n` items near the item `id`.
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
            .filter(|item| self.is_available(*item, now_ms))
            .ok_or_else(|| RequestError::UnknownItem { found: quoted(id) })?;
        let key = self
            .snapshot
            .key(item)
            .ok_or_else(|| RequestError::UnknownItem { found: quoted(id) })?;
        let everyone = Visitor::nobody(now_ms);
        Ok(self.context(
            conditions,
            Task::Similar(item, key),
            ChosenScope::EVERYONE,
            n,
            &everyone,
        ))
    }

    /// The context of a decision that ranks the caller's candidates `ids` for a visitor. Ids that the model does not know, and those of items that
    /// are not available now, are returned in [`Decision::unknown`](super::Decision::unknown), in the order given and each once.
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
            let found = self.snapshot.find_id(id);
            match found.filter(|item| self.is_available(*item, visitor.now_ms)) {
                Some(item) => known.push(item),
                None if !unknown.contains(id) => unknown.push(*id),
                None => {}
            }
        }
        let chosen = match self.encoded(visitor) {
            Some(encoded) => ChosenScope {
                scope: Scope::Visitor,
                segment: encoded.segment(),
                daypart: None,
                visitor: Some(encoded),
            },
            None => self.scope_without_history(visitor),
        };
        Ok(self.context(conditions, Task::Rank { known, unknown }, chosen, n, visitor))
    }

    /// The context of `n` items of the catalogue by popularity, from `offset` on.
    pub(super) fn catalogue_context(&self, offset: usize, n: usize) -> DecisionContext<'_> {
        let nobody = Visitor::nobody(0);
        self.context(
            &Conditions::PLAIN,
            Task::Catalogue(offset),
            ChosenScope::EVERYONE,
            n,
            &nobody,
        )
    }

    fn context<'s>(
        &'s self,
        conditions: &Conditions<'s>,
        task: Task<'s>,
        chosen: ChosenScope,
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
            scope: chosen.scope,
            segment: chosen.segment,
            daypart: chosen.daypart,
            n,
            task,
            list: chosen.scope,
            consumed: Vec::new(),
            excluded: Vec::new(),
            narrowed: false,
            categories: Vec::new(),
            visitor: chosen.visitor,
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

    /// Leaves consumed items out of a personal answer. Also makes a shared answer personal if the slot's `per_visitor` asks for that and the
    /// shared answer may differ: because it shows a consumed item, or because the slot re-ranks it with the user vector.
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
        // An answer with exclusions of the request is not shared anyway, and shows items further down the list, which `may_show` does not look at.
        let own = reordering.is_some() || (context.narrowed && !consumed.is_empty());
        if own || self.may_show(context, slot, &consumed) {
            context.scope = Scope::Visitor;
            context.visitor = reordering;
            context.consumed = consumed;
        }
    }

    /// Whether the shared answer may show one of these items. A cache may hold an answer that was computed any time within the last
    /// [`Freshness::kept_s`](crate::cache::Freshness::kept_s) seconds, when other items were available, so this looks at every item that could have been shown since then.
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
        let (list, _) = self.served_list_of(context);
        let mut lasting = 0;
        for item in self.snapshot.slate(list) {
            if inside.as_ref().is_some_and(|inside| !inside(item)) {
                continue;
            }
            if consumed.contains(&item) {
                return true;
            }
            lasting += usize::from(lasts(&item));
            // These `n` items were available all the time, so no answer shows an item behind them, unless the limit per category skips some of them.
            if lasting == context.n && slot.max_per_category == 0 {
                return false;
            }
        }
        // If fewer than `n` items were available all the time, an answer may have come from a search, and may show any item.
        lasting < context.n
    }

    /// The items of the profile with an event of one of these kinds.
    fn consumed(&self, profile: &Profile, kinds: &[EventKind]) -> Vec<ItemIndex> {
        let of_kinds = profile.history().iter().filter(|entry| kinds.contains(&entry.kind));
        of_kinds.filter_map(|entry| self.snapshot.find(entry.item)).collect()
    }

    /// The finest scope that the slot allows and the visitor's history suffices for.
    fn choose_scope(&self, slot_index: usize, visitor: &Visitor<'_>) -> ChosenScope {
        let slot = &self.snapshot.policy().slots[slot_index];
        if slot.audience == Audience::Everyone {
            return self.scope_without_history(visitor);
        }
        let profile = visitor.usable_profile();
        let remembered = profile.and_then(|profile| self.remembered(profile));
        if (slot.audience == Audience::Segment || !self.personal_ready())
            && let Some(segment) = remembered
        {
            return self.segment_scope(slot_index, segment, None, visitor);
        }
        if let Some(encoded) = self.encoded(visitor) {
            let segment = encoded.segment();
            let enough = encoded.history.len() as u64 >= u64::from(self.snapshot.policy().min_history);
            if slot.audience == Audience::Visitor && enough {
                return ChosenScope {
                    scope: Scope::Visitor,
                    segment,
                    daypart: None,
                    visitor: Some(encoded),
                };
            }
            if let Some(segment) = segment {
                return self.segment_scope(slot_index, segment, Some(encoded), visitor);
            }
        }
        self.scope_without_history(visitor)
    }

    /// Scope *segment* with the serving segment of `segment` in this slot: itself or a coarser one. If the slot's traffic is too low for any,
    /// the scope of a visitor without history.
    fn segment_scope(
        &self,
        slot_index: usize,
        segment: u16,
        encoded: Option<EncodedVisitor>,
        visitor: &Visitor<'_>,
    ) -> ChosenScope {
        match self.snapshot.rung(slot_index, segment) {
            Some(serving) => ChosenScope {
                scope: Scope::Segment,
                segment: Some(serving),
                daypart: None,
                visitor: encoded,
            },
            None => self.scope_without_history(visitor),
        }
    }

    /// Scope *daypart* if the snapshot has lists for dayparts, else *everyone*.
    fn scope_without_history(&self, visitor: &Visitor<'_>) -> ChosenScope {
        if self.snapshot.contexts() == 0 {
            return ChosenScope::EVERYONE;
        }
        ChosenScope {
            scope: Scope::Context,
            daypart: Some(Daypart::of_local_ms(visitor.place.local_ms.get())),
            ..ChosenScope::EVERYONE
        }
    }
}

impl ChosenScope {
    const EVERYONE: Self = Self {
        scope: Scope::Everyone,
        segment: None,
        daypart: None,
        visitor: None,
    };
}

impl Visitor<'_> {
    /// A visitor without a profile, for answers that depend on no visitor.
    fn nobody(now_ms: u64) -> Self {
        Self {
            profile: None,
            consent: Consent::Denied,
            place: crate::place::Place::default(),
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
