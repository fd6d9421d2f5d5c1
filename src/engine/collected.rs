//! The collected event: what a visitor did, and what made the list that it followed from. `docs/events.md` is its schema.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::Engine;
use super::record::{DecisionIdError, DecisionRecord};
use crate::context::{Daypart, Device};
use crate::event::{EventKind, ItemKey};
use crate::profile::cookie::Keyring;

/// The version of the schema. Fields are added under the same version; one that changes its meaning raises it.
pub const EVENT_SCHEMA_VERSION: u8 = 1;

/// One collected event, as it lies in the lake's inbox: a line of JSON.
#[derive(Clone, Debug, Serialize)]
pub struct CollectedEvent<'a> {
    /// [`EVENT_SCHEMA_VERSION`].
    pub schema_version: u8,
    /// Names the event, so that a second delivery changes nothing.
    pub id: Cow<'a, str>,
    /// The visitor's random id in hexadecimal; null without consent.
    pub user: Option<&'a str>,
    /// The item's id.
    pub item: &'a str,
    /// The event's type.
    pub r#type: EventKind,
    /// When it happened, Unix milliseconds.
    pub timestamp_ms: u64,
    /// Its value, in the site's currency.
    pub value: Option<f64>,
    /// The slot in which the item was shown.
    pub slot: Option<&'a str>,
    /// The item's place in the slot, from 0.
    pub position: Option<u32>,
    /// The visitor's segment after the event, under the model that the edge held then.
    pub segment: Option<u16>,
    /// The model that the edge held when the event arrived.
    pub model: Option<&'a str>,
    /// What made the list that the event followed from; null where the event names no decision.
    pub decision: Option<CollectedDecision<'a>>,
    /// Reserved for what sites add.
    pub context: Empty,
}

/// An empty JSON object.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Empty {}

/// A decision, as a collected event tells it.
#[derive(Clone, Debug, Serialize)]
pub struct CollectedDecision<'a> {
    /// Whether the edge itself made the id. Of one that is not sealed, everything may be made up.
    pub sealed: bool,
    /// The model that made the list.
    pub model: &'a str,
    /// The slot, or `similar`, `rank`.
    pub slot: &'a str,
    /// For whom the list was: `visitor`, `segment`, `context` or `everyone`.
    pub scope: &'static str,
    /// The rung whose list it began with.
    pub rung: &'static str,
    /// The segment, where it played a part.
    pub segment: Option<u16>,
    /// The daypart, where it played a part.
    pub context: Option<&'static str>,
    /// The key under which the list was shared; null for one that was not.
    pub key: Option<String>,
    /// The language, where the slot varied on it.
    pub locale: Option<&'a str>,
    /// The class of device (`d`, `m`, `t`), where the slot varied on it.
    pub device: Option<char>,
    /// How many items were asked for.
    pub n: u16,
    /// The arms of experiments.
    pub arms: Vec<CollectedArm<'a>>,
    /// Version of the live overlay; 0 for none.
    pub overlay: u64,
    /// When the list was made, Unix milliseconds to the minute; null for a shared one, which is the same at any time.
    pub made_at_ms: Option<u64>,
    /// The seed of what was drawn at random; null for a shared list.
    pub seed: Option<u64>,
    /// The shown items in their order.
    pub items: Vec<CollectedItem<'a>>,
}

/// An arm of an experiment.
#[derive(Clone, Debug, Serialize)]
pub struct CollectedArm<'a> {
    /// The experiment.
    pub experiment: &'a str,
    /// The arm's number.
    pub arm: u8,
}

/// An item that was shown.
#[derive(Clone, Debug, Serialize)]
pub struct CollectedItem<'a> {
    /// Its id; null where the model that the edge held no longer knew it. The key then still names it.
    pub item: Option<&'a str>,
    /// The stable key: the first 8 bytes, little-endian, of the id's SHA-256, in hexadecimal.
    pub key: String,
    /// Its place, from 0.
    pub position: u32,
    /// The probability with which it was shown there.
    pub propensity: f32,
}

/// A decision that an event named, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedDecision {
    record: DecisionRecord,
    sealed: bool,
}

impl NamedDecision {
    /// Reads the id that an event names.
    ///
    /// # Errors
    /// [`DecisionIdError`] for text that is no decision id.
    pub fn read(id: &str, keyring: Option<&Keyring>) -> Result<Self, DecisionIdError> {
        let (record, sealed) = DecisionRecord::read(id, keyring)?;
        Ok(Self { record, sealed })
    }

    /// What made the list.
    #[must_use]
    pub const fn record(&self) -> &DecisionRecord {
        &self.record
    }

    /// The place of an item in the list.
    #[must_use]
    pub fn position_of(&self, item: &str) -> Option<u32> {
        let key = ItemKey::of(item);
        let place = self.record.shown.iter().position(|shown| shown.item == key)?;
        u32::try_from(place).ok()
    }

    /// As a collected event tells it. `engine` is any model that is at hand: it gives items their ids by their stable keys.
    #[must_use]
    pub fn collected<'a, B: AsRef<[u8]>>(&'a self, engine: Option<&'a Engine<B>>) -> CollectedDecision<'a> {
        let record = &self.record;
        let id_of = |key| {
            let snapshot = engine?.snapshot();
            snapshot.find(key).map(|item| snapshot.name(item).id)
        };
        let items = (0..).zip(&record.shown).map(|(position, shown)| CollectedItem {
            item: id_of(shown.item),
            key: alloc::format!("{:016x}", shown.item.0),
            position,
            propensity: shown.propensity,
        });
        CollectedDecision {
            sealed: self.sealed,
            model: &record.model,
            slot: &record.slot,
            scope: record.scope.as_str(),
            rung: record.list.as_str(),
            segment: record.segment,
            context: record.daypart.map(Daypart::name),
            key: record.cache_key().map(|key| key.as_str().into()),
            locale: Some(record.locale.code()).filter(|code| *code != "-"),
            device: record.device.map(Device::code),
            n: record.n,
            arms: record
                .arms
                .iter()
                .map(|arm| CollectedArm {
                    experiment: arm.experiment.as_str(),
                    arm: arm.arm,
                })
                .collect(),
            overlay: record.overlay,
            made_at_ms: record.made.map(|(minute, _)| u64::from(minute) * 60_000),
            seed: record.made.map(|(_, seed)| seed),
            items: items.collect(),
        }
    }
}
