//! Stage *encode*: from a profile to a user vector. It looks up the profile's items in the snapshot, weights each by the kind and age of its
//! events, and has the encoder make a vector of them.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::Engine;
use super::request::Visitor;
use crate::encode::{UserVector, decay};
use crate::event::{EventKind, ItemIndex};
use crate::profile::Profile;
use crate::segment::{Assignment, assign};

/// A history item: an item of the profile that the model knows, with its decayed weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct WeightedItem {
    pub item: ItemIndex,
    pub weight: f32,
    pub kind: EventKind,
}

/// An encoded profile.
#[derive(Clone, Debug)]
pub(super) struct EncodedVisitor {
    /// In order of item index.
    pub history: Vec<WeightedItem>,
    pub vector: UserVector,
    pub assignment: Option<Assignment>,
}

impl EncodedVisitor {
    /// The visitor's segment.
    pub fn segment(&self) -> Option<u16> {
        u16::try_from(self.assignment?.segment).ok()
    }
}

impl<B: AsRef<[u8]>> Engine<B> {
    /// The history items of a profile, with decayed weights, in order of item index.
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
                let summed = known.entry(item).or_insert(WeightedItem {
                    item,
                    weight: 0.0,
                    kind: entry.kind,
                });
                summed.weight += weight;
                summed.kind = entry.kind;
            }
        }
        known.into_values().collect()
    }

    /// The segment that the profile remembers, if this very snapshot assigned it.
    pub(super) fn remembered(&self, profile: &Profile) -> Option<u16> {
        let remembered = profile.segment?;
        let same_model = self.snapshot.fingerprint().starts_with(&remembered.model);
        (same_model && usize::from(remembered.segment) < self.snapshot.leaf_segments()).then_some(remembered.segment)
    }

    /// Encodes a profile and assigns its segment; [`None`] without history items, or while the factors are not confirmed.
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

    /// Encodes a profile for re-ranking a list, by the approximate encoder and without a segment. [`None`] if no slot re-ranks, if the history
    /// is shorter than `min_history`, or while the factors are not confirmed.
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

    /// Encodes a visitor's profile if consent allows it.
    pub(super) fn encoded(&self, visitor: &Visitor<'_>) -> Option<EncodedVisitor> {
        visitor
            .usable_profile()
            .and_then(|profile| self.encode(profile, visitor.now_ms))
    }
}
