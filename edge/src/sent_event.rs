//! One event as a page sends it: each field is read by its name, so that a reason for the receipt names the field, and a field that nobody
//! reads is named, too.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::problem::shortened;

/// Most unread fields that one receipt names.
const MAX_UNREAD: usize = 20;
/// Most characters of the name of an unread field.
const MAX_UNREAD_CHARS: usize = 64;

/// The body of a batch. Each event is kept as text, so that a bad one does not make the others fail.
pub struct Batch {
    /// The events.
    pub events: Vec<Box<RawValue>>,
    /// Fields beside `events`.
    pub unread: Vec<String>,
}

/// An event, before the core's checks.
#[derive(Default)]
pub struct SentEvent {
    pub kind: String,
    pub item: String,
    pub timestamp_ms: Option<u64>,
    pub value: Option<f64>,
    pub slot: Option<String>,
    pub position: Option<u32>,
    pub id: Option<String>,
    pub decision: Option<String>,
    /// Fields that nobody reads.
    pub unread: Vec<String>,
}

impl SentEvent {
    /// Reads the fields of an event.
    ///
    /// # Errors
    /// The reason for the receipt: the field, what was expected and what was found.
    pub fn read(json: &str) -> Result<Self, String> {
        let members: Members = serde_json::from_str(json).map_err(|_| {
            format!(
                "event: expected an object with distinct fields, found {}",
                shortened(json)
            )
        })?;
        let mut event = Self::default();
        let mut required = [("type", None), ("item", None)];
        for (name, value) in members.0 {
            const MS: &str = "a whole number of milliseconds since 1970";
            match &*name {
                "type" => required[0].1 = field(&name, "text", &value)?,
                "item" => required[1].1 = field(&name, "text", &value)?,
                "timestamp_ms" => event.timestamp_ms = field(&name, MS, &value)?,
                "value" => event.value = field(&name, "a finite number", &value)?,
                "slot" => event.slot = field(&name, "text", &value)?,
                "position" => event.position = field(&name, "a whole number from 0", &value)?,
                "id" => event.id = field(&name, "text", &value)?,
                "decision" => event.decision = field(&name, "text", &value)?,
                _ => event.unread.push(name),
            }
        }
        let [kind, item] =
            required.map(|(name, text)| text.ok_or_else(|| format!("{name}: expected text, found nothing")));
        (event.kind, event.item) = (kind?, item?);
        Ok(event)
    }
}

/// A field's value; [`None`] for `null`.
fn field<T: DeserializeOwned>(name: &str, expected: &str, json: &RawValue) -> Result<Option<T>, String> {
    // The message of the parser would name its types and a column, but no field.
    serde_json::from_str(json.get())
        .map_err(|_| format!("{name}: expected {expected}, found {}", shortened(json.get())))
}

/// Adds the fields that nobody read to those that the receipt names, as paths into the body.
pub fn note(unread: &mut Vec<String>, prefix: &str, names: &[String]) {
    let room = MAX_UNREAD.saturating_sub(unread.len());
    let path = |name: &String| {
        let name: String = name.chars().take(MAX_UNREAD_CHARS).collect();
        [prefix, &name].concat()
    };
    unread.extend(names.iter().take(room).map(path));
}

/// The members of an object, in the order in which they were sent.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members: Vec<(String, Box<RawValue>)> = Vec::new();
                // Ordered, because a body has room for thousands of names, of which each would be compared with all before it.
                let mut names = BTreeSet::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    if !names.insert(name.clone()) {
                        return Err(serde::de::Error::custom("a field twice"));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

impl<'de> Deserialize<'de> for Batch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Batch;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a list `events`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Batch, A::Error> {
                let (mut events, mut unread) = (None, Vec::new());
                while let Some(name) = map.next_key::<String>()? {
                    if name == "events" {
                        events = Some(map.next_value()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                        if unread.len() < MAX_UNREAD {
                            unread.push(name);
                        }
                    }
                }
                let events = events.ok_or_else(|| serde::de::Error::missing_field("events"))?;
                Ok(Batch { events, unread })
            }
        }
        deserializer.deserialize_map(Read)
    }
}
