//! An answer before it becomes the runtime's `Response`: status, headers and body, built without a call into JS.

use std::borrow::Cow;

use js_sys::Uint8Array;
use serde::Serialize;
use wasm_bindgen::JsValue;
use web_sys::Response;

use crate::counters::Fallbacks;
use crate::runtime::{self, Prepared};
use crate::timing::Timing;

enum Body {
    Empty,
    Text(String),
    Bytes(Uint8Array),
    /// With the headers that it was prepared with.
    Prepared(Prepared),
}

/// Headers that are another in nearly every answer.
const OWN: [&str; 11] = [
    "age",
    "cache-status",
    "etag",
    "server-timing",
    "set-cookie",
    "surrogate-control",
    "selvedge-fallback",
    "selvedge-key",
    "selvedge-model",
    "selvedge-scope",
    "selvedge-segment",
];

/// One answer of the API.
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, Cow<'static, str>)>,
    body: Body,
}

impl Answer {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::with_capacity(12),
            body: Body::Empty,
        }
    }

    /// A JSON answer.
    pub fn json<T: Serialize>(status: u16, value: &T) -> Self {
        // Our own types have string keys and no failing serializer, so this cannot fail; and if it ever did, an empty
        // object is still JSON.
        let text = serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned());
        Self::json_text(status, text)
    }

    /// An answer whose JSON lies in the runtime's memory.
    pub fn json_bytes(status: u16, bytes: &Uint8Array) -> Self {
        Self {
            body: Body::Bytes(bytes.clone()),
            ..Self::empty(status)
        }
        .with("content-type", "application/json")
    }

    /// An answer that was prepared. Headers that are set are those of this answer alone.
    pub fn prepared(prepared: &Prepared) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: Body::Prepared(prepared.clone()),
        }
    }

    /// An answer whose JSON is already written.
    pub fn json_text(status: u16, text: String) -> Self {
        Self {
            body: Body::Text(text),
            ..Self::empty(status)
        }
        .with("content-type", "application/json")
    }

    /// Sets a header, replacing an earlier value.
    pub fn set(&mut self, name: &'static str, value: impl Into<Cow<'static, str>>) {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
    }

    /// [`Answer::set`] for building in one expression.
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.set(name, value);
        self
    }

    /// The runtime's response.
    ///
    /// # Errors
    /// What the runtime throws.
    pub fn into_response(mut self, fallbacks: Fallbacks, timing: Timing) -> Result<Response, JsValue> {
        if let Some(names) = fallbacks.header() {
            self.set("selvedge-fallback", names);
        }
        if let Some(marks) = timing.header() {
            self.set("server-timing", marks);
        }
        let body = match &self.body {
            Body::Prepared(prepared) => {
                let own = (!self.headers.is_empty()).then(|| self.lines());
                return runtime::again(prepared, own.as_deref());
            }
            Body::Bytes(bytes) => Some(bytes.clone()),
            Body::Text(text) => Some(Uint8Array::new_from_slice(text.as_bytes())),
            // The runtime throws for a body, even an empty one, on 204 and 304.
            Body::Empty => None,
        };
        let (lasting, own) = self.lasting_and_own();
        runtime::respond(self.status, &lasting, &own, body.as_ref())
    }

    /// Prepares an answer of status 200 with these headers for being sent many times.
    ///
    /// # Errors
    /// What the runtime throws.
    pub fn prepare(self, body: &Uint8Array) -> Result<Prepared, JsValue> {
        let (lasting, own) = self.lasting_and_own();
        runtime::prepare(&lasting, &own, body)
    }

    /// The headers, names and values, a line each.
    pub fn lines(&self) -> String {
        let (lasting, own) = self.lasting_and_own();
        lasting + &own
    }

    fn lasting_and_own(&self) -> (String, String) {
        let (mut lasting, mut own) = (String::new(), String::new());
        for (name, value) in &self.headers {
            // Every value is printable ASCII by construction. Were one not, the answer without that header is better than none.
            if value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
                let lines = if OWN.contains(name) { &mut own } else { &mut lasting };
                lines.extend([name, "\n", value, "\n"]);
            }
        }
        (lasting, own)
    }
}
