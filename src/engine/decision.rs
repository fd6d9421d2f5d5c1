//! The decision: items with reasons. It is serialized as `docs/http-api.md` shows.

use alloc::string::String;
use alloc::vec::Vec;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::record::sealed;
use super::scope::Scope;
use crate::event::EventKind;
use crate::profile::cookie::Keyring;

/// The engine's answer to a request. Its texts are borrowed from the snapshot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision<'s> {
    /// The decision id, which an event sends back to say which list it happened in. Empty without a model.
    pub id: String,
    /// The slot, `similar` or `rank`.
    pub slot: &'s str,
    /// The snapshot's version.
    pub model: &'s str,
    /// For whom the answer is.
    pub scope: Scope,
    /// The segment if the answer depends on one.
    pub segment: Option<u16>,
    /// The daypart if the answer depends on one.
    pub context: Option<&'static str>,
    /// The items, best first.
    pub items: Vec<Item<'s>>,
    /// Candidates that the model does not know or that are not available now, in the order given.
    pub unknown: Vec<&'s str>,
    /// How the answer was made.
    pub explanation: Explanation<'s>,
}

impl<'s> Decision<'s> {
    /// Adds a seal to the id, by which the edge recognizes its own ids in events.
    pub fn seal(&mut self, keyring: &Keyring) {
        self.id = sealed(&self.id, keyring);
    }

    /// The decision while there is no model: no items. `unknown`: the candidates of a rank request, which come back in the order given.
    #[must_use]
    pub fn without_model(slot: &'s str, unknown: Vec<&'s str>) -> Self {
        Self {
            id: String::new(),
            slot,
            model: "",
            scope: Scope::Everyone,
            segment: None,
            context: None,
            items: Vec::new(),
            unknown,
            explanation: Explanation {
                exact: true,
                ..Explanation::default()
            },
        }
    }
}

#[cfg(feature = "json")]
impl Decision<'_> {
    /// The decision as JSON, as `docs/http-api.md` shows it.
    #[must_use]
    pub fn json(&self) -> alloc::string::String {
        // Only a map whose keys are not text could fail, and a decision has none.
        serde_json::to_string(self).unwrap_or_else(|_| "{}".into())
    }
}

/// An item of an answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item<'s> {
    /// The catalogue's id.
    pub id: &'s str,
    /// The title.
    pub title: &'s str,
    /// Category names, root first.
    pub categories: Vec<&'s str>,
    /// URL of a picture.
    pub image: Option<&'s str>,
    /// Further fields of the catalogue.
    #[serde(serialize_with = "as_map")]
    pub attributes: Vec<(&'s str, &'s str)>,
    /// The model's score, or for an item of a served list a number that falls from 1 with its position in the list. Only comparable within
    /// one answer.
    pub score: f32,
    /// Why the item is in the answer.
    pub reason: Reason<'s>,
}

/// Why an item is in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason<'s> {
    /// This item of the visitor's history adds most to the score.
    Because {
        /// Its id.
        item: &'s str,
        /// Its title.
        title: &'s str,
        /// Its share of the positive contributions.
        share: f32,
    },
    /// In the served list of the segment.
    Segment,
    /// In the served list of the daypart.
    Context,
    /// Popular with all visitors.
    Popular,
    /// Near the item of the request, by cosine of their factors.
    Similar {
        /// Its id.
        item: &'s str,
        /// Its title.
        title: &'s str,
    },
}

/// How an answer was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Explanation<'s> {
    /// The heaviest history items that the encoder used, at most 10, heaviest first. Empty in shared answers.
    pub history: Vec<HistoryItem<'s>>,
    /// Number of members that the segment had in training.
    pub segment_members: Option<u32>,
    /// Cosine between the user vector and the segment's centroid. Only in personal answers.
    pub segment_cosine: Option<f32>,
    /// Whether hysteresis kept the visitor in the earlier segment.
    pub kept_segment: bool,
    /// Always true: every search is exact.
    pub exact: bool,
    /// Number of items that could have been shown.
    pub candidates: usize,
    /// Number of items that were left out by availability, categories or exclusions.
    pub excluded: usize,
}

/// A history item with its weight.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct HistoryItem<'s> {
    /// Its id.
    pub item: &'s str,
    /// Its title.
    pub title: &'s str,
    /// The type of the visitor's latest event with it.
    pub kind: EventKind,
    /// Sum of the decayed event weights.
    pub weight: f32,
}

fn as_map<S: Serializer>(pairs: &[(&str, &str)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(pairs.len()))?;
    for (key, value) in pairs {
        map.serialize_entry(key, value)?;
    }
    map.end()
}
