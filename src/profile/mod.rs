//! What the edge knows of one visitor: a bounded history with decay, and nothing else.
//!
//! The history holds stable item keys, so that it survives the next snapshot. At the edge it travels in a sealed cookie
//! ([`cookie`]), which is not opened anew for seconds ([`RecentProfiles`]); in the browser it stays on the device as plain bytes.

mod bytes;
pub mod cookie;
mod recent;

use alloc::vec::Vec;

use crate::event::{EventKind, ItemKey};

pub use bytes::{MAX_PROFILE_BYTES, ProfileError};
pub use recent::RecentProfiles;

/// Most events in a history. The oldest goes first. With it a sealed profile stays below 2 KiB.
pub const MAX_HISTORY: usize = 96;

/// Whether a visitor agreed to be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Yes: history and segment may be used.
    Granted,
    /// No (`Sec-GPC`, consent off): ranking uses the context of the request only.
    Denied,
}

/// A pseudonymous visitor id: 16 random bytes made by the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisitorId(pub [u8; 16]);

impl VisitorId {
    /// 32 hexadecimal digits, as the lake stores it.
    #[must_use]
    pub fn to_hex(self) -> alloc::string::String {
        base16ct::lower::encode_string(&self.0)
    }
}

/// One remembered event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The item.
    pub item: ItemKey,
    /// What happened.
    pub kind: EventKind,
    /// When, in minutes since the Unix epoch.
    pub at_min: u32,
}

/// The segment a visitor was in, and in which snapshot: another snapshot's segments are other segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RememberedSegment {
    /// The segment's number.
    pub segment: u16,
    /// The first four bytes of the snapshot's fingerprint.
    pub model: [u8; 4],
}

/// A visitor's profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The pseudonymous id.
    pub visitor: VisitorId,
    history: Vec<HistoryEntry>,
    /// The last assigned segment, for hysteresis.
    pub segment: Option<RememberedSegment>,
}

impl Profile {
    /// An empty profile.
    #[must_use]
    pub fn new(visitor: VisitorId) -> Self {
        Self {
            visitor,
            history: Vec::new(),
            segment: None,
        }
    }

    /// The history, oldest first. At most [`MAX_HISTORY`] events.
    #[must_use]
    pub fn history(&self) -> &[HistoryEntry] {
        &self.history
    }

    /// Adds an event in order of time. A repetition of the same event within the same minute is one event; an impression
    /// is not remembered, as being shown is no interest. Drops the oldest beyond the bound.
    pub fn remember(&mut self, entry: HistoryEntry) {
        if entry.kind == EventKind::Impression || self.history.contains(&entry) {
            return;
        }
        let place = self.history.partition_point(|other| other.at_min <= entry.at_min);
        self.history.insert(place, entry);
        if self.history.len() > MAX_HISTORY {
            self.history.remove(0);
        }
    }

    /// Forgets events older than `memory_ms`.
    pub fn expire(&mut self, now_ms: u64, memory_ms: u64) {
        let oldest_min = now_ms.saturating_sub(memory_ms) / 60_000;
        self.history.retain(|entry| u64::from(entry.at_min) >= oldest_min);
    }
}

/// Unix milliseconds as the minutes that a history stores.
#[must_use]
pub fn minutes(at_ms: u64) -> u32 {
    u32::try_from(at_ms / 60_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn entry(item: u64, at_min: u32) -> HistoryEntry {
        HistoryEntry {
            item: ItemKey(item),
            kind: EventKind::Click,
            at_min,
        }
    }

    #[test]
    fn the_history_is_bounded_and_loses_the_oldest_first() {
        let mut profile = Profile::new(VisitorId([7; 16]));
        for minute in 0..(MAX_HISTORY as u32 + 10) {
            profile.remember(entry(u64::from(minute), minute));
        }
        assert_eq!(profile.history().len(), MAX_HISTORY);
        assert_eq!(profile.history()[0].at_min, 10);
    }

    #[test]
    fn a_late_event_takes_its_place_in_time() {
        let mut profile = Profile::new(VisitorId([7; 16]));
        for minute in [5, 9, 7] {
            profile.remember(entry(1, minute));
        }
        let times: Vec<u32> = profile.history().iter().map(|entry| entry.at_min).collect();
        assert_eq!(times, [5, 7, 9]);
    }

    #[test]
    fn a_double_click_counts_once_and_an_impression_not_at_all() {
        let mut profile = Profile::new(VisitorId([7; 16]));
        profile.remember(entry(1, 5));
        profile.remember(entry(1, 5));
        profile.remember(HistoryEntry {
            kind: EventKind::Impression,
            ..entry(2, 5)
        });
        assert_eq!(profile.history().len(), 1);
    }

    #[test]
    fn old_events_are_forgotten() {
        let mut profile = Profile::new(VisitorId([7; 16]));
        profile.remember(entry(1, 10));
        profile.remember(entry(2, 100));
        profile.expire(110 * 60_000, 50 * 60_000);
        assert_eq!(profile.history(), [entry(2, 100)]);
    }
}
