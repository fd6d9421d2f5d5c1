//! Taking an event into a profile.

use super::Engine;
use crate::event::EventKind;
use crate::event::{EventError, ItemKey, validate_item_id, validate_kind, validate_time, validate_value};
use crate::profile::{HistoryEntry, Profile, RememberedSegment, minutes};

/// An event that passed every check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recorded {
    /// Its kind.
    pub kind: EventKind,
    /// When it happened, Unix milliseconds.
    pub at_ms: u64,
}

impl Recorded {
    /// Checks an event as it comes from a visitor: names, time against the server's clock, value.
    ///
    /// # Errors
    /// [`EventError`].
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
    /// After new events: drops what is too old, assigns the segment anew (with hysteresis) and remembers it.
    /// Returns the segment.
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
