//! Adds events to a profile.

use super::Engine;
use crate::event::EventKind;
use crate::event::{EventError, ItemKey, validate_item_id, validate_kind, validate_time, validate_value};
use crate::profile::{HistoryEntry, Profile, RememberedSegment, minutes};

/// The kind and time of an event that passed every check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recorded {
    /// What the visitor did.
    pub kind: EventKind,
    /// When it happened, Unix milliseconds.
    pub at_ms: u64,
}

impl Recorded {
    /// Checks an event that a visitor sent: its kind, item id, time against the server's clock `now_ms`, and value. Without a time, the event
    /// happened at `now_ms`.
    ///
    /// # Errors
    /// [`EventError`], with what was expected and found.
    pub fn check(
        kind: &str,
        item: &str,
        at_ms: Option<u64>,
        value: Option<f64>,
        now_ms: u64,
    ) -> Result<Self, EventError> {
        let kind = validate_kind(kind)?;
        validate_item_id(item)?;
        let at_ms = at_ms.unwrap_or(now_ms);
        validate_time(at_ms, now_ms)?;
        if let Some(value) = value {
            validate_value(value)?;
        }
        Ok(Self { kind, at_ms })
    }

    /// Adds the event to a profile's history.
    pub fn remember(&self, profile: &mut Profile, item: &str) {
        profile.remember(HistoryEntry {
            item: ItemKey::of(item),
            kind: self.kind,
            at_min: minutes(self.at_ms),
        });
    }
}

impl<B: AsRef<[u8]>> Engine<B> {
    /// Updates a profile after new events: drops events that are too old, and assigns the segment again, with hysteresis. Returns the segment,
    /// which the profile remembers. Without history items, or while the factors are not confirmed, the remembered segment stays.
    pub fn settle(&self, profile: &mut Profile, now_ms: u64) -> Option<u16> {
        profile.expire(now_ms, self.snapshot.policy().memory_ms());
        let Some(encoded) = self.encode(profile, now_ms) else {
            return self.remembered(profile);
        };
        let segment = encoded.segment();
        let fingerprint = self.snapshot.fingerprint();
        profile.segment = segment.map(|segment| RememberedSegment {
            segment,
            model: [fingerprint[0], fingerprint[1], fingerprint[2], fingerprint[3]],
        });
        segment
    }
}
