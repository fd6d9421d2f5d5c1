//! A profile as the cookie keeps it, and how two copies of it become one.
//!
//! A cookie is the only storage, and two tabs may each send an event with the same old cookie. Each answer then holds
//! what the other one lacks. [`KeptProfile::merge`] joins the copies: the result is the same in whatever order copies
//! come and however often each one comes.

use super::{HistoryEntry, Profile, VisitorId};

/// A profile with the times that its seal authenticates.
///
/// ```
/// use selvedge::event::{EventKind, ItemKey};
/// use selvedge::profile::{HistoryEntry, KeptProfile, VisitorId};
///
/// let begun = KeptProfile::new(VisitorId([7; 16]), 1_512_379_800_000, None);
/// let after = |item: &str| {
///     let mut kept = begun.clone();
///     kept.profile.remember(HistoryEntry { item: ItemKey::of(item), kind: EventKind::View, at_min: 25_206_330 });
///     kept
/// };
/// // Two tabs, one visitor: neither view is lost.
/// let both = after("1082185").merge(after("1029743"));
/// assert_eq!(both.profile.history().len(), 2);
/// // The visitor then deleted the profile: no older copy counts any more.
/// assert!(both.is_deleted_at(1_512_379_900_000));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptProfile {
    /// The profile.
    pub profile: Profile,
    /// When the profile was begun, Unix milliseconds; 0 for a profile out of a cookie of format 1, which did not say.
    /// It never changes, so a deletion at a later time is one of this profile.
    pub created_ms: u64,
    /// When it was last sealed, Unix milliseconds. The greatest age of a cookie counts from here.
    pub sealed_ms: u64,
}

impl KeptProfile {
    /// Begins an empty profile. `deleted_ms`: when the visitor last deleted a profile, if that is known; the new one is
    /// begun after it, also if the clock that saw the deletion is ahead.
    #[must_use]
    pub fn new(visitor: VisitorId, now_ms: u64, deleted_ms: Option<u64>) -> Self {
        let earliest_ms = deleted_ms.map_or(0, |deleted_ms| deleted_ms.saturating_add(1));
        Self {
            profile: Profile::new(visitor),
            created_ms: now_ms.max(earliest_ms),
            sealed_ms: now_ms,
        }
    }

    /// Whether a deletion at this time deleted this profile. Every copy of a profile has the same time of creation, so an
    /// answer that was under way during the deletion, and any older copy, are deleted with it.
    #[must_use]
    pub const fn is_deleted_at(&self, deleted_ms: u64) -> bool {
        self.created_ms <= deleted_ms
    }

    /// Joins two copies: the events of both, of which the newest [`MAX_HISTORY`](super::MAX_HISTORY) stay, and the later
    /// seal's segment. Of two *different* visitors the one whose profile was begun later stays as it is, because a
    /// history must never pass from one visitor to another. (The later one, because a deletion ends the earlier one.)
    ///
    /// Commutative, associative and idempotent for profiles whose visitor ids differ where their times of creation do.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let rank = |kept: &Self| (kept.created_ms, kept.profile.visitor);
        let (mut kept, other) = if rank(&self) >= rank(&other) {
            (self, other)
        } else {
            (other, self)
        };
        if kept.profile.visitor != other.profile.visitor {
            return kept;
        }
        let seal = |kept: &Self| (kept.sealed_ms, kept.profile.segment);
        let (sealed_ms, segment) = seal(&kept).max(seal(&other));
        for entry in other.profile.history() {
            kept.profile.remember(*entry);
        }
        kept.profile.segment = segment;
        kept.sealed_ms = sealed_ms;
        kept
    }

    /// A profile out of a cookie of format 1, which held no times: its newest event tells when it was sealed at the
    /// earliest. One without events has no age that could be known, and counts as sealed in 1970.
    pub(super) fn undated(profile: Profile) -> Self {
        let newest = profile.history().last();
        Self {
            sealed_ms: newest.map_or(0, HistoryEntry::at_ms),
            created_ms: 0,
            profile,
        }
    }
}

impl HistoryEntry {
    /// The first millisecond of the event's minute.
    fn at_ms(&self) -> u64 {
        u64::from(self.at_min) * 60_000
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::entry;
    use super::super::{MAX_HISTORY, RememberedSegment};
    use super::*;
    // proptest's source of randomness does not build for Wasm.
    #[cfg(not(target_arch = "wasm32"))]
    use proptest::prelude::*;

    fn kept(visitor: u8, minutes: &[u32]) -> KeptProfile {
        let mut kept = KeptProfile::new(VisitorId([visitor; 16]), 1_000 * u64::from(visitor), None);
        for minute in minutes {
            kept.profile.remember(entry(1, *minute));
        }
        kept
    }

    #[test]
    fn two_copies_of_one_profile_lose_no_event_of_each_other() {
        let merged = kept(1, &[5, 6]).merge(kept(1, &[5, 9]));
        assert_eq!(merged, kept(1, &[5, 6, 9]));
    }

    #[test]
    fn the_history_of_one_visitor_never_passes_to_another() {
        assert_eq!(kept(1, &[5]).merge(kept(2, &[6])), kept(2, &[6]));
    }

    #[test]
    fn the_later_seal_keeps_its_segment_even_if_that_is_none() {
        let mut early = kept(1, &[]);
        early.profile.segment = Some(RememberedSegment {
            segment: 3,
            model: [1; 4],
        });
        let late = KeptProfile {
            sealed_ms: early.sealed_ms + 1,
            ..kept(1, &[])
        };
        assert_eq!(early.clone().merge(late.clone()), late);
        assert_eq!(late.clone().merge(early), late);
    }

    #[test]
    fn a_profile_begun_after_a_deletion_outlives_it_even_by_a_clock_that_is_behind() {
        let deleted_ms = 5_000;
        for now_ms in [4_000, 5_000, 6_000] {
            let kept = KeptProfile::new(VisitorId([1; 16]), now_ms, Some(deleted_ms));
            assert!(!kept.is_deleted_at(deleted_ms), "{now_ms}");
        }
        assert!(KeptProfile::new(VisitorId([1; 16]), deleted_ms, None).is_deleted_at(deleted_ms));
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn any_kept() -> impl Strategy<Value = KeptProfile> {
        let segment = proptest::option::of((0..4_u16, 0..2_u8));
        let events = proptest::collection::vec((0..6_u64, 0..40_u32, 1..5_u8), 0..120);
        (1..4_u8, 0..5_u64, segment, events).prop_map(|(visitor, sealed_ms, segment, events)| {
            let mut kept = kept(visitor, &[]);
            kept.sealed_ms = sealed_ms;
            kept.profile.segment = segment.map(|(segment, model)| RememberedSegment {
                segment,
                model: [model; 4],
            });
            for (item, minute, kind) in events {
                let kind = crate::event::EventKind::from_code(kind).unwrap();
                kept.profile.remember(HistoryEntry {
                    kind,
                    ..entry(item, minute)
                });
            }
            kept
        })
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest! {
        #[test]
        fn merging_asks_neither_for_order_nor_for_repetition(a in any_kept(), b in any_kept(), c in any_kept()) {
            let merge = |a: &KeptProfile, b: &KeptProfile| a.clone().merge(b.clone());
            let ab = merge(&a, &b);
            prop_assert_eq!(&ab, &merge(&b, &a));
            prop_assert_eq!(&merge(&ab, &c), &merge(&a, &merge(&b, &c)));
            prop_assert_eq!(&merge(&a, &a), &a);
            prop_assert_eq!(&merge(&ab, &b), &ab);
            prop_assert!(ab.profile.history().len() <= MAX_HISTORY);
            let of_the_kept = |entry: &HistoryEntry| [&a, &b].iter().any(|kept| {
                kept.profile.visitor == ab.profile.visitor && kept.profile.history().contains(entry)
            });
            prop_assert!(ab.profile.history().iter().all(of_the_kept), "nothing that neither had");
            prop_assert_eq!(Profile::from_bytes(&ab.profile.to_bytes()), Ok(ab.profile.clone()));
        }
    }
}
