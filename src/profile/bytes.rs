//! Profile format 1 as bytes. All numbers are little-endian.
//!
//! | bytes | what |
//! | --- | --- |
//! | 1 | format: 1 |
//! | 16 | visitor id |
//! | 2 | segment, `0xffff` for none |
//! | 4 | first bytes of the fingerprint of the snapshot that the segment belongs to |
//! | 4 | time of the newest event, minutes since the Unix epoch |
//! | 1 | number of events, at most 96 |
//! | 12 per event | item key (8), age in minutes before the newest event (3), type (1); oldest first, and within one minute by type and key |

use alloc::vec::Vec;

use thiserror::Error;

use super::{HistoryEntry, MAX_HISTORY, Profile, RememberedSegment, VisitorId};
use crate::event::{EventKind, ItemKey};

const FORMAT: u8 = 1;
const HEAD: usize = 28;
const ENTRY: usize = 12;
/// Longest profile in bytes.
pub const MAX_PROFILE_BYTES: usize = HEAD + MAX_HISTORY * ENTRY;
/// Ages have 24 bits of minutes, which is 31 years; `to_bytes` drops older events.
const MAX_AGE_MIN: u32 = (1 << 24) - 1;

/// Why bytes are not a profile.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The format byte is another one.
    #[error("profile format: expected {FORMAT}, found {found}")]
    Format {
        /// The byte that was found.
        found: u8,
    },
    /// The length does not match the number of events.
    #[error("profile length: expected {expected} bytes, found {found}")]
    Length {
        /// Bytes that the number of events requires.
        expected: usize,
        /// Bytes that were passed.
        found: usize,
    },
    /// More events than allowed.
    #[error("profile history: expected at most {MAX_HISTORY} events, found {found}")]
    TooLong {
        /// The number that was found.
        found: usize,
    },
    /// An event has an unknown type, or its age is out of order.
    #[error(
        "profile event {index}: expected a known type and an age no larger than that of the event before it, found other bytes"
    )]
    Entry {
        /// Position in the history.
        index: usize,
    },
}

impl Profile {
    /// Writes the profile, at most [`MAX_PROFILE_BYTES`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let newest = self.history().last().map_or(0, |entry| entry.at_min);
        let kept: Vec<_> = self
            .history()
            .iter()
            .filter(|entry| newest - entry.at_min <= MAX_AGE_MIN)
            .collect();
        let segment = self.segment.unwrap_or(RememberedSegment {
            segment: u16::MAX,
            model: [0; 4],
        });
        let mut bytes = Vec::with_capacity(HEAD + kept.len() * ENTRY);
        bytes.push(FORMAT);
        bytes.extend_from_slice(&self.visitor.0);
        bytes.extend_from_slice(&segment.segment.to_le_bytes());
        bytes.extend_from_slice(&segment.model);
        bytes.extend_from_slice(&newest.to_le_bytes());
        // `remember` limits the history to 96 events, so the count fits a byte.
        bytes.push(u8::try_from(kept.len()).unwrap_or(u8::MAX));
        for entry in kept {
            bytes.extend_from_slice(&entry.item.0.to_le_bytes());
            bytes.extend_from_slice(&(newest - entry.at_min).to_le_bytes()[..3]);
            bytes.push(entry.kind.code());
        }
        bytes
    }

    /// Reads a profile.
    ///
    /// # Errors
    /// [`ProfileError`] for any bytes that `to_bytes` does not write.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProfileError> {
        let (Some(head), entries) = (bytes.first_chunk::<HEAD>(), bytes.get(HEAD..).unwrap_or(&[])) else {
            return Err(ProfileError::Length {
                expected: HEAD,
                found: bytes.len(),
            });
        };
        if head[0] != FORMAT {
            return Err(ProfileError::Format { found: head[0] });
        }
        let count = usize::from(head[27]);
        if count > MAX_HISTORY {
            return Err(ProfileError::TooLong { found: count });
        }
        if entries.len() != count * ENTRY {
            return Err(ProfileError::Length {
                expected: HEAD + count * ENTRY,
                found: bytes.len(),
            });
        }
        let mut visitor = [0; 16];
        visitor.copy_from_slice(&head[1..17]);
        let segment = u16::from_le_bytes([head[17], head[18]]);
        let model = [head[19], head[20], head[21], head[22]];
        let newest = u32::from_le_bytes([head[23], head[24], head[25], head[26]]);
        let mut profile = Self::new(VisitorId(visitor));
        profile.segment = (segment != u16::MAX).then_some(RememberedSegment { segment, model });
        for (index, entry) in entries.chunks_exact(ENTRY).enumerate() {
            let mut key = [0; 8];
            key.copy_from_slice(&entry[..8]);
            let age = u32::from_le_bytes([entry[8], entry[9], entry[10], 0]);
            let kind = EventKind::from_code(entry[11]).filter(|kind| *kind != EventKind::Impression);
            let (Some(kind), Some(at_min)) = (kind, newest.checked_sub(age)) else {
                return Err(ProfileError::Entry { index });
            };
            if profile.history.last().is_some_and(|last| last.at_min > at_min) {
                return Err(ProfileError::Entry { index });
            }
            // Bytes of older writers have the events of one minute in any order.
            profile.remember(HistoryEntry {
                item: ItemKey(u64::from_le_bytes(key)),
                kind,
                at_min,
            });
        }
        Ok(profile)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::entry;
    use super::*;
    // proptest's source of randomness does not build for Wasm.
    #[cfg(not(target_arch = "wasm32"))]
    use proptest::prelude::*;

    fn full() -> Profile {
        let mut profile = Profile::new(VisitorId([9; 16]));
        for minute in 0..MAX_HISTORY as u32 {
            profile.remember(entry(u64::MAX - u64::from(minute), 29_000_000 + minute));
        }
        profile.segment = Some(RememberedSegment {
            segment: 12,
            model: [1, 2, 3, 4],
        });
        profile
    }

    #[test]
    fn a_profile_survives_its_bytes() {
        let profile = full();
        assert_eq!(Profile::from_bytes(&profile.to_bytes()), Ok(profile));
        let empty = Profile::new(VisitorId([0; 16]));
        assert_eq!(Profile::from_bytes(&empty.to_bytes()), Ok(empty));
    }

    #[test]
    fn every_truncation_is_refused() {
        let bytes = full().to_bytes();
        for len in 0..bytes.len() {
            assert!(Profile::from_bytes(&bytes[..len]).is_err(), "{len}");
        }
    }

    #[test]
    fn an_unknown_format_a_bad_kind_and_a_broken_order_are_refused() {
        let good = full().to_bytes();
        let mut bytes = good.clone();
        bytes[0] = 2;
        assert_eq!(Profile::from_bytes(&bytes), Err(ProfileError::Format { found: 2 }));
        bytes.clone_from(&good);
        bytes[HEAD + 11] = 0;
        assert_eq!(Profile::from_bytes(&bytes), Err(ProfileError::Entry { index: 0 }));
        bytes.clone_from(&good);
        bytes[HEAD + 8] = 0;
        assert_eq!(Profile::from_bytes(&bytes), Err(ProfileError::Entry { index: 1 }));
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest! {
        #[test]
        fn foreign_bytes_never_panic_and_what_is_read_is_written_back(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(profile) = Profile::from_bytes(&bytes) {
                prop_assert_eq!(Profile::from_bytes(&profile.to_bytes()), Ok(profile));
            }
        }
    }
}
