//! The bytes of a decision record, as `docs/events.md` describes them.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::record::{DecisionIdError, DecisionRecord, MAX_RECORDED_ITEMS, RECORD_VERSION, Shown};
use super::scope::Scope;
use crate::event::ItemKey;
use crate::experiment::{ArmAssignment, ExperimentName, MAX_ARMS};
use crate::place::{Daypart, Device, Locale};
use crate::snapshot::CategoryIndex;

/// The longest text in a record, in bytes.
const MAX_TEXT: usize = 64;

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
    /// The record's bytes, before base64.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
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

    /// Reads a record's bytes.
    ///
    /// # Errors
    /// [`DecisionIdError::Version`] or [`DecisionIdError::Damaged`].
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, DecisionIdError> {
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
