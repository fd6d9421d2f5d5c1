//! `wasm-bindgen` bindings of the engine for browsers and Node. This module only converts values; every rule is in the
//! modules it calls.
//!
//! Values cross as objects by `serde-wasm-bindgen`, never as JSON text. Times are Unix milliseconds as JavaScript
//! numbers.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::{JsError, JsValue, wasm_bindgen};

use crate::engine::{Decision, Engine, Recorded, Request, Visitor};
use crate::place::Place;
use crate::profile::{Consent, Profile, VisitorId};
use crate::snapshot::{AlignedBytes, CategoryIndex, Snapshot, Trust, parse_public_key};

/// A request for a slot's items, as JavaScript passes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsRequest {
    slot: String,
    n: Option<usize>,
    category: Option<String>,
    #[serde(default)]
    exclude: Vec<String>,
}

/// Time and consent of a request; fields of the same object as the request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsWhen {
    now_ms: f64,
    local_ms: Option<f64>,
    consent: Option<bool>,
}

/// An event, as JavaScript passes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsEvent {
    r#type: String,
    item: String,
    timestamp_ms: Option<f64>,
    value: Option<f64>,
}

/// A category of the catalogue.
#[derive(Serialize)]
struct JsCategory<'s> {
    name: &'s str,
    parent: Option<u32>,
    items: u32,
}

/// A visitor's profile. It stays in the page's memory until the page stores its bytes.
#[wasm_bindgen(js_name = Profile)]
pub struct JsProfile(Profile);

#[wasm_bindgen(js_class = Profile)]
impl JsProfile {
    /// Creates an empty profile for a visitor id of 16 random bytes.
    ///
    /// # Errors
    /// If the id has another length.
    #[wasm_bindgen(constructor)]
    pub fn new(visitor: &[u8]) -> Result<Self, JsError> {
        let id = <[u8; 16]>::try_from(visitor).map_err(|_| {
            JsError::new(&alloc::format!(
                "visitor id: expected 16 bytes, found {}",
                visitor.len()
            ))
        })?;
        Ok(Self(Profile::new(VisitorId(id))))
    }

    /// Reads a profile from its bytes.
    ///
    /// # Errors
    /// If the bytes are not a profile; the message says what was expected and found.
    #[wasm_bindgen(js_name = fromBytes)]
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, JsError> {
        Ok(Self(Profile::from_bytes(bytes)?))
    }

    /// Returns the profile's bytes, to be stored on the device.
    #[wasm_bindgen(js_name = toBytes)]
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// Number of events in the history.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn events(&self) -> usize {
        self.0.history().len()
    }
}

/// A snapshot whose structure and signature are checked and whose sections are not. Its page computes the digests with WebCrypto, which does
/// not block the page.
#[wasm_bindgen(js_name = Opening)]
pub struct JsOpening(Snapshot<AlignedBytes>);

#[wasm_bindgen(js_class = Opening)]
impl JsOpening {
    /// Copies a snapshot and checks its structure, and its signature by one of the public keys (64 hexadecimal digits each).
    ///
    /// # Errors
    /// If the snapshot or a key is refused; the message says what was read, expected and found.
    #[wasm_bindgen(constructor)]
    pub fn new(snapshot: &js_sys::Uint8Array, public_keys: Vec<String>) -> Result<Self, JsError> {
        let mut keys = Vec::with_capacity(public_keys.len());
        for key in &public_keys {
            keys.push(parse_public_key(key).ok_or_else(|| {
                JsError::new(&alloc::format!(
                    "public key: expected 64 hexadecimal digits of an Ed25519 key, found {} characters",
                    key.len()
                ))
            })?);
        }
        // One copy, from JavaScript's memory into the aligned memory that the engine reads.
        let mut bytes = AlignedBytes::zeroed(usize::try_from(snapshot.length())?);
        snapshot.copy_to(bytes.as_mut_slice());
        Ok(Self(Snapshot::open_signed(bytes, Trust::Keys(&keys))?))
    }

    /// The sections that are not confirmed, three numbers each: index, first byte, and the byte after the last one.
    #[must_use]
    pub fn pending(&self) -> Vec<u32> {
        let number = |value| u32::try_from(value).unwrap_or(u32::MAX);
        self.0
            .unverified()
            .into_iter()
            .flat_map(|section| [section.index, section.range.start, section.range.end].map(number))
            .collect()
    }

    /// Confirms a section by its SHA-256; without one, computes it here.
    ///
    /// # Errors
    /// If the digest is not the signed one.
    pub fn confirm(&mut self, index: usize, sha256: Option<Vec<u8>>) -> Result<(), JsError> {
        let digest = match sha256 {
            Some(sha256) => <[u8; 32]>::try_from(sha256).unwrap_or_default(),
            None => self.0.digest(index)?,
        };
        Ok(self.0.confirm(index, &digest)?)
    }
}

/// The engine over one snapshot.
#[wasm_bindgen(js_name = Engine)]
pub struct JsEngine(Engine<AlignedBytes>);

#[wasm_bindgen(js_class = Engine)]
impl JsEngine {
    /// An engine over a snapshot whose sections are all confirmed.
    ///
    /// # Errors
    /// If a section is not confirmed.
    #[wasm_bindgen(constructor)]
    pub fn new(opening: JsOpening) -> Result<Self, JsError> {
        let engine = Engine::new(opening.0)?;
        engine.require_factors()?;
        Ok(Self(engine))
    }

    /// The snapshot's version.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn version(&self) -> String {
        self.0.version().to_string()
    }

    /// Number of items.
    #[wasm_bindgen(getter, js_name = itemCount)]
    #[must_use]
    pub fn item_count(&self) -> usize {
        self.0.snapshot().rows()
    }

    /// Decides which items a slot shows.
    ///
    /// # Errors
    /// If the request is refused.
    pub fn recommend(&self, request: JsValue, profile: &JsProfile) -> Result<JsValue, JsError> {
        // Two reads of one object: `#[serde(flatten)]` would add serde's buffering code to the module.
        let when: JsWhen = serde_wasm_bindgen::from_value(request.clone())?;
        let request: JsRequest = serde_wasm_bindgen::from_value(request)?;
        let exclude: Vec<&str> = request.exclude.iter().map(String::as_str).collect();
        let request = Request {
            slot: &request.slot,
            n: request.n,
            category: request.category.as_deref(),
            exclude: &exclude,
            visitor: when.visitor(profile),
        };
        let context = self.0.assign(&request)?;
        to_js(&self.0.decide(&context))
    }

    /// Returns the `n` items most similar to an item.
    ///
    /// # Errors
    /// If the item is not in the model.
    pub fn similar(&self, item: &str, n: usize, now_ms: f64) -> Result<JsValue, JsError> {
        to_js(&self.0.similar(item, n, milliseconds(now_ms))?)
    }

    /// Ranks items that the caller proposes.
    ///
    /// # Errors
    /// If there are none or too many.
    pub fn rank(
        &self,
        candidates: Vec<String>,
        n: usize,
        when: JsValue,
        profile: &JsProfile,
    ) -> Result<JsValue, JsError> {
        let when: JsWhen = serde_wasm_bindgen::from_value(when)?;
        let ids: Vec<&str> = candidates.iter().map(String::as_str).collect();
        to_js(&self.0.rank(&when.visitor(profile), &ids, n)?)
    }

    /// Adds events to a profile, then updates its segment once and returns the segment, if there is one, like a batch
    /// posted to the edge. Adds either all events or none.
    ///
    /// # Errors
    /// If an event is refused.
    pub fn record(&self, profile: &mut JsProfile, events: JsValue, now_ms: f64) -> Result<Option<u16>, JsError> {
        let events: Vec<JsEvent> = serde_wasm_bindgen::from_value(events)?;
        let now_ms = milliseconds(now_ms);
        let recorded = events
            .iter()
            .map(|event| {
                let at_ms = event.timestamp_ms.map(milliseconds);
                Recorded::check(&event.r#type, &event.item, at_ms, event.value, now_ms)
            })
            .collect::<Result<Vec<_>, _>>()?;
        for (recorded, event) in recorded.iter().zip(&events) {
            recorded.remember(&mut profile.0, &event.item);
        }
        Ok(self.0.settle(&mut profile.0, now_ms))
    }

    /// Returns `count` items of the catalogue from `offset` on, most popular first.
    ///
    /// # Errors
    /// If a value cannot be converted to JavaScript.
    pub fn items(&self, offset: usize, count: usize) -> Result<JsValue, JsError> {
        to_js(&self.0.browse(offset, count))
    }

    /// Returns the category tree; `parent` is an index into the same list.
    ///
    /// # Errors
    /// If a value cannot be converted to JavaScript.
    pub fn categories(&self) -> Result<JsValue, JsError> {
        let snapshot = self.0.snapshot();
        let count = u32::try_from(snapshot.category_count()).unwrap_or(u32::MAX);
        let list: Vec<JsCategory<'_>> = (0..count)
            .map(|index| {
                let (parent, items) = snapshot.category_parent_and_items(CategoryIndex(index));
                JsCategory {
                    name: snapshot.category_name(CategoryIndex(index)),
                    parent: parent.map(|parent| parent.0),
                    items,
                }
            })
            .collect();
        serialize(&list)
    }
}

impl JsWhen {
    fn visitor<'a>(&self, profile: &'a JsProfile) -> Visitor<'a> {
        Visitor {
            profile: Some(&profile.0),
            consent: if self.consent.unwrap_or(true) {
                Consent::Granted
            } else {
                Consent::Denied
            },
            place: Place {
                local_ms: milliseconds(self.local_ms.unwrap_or(self.now_ms)).into(),
                ..Place::default()
            },
            now_ms: milliseconds(self.now_ms),
        }
    }
}

/// Converts a JavaScript time to whole milliseconds; NaN and negative numbers become 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and NaN becomes 0"
)]
fn milliseconds(value: f64) -> u64 {
    value as u64
}

fn to_js(decision: &Decision<'_>) -> Result<JsValue, JsError> {
    serialize(decision)
}

fn serialize<T: Serialize + ?Sized>(value: &T) -> Result<JsValue, JsError> {
    // Maps become objects and missing values become null, as in the JSON of the HTTP API.
    let serializer = Serializer::new()
        .serialize_maps_as_objects(true)
        .serialize_missing_as_null(true);
    Ok(value.serialize(&serializer)?)
}
