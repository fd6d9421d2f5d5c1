//! What comes out: items with reasons. Serialized as `docs/http-api.md` shows it.

use alloc::string::String;
use alloc::vec::Vec;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::record::sealed;
use super::scope::Scope;
use crate::event::EventKind;
use crate::profile::cookie::Keyring;

/// The answer to a request. Texts are borrowed from the snapshot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision<'s> {
    /// Names this decision: an event that followed from it names it too. Empty where nothing was decided.
    pub id: String,
    /// The slot, `similar` or `rank`.
    pub slot: &'s str,
    /// The snapshot's version.
    pub model: &'s str,
    /// For whom.
    pub scope: Scope,
    /// The visitor's segment, where it plays a part.
    pub segment: Option<u16>,
    /// The daypart, where it plays a part.
    pub context: Option<&'static str>,
    /// The items, best first.
    pub items: Vec<Item<'s>>,
    /// Candidates that the model does not know, in the order given.
    pub unknown: Vec<&'s str>,
    /// How it came about.
    pub explanation: Explanation<'s>,
}

impl<'s> Decision<'s> {
    /// Adds the edge's seal to the id, so that the edge knows the id for its own when an event names it.
    pub fn seal(&mut self, keyring: &Keyring) {
        self.id = sealed(&self.id, keyring);
    }

    /// The answer while there is no model: nothing to show. Candidates that were to be ranked come back as they were given.
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
    /// As `docs/http-api.md` shows it.
    #[must_use]
    pub fn json(&self) -> alloc::string::String {
        // Only a map with keys that are no text could fail, and a decision has none.
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
    /// Address of a picture.
    pub image: Option<&'s str>,
    /// Further fields of the catalogue.
    #[serde(serialize_with = "as_map")]
    pub attributes: Vec<(&'s str, &'s str)>,
    /// Comparable within this answer only: the model's score, or the place in a ready list counted down from 1.
    pub score: f32,
    /// Why it is here.
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
    /// High among visitors of the segment.
    Segment,
    /// Usual at this time of the week.
    Context,
    /// Bought or read by most.
    Popular,
    /// Near the item that was asked for.
    Similar {
        /// Its id.
        item: &'s str,
        /// Its title.
        title: &'s str,
    },
}

/// How an answer came about.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Explanation<'s> {
    /// The visitor's history as the encoder saw it, heaviest first. Empty in every shared answer.
    pub history: Vec<HistoryItem<'s>>,
    /// Members of the segment while training.
    pub segment_members: Option<u32>,
    /// Cosine between the visitor and the segment's centroid. Only in personal answers.
    pub segment_cosine: Option<f32>,
    /// Whether hysteresis kept an earlier segment.
    pub kept_segment: bool,
    /// Always true: every search is exact.
    pub exact: bool,
    /// Items that could be shown.
    pub candidates: usize,
    /// Items that rules left out.
    pub excluded: usize,
}

/// An item of the history with its weight.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct HistoryItem<'s> {
    /// Its id.
    pub item: &'s str,
    /// Its title.
    pub title: &'s str,
    /// The latest thing the visitor did with it.
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
