//! The decision context: the one value from which a decision, its cache key and its record are derived.

use alloc::vec::Vec;

use super::encode::EncodedVisitor;
use super::record::{DecisionRecord, Shown};
use super::scope::Scope;
use crate::cache::{CacheKey, Freshness, KeyParts, Sharing};
use crate::event::{ItemIndex, ItemKey};
use crate::experiment::ArmAssignment;
use crate::overlay::Overlay;
use crate::place::{Daypart, Device, Locale};
use crate::policy::{Audience, PerVisitor, SlotPolicy};
use crate::profile::{Consent, minutes};
use crate::retrieve::Scored;
use crate::snapshot::CategoryIndex;

/// What a decision depends on besides the model and the request: arms of experiments, an overlay, a seed.
#[derive(Clone, Copy, Debug)]
pub struct Conditions<'s> {
    /// The arms that the visitor is in.
    pub arms: &'s [ArmAssignment],
    /// Live state, read over the snapshot.
    pub overlay: &'s Overlay,
    /// The seed of random draws. No stage draws anything today.
    pub seed: u64,
}

impl Conditions<'_> {
    /// No experiment, no overlay.
    pub const PLAIN: Conditions<'static> = Conditions {
        arms: &[],
        overlay: &Overlay::NONE,
        seed: 0,
    };
}

/// What the decision is about.
#[derive(Clone, Debug)]
pub(super) enum Task<'s> {
    /// The items of a slot.
    Slot(&'s SlotPolicy),
    /// Items near an item.
    Similar(ItemIndex, ItemKey),
    /// The caller's candidates, to be ranked for the visitor. `unknown`: ids that the model does not know.
    Rank {
        known: Vec<ItemIndex>,
        unknown: Vec<&'s str>,
    },
    /// The catalogue by popularity, from this offset on.
    Catalogue(usize),
}

/// Everything that a decision depends on.
///
/// [`Engine::assign`](super::Engine::assign) and its siblings make it from a request. The cache key, the decision and its record are all
/// derived from it, so that none of them can leave out a part that another one has.
#[derive(Clone, Debug)]
pub struct DecisionContext<'s> {
    /// The snapshot's version.
    pub model: &'s str,
    /// The arms that the visitor is in.
    pub arms: &'s [ArmAssignment],
    /// Live state, read over the snapshot.
    pub overlay: &'s Overlay,
    /// The seed of random draws.
    pub seed: u64,
    /// Whether the profile may be used.
    pub consent: Consent,
    /// The server's clock, Unix milliseconds.
    pub now_ms: u64,
    /// The language if the slot varies on it, else the default.
    pub locale: Locale,
    /// The device class if the slot varies on it.
    pub device: Option<Device>,
    /// For whom the answer is.
    pub scope: Scope,
    /// The segment if the answer depends on one: the visitor's own, or in scope *segment* the serving segment.
    pub segment: Option<u16>,
    /// The daypart in scope *daypart*.
    pub daypart: Option<Daypart>,
    /// The number of items.
    pub n: usize,
    pub(super) task: Task<'s>,
    /// The scope whose list the answer begins with. Coarser than `scope` if a shared list is changed for one visitor.
    pub(super) list: Scope,
    /// Items that the visitor consumed. Only a personal answer leaves them out.
    pub(super) consumed: Vec<ItemIndex>,
    /// Items that the request leaves out.
    pub(super) excluded: Vec<ItemIndex>,
    /// Whether the request lists items to exclude, even if the model knows none of them.
    pub(super) narrowed: bool,
    /// The categories that limit the answer; empty for no limit.
    pub(super) categories: Vec<CategoryIndex>,
    /// The encoded profile, if a stage needs it.
    pub(super) visitor: Option<EncodedVisitor>,
}

impl DecisionContext<'_> {
    /// The cache key under which the answer may be shared; [`None`] if it must not be shared: a personal answer, and one whose request lists
    /// items to exclude, because clients could make any number of such keys and fill caches with them.
    #[must_use]
    pub fn cache_key(&self) -> Option<CacheKey> {
        let sharing = match (&self.task, self.scope) {
            (Task::Similar(_, key), _) => Sharing::SimilarTo(key.0),
            (Task::Rank { .. } | Task::Catalogue(_), _) | (_, Scope::Visitor) => return None,
            (Task::Slot(_), _) if self.narrowed => return None,
            (Task::Slot(_), Scope::Segment) => Sharing::Segment(self.segment?),
            (Task::Slot(_), Scope::Context) => Sharing::Daypart(u8::try_from(self.daypart?.index()).ok()?),
            (Task::Slot(_), Scope::Everyone) => Sharing::Everyone,
        };
        Some(CacheKey::new(&KeyParts {
            model: self.model,
            slot: self.name(),
            sharing,
            category: self.categories.first().copied(),
            locale: self.locale,
            device: self.device,
            n: self.n,
            arms: self.arms,
            overlay: self.overlay.version(),
        }))
    }

    /// How long a shared answer may be used.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        match &self.task {
            Task::Slot(slot) => Freshness::of(slot),
            _ => Freshness::SIMILAR,
        }
    }

    /// Whether computing the answer may search through all rows. A shared answer of a slot is read from a served list, unless a category
    /// leaves too few items of it.
    #[must_use]
    pub fn may_search(&self) -> bool {
        self.list == Scope::Visitor || !self.categories.is_empty() || matches!(self.task, Task::Similar(..))
    }

    /// The value of `Vary`: the request headers that the answer depends on. Empty if it depends on none.
    #[must_use]
    pub fn vary(&self) -> &'static str {
        let Task::Slot(slot) = &self.task else {
            return "";
        };
        let visitor = slot.audience != Audience::Everyone || slot.per_visitor != PerVisitor::Nothing;
        match (visitor, !slot.locales.is_empty(), slot.vary_device) {
            (false, false, false) => "",
            (false, true, false) => "Accept-Language",
            (false, false, true) => "User-Agent, Sec-CH-UA-Mobile",
            (false, true, true) => "Accept-Language, User-Agent, Sec-CH-UA-Mobile",
            (true, false, false) => "Cookie, Sec-GPC",
            (true, true, false) => "Cookie, Sec-GPC, Accept-Language",
            (true, false, true) => "Cookie, Sec-GPC, User-Agent, Sec-CH-UA-Mobile",
            (true, true, true) => "Cookie, Sec-GPC, Accept-Language, User-Agent, Sec-CH-UA-Mobile",
        }
    }

    /// The slot's name, or `similar`, `rank` or `catalogue`.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.task {
            Task::Slot(slot) => &slot.name,
            Task::Similar(..) => "similar",
            Task::Rank { .. } => "rank",
            Task::Catalogue(_) => "catalogue",
        }
    }

    /// The record of this decision, which shows the items `shown`.
    pub(super) fn record(&self, shown: &[Scored], key_of: impl Fn(ItemIndex) -> Option<ItemKey>) -> DecisionRecord {
        // A shared answer must have the same bytes whenever it is made, so only the record of an answer that is not shared says its minute.
        let shared = self.cache_key().is_some();
        DecisionRecord {
            model: self.model.into(),
            slot: self.name().into(),
            scope: self.scope,
            list: self.list,
            segment: self.segment,
            daypart: self.daypart,
            category: self.categories.first().copied(),
            near: match self.task {
                Task::Similar(_, key) => Some(key),
                _ => None,
            },
            locale: self.locale,
            device: self.device,
            n: u16::try_from(self.n).unwrap_or(u16::MAX),
            shared,
            arms: self.arms.to_vec(),
            overlay: self.overlay.version(),
            made: (!shared).then(|| (minutes(self.now_ms), self.seed)),
            shown: shown
                .iter()
                .filter_map(|scored| key_of(scored.item))
                .map(|item| Shown { item, propensity: 1.0 })
                .collect(),
        }
    }
}
