//! The decision id: a record of a decision, small enough to be part of every answer.
//!
//! An answer may be shown out of a cache minutes after it was made, and clicked when the next model is already there. So the id is not a number
//! that is looked up somewhere: it *is* the record in URL-safe base64, followed by a dot and a seal by which the edge recognizes its own ids.
//! `docs/events.md` describes the bytes.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use base64ct::{Base64UrlUnpadded, Encoding};
use thiserror::Error;

use super::scope::Scope;
use crate::cache::{CacheKey, KeyParts, Sharing};
use crate::context::{Daypart, Device, Locale};
use crate::event::ItemKey;
use crate::experiment::{ArmAssignment, ExperimentName, MAX_ARMS};
use crate::profile::cookie::{Keyring, SEAL_BYTES};
use crate::snapshot::CategoryIndex;

/// The version of the record's binary format.
pub const RECORD_VERSION: u8 = 1;
/// Most items that a record names. Items behind them are left out.
pub const MAX_RECORDED_ITEMS: usize = 100;
/// The longest decision id that is read, in characters.
pub const MAX_DECISION_ID_CHARS: usize = 2048;
/// The longest text in a record, in bytes.
const MAX_TEXT: usize = 64;

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
/// use selvedge::context::Locale;
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
    /// How many items were asked for.
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

/// Bits of the flags: which optional fields a record has.
mod has {
    pub const SEGMENT: u16 = 1;
    pub const DAYPART: u16 = 1 << 1;
    pub const CATEGORY: u16 = 1 << 2;
    pub const NEAR: u16 = 1 << 3;
    pub const LOCALE: u16 = 1 << 4;
    pub const DEVICE: u16 = 1 << 5;
    pub const SHARED: u16 = 1 << 6;
    pub const ARMS: u16 = 1 << 7;
    pub const OVERLAY: u16 = 1 << 8;
    pub const MADE: u16 = 1 << 9;
    pub const PROPENSITIES: u16 = 1 << 10;
    pub const ALL: u16 = (1 << 11) - 1;
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

    fn to_bytes(&self) -> Vec<u8> {
        let all_certain = self.shown.iter().all(|shown| shown.propensity >= 1.0);
        let bit = |present: bool, bit: u16| if present { bit } else { 0 };
        let present = bit(self.segment.is_some(), has::SEGMENT)
            | bit(self.daypart.is_some(), has::DAYPART)
            | bit(self.category.is_some(), has::CATEGORY)
            | bit(self.near.is_some(), has::NEAR)
            | bit(self.locale != Locale::default(), has::LOCALE)
            | bit(self.device.is_some(), has::DEVICE)
            | bit(self.shared, has::SHARED)
            | bit(!self.arms.is_empty(), has::ARMS)
            | bit(self.overlay != 0, has::OVERLAY)
            | bit(self.made.is_some(), has::MADE)
            | bit(!all_certain, has::PROPENSITIES);
        let shown = &self.shown[..self.shown.len().min(MAX_RECORDED_ITEMS)];
        let mut bytes = Vec::with_capacity(80 + 8 * shown.len());
        bytes.push(RECORD_VERSION);
        bytes.extend(present.to_le_bytes());
        bytes.push(self.scope.code() | self.list.code() << 4);
        put_text(&mut bytes, &self.model);
        put_text(&mut bytes, &self.slot);
        bytes.extend(self.n.to_le_bytes());
        bytes.extend(self.segment.iter().flat_map(|segment| segment.to_le_bytes()));
        bytes.extend(self.daypart.and_then(|daypart| u8::try_from(daypart.index()).ok()));
        bytes.extend(self.category.iter().flat_map(|category| category.0.to_le_bytes()));
        bytes.extend(self.near.iter().flat_map(|key| key.0.to_le_bytes()));
        if present & has::LOCALE != 0 {
            put_text(&mut bytes, self.locale.code());
        }
        bytes.extend(self.device.and_then(|device| u8::try_from(device.code()).ok()));
        if !self.arms.is_empty() {
            let arms = &self.arms[..self.arms.len().min(MAX_ARMS)];
            bytes.extend(u8::try_from(arms.len()));
            for arm in arms {
                put_text(&mut bytes, arm.experiment.as_str());
                bytes.extend([arm.arm, u8::from(arm.changes_answer)]);
            }
        }
        if self.overlay != 0 {
            bytes.extend(self.overlay.to_le_bytes());
        }
        if let Some((minute, seed)) = self.made {
            bytes.extend(minute.to_le_bytes());
            bytes.extend(seed.to_le_bytes());
        }
        bytes.extend(u8::try_from(shown.len()));
        for shown in shown {
            bytes.extend(shown.item.0.to_le_bytes());
            if !all_certain {
                bytes.extend(shown.propensity.to_le_bytes());
            }
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DecisionIdError> {
        let mut rest = Rest(bytes);
        let [version] = rest.array("version")?;
        if version != RECORD_VERSION {
            return Err(DecisionIdError::Version { found: version });
        }
        let present = u16::from_le_bytes(rest.array("flags")?);
        if present & !has::ALL != 0 {
            return Err(DecisionIdError::Damaged { what: "flags" });
        }
        let has = |bit: u16| present & bit != 0;
        let [scopes] = rest.array("scope")?;
        let scope = |code: u8| Scope::from_code(code).ok_or(DecisionIdError::Damaged { what: "scope" });
        let (scope, list) = (scope(scopes & 15)?, scope(scopes >> 4)?);
        let model = rest.text("model")?.to_string();
        let slot = rest.text("slot")?.to_string();
        let n = u16::from_le_bytes(rest.array("n")?);
        let segment = if has(has::SEGMENT) {
            Some(u16::from_le_bytes(rest.array("segment")?))
        } else {
            None
        };
        let daypart = if has(has::DAYPART) {
            let [index] = rest.array("daypart")?;
            Some(Daypart::from_index(usize::from(index)).ok_or(DecisionIdError::Damaged { what: "daypart" })?)
        } else {
            None
        };
        let category = if has(has::CATEGORY) {
            Some(CategoryIndex(u32::from_le_bytes(rest.array("category")?)))
        } else {
            None
        };
        let near = if has(has::NEAR) {
            Some(ItemKey(u64::from_le_bytes(rest.array("item")?)))
        } else {
            None
        };
        let locale = if has(has::LOCALE) {
            Locale::first_of(rest.text("locale")?)
        } else {
            Locale::default()
        };
        let device = if has(has::DEVICE) {
            let [code] = rest.array("device")?;
            Some(Device::from_code(char::from(code)).ok_or(DecisionIdError::Damaged { what: "device" })?)
        } else {
            None
        };
        let mut arms = Vec::new();
        if has(has::ARMS) {
            let [count] = rest.array("arms")?;
            if usize::from(count) > MAX_ARMS {
                return Err(DecisionIdError::Damaged { what: "arms" });
            }
            for _ in 0..count {
                let experiment =
                    ExperimentName::new(rest.text("arms")?).map_err(|_| DecisionIdError::Damaged { what: "arms" })?;
                let [arm, changes] = rest.array("arms")?;
                arms.push(ArmAssignment {
                    experiment,
                    arm,
                    changes_answer: changes != 0,
                });
            }
        }
        let overlay = if has(has::OVERLAY) {
            u64::from_le_bytes(rest.array("overlay")?)
        } else {
            0
        };
        let made = if has(has::MADE) {
            Some((
                u32::from_le_bytes(rest.array("time")?),
                u64::from_le_bytes(rest.array("seed")?),
            ))
        } else {
            None
        };
        let [count] = rest.array("items")?;
        if usize::from(count) > MAX_RECORDED_ITEMS {
            return Err(DecisionIdError::Damaged { what: "items" });
        }
        let mut shown = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let item = ItemKey(u64::from_le_bytes(rest.array("items")?));
            let propensity = if has(has::PROPENSITIES) {
                f32::from_le_bytes(rest.array("propensities")?)
            } else {
                1.0
            };
            if !(propensity > 0.0 && propensity <= 1.0) {
                return Err(DecisionIdError::Damaged { what: "propensities" });
            }
            shown.push(Shown { item, propensity });
        }
        if !rest.0.is_empty() {
            return Err(DecisionIdError::Damaged { what: "its end" });
        }
        Ok(Self {
            model,
            slot,
            scope,
            list,
            segment,
            daypart,
            category,
            near,
            locale,
            device,
            n,
            shared: has(has::SHARED),
            arms,
            overlay,
            made,
            shown,
        })
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

/// Writes the length in one byte, then the text. A text is cut off at [`MAX_TEXT`]; all names that occur are far shorter.
fn put_text(bytes: &mut Vec<u8>, text: &str) {
    let text = &text.as_bytes()[..text.len().min(MAX_TEXT)];
    bytes.extend(u8::try_from(text.len()));
    bytes.extend(text);
}

/// The bytes of a record that are not read yet.
struct Rest<'b>(&'b [u8]);

impl<'b> Rest<'b> {
    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecisionIdError> {
        let (array, rest) = self.0.split_first_chunk().ok_or(DecisionIdError::Damaged { what })?;
        self.0 = rest;
        Ok(*array)
    }

    /// Reads a text. It must be printable ASCII without spaces, as all names are, because it goes into files and logs.
    fn text(&mut self, what: &'static str) -> Result<&'b str, DecisionIdError> {
        let damaged = DecisionIdError::Damaged { what };
        let [length] = self.array(what)?;
        let (text, rest) = self.0.split_at_checked(usize::from(length)).ok_or(damaged.clone())?;
        self.0 = rest;
        let plain = text.len() <= MAX_TEXT && text.iter().all(u8::is_ascii_graphic);
        core::str::from_utf8(text).ok().filter(|_| plain).ok_or(damaged)
    }
}
