//! The edge cache: shared answers under the core's key, in the Cache API of this location.
//!
//! What is stored is the decision's JSON. How long it is fresh and how long it may serve stale is the core's to say; the
//! Cache API knows neither stale window, so an entry is stored for all of them together and its age is told by its own
//! header.

use js_sys::futures::JsFuture;
use js_sys::{Promise, Uint8Array};
use selvedge::cache::{CacheKey, Freshness};
use wasm_bindgen::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Headers, Response, ResponseInit};

use super::isolate_cache::Stored;

#[wasm_bindgen]
extern "C" {
    type EdgeCache;
    #[wasm_bindgen(thread_local_v2, js_namespace = caches, js_name = default)]
    static DEFAULT_CACHE: Option<EdgeCache>;
    #[wasm_bindgen(method, js_name = match, catch)]
    fn lookup(this: &EdgeCache, url: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, js_name = put, catch)]
    fn store(this: &EdgeCache, url: &str, response: &Response) -> Result<Promise, JsValue>;
}

const STORED_AT: &str = "selvedge-stored-at";

/// Looks for a stored answer; tells it with the Unix milliseconds of its computing. An entry that we did not write counts as
/// absent.
///
/// # Errors
/// What the runtime throws.
pub async fn get(key: &CacheKey) -> Result<Option<(Stored, u64)>, JsValue> {
    let promise = with_cache(|cache| cache.lookup(&url(key)))?;
    let Ok(response) = JsFuture::from(promise).await?.dyn_into::<Response>() else {
        return Ok(None);
    };
    let headers = response.headers();
    let stored_at_ms = headers.get(STORED_AT)?.and_then(|text| text.parse::<u64>().ok());
    let (Some(stored_at_ms), Some(etag)) = (stored_at_ms, headers.get("etag")?) else {
        return Ok(None);
    };
    let json = Uint8Array::new(&JsFuture::from(response.array_buffer()?).await?);
    Ok(Some((Stored::new(json, etag), stored_at_ms)))
}

/// Stores an answer.
///
/// # Errors
/// What the runtime throws.
pub async fn put(key: &CacheKey, freshness: &Freshness, stored: &Stored, now_ms: u64) -> Result<(), JsValue> {
    let headers = Headers::new()?;
    headers.set("content-type", "application/json")?;
    headers.set(
        "cache-control",
        &["public, s-maxage=", &freshness.kept_s().to_string()].concat(),
    )?;
    headers.set("etag", &stored.etag)?;
    headers.set(STORED_AT, &now_ms.to_string())?;
    let init = ResponseInit::new();
    init.set_headers(&headers);
    let response = Response::new_with_opt_buffer_source_and_init(Some(&stored.json), &init)?;
    JsFuture::from(with_cache(|cache| cache.store(&url(key), &response))?).await?;
    Ok(())
}

fn with_cache(call: impl FnOnce(&EdgeCache) -> Result<Promise, JsValue>) -> Result<Promise, JsValue> {
    DEFAULT_CACHE.with(|cache| match cache {
        Some(cache) => call(cache),
        None => Err(JsValue::from_str("caches.default: not there")),
    })
}

/// The key as the URL that the Cache API wants. The host is reserved (RFC 2606) and belongs to nobody.
fn url(key: &CacheKey) -> String {
    ["https://selvedge.invalid/", key.as_str()].concat()
}

/// A strong entity tag: FNV-1a of the body. Two different answers under one key are told apart but for one pair in 2⁶⁴.
pub fn etag(json: &str) -> String {
    let hash = json.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("\"{hash:016x}\"")
}

/// Whether `If-None-Match` names this entity tag (weak comparison, RFC 9110 section 13.1.2).
pub fn matches(if_none_match: &str, etag: &str) -> bool {
    if_none_match
        .split(',')
        .map(str::trim)
        .any(|candidate| candidate == "*" || candidate.strip_prefix("W/").unwrap_or(candidate) == etag)
}
