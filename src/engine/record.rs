//! The decision id: a record of a decision, small enough to be part of every answer.
//!
//! An answer may be shown out of a cache minutes after it was made, and clicked when the next model is already there. So the id is not a number
//! that is looked up somewhere: it *is* the record in URL-safe base64, followed by a dot and a seal by which the edge recognizes its own ids.
//! `docs/events.md` describes the bytes.

use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64UrlUnpadded, Encoding};
use thiserror::Error;

use super::scope::Scope;
use crate::cache::{CacheKey, KeyParts, Sharing};
use crate::event::ItemKey;
use crate::experiment::ArmAssignment;
use crate::place::{Daypart, Device, Locale};
use crate::profile::cookie::{Keyring, SEAL_BYTES};
use crate::snapshot::CategoryIndex;

/// The version of the record's binary format.
pub const RECORD_VERSION: u8 = 1;
/// Most items that a record names. Items behind them are left out.
pub const MAX_RECORDED_ITEMS: usize = 100;
/// The longest decision id that is read, in characters.
pub const MAX_DECISION_ID_CHARS: usize = 2048;

/// An item of the list that a decision showed. Its position is its index in [`DecisionRecord::shown`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shown {
    /// The item key.
    pub item: ItemKey,
    /// The probability with which this item was shown at this position, given everything else in the record. Above 0 and at most 1; 1 if
    /// nothing was drawn at random.
    pub propensity: f32,
}

/// The record of a decision: what the list was made from, and its items.
///
/// ```
/// use selvedge::place::Locale;
/// use selvedge::engine::{DecisionRecord, Scope, Shown};
/// use selvedge::event::ItemKey;
///
/// let record = DecisionRecord {
///     model: "20171204T000000Z-1f3a9c02".into(),
///     slot: "home".into(),
///     scope: Scope::Segment,
///     list: Scope::Segment,
///     segment: Some(12),
///     daypart: None,
///     category: None,
///     near: None,
///     locale: Locale::default(),
///     device: None,
///     n: 1,
///     shared: true,
///     arms: vec![],
///     overlay: 0,
///     made: None,
///     shown: vec![Shown { item: ItemKey::of("1082185"), propensity: 1.0 }],
/// };
/// let id = record.to_id();
/// let (read, sealed) = DecisionRecord::read(&id, None)?;
/// assert_eq!(read, record);
/// assert!(!sealed);
/// assert_eq!(read.cache_key().unwrap().as_str(), "v1/20171204T000000Z-1f3a9c02/home/s12/-/-/-/1");
/// # Ok::<(), selvedge::engine::DecisionIdError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionRecord {
    /// The snapshot's version.
    pub model: String,
    /// The slot, or `similar`, `rank`, `catalogue`.
    pub slot: String,
    /// For whom the answer was.
    pub scope: Scope,
    /// The scope whose list the answer began with. Coarser than `scope` if a shared list was changed for one visitor.
    pub list: Scope,
    /// The segment if the answer depends on one.
    pub segment: Option<u16>,
    /// The daypart if the answer depends on one.
    pub daypart: Option<Daypart>,
    /// The first category that limited the list.
    pub category: Option<CategoryIndex>,
    /// The item of a request for similar items.
    pub near: Option<ItemKey>,
    /// The language if the slot varies on it, else the default.
    pub locale: Locale,
    /// The device class if the slot varies on it.
    pub device: Option<Device>,
    /// How many items the request asked for.
    pub n: u16,
    /// Whether the answer is shared under a cache key.
    pub shared: bool,
    /// The arms that the visitor was in. In the record of a shared answer, only arms that change the answer are meaningful, as other visitors
    /// of the same answer are in other arms.
    pub arms: Vec<ArmAssignment>,
    /// The overlay's version; 0 for none.
    pub overlay: u64,
    /// When the answer was made, in minutes since the Unix epoch, and the seed; [`None`] for a shared answer.
    pub made: Option<(u32, u64)>,
    /// The items, best first.
    pub shown: Vec<Shown>,
}

/// Why a decision id is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecisionIdError {
    /// The text is longer than any decision id.
    #[error("decision: expected at most {MAX_DECISION_ID_CHARS} characters, found {found}")]
    Long {
        /// Its length.
        found: usize,
    },
    /// The text is not URL-safe base64.
    #[error("decision: expected the id of an answer, as it came; found text that is not URL-safe base64")]
    Encoding,
    /// The record has another version.
    #[error("decision: expected a record of version {RECORD_VERSION}, found {found}")]
    Version {
        /// The version.
        found: u8,
    },
    /// The record is too short or too long, or holds a value that is not allowed.
    #[error("decision: the record is damaged at {what}; send the id of the answer as it came")]
    Damaged {
        /// Which field.
        what: &'static str,
    },
}

impl DecisionRecord {
    /// The cache key under which the answer was shared; [`None`] if it was not shared.
    #[must_use]
    pub fn cache_key(&self) -> Option<CacheKey> {
        if !self.shared {
            return None;
        }
        let sharing = match (self.near, self.scope) {
            (Some(key), _) => Sharing::SimilarTo(key.0),
            (None, Scope::Visitor) => return None,
            (None, Scope::Segment) => Sharing::Segment(self.segment?),
            (None, Scope::Context) => Sharing::Daypart(u8::try_from(self.daypart?.index()).ok()?),
            (None, Scope::Everyone) => Sharing::Everyone,
        };
        Some(CacheKey::new(&KeyParts {
            model: &self.model,
            slot: &self.slot,
            sharing,
            category: self.category,
            locale: self.locale,
            device: self.device,
            n: usize::from(self.n),
            arms: &self.arms,
            overlay: self.overlay,
        }))
    }

    /// The decision id of this record, without a seal.
    #[must_use]
    pub fn to_id(&self) -> String {
        Base64UrlUnpadded::encode_string(&self.to_bytes())
    }

    /// Reads a decision id. The second value is true if the id has a seal made with a key of `keyring`. Without it, a client may have made up
    /// the whole record.
    ///
    /// # Errors
    /// [`DecisionIdError`] if the text is not a decision id.
    pub fn read(id: &str, keyring: Option<&Keyring>) -> Result<(Self, bool), DecisionIdError> {
        if id.len() > MAX_DECISION_ID_CHARS {
            return Err(DecisionIdError::Long { found: id.len() });
        }
        let (text, seal) = id.split_once('.').map_or((id, None), |(text, seal)| (text, Some(seal)));
        let bytes = Base64UrlUnpadded::decode_vec(text).map_err(|_| DecisionIdError::Encoding)?;
        let record = Self::from_bytes(&bytes)?;
        let sealed = match seal {
            None => false,
            Some(seal) => {
                let seal = Base64UrlUnpadded::decode_vec(seal).map_err(|_| DecisionIdError::Encoding)?;
                let seal = <[u8; SEAL_BYTES]>::try_from(seal).map_err(|_| DecisionIdError::Encoding)?;
                keyring.is_some_and(|keyring| keyring.has_sealed(&bytes, &seal))
            }
        };
        Ok((record, sealed))
    }
}

/// Adds a seal to a decision id that [`DecisionRecord::to_id`] made. Any other text, such as an id that has a seal already, stays as it is.
pub(super) fn sealed(id: &str, keyring: &Keyring) -> String {
    match Base64UrlUnpadded::decode_vec(id) {
        Ok(bytes) if !bytes.is_empty() => {
            let seal = Base64UrlUnpadded::encode_string(&keyring.seal_of(&bytes));
            [id, ".", &seal].concat()
        }
        _ => id.into(),
    }
}
