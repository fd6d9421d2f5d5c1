//! An answer before it becomes the runtime's `Response`: status, headers and body, built without a call into JS.

use std::borrow::Cow;

use serde::Serialize;
use wasm_bindgen::JsValue;
use web_sys::Response;

use crate::counters::Fallbacks;
use crate::runtime;
use crate::timing::Timing;

enum Body {
    Empty,
    Text(String),
}

/// Headers that are another in nearly every answer.
const OWN: [&str; 6] = [
    "age",
    "cache-status",
    "etag",
    "server-timing",
    "set-cookie",
    "selvedge-fallback",
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
        self.set("server-timing", timing.header());
        self.set("x-content-type-options", "nosniff");
        let mut lasting = String::with_capacity(512);
        let mut lines = String::with_capacity(256);
        for (name, value) in &self.headers {
            // Every value is printable ASCII by construction. Were one not, the answer without that header is better than none.
            if value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
                let lines = if OWN.contains(name) { &mut lines } else { &mut lasting };
                lines.extend([name, "\n", value, "\n"]);
            }
        }
        runtime::respond(
            self.status,
            &lasting,
            &lines,
            match &self.body {
                // The runtime throws for a body, even an empty one, on 204 and 304.
                Body::Empty => None,
                Body::Text(text) => Some(text.as_bytes()),
            },
        )
    }
}
