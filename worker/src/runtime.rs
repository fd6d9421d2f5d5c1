//! The runtime's functions and bindings, as thin as the calls that they stand for.
//!
//! The `worker` crate (workers-rs) wraps most of them too. Its wrappers unwrap where a binding is not what they expect, and with
//! their builders and enums they weigh 20 KB of gzipped Wasm, a tenth of what the Worker may be. What it links even where
//! none of them is called is 9 KB more.

pub mod bindings;
mod breakage;
pub mod streams;

use std::fmt;

use js_sys::futures::JsFuture;
use js_sys::{Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Request, Response};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn write_error(text: &str);
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues, catch)]
    fn get_random_values(bytes: &mut [u8]) -> Result<JsValue, JsValue>;
    // `bytes` arrives as a view of our own memory. The digest is taken before the call returns, so nothing is copied.
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = digest, catch)]
    fn subtle_digest(algorithm: &str, bytes: &[u8]) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, delay_ms: u32) -> JsValue;
    /// Ends what [`after`] began.
    #[wasm_bindgen(js_name = clearTimeout)]
    pub fn clear_timeout(timer: &JsValue);
}

// The entry shim's.
#[wasm_bindgen(raw_module = "./http.js")]
extern "C" {
    fn read(request: &Request, into: &mut [u8]) -> usize;
    /// The visitor's time zone, as the network derives it from the connection.
    #[wasm_bindgen(js_name = timeZone)]
    pub fn time_zone(request: &Request) -> Option<String>;
    /// A response. Headers are names and values, a line each: `lasting` are those that many answers have alike.
    #[wasm_bindgen(catch)]
    pub fn respond(status: u16, lasting: &str, own: &str, body: Option<&Uint8Array>) -> Result<Response, JsValue>;

    /// An answer that is sent many times, with its headers.
    #[derive(Clone)]
    pub type Prepared;
    /// Prepares an answer of status 200.
    #[wasm_bindgen(catch)]
    pub fn prepare(lasting: &str, own: &str, body: &Uint8Array) -> Result<Prepared, JsValue>;
    /// Changes some of its headers.
    #[wasm_bindgen(catch)]
    pub fn refresh(prepared: &Prepared, lines: &str) -> Result<(), JsValue>;
    /// One more response of it, with headers of its own if there are any.
    #[wasm_bindgen(catch)]
    pub fn again(prepared: &Prepared, own: Option<&str>) -> Result<Response, JsValue>;
}

/// Method, URL, and the values of the headers that nearly every request is asked for: a line each, empty where there is none.
pub fn request_lines(request: &Request) -> String {
    let mut bytes = vec![0; 1024];
    let mut length = read(request, &mut bytes);
    if length > bytes.len() {
        bytes.resize(length, 0);
        length = read(request, &mut bytes);
    }
    bytes.truncate(length);
    // It is UTF-8, as the shim writes nothing else.
    String::from_utf8(bytes).unwrap_or_default()
}

/// Writes a line into the log: one function, so that its callers stay small.
#[inline(never)]
pub fn log_error(text: fmt::Arguments<'_>) {
    write_error(&text.to_string());
}

/// Milliseconds of a clock that never goes back.
pub fn monotonic_ms() -> f64 {
    performance_now()
}

/// Unix time in milliseconds.
pub fn unix_ms() -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole milliseconds since 1970, far below 2^53"
    )]
    let ms = date_now() as u64;
    ms
}

/// Bytes from the runtime's cryptographic random source.
///
/// # Errors
/// What the runtime throws; it does outside a request.
pub fn random_bytes(into: &mut [u8]) -> Result<(), JsValue> {
    get_random_values(into).map(drop)
}

/// SHA-256 by the runtime's native code, an order of magnitude faster than any hash in Wasm.
///
/// # Errors
/// What the runtime throws, and a digest of another length than 32 bytes.
pub async fn sha256(bytes: &[u8]) -> Result<[u8; 32], JsValue> {
    let buffer = JsFuture::from(subtle_digest("SHA-256", bytes)?).await?;
    let view = Uint8Array::new(&buffer);
    let mut digest = [0u8; 32];
    if view.length() != 32 {
        return Err(JsValue::from_str("SHA-256 digest: expected 32 bytes"));
    }
    view.copy_to(&mut digest);
    Ok(digest)
}

/// Calls `callback` after `delay_ms`.
pub fn after(delay_ms: u32, callback: &Function) -> JsValue {
    set_timeout(callback, delay_ms)
}

/// A property of a JS object, as text.
pub fn text_property(object: &JsValue, name: &str) -> Option<String> {
    Reflect::get(object, &JsValue::from_str(name)).ok()?.as_string()
}

/// What a thrown JS value says, for the log.
pub fn thrown(value: &JsValue) -> String {
    value
        .dyn_ref::<js_sys::Error>()
        .map(|error| String::from(error.message()))
        .or_else(|| value.as_string())
        .unwrap_or_else(|| "a JS value without a message".to_owned())
}

/// How many Wasm panics this isolate has survived. The entry shim counts them: our own memory is gone after each.
pub fn panics() -> u32 {
    let count = Reflect::get(&js_sys::global(), &"__selvedge_panics".into())
        .ok()
        .and_then(|count| count.as_f64())
        .unwrap_or(0.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small count; the cast saturates"
    )]
    let count = count as u32;
    count
}
