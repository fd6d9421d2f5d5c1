//! Where pages come from: a server behind, by `fetch`, or the static assets.

use js_sys::futures::JsFuture;
use js_sys::{Function, Object, Promise, Reflect};
use selvedge_edge::HeaderChanges;
use selvedge_edge::host::{HostError, Origin, OriginAnswer, OriginRequest, Place, ResolvedUrl};
use wasm_bindgen::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Headers, Request, Response};

use crate::host::{Cloudflare, failed};
use crate::request::Incoming;
use crate::runtime;
use crate::runtime::bindings::Assets;
use crate::runtime::streams::Body;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch, catch)]
    fn fetch_with(url: &str, init: &Object) -> Result<Promise, JsValue>;

    type AbortController;
    #[wasm_bindgen(constructor, catch)]
    fn new() -> Result<AbortController, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn signal(this: &AbortController) -> JsValue;
    #[wasm_bindgen(method, getter, js_name = abort)]
    fn abort_function(this: &AbortController) -> Function;

    #[wasm_bindgen(js_name = URL)]
    type Url;
    #[wasm_bindgen(constructor, js_class = "URL", catch)]
    fn new(url: &str, base: &str) -> Result<Url, JsValue>;
    #[wasm_bindgen(method, getter, js_class = "URL")]
    fn origin(this: &Url) -> String;
    #[wasm_bindgen(method, getter, js_class = "URL")]
    fn pathname(this: &Url) -> String;
    #[wasm_bindgen(method, getter, js_class = "URL")]
    fn search(this: &Url) -> String;
    #[wasm_bindgen(method, getter, js_class = "URL")]
    fn href(this: &Url) -> String;
}

const ASSETS: &str = "ASSETS";

/// What a server behind or the static assets answered.
pub struct Answer(pub Response);

impl OriginAnswer for Answer {
    type Body = Body;

    fn status(&self) -> u16 {
        self.0.status()
    }

    fn header(&self, name: &str) -> Option<String> {
        self.0.headers().get(name).ok().flatten()
    }

    fn take_body(&self) -> Result<Option<Body>, HostError> {
        Ok(self.0.body().map(Body::of))
    }
}

impl Origin for Cloudflare {
    type Answer = Answer;

    fn has_assets(&self) -> bool {
        Assets::named(&self.env, ASSETS).is_some()
    }

    async fn ask(&self, request: &Incoming, ask: OriginRequest<'_>) -> Result<Answer, HostError> {
        let answer = match ask.place {
            Place::Assets => self.asset(request.request(), &ask).await,
            Place::Server(_) => fetched(request, &ask).await,
        };
        answer.map(Answer).map_err(failed)
    }

    fn resolve(&self, url: &str, base: &str) -> Result<ResolvedUrl, HostError> {
        let url = Url::new(url, base).map_err(failed)?;
        Ok(ResolvedUrl {
            origin: url.origin(),
            path_and_query: [url.pathname(), url.search()].concat(),
            href: url.href(),
        })
    }
}

impl Cloudflare {
    async fn asset(&self, own: &Request, ask: &OriginRequest<'_>) -> Result<Response, JsValue> {
        let assets = Assets::named(&self.env, ASSETS).ok_or_else(|| JsValue::from_str("ASSETS: not bound"))?;
        if ask.is_own {
            return assets.answer(own).await;
        }
        assets.answer(&Request::new_with_str(ask.url)?).await
    }
}

async fn fetched(request: &Incoming, ask: &OriginRequest<'_>) -> Result<Response, JsValue> {
    let headers = changed(&request.request().headers(), ask.changes)?;
    let init = Object::new();
    let set = |name: &str, value: &JsValue| Reflect::set(&init, &JsValue::from_str(name), value);
    set("headers", &headers)?;
    // A redirect is the browser's to follow.
    set("redirect", &JsValue::from_str("manual"))?;
    if ask.is_own {
        set("method", &JsValue::from_str(request.request().method().as_str()))?;
        if let Some(body) = request.request().body() {
            set("body", &body)?;
        }
    }
    let mut timer = None;
    if let Some(ms) = ask.within_ms {
        let controller = AbortController::new()?;
        set("signal", &controller.signal())?;
        timer = Some(runtime::after(ms, &controller.abort_function().bind0(&controller)));
    }
    let answer = JsFuture::from(fetch_with(ask.url, &init)?).await;
    if let Some(timer) = timer {
        runtime::clear_timeout(&timer);
    }
    Ok(answer?.unchecked_into())
}

/// A copy of header fields with these changes.
///
/// # Errors
/// What the runtime throws.
pub fn changed(headers: &Headers, changes: &HeaderChanges) -> Result<Headers, JsValue> {
    let headers = Headers::new_with_headers(headers)?;
    for name in &changes.removed {
        headers.delete(name)?;
    }
    for (name, value) in &changes.set {
        headers.set(name, value)?;
    }
    Ok(headers)
}
