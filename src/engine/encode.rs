//! Stage *encode*: from a profile to a vector. Which of its items the model knows, how heavy each is, and where that points.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::Engine;
use super::request::Visitor;
use crate::encode::{UserVector, decay};
use crate::event::{EventKind, ItemIndex};
use crate::profile::Profile;
use crate::segment::{Assignment, assign};

/// An item of a history that the model knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct WeightedItem {
    pub item: ItemIndex,
    pub weight: f32,
    pub kind: EventKind,
}

/// A visitor as the model sees one.
#[derive(Clone, Debug)]
pub(super) struct EncodedVisitor {
    /// By row.
    pub history: Vec<WeightedItem>,
    pub vector: UserVector,
    pub assignment: Option<Assignment>,
}

impl EncodedVisitor {
    /// The segment that the visitor is assigned to.
    pub fn segment(&self) -> Option<u16> {
        u16::try_from(self.assignment?.segment).ok()
    }
}

impl<B: AsRef<[u8]>> Engine<B> {
    /// The items of the history that the model knows, with decayed weights, in order of their rows.
    fn weighted_history(&self, profile: &Profile, now_ms: u64) -> Vec<WeightedItem> {
        let policy = self.snapshot.policy();
        let mut known: BTreeMap<ItemIndex, WeightedItem> = BTreeMap::new();
        for entry in profile.history() {
            let Some(item) = self.snapshot.find(entry.item) else {
                continue;
            };
            let age_ms = now_ms.saturating_sub(u64::from(entry.at_min) * 60_000);
            let weight = policy.kind_weights[usize::from(entry.kind.code())] * decay(age_ms, policy.half_life_ms);
            if weight > 0.0 {
                let place = known.entry(item).or_insert(WeightedItem {
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

    /// Encodes a profile and assigns its segment; [`None`] for a history without known items, or while the factors are not
    /// verified.
    pub(super) fn encode(&self, profile: &Profile, now_ms: u64) -> Option<EncodedVisitor> {
        if !self.personal_ready() {
            return None;
        }
        let history = self.weighted_history(profile, now_ms);
        if history.is_empty() {
            return None;
        }
        let weighted: Vec<(Vec<f32>, f32)> = history
            .iter()
            .map(|known| (self.snapshot.factors(known.item), known.weight))
            .collect();
        let vector = self
            .encoder
            .encode(self.snapshot.gram(), self.snapshot.dims(), &weighted);
        let previous = self.remembered(profile).map(usize::from);
        let hysteresis = self.snapshot.policy().hysteresis;
        let assignment = assign(vector.values(), self.snapshot.leaf_centroids(), previous, hysteresis);
        Some(EncodedVisitor {
            history,
            vector,
            assignment,
        })
    }

    /// Encodes a profile for putting a list into another order, where the history is long enough for that: nearly the exact vector at a
    /// fraction of the cost, and no segment.
    pub(super) fn encode_to_reorder(&self, profile: &Profile, now_ms: u64) -> Option<EncodedVisitor> {
        if !self.encoder.can_reorder() || !self.personal_ready() {
            return None;
        }
        let history = self.weighted_history(profile, now_ms);
        if history.is_empty() || (history.len() as u64) < u64::from(self.snapshot.policy().min_history) {
            return None;
        }
        let factors = self.snapshot.factors_of(history.iter().map(|known| known.item));
        let weights: Vec<f64> = history.iter().map(|known| f64::from(known.weight)).collect();
        Some(EncodedVisitor {
            vector: self.encoder.encode_to_reorder(&factors, &weights)?,
            history,
            assignment: None,
        })
    }

    /// The visitor who agreed to be encoded.
    pub(super) fn encoded(&self, visitor: &Visitor<'_>) -> Option<EncodedVisitor> {
        visitor
            .usable_profile()
            .and_then(|profile| self.encode(profile, visitor.now_ms))
    }
}
