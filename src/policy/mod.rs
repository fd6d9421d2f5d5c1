//! The policy: configuration that travels with the model and that the core interprets.

mod error;
mod records;

use alloc::string::String;
use alloc::vec::Vec;

use crate::event::{EVENT_KINDS, EventKind};
pub use error::PolicyError;

/// For whom a slot is ranked once a visitor is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// For the visitor alone; never stored shared.
    Visitor,
    /// For the visitor's segment; shared under the segment's key.
    Segment,
    /// For everyone alike, by the daypart where the model knows any.
    Everyone,
}

/// What of a shared list is made for one visitor, behind the cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PerVisitor {
    /// Nothing: all who share the key get the same bytes.
    #[default]
    Nothing,
    /// Who is done with an item that a shared answer may show gets the list without it, unshared; all others share.
    Exclude,
    /// A visitor with enough history gets the list in an order of its own, without what the visitor is done with, unshared; all
    /// others share.
    Rerank,
}

/// Rules of one slot, a named place on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotPolicy {
    /// Its name: 1 to 24 of `a-z`, `0-9`, `-`.
    pub name: String,
    /// For whom it is ranked.
    pub audience: Audience,
    /// Items that the visitor had such an event with are left out of an answer for this visitor alone.
    pub exclude: Vec<EventKind>,
    /// What of a shared list is made for one visitor.
    pub per_visitor: PerVisitor,
    /// Whether the locale is part of the key.
    pub vary_locale: bool,
    /// Whether the class of device is part of the key.
    pub vary_device: bool,
    /// Items where the request does not say how many.
    pub n_default: u16,
    /// Most items.
    pub n_max: u16,
    /// Most items of one leaf category; 0 for no limit.
    pub max_per_category: u16,
    /// Seconds for which a shared answer is fresh.
    pub ttl_s: u32,
    /// Seconds after that for which it may be used while it is computed anew (RFC 5861).
    pub stale_while_revalidate_s: u32,
    /// Seconds after that for which it may be used when computing fails (RFC 5861).
    pub stale_if_error_s: u32,
}

/// Parameters of the encoder and rules of all slots.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Half-life of an event's weight, milliseconds.
    pub half_life_ms: u64,
    /// Weight of an event of each kind, by code.
    pub kind_weights: [f32; EVENT_KINDS],
    /// α₀, the weight of unobserved pairs (Rendle et al. 2021).
    pub unobserved_weight: f32,
    /// λ, the regularisation.
    pub regularisation: f32,
    /// ν, the exponent of the frequency scale: 0, 0.5 or 1, which need no `pow` and so agree on every platform.
    pub regularisation_exponent: f32,
    /// N, the number of items of the training matrix.
    pub trained_items: u32,
    /// A visitor keeps a segment until another one's cosine is larger by more than this.
    pub hysteresis: f32,
    /// Known items of history from which a visitor is ranked personally.
    pub min_history: u32,
    /// The slots.
    pub slots: Vec<SlotPolicy>,
}

impl Policy {
    /// The rules of a slot.
    #[must_use]
    pub fn slot(&self, name: &str) -> Option<&SlotPolicy> {
        self.slots.iter().find(|slot| slot.name == name)
    }

    /// The longest time a profile event matters: after 20 half-lives less than a millionth of it is left.
    #[must_use]
    pub fn memory_ms(&self) -> u64 {
        self.half_life_ms.saturating_mul(20)
    }
}
