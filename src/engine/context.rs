//! The decision context: the one value that a decision, its cache key and its record are derived from.

use alloc::vec::Vec;

use super::encode::EncodedVisitor;
use super::record::{DecisionRecord, Shown};
use super::scope::Scope;
use crate::cache::{CacheKey, Freshness, KeyParts, Sharing};
use crate::context::{Daypart, Device, Locale};
use crate::event::{ItemIndex, ItemKey};
use crate::experiment::ArmAssignment;
use crate::overlay::Overlay;
use crate::policy::{Audience, PerVisitor, SlotPolicy};
use crate::profile::{Consent, minutes};
use crate::retrieve::Scored;
use crate::snapshot::CategoryIndex;

/// What a decision stands on beside the model and the request: arms of experiments, live state, a seed.
#[derive(Clone, Copy, Debug)]
pub struct Conditions<'s> {
    /// The arms that the visitor is in.
    pub arms: &'s [ArmAssignment],
    /// Live state over the snapshot.
    pub overlay: &'s Overlay,
    /// The seed of whatever is drawn at random. Nothing is today.
    pub seed: u64,
}

impl Conditions<'_> {
    /// No experiment, no live state.
    pub const PLAIN: Conditions<'static> = Conditions {
        arms: &[],
        overlay: &Overlay::NONE,
        seed: 0,
    };
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) enum Task<'s> {
    /// The items of a slot.
    Slot(&'s SlotPolicy),
    /// Items near an item.
    Similar(ItemIndex, ItemKey),
    /// The caller's candidates, in the order of the visitor's taste; ids that the model does not know stand apart.
    Rank {
        known: Vec<ItemIndex>,
        unknown: Vec<&'s str>,
    },
    /// The catalogue, by popularity, from a place on.
    Catalogue(usize),
}

/// Everything that makes a decision what it is.
///
/// [`Engine::assign`](super::Engine::assign) and its siblings make one out of a request; the key under which the answer may be shared, the answer
/// itself and the record of it all come from here, so that none of them can forget a part that another has.
#[derive(Clone, Debug)]
pub struct DecisionContext<'s> {
    /// The snapshot's version.
    pub model: &'s str,
    /// The arms that the visitor is in.
    pub arms: &'s [ArmAssignment],
    /// Live state over the snapshot.
    pub overlay: &'s Overlay,
    /// The seed of whatever is drawn at random.
    pub seed: u64,
    /// Whether the profile may be used.
    pub consent: Consent,
    /// The server's clock, Unix milliseconds.
    pub now_ms: u64,
    /// The language, where the slot varies on it.
    pub locale: Locale,
    /// The class of device, where the slot varies on it.
    pub device: Option<Device>,
    /// For whom the answer is.
    pub scope: Scope,
    /// The visitor's segment, where it plays a part.
    pub segment: Option<u16>,
    /// The daypart, where it plays a part.
    pub daypart: Option<Daypart>,
    /// How many items.
    pub n: usize,
    pub(super) task: Task<'s>,
    /// Whose list the answer begins with. Coarser than `scope` where a shared list is changed for one visitor.
    pub(super) list: Scope,
    /// Items that this visitor consumed and that an answer for this visitor alone leaves out.
    pub(super) consumed: Vec<ItemIndex>,
    /// Items that the request leaves out.
    pub(super) excluded: Vec<ItemIndex>,
    /// Whether the request named items to leave out, known ones or not.
    pub(super) narrowed: bool,
    pub(super) categories: Vec<CategoryIndex>,
    /// The visitor as the encoder sees one, where that was needed.
    pub(super) visitor: Option<EncodedVisitor>,
}

impl DecisionContext<'_> {
    /// The key under which the answer may be shared; [`None`] for an answer that must not be: one for a visitor alone, and one that the
    /// request narrowed down by a list of items, as a client could make as many keys of those as it likes.
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

    /// How long a shared answer lives.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        match &self.task {
            Task::Slot(slot) => Freshness::of(slot),
            _ => Freshness::SIMILAR,
        }
    }

    /// Whether computing the answer may take a search through the rows. A shared answer of a slot is read from a ready list, unless a
    /// category leaves too little of that.
    #[must_use]
    pub fn may_search(&self) -> bool {
        self.list == Scope::Visitor || !self.categories.is_empty() || matches!(self.task, Task::Similar(..))
    }

    /// The `Vary` of the answer: the request headers that can lead to another one. Empty where none can.
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

    /// The slot's name, or what is asked for instead of a slot.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.task {
            Task::Slot(slot) => &slot.name,
            Task::Similar(..) => "similar",
            Task::Rank { .. } => "rank",
            Task::Catalogue(_) => "catalogue",
        }
    }

    /// The record of the decision that shows these items.
    pub(super) fn record(&self, shown: &[Scored], key_of: impl Fn(ItemIndex) -> Option<ItemKey>) -> DecisionRecord {
        // An answer that many share is the same whenever it is made; only one that stands alone tells its minute.
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
