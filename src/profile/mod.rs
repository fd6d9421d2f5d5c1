//! What the edge remembers of one visitor: a bounded history whose weights decay, the last segment and the visitor id.
//!
//! The history holds stable item keys, so it stays valid with the next snapshot. At the edge a profile travels in a
//! sealed cookie ([`cookie`]) as a [`KeptProfile`], and [`RecentProfiles`] keeps it opened for a few seconds. In the
//! browser it stays on the device as plain bytes.

mod bytes;
pub mod cookie;
mod kept;
mod recent;

use alloc::vec::Vec;

use crate::event::{EventKind, ItemKey};

pub use bytes::{MAX_PROFILE_BYTES, ProfileError};
pub use kept::KeptProfile;
pub use recent::RecentProfiles;

/// Largest number of events in a history; the oldest is dropped first. It keeps a sealed profile below 2 KiB.
pub const MAX_HISTORY: usize = 96;

/// Whether a visitor agreed to be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// The visitor agreed: history and segment may be used.
    Granted,
    /// The visitor did not agree (`Sec-GPC`, consent off): ranking uses the place of the request only.
    Denied,
}

/// A pseudonymous visitor id: 16 random bytes that the host makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VisitorId(pub [u8; 16]);

impl VisitorId {
    /// Returns the id as 32 hexadecimal digits, as the lake stores it.
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
    /// Event type.
    pub kind: EventKind,
    /// Time of the event, in minutes since the Unix epoch.
    pub at_min: u32,
}

impl HistoryEntry {
    /// The order of a history: by time, then by event type and item. It is total, so that a history does not depend on
    /// the order in which its events were inserted.
    fn order(&self) -> (u32, u8, u64) {
        (self.at_min, self.kind.code(), self.item.0)
    }
}

/// The segment that a visitor was assigned to, and the snapshot it belongs to: a segment number means nothing in
/// another snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RememberedSegment {
    /// The segment's number.
    pub segment: u16,
    /// The first four bytes of the snapshot's fingerprint.
    pub model: [u8; 4],
}

/// A visitor's profile.
///
/// ```
/// use selvedge::event::{EventKind, ItemKey};
/// use selvedge::profile::{HistoryEntry, Profile, VisitorId};
///
/// let mut profile = Profile::new(VisitorId([7; 16]));
/// let view = HistoryEntry { item: ItemKey::of("1082185"), kind: EventKind::View, at_min: 25_206_330 };
/// profile.remember(view);
/// profile.remember(view); // Repeated within the minute: still one event.
/// assert_eq!(profile.history(), [view]);
/// assert_eq!(Profile::from_bytes(&profile.to_bytes())?, profile);
/// # Ok::<(), selvedge::profile::ProfileError>(())
/// ```
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

    /// Returns the history, oldest event first, at most [`MAX_HISTORY`] events.
    #[must_use]
    pub fn history(&self) -> &[HistoryEntry] {
        &self.history
    }

    /// Inserts an event in order of time. The same event repeated within a minute counts once. Impressions are ignored:
    /// being shown an item is no sign of interest. Beyond [`MAX_HISTORY`], the oldest event is dropped.
    pub fn remember(&mut self, entry: HistoryEntry) {
        if entry.kind == EventKind::Impression {
            return;
        }
        if let Err(place) = self.history.binary_search_by_key(&entry.order(), HistoryEntry::order) {
            self.history.insert(place, entry);
            if self.history.len() > MAX_HISTORY {
                self.history.remove(0);
            }
        }
    }

    /// Drops events that are older than `memory_ms`.
    pub fn expire(&mut self, now_ms: u64, memory_ms: u64) {
        let oldest_min = now_ms.saturating_sub(memory_ms) / 60_000;
        self.history.retain(|entry| u64::from(entry.at_min) >= oldest_min);
    }
}

/// Converts Unix milliseconds to the minutes that a history stores.
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
    fn events_of_one_minute_have_the_same_order_however_they_came() {
        let histories = [[3, 1, 2], [2, 3, 1]].map(|items| {
            let mut profile = Profile::new(VisitorId([7; 16]));
            for item in items {
                profile.remember(entry(item, 5));
            }
            profile
        });
        assert_eq!(histories[0], histories[1]);
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
