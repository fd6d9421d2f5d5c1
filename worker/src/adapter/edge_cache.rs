//! The edge cache: shared answers under the core's key, in the Cache API of this location.
//!
//! What is stored is the decision's JSON. How long it is fresh and how long it may serve stale is the core's to say; the
//! Cache API knows neither stale window, so an entry is stored for all of them together and its age is told by its own
//! header.

use std::cell::RefCell;

use selvedge::cache::{CacheKey, Freshness, State};
use worker::js_sys::{Promise, Uint8Array};
use worker::wasm_bindgen::prelude::*;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{Headers, ReadableStream, Response, ResponseInit};

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

/// A stored answer.
pub struct Stored {
    /// The decision's JSON, not read yet.
    pub body: ReadableStream,
    /// Its entity tag, quotes included.
    pub etag: String,
    /// Seconds until it stops being fresh; negative where it is stale already.
    pub ttl_s: i64,
    /// What the core says about an answer of that age.
    pub state: State,
}

/// Looks for a stored answer. An entry that is past all its windows, or that we did not write, counts as absent.
///
/// # Errors
/// What the runtime throws.
pub async fn get(key: &CacheKey, freshness: &Freshness, now_ms: u64) -> Result<Option<Stored>, JsValue> {
    let promise = with_cache(|cache| cache.lookup(&url(key)))?;
    let Ok(response) = JsFuture::from(promise).await?.dyn_into::<Response>() else {
        return Ok(None);
    };
    let headers = response.headers();
    let stored_at_ms = headers.get(STORED_AT)?.and_then(|text| text.parse::<u64>().ok());
    let (Some(stored_at_ms), Some(etag), Some(body)) = (stored_at_ms, headers.get("etag")?, response.body()) else {
        return Ok(None);
    };
    let age_s = u32::try_from(now_ms.saturating_sub(stored_at_ms) / 1000).unwrap_or(u32::MAX);
    let state = freshness.state(age_s);
    if state == State::Expired {
        return Ok(None);
    }
    Ok(Some(Stored {
        body,
        etag,
        ttl_s: i64::from(freshness.ttl_s) - i64::from(age_s),
        state,
    }))
}

/// Stores an answer.
///
/// # Errors
/// What the runtime throws.
pub async fn put(url: &str, freshness: &Freshness, json: &str, etag: &str, now_ms: u64) -> Result<(), JsValue> {
    let headers = Headers::new()?;
    headers.set("content-type", "application/json")?;
    headers.set(
        "cache-control",
        &["public, s-maxage=", &freshness.kept_s().to_string()].concat(),
    )?;
    headers.set("etag", etag)?;
    headers.set(STORED_AT, &now_ms.to_string())?;
    let init = ResponseInit::new();
    init.set_headers(&headers);
    let bytes = Uint8Array::new_from_slice(json.as_bytes());
    let response = Response::new_with_opt_buffer_source_and_init(Some(&bytes), &init)?;
    JsFuture::from(with_cache(|cache| cache.store(url, &response))?).await?;
    Ok(())
}

fn with_cache(call: impl FnOnce(&EdgeCache) -> Result<Promise, JsValue>) -> Result<Promise, JsValue> {
    DEFAULT_CACHE.with(|cache| match cache {
        Some(cache) => call(cache),
        None => Err(JsValue::from_str("caches.default: not there")),
    })
}

/// The key as the URL that the Cache API wants. The host is reserved (RFC 2606) and belongs to nobody.
pub fn url(key: &CacheKey) -> String {
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

/// How long one isolate leaves the renewal of an entry to the request that began it.
const REVALIDATION_MS: u64 = 10_000;

thread_local! {
    static UNDER_WAY: RefCell<Vec<(String, u64)>> = const { RefCell::new(Vec::new()) };
}

/// Whether this request shall renew the entry: false while another one of this isolate does. A claim ends by itself, for
/// the runtime may stop a request before it ends it.
pub fn begin_revalidation(key: &CacheKey, now_ms: u64) -> bool {
    UNDER_WAY.with_borrow_mut(|claims| {
        claims.retain(|(_, since_ms)| now_ms < since_ms.saturating_add(REVALIDATION_MS));
        let url = url(key);
        let free = claims.iter().all(|(claimed, _)| *claimed != url);
        if free {
            claims.push((url, now_ms));
        }
        free
    })
}

/// Gives the claim back.
pub fn end_revalidation(url: &str) {
    UNDER_WAY.with_borrow_mut(|claims| claims.retain(|(claimed, _)| claimed != url));
}
