//! The location's cache: the Cache API.
//!
//! What is stored is an answer's JSON. The Cache API knows no stale windows, so an entry is stored for all of them together, and
//! when it was computed is told by a header of its own.

use js_sys::futures::JsFuture;
use js_sys::{Reflect, Uint8Array};
use selvedge_edge::host::{CachedAnswer, HostError, LocationCache};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Cache, Headers, Response, ResponseInit};

use crate::host::{Buffer, Cloudflare};
use crate::runtime::{failed, scope};

const STORED_AT: &str = "selvedge-stored-at";

impl LocationCache for Cloudflare {
    async fn find(&self, key: &str) -> Result<Option<CachedAnswer<Buffer>>, HostError> {
        find(key).await.map_err(failed)
    }

    async fn keep(&self, key: &str, answer: CachedAnswer<Buffer>, for_s: u32) -> Result<(), HostError> {
        keep(key, &answer, for_s).await.map_err(failed)
    }
}

/// An entry that we did not write counts as absent.
async fn find(key: &str) -> Result<Option<CachedAnswer<Buffer>>, JsValue> {
    let found = JsFuture::from(default_cache()?.match_with_str(&url(key))).await?;
    let Ok(response) = found.dyn_into::<Response>() else {
        return Ok(None);
    };
    let headers = response.headers();
    let stored_at_ms = headers.get(STORED_AT)?.and_then(|text| text.parse::<u64>().ok());
    let (Some(stored_at_ms), Some(etag)) = (stored_at_ms, headers.get("etag")?) else {
        return Ok(None);
    };
    let json = Uint8Array::new(&JsFuture::from(response.array_buffer()?).await?);
    Ok(Some(CachedAnswer {
        json: Buffer(json),
        etag,
        stored_at_ms,
    }))
}

async fn keep(key: &str, answer: &CachedAnswer<Buffer>, for_s: u32) -> Result<(), JsValue> {
    let headers = Headers::new()?;
    headers.set("content-type", "application/json")?;
    headers.set("cache-control", &["public, s-maxage=", &for_s.to_string()].concat())?;
    headers.set("etag", &answer.etag)?;
    headers.set(STORED_AT, &answer.stored_at_ms.to_string())?;
    let init = ResponseInit::new();
    init.set_headers(&headers);
    let response = Response::new_with_opt_buffer_source_and_init(Some(&answer.json.0), &init)?;
    JsFuture::from(default_cache()?.put_with_str(&url(key), &response)).await?;
    Ok(())
}

/// `worker::Cache` wraps the same object. It unwraps where the runtime has no such cache, copies each body into Wasm and back, and
/// its conversion of a response unwraps too.
fn default_cache() -> Result<Cache, JsValue> {
    let caches = scope().caches()?;
    let cache = Reflect::get(&caches, &"default".into())?;
    if cache.is_object() {
        Ok(cache.unchecked_into())
    } else {
        Err(JsValue::from_str("caches.default: not there"))
    }
}

/// The key as the URL that the Cache API wants. The host is reserved (RFC 2606) and belongs to nobody.
fn url(key: &str) -> String {
    ["https://selvedge.invalid/", key].concat()
}
