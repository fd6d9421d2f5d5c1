//! The runtime's limit on requests of one client, by the binding `SELVEDGE_EVENT_LIMIT`.

use js_sys::futures::JsFuture;
use js_sys::{Object, Reflect};
use selvedge_edge::host::{HostError, RateLimit};
use wasm_bindgen::{JsCast, JsValue};
use worker::worker_sys::RateLimiter;

use crate::host::Cloudflare;
use crate::runtime::failed;

const BINDING: &str = "SELVEDGE_EVENT_LIMIT";

impl RateLimit for Cloudflare {
    async fn within_limit(&self, client: &str) -> Option<Result<bool, HostError>> {
        // Not by `Cloudflare::binding`: the class of this binding has one name in the network and another in local runs.
        let binding = Reflect::get(&self.env, &BINDING.into()).ok()?;
        if !binding.is_object() {
            return None;
        }
        Some(ask(binding.unchecked_ref(), client).await.map_err(failed))
    }
}

/// The call that `worker::RateLimiter::limit` wraps, without serde for an object of one text and one boolean.
async fn ask(limiter: &RateLimiter, client: &str) -> Result<bool, JsValue> {
    let options = Object::new();
    Reflect::set(&options, &"key".into(), &client.into())?;
    let outcome = JsFuture::from(limiter.limit(options)?).await?;
    // Only a clear `false` refuses: another object than a limiter is a fault of the configuration and not of the client.
    Ok(Reflect::get(&outcome, &"success".into())? != JsValue::FALSE)
}
