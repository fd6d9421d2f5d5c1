//! The collected event: what a visitor did, with the decision behind the list that it happened in. `docs/events.md` is its schema.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::Engine;
use super::record::{DecisionIdError, DecisionRecord, Shown};
use crate::event::{EventKind, ItemKey};
use crate::place::{Daypart, Device};
use crate::profile::cookie::Keyring;

/// The version of the schema. New fields keep the version; a changed meaning of a field raises it.
pub const EVENT_SCHEMA_VERSION: u8 = 1;

/// One collected event, which is written to the lake as one line of JSON.
#[derive(Clone, Debug, Serialize)]
pub struct CollectedEvent<'a> {
    /// [`EVENT_SCHEMA_VERSION`].
    pub schema_version: u8,
    /// Unique id of the event, by which `ingest` drops a second delivery.
    pub id: Cow<'a, str>,
    /// The visitor's random id in hexadecimal; null without consent.
    pub user: Option<&'a str>,
    /// Whether the request came with a profile cookie that the edge had sealed. False for a visitor of whom the edge knows nothing yet, such as
    /// everybody who never sends the cookie back; training leaves out visitors who never returned.
    pub returning: bool,
    /// The item's id.
    pub item: &'a str,
    /// The type of the event.
    pub r#type: EventKind,
    /// When it happened, Unix milliseconds.
    pub timestamp_ms: u64,
    /// The value of the event, in the site's currency.
    pub value: Option<f64>,
    /// The slot in which the item was shown.
    pub slot: Option<&'a str>,
    /// The item's position in the slot, from 0.
    pub position: Option<u32>,
    /// The visitor's segment after the event, in the model of the field `model`.
    pub segment: Option<u16>,
    /// The model that the edge held when the event arrived.
    pub model: Option<&'a str>,
    /// The decision that the event names; null if it names none.
    pub decision: Option<CollectedDecision<'a>>,
    /// Reserved for fields that sites add.
    pub context: Empty,
}

/// An empty JSON object.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Empty {}

/// The decision part of a collected event.
#[derive(Clone, Debug, Serialize)]
pub struct CollectedDecision<'a> {
    /// Whether the id carries the edge's seal. Without it, a client may have made up the whole decision.
    pub sealed: bool,
    /// Version of the model that made the list.
    pub model: &'a str,
    /// The slot, or `similar`, `rank`.
    pub slot: &'a str,
    /// For whom the list was: `visitor`, `segment`, `context` or `everyone`.
    pub scope: &'static str,
    /// The scope whose served list the decision began with, named `rung` in schema version 1.
    pub rung: &'static str,
    /// The segment; null if the decision does not depend on one.
    pub segment: Option<u16>,
    /// The daypart; null if the decision does not depend on one.
    pub context: Option<&'static str>,
    /// The cache key under which the list was shared; null if it was not shared.
    pub key: Option<String>,
    /// The language; null if the slot does not vary on it.
    pub locale: Option<&'a str>,
    /// The device class (`d`, `m`, `t`); null if the slot does not vary on it.
    pub device: Option<char>,
    /// How many items the request asked for.
    pub n: u16,
    /// The arms of experiments.
    pub arms: Vec<CollectedArm<'a>>,
    /// Version of the overlay; 0 for none.
    pub overlay: u64,
    /// When the list was made, Unix milliseconds rounded down to the minute; null for a shared list, whose bytes must not depend on it.
    pub made_at_ms: Option<u64>,
    /// The seed of random draws; null for a shared list.
    pub seed: Option<u64>,
    /// The shown items in their order; none if the id is not sealed. A client may have made up their keys, and 8 bytes of an id would become up to
    /// 330 bytes of a line.
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
    /// The item id; null if the model at hand does not know the item any more. `key` then still names it.
    pub item: Option<&'a str>,
    /// The item key in hexadecimal: the first 8 bytes, little-endian, of the id's SHA-256.
    pub key: String,
    /// The item's position, from 0.
    pub position: u32,
    /// The probability with which this item was shown at this position.
    pub propensity: f32,
}

/// A decision that an event names, read from its id and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedDecision {
    record: DecisionRecord,
    sealed: bool,
}

impl NamedDecision {
    /// Reads the decision id that an event names. `keyring` checks its seal.
    ///
    /// # Errors
    /// [`DecisionIdError`] if the text is not a decision id.
    pub fn read(id: &str, keyring: Option<&Keyring>) -> Result<Self, DecisionIdError> {
        let (record, sealed) = DecisionRecord::read(id, keyring)?;
        Ok(Self { record, sealed })
    }

    /// The record of the decision.
    #[must_use]
    pub const fn record(&self) -> &DecisionRecord {
        &self.record
    }

    /// The position of an item in the list, from 0; [`None`] if it is not in the list.
    #[must_use]
    pub fn position_of(&self, item: &str) -> Option<u32> {
        let key = ItemKey::of(item);
        let position = self.record.shown.iter().position(|shown| shown.item == key)?;
        u32::try_from(position).ok()
    }

    /// The decision part of a collected event. `engine`, of any model, finds item ids by item keys.
    #[must_use]
    pub fn collected<'a, B: AsRef<[u8]>>(&'a self, engine: Option<&'a Engine<B>>) -> CollectedDecision<'a> {
        let record = &self.record;
        let id_of = |key| {
            let snapshot = engine?.snapshot();
            snapshot.find(key).map(|item| snapshot.name(item).id)
        };
        let shown: &[Shown] = if self.sealed { &record.shown } else { &[] };
        let items = (0..).zip(shown).map(|(position, shown)| CollectedItem {
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
