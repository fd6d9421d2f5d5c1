//! The location's cache: the Cache API.
//!
//! The host name of each key is that of the request: Cloudflare advises the host name of one's own zone, because others cost a DNS lookup and
//! are cached less well. The cache is a named one, so that no page that the site's own cache keeps can stand under our keys.
//!
//! What is stored is an answer's JSON. The Cache API knows no stale windows, so an entry is stored for all of them together, and
//! when it was computed is told by a header of its own.

use js_sys::Uint8Array;
use js_sys::futures::JsFuture;
use selvedge_edge::host::{CachedAnswer, HostError, LocationCache};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Cache, Headers, Response, ResponseInit};

use crate::host::{Buffer, Cloudflare};
use crate::runtime::{failed, scope};

const STORED_AT: &str = "selvedge-stored-at";

impl LocationCache for Cloudflare {
    async fn find(&self, key: &str) -> Result<Option<CachedAnswer<Buffer>>, HostError> {
        find(&self.url(key)).await.map_err(failed)
    }

    async fn keep(&self, key: &str, answer: CachedAnswer<Buffer>, for_s: u32) -> Result<(), HostError> {
        keep(&self.url(key), &answer, for_s).await.map_err(failed)
    }
}

impl Cloudflare {
    /// The key as the URL that the Cache API wants.
    fn url(&self, key: &str) -> String {
        [self.site(), "/selvedge-cache/", key].concat()
    }
}

/// An entry that we did not write counts as absent.
async fn find(url: &str) -> Result<Option<CachedAnswer<Buffer>>, JsValue> {
    let found = JsFuture::from(cache().await?.match_with_str(url)).await?;
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

async fn keep(url: &str, answer: &CachedAnswer<Buffer>, for_s: u32) -> Result<(), JsValue> {
    let headers = Headers::new()?;
    headers.set("content-type", "application/json")?;
    headers.set("cache-control", &["public, s-maxage=", &for_s.to_string()].concat())?;
    headers.set("etag", &answer.etag)?;
    headers.set(STORED_AT, &answer.stored_at_ms.to_string())?;
    let init = ResponseInit::new();
    init.set_headers(&headers);
    let response = Response::new_with_opt_buffer_source_and_init(Some(&answer.json.0), &init)?;
    JsFuture::from(cache().await?.put_with_str(url, &response)).await?;
    Ok(())
}

/// `worker::Cache` wraps the same object. It unwraps where the runtime has no such cache, copies each body into Wasm and back, and
/// its conversion of a response unwraps too.
async fn cache() -> Result<Cache, JsValue> {
    JsFuture::from(scope().caches()?.open("selvedge")).await?.dyn_into()
}
