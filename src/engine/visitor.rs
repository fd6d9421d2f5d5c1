//! From a profile to a vector: which of its items the model knows, how heavy each is, and where that points.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::Engine;
use super::decision::HistoryItem;
use super::request::Visitor;
use crate::encode::{Encoded, decay, fold_in};
use crate::event::{EventKind, ItemIndex};
use crate::profile::Profile;
use crate::retrieve::{Scored, ranked_first};
use crate::segment::{Assignment, assign};

/// A known item of a history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub item: ItemIndex,
    pub weight: f32,
    pub kind: EventKind,
}

/// A visitor as the model sees one.
#[derive(Clone, Debug)]
pub(super) struct Portrait {
    /// By row.
    pub known: Vec<Known>,
    encoding: Encoding,
    pub assignment: Option<Assignment>,
}

#[derive(Clone, Debug)]
enum Encoding {
    Exact(Encoded),
    /// For putting a list into another order.
    Quick(Vec<f32>),
}

impl Portrait {
    /// The visitor's vector.
    pub fn vector(&self) -> &[f32] {
        match &self.encoding {
            Encoding::Exact(encoded) => &encoded.vector,
            Encoding::Quick(vector) => vector,
        }
    }

    /// The exact encoding, which can tell what each item of the history adds.
    pub const fn exact(&self) -> Option<&Encoded> {
        match &self.encoding {
            Encoding::Exact(encoded) => Some(encoded),
            Encoding::Quick(_) => None,
        }
    }
}

impl<B: AsRef<[u8]>> Engine<B> {
    /// The items of the history that the model knows, with decayed weights, in order of their rows.
    pub(super) fn known(&self, profile: &Profile, now_ms: u64) -> Vec<Known> {
        let policy = self.snapshot.policy();
        let mut known: BTreeMap<ItemIndex, Known> = BTreeMap::new();
        for entry in profile.history() {
            let Some(item) = self.snapshot.find(entry.item) else {
                continue;
            };
            let age_ms = now_ms.saturating_sub(u64::from(entry.at_min) * 60_000);
            let weight = policy.kind_weights[usize::from(entry.kind.code())] * decay(age_ms, policy.half_life_ms);
            if weight > 0.0 {
                let place = known.entry(item).or_insert(Known {
                    item,
                    weight: 0.0,
                    kind: entry.kind,
                });
                place.weight += weight;
                place.kind = entry.kind;
            }
        }
        known.into_values().collect()
    }

    /// The segment that the profile remembers, if it was assigned by this very snapshot.
    pub(super) fn remembered(&self, profile: &Profile) -> Option<u16> {
        let remembered = profile.segment?;
        let same_model = self.snapshot.fingerprint().starts_with(&remembered.model);
        (same_model && usize::from(remembered.segment) < self.snapshot.leaf_segments()).then_some(remembered.segment)
    }

    /// Encodes a profile and assigns its segment; `None` for a history without known items, or while the factors are not
    /// verified.
    pub(super) fn portrait(&self, profile: &Profile, now_ms: u64) -> Option<Portrait> {
        if !self.personal_ready() {
            return None;
        }
        let known = self.known(profile, now_ms);
        if known.is_empty() {
            return None;
        }
        let history: Vec<(Vec<f32>, f32)> = known
            .iter()
            .map(|known| (self.snapshot.factors(known.item), known.weight))
            .collect();
        let encoded = fold_in(self.snapshot.gram(), self.snapshot.dims(), &history, &self.parameters);
        let previous = self.remembered(profile).map(usize::from);
        let hysteresis = self.snapshot.policy().hysteresis;
        let assignment = assign(&encoded.vector, self.snapshot.leaf_centroids(), previous, hysteresis);
        Some(Portrait {
            known,
            encoding: Encoding::Exact(encoded),
            assignment,
        })
    }

    /// A portrait for putting a list into another order, where the history is long enough for that: nearly the exact vector at a
    /// fraction of the cost, and no segment.
    pub(super) fn quick_portrait(&self, profile: &Profile, now_ms: u64) -> Option<Portrait> {
        let approximation = self.approximation.as_ref().filter(|_| self.personal_ready())?;
        let known = self.known(profile, now_ms);
        if known.is_empty() || (known.len() as u64) < u64::from(self.snapshot.policy().min_history) {
            return None;
        }
        let factors = self.snapshot.factors_of(known.iter().map(|known| known.item));
        let weights: Vec<f64> = known.iter().map(|known| f64::from(known.weight)).collect();
        Some(Portrait {
            encoding: Encoding::Quick(approximation.encode(&factors, &weights)),
            known,
            assignment: None,
        })
    }

    /// The portrait of a visitor who agreed to one.
    pub(super) fn portrait_of(&self, visitor: &Visitor<'_>) -> Option<Portrait> {
        visitor
            .usable_profile()
            .and_then(|profile| self.portrait(profile, visitor.now_ms))
    }

    /// The heaviest items of a history, for the explanation.
    pub(super) fn history_items(&self, known: &[Known]) -> Vec<HistoryItem<'_>> {
        let by_weight = known.iter().map(|known| Scored {
            item: known.item,
            score: known.weight,
        });
        ranked_first(by_weight, SHOWN_HISTORY)
            .iter()
            .filter_map(|heavy| known.iter().find(|known| known.item == heavy.item))
            .map(|known| {
                let name = self.snapshot.name(known.item);
                HistoryItem {
                    item: name.id,
                    title: name.title,
                    kind: known.kind,
                    weight: known.weight,
                }
            })
            .collect()
    }
}

/// Items of the history that an explanation shows.
const SHOWN_HISTORY: usize = 10;
