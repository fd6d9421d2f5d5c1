//! The event schema: what a visitor did, to which item, and when. Ingest, training and serving share it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// An item's row in one snapshot. It is meaningless in another snapshot, so a profile stores [`ItemKey`]s instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemIndex(pub u32);

impl ItemIndex {
    /// Returns the row as a slice index.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

/// Stable 64-bit hash of an item id: the first 8 bytes, little-endian, of its SHA-256.
///
/// The same id has the same key in every snapshot, although its row changes. Of two ids that share a key, `selvedge pack` leaves one out and
/// says so (expected once in about 37 million catalogues of a million items: n² / 2⁶⁵).
///
/// ```
/// use selvedge::event::ItemKey;
///
/// // First 8 bytes of `echo -n 1082185 | sha256sum`, little-endian.
/// assert_eq!(ItemKey::of("1082185"), ItemKey(0x18505d8b7772e6ed));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemKey(pub u64);

impl ItemKey {
    /// Hashes an item id of the catalogue.
    #[must_use]
    pub fn of(id: &str) -> Self {
        let digest = Sha256::digest(id.as_bytes());
        let mut first = [0u8; 8];
        first.copy_from_slice(&digest[..8]);
        Self(u64::from_le_bytes(first))
    }
}

/// Type of an event, ordered from the weakest sign of interest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum EventKind {
    /// The item was on the visitor's screen.
    Impression = 0,
    /// The visitor opened the item's own page.
    View = 1,
    /// The visitor chose the item from a list.
    Click = 2,
    /// The visitor put the item into a basket or on a wish list.
    AddToCart = 3,
    /// The visitor bought the item, read it to the end, or did whatever else counts as success for the site.
    Conversion = 4,
}

/// Number of event types.
pub const EVENT_KINDS: usize = 5;

impl EventKind {
    /// All types, in the order of their codes.
    pub const ALL: [Self; EVENT_KINDS] = [
        Self::Impression,
        Self::View,
        Self::Click,
        Self::AddToCart,
        Self::Conversion,
    ];

    /// Returns the type's name in files and in the HTTP API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Impression => "impression",
            Self::View => "view",
            Self::Click => "click",
            Self::AddToCart => "add_to_cart",
            Self::Conversion => "conversion",
        }
    }

    /// Returns the type with exactly this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Returns the type with this code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// Returns the type's code in binary files.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// Longest accepted item id, in bytes.
pub const MAX_ITEM_ID_BYTES: usize = 256;
/// Longest accepted event id and slot name of an event that is sent to the edge, in bytes.
pub const MAX_NAME_BYTES: usize = 64;
/// How far an event may be ahead of the server's clock, in milliseconds: device clocks differ.
pub const MAX_AHEAD_MS: u64 = 5 * 60 * 1000;
/// Largest accepted age of an event that is sent to the edge, in milliseconds.
pub const MAX_AGE_MS: u64 = 24 * 60 * 60 * 1000;

/// Why an event is refused.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum EventError {
    /// The event type is unknown.
    #[error("event type: expected one of impression, view, click, add_to_cart, conversion, found {found:?}")]
    UnknownKind {
        /// The name that was sent, cut to 64 characters.
        found: alloc::string::String,
    },
    /// The item id is empty or too long.
    #[error("item id: expected 1 to {MAX_ITEM_ID_BYTES} bytes, found {found}")]
    ItemIdLength {
        /// Its length in bytes.
        found: usize,
    },
    /// The item id holds a control character.
    #[error("item id: expected text without control characters, found a control character")]
    ItemIdControl,
    /// The item id begins or ends with a space. Exports are read without such spaces, so this id would name another item than theirs.
    #[error("item id: expected text without spaces around it, found {found:?}")]
    ItemIdSpace {
        /// The id.
        found: alloc::string::String,
    },
    /// An event id or slot name is not short printable ASCII.
    #[error("{field}: expected 1 to {MAX_NAME_BYTES} printable ASCII characters without spaces, found {found:?}")]
    Name {
        /// The field.
        field: &'static str,
        /// The text, cut to 80 characters.
        found: alloc::string::String,
    },
    /// The event lies too far in the future.
    #[error("timestamp: expected at most {MAX_AHEAD_MS} ms after the server's clock, found {found_ms} ms")]
    TooNew {
        /// How far ahead it is.
        found_ms: u64,
    },
    /// The event is too old.
    #[error("timestamp: expected at most {MAX_AGE_MS} ms old, found {found_ms} ms")]
    TooOld {
        /// Its age.
        found_ms: u64,
    },
    /// The value is not a finite number, or too large for the 32-bit floats that events are read into.
    #[error("value: expected a finite number of at most 3.4e38, found {found}")]
    Value {
        /// The value that was sent.
        found: f64,
    },
}

/// Returns the event type with this name.
///
/// # Errors
/// [`EventError::UnknownKind`] for any other name.
pub fn validate_kind(name: &str) -> Result<EventKind, EventError> {
    EventKind::parse(name).ok_or_else(|| EventError::UnknownKind {
        found: name.chars().take(64).collect(),
    })
}

/// Checks an item id: 1 to [`MAX_ITEM_ID_BYTES`] bytes without control characters and without spaces around it.
///
/// Every id passes here before it is stored: the edge checks the ids of events, and ingest those of events and catalogues, after it has
/// taken the spaces of a column away. So an id that the edge collects is one that ingest accepts, and one that the snapshot writer packs.
///
/// # Errors
/// [`EventError::ItemIdLength`], [`EventError::ItemIdControl`] or [`EventError::ItemIdSpace`].
pub fn validate_item_id(id: &str) -> Result<(), EventError> {
    if id.is_empty() || id.len() > MAX_ITEM_ID_BYTES {
        return Err(EventError::ItemIdLength { found: id.len() });
    }
    if id.chars().any(char::is_control) {
        return Err(EventError::ItemIdControl);
    }
    if id.trim().len() != id.len() {
        return Err(EventError::ItemIdSpace { found: id.into() });
    }
    Ok(())
}

/// Checks the id or the slot name of an event: 1 to [`MAX_NAME_BYTES`] printable ASCII characters without spaces. `field` names it in the error.
///
/// # Errors
/// [`EventError::Name`].
pub fn validate_name(field: &'static str, name: &str) -> Result<(), EventError> {
    if (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(EventError::Name {
        field,
        found: name.chars().take(80).collect(),
    })
}

/// Checks the time of an event that was just received: at most [`MAX_AHEAD_MS`] ahead of the clock and at most
/// [`MAX_AGE_MS`] old. Both times are Unix milliseconds.
///
/// # Errors
/// [`EventError::TooNew`] or [`EventError::TooOld`].
pub fn validate_time(at_ms: u64, now_ms: u64) -> Result<(), EventError> {
    if at_ms > now_ms.saturating_add(MAX_AHEAD_MS) {
        return Err(EventError::TooNew {
            found_ms: at_ms - now_ms,
        });
    }
    if at_ms < now_ms.saturating_sub(MAX_AGE_MS) {
        return Err(EventError::TooOld {
            found_ms: now_ms - at_ms,
        });
    }
    Ok(())
}

/// Checks an event's value.
///
/// # Errors
/// [`EventError::Value`] if it is NaN, infinite, or infinite as a 32-bit float.
pub fn validate_value(value: f64) -> Result<(), EventError> {
    // `abs` of NaN is NaN, which is not below any number.
    if value.abs() <= f64::from(f32::MAX) {
        Ok(())
    } else {
        Err(EventError::Value { found: value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name_and_by_its_code() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(kind));
            assert_eq!(EventKind::from_code(kind.code()), Some(kind));
        }
        assert_eq!(EventKind::parse("Click"), None);
        assert_eq!(EventKind::from_code(5), None);
    }

    #[test]
    fn an_item_key_is_the_first_eight_bytes_of_sha_256() {
        // echo -n 1082185 | sha256sum
        assert_eq!(ItemKey::of("1082185"), ItemKey(KEY_OF_1082185));
    }
    const KEY_OF_1082185: u64 = 0x18505d8b7772e6ed;

    #[test]
    fn times_outside_the_window_are_refused_on_both_sides() {
        let now = 1_700_000_000_000;
        assert_eq!(validate_time(now + MAX_AHEAD_MS, now), Ok(()));
        assert!(matches!(
            validate_time(now + MAX_AHEAD_MS + 1, now),
            Err(EventError::TooNew { .. })
        ));
        assert_eq!(validate_time(now - MAX_AGE_MS, now), Ok(()));
        assert!(matches!(
            validate_time(now - MAX_AGE_MS - 1, now),
            Err(EventError::TooOld { .. })
        ));
    }

    #[test]
    fn item_ids_with_control_characters_or_without_length_are_refused() {
        assert_eq!(validate_item_id("1082185"), Ok(()));
        assert_eq!(validate_item_id(""), Err(EventError::ItemIdLength { found: 0 }));
        assert_eq!(validate_item_id("a\nb"), Err(EventError::ItemIdControl));
        for spaced in [" ", " a", "a\u{a0}", "\u{3000}a", "a\u{2028}"] {
            assert_eq!(
                validate_item_id(spaced),
                Err(EventError::ItemIdSpace { found: spaced.into() })
            );
        }
        assert_eq!(validate_item_id("a b"), Ok(()));
    }

    #[test]
    fn names_are_short_printable_ascii() {
        for good in ["a", "home", "{}", &"x".repeat(MAX_NAME_BYTES)] {
            assert_eq!(validate_name("id", good), Ok(()));
        }
        for bad in ["", "a b", "\u{e4}", "a\0", &"x".repeat(MAX_NAME_BYTES + 1)] {
            assert!(validate_name("id", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn values_fit_into_32_bit_floats() {
        for good in [0.0, -1.5, f64::from(f32::MAX), f64::MIN_POSITIVE] {
            assert_eq!(validate_value(good), Ok(()));
        }
        for bad in [f64::NAN, f64::INFINITY, -1e300, 3.5e38] {
            assert!(validate_value(bad).is_err(), "{bad}");
        }
    }
}
