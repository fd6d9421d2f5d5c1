//! Where pages come from: a server behind, by `fetch`, or the static assets.

use js_sys::futures::JsFuture;
use js_sys::{Function, Promise, Reflect};
use selvedge_edge::HeaderChanges;
use selvedge_edge::host::{HostError, Origin, OriginAnswer, OriginKind, OriginRequest, ResolvedUrl};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortController, Headers, Request, RequestInit, RequestRedirect, Response, Url};
use worker::Fetcher;
use worker::worker_sys::Fetcher as RawFetcher;

use crate::host::Cloudflare;
use crate::request::Incoming;
use crate::runtime::{after, failed, scope};
use crate::shortcuts;
use crate::streams::Body;

/// The name of the binding of the static assets.
pub const ASSETS: &str = "ASSETS";

/// What a server behind or the static assets answered.
///
/// The runtime's own object and not `worker::Response`: one that is handed on must be the same one. workers-rs would make another of
/// its parts, and unwraps what the runtime throws for a status that only a server can have sent.
pub struct Answer(pub Response);

impl OriginAnswer for Answer {
    type Body = Body;

    fn status(&self) -> u16 {
        self.0.status()
    }

    fn header(&self, name: &str) -> Option<String> {
        self.0.headers().get(name).ok().flatten()
    }

    fn set_cookies(&self) -> Vec<String> {
        shortcuts::set_cookies(&self.0).lines().map(str::to_owned).collect()
    }

    fn take_body(&self) -> Result<Option<Body>, HostError> {
        Ok(self.0.body().map(Body::of))
    }
}

impl Origin for Cloudflare {
    type Answer = Answer;

    fn has_assets(&self) -> bool {
        matches!(self.binding::<Fetcher>(ASSETS), Ok(Some(_)))
    }

    async fn ask(&self, request: &Incoming, ask: OriginRequest<'_>) -> Result<Answer, HostError> {
        let answer = match ask.kind {
            OriginKind::Assets => {
                let assets = self.binding::<Fetcher>(ASSETS)?;
                let assets = assets.ok_or_else(|| HostError::new("ASSETS: not bound"))?;
                asset(assets.into_rpc(), request.request(), &ask).await
            }
            OriginKind::Server(_) => fetched(request, &ask).await,
        };
        answer.map(Answer).map_err(failed)
    }

    fn resolve(&self, url: &str, base: &str) -> Result<ResolvedUrl, HostError> {
        let url = Url::new_with_base(url, base).map_err(failed)?;
        Ok(ResolvedUrl {
            origin: url.origin(),
            path_and_query: [url.pathname(), url.search()].concat(),
            href: url.href(),
        })
    }
}

async fn asset(assets: RawFetcher, own: &Request, ask: &OriginRequest<'_>) -> Result<Response, JsValue> {
    let promise = if ask.is_own {
        let init = RequestInit::new();
        let headers = changed(&own.headers(), ask.changes)?;
        init.set_headers(&headers);
        assets.fetch(&Request::new_with_request_and_init(own, &init)?)
    } else {
        assets.fetch_with_str(ask.url)
    };
    answered(promise?).await
}

async fn fetched(request: &Incoming, ask: &OriginRequest<'_>) -> Result<Response, JsValue> {
    let init = RequestInit::new();
    let own = request.request();
    let headers = changed(&own.headers(), ask.changes)?;
    init.set_headers(&headers);
    // A redirect is the browser's to follow.
    init.set_redirect(RequestRedirect::Manual);
    let asked = if ask.is_own {
        // The runtime refuses a body given for a GET, but copies a GET that has one.
        Request::new_with_str_and_init(ask.url, own.unchecked_ref())?
    } else {
        Request::new_with_str(ask.url)?
    };
    let mut timer = None;
    if let Some(ms) = ask.within_ms {
        let controller = AbortController::new()?;
        init.set_signal(Some(&controller.signal()));
        let abort: Function = Reflect::get(&controller, &"abort".into())?.unchecked_into();
        timer = Some(after(ms, &abort.bind0(&controller))?);
    }
    let answer = answered(scope().fetch_with_request_and_init(&asked, &init)).await;
    if let Some(timer) = timer {
        scope().clear_timeout_with_handle(timer);
    }
    answer
}

/// The response that a promise comes to.
///
/// # Errors
/// What the runtime rejects it with.
pub async fn answered(promise: Promise) -> Result<Response, JsValue> {
    JsFuture::from(promise).await?.dyn_into()
}

/// A copy of header fields with these changes. Fields that they do not name are copied by the runtime, byte for byte.
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
    for (name, value) in &changes.added {
        headers.append(name, value)?;
    }
    Ok(headers)
}
