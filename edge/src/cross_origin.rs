//! Cross-origin requests (CORS, the Fetch standard): pages of other origins that may use the API, by an allow-list of exact origins.
//!
//! With an empty list, the default, no answer has any of these headers and nothing is computed. A page of an origin that is not listed gets the
//! same answers without the headers, and its browser keeps them from it.

use crate::call::Call;
use crate::config::Config;
use crate::headers::Headers;
use crate::host::Host;
use crate::incoming::Incoming;
use crate::problem::Problem;
use crate::response::{Body, Response};
use crate::route;

/// Seconds for which a browser may remember a preflight: Chromium's limit. Firefox allows a day.
const PREFLIGHT_S: &str = "7200";
/// Request headers that the API reads and that a browser asks for.
const REQUEST_HEADERS: &str = "authorization, content-type, if-none-match, selvedge-key";
/// Headers of answers that a page may read, beside those that it always may.
const EXPOSED: &str = "age, cache-status, etag, retry-after, selvedge-fallback, selvedge-key, selvedge-model, selvedge-scope, \
                       selvedge-segment, server-timing";

/// The origin of the request's page, as the allow-list writes it; [`None`] if it is not listed, or the request names none.
fn allowed<'c, H: Host>(config: &'c Config, incoming: &Incoming<H>) -> Option<&'c str> {
    if config.allowed_origins.is_empty() {
        return None;
    }
    let origin = incoming.header("origin")?;
    let listed = config.allowed_origins.iter().find(|listed| **listed == *origin);
    listed.map(String::as_str)
}

/// Whether a page of a listed origin sent the request.
pub fn is_allowed<H: Host>(config: &Config, incoming: &Incoming<H>) -> bool {
    allowed(config, incoming).is_some()
}

/// The answer to a preflight for a path within the API; [`None`] if the request is none, or no origin is listed.
///
/// # Errors
/// The path is no resource of the API, or a page of an origin that is not listed asks.
pub fn preflight<H: Host>(call: &Call<'_, H>, path: &str) -> Option<Result<Response<H>, Problem>> {
    let (config, incoming) = (&call.app.config, call.incoming);
    if config.allowed_origins.is_empty() || incoming.method() != "OPTIONS" {
        return None;
    }
    incoming.header("access-control-request-method")?;
    let methods = match route::methods(path) {
        Some(methods) => methods,
        None => return Some(Err(Problem::no_such_path())),
    };
    if !is_allowed(config, incoming) {
        return Some(Err(Problem::origin(&incoming.header("origin").unwrap_or_default())));
    }
    let answer = Response::empty(204)
        .with("cache-control", "no-store")
        .with("access-control-allow-methods", methods)
        .with("access-control-allow-headers", REQUEST_HEADERS)
        .with("access-control-max-age", PREFLIGHT_S);
    Some(Ok(answer))
}

/// Adds to an answer of the API what lets a page of a listed origin read it. With a list, every answer varies on the origin; without one, none.
pub fn open<H: Host>(call: &Call<'_, H>, answer: &mut Response<H>) {
    let config = &call.app.config;
    if config.allowed_origins.is_empty() {
        return;
    }
    // A prepared answer has its own `Vary` already (`vary`), and these headers come with this one answer only.
    if !matches!(answer.body, Body::Prepared(_)) {
        vary(config, &mut answer.headers);
    }
    if let Some(origin) = allowed(config, call.incoming) {
        answer.set("access-control-allow-origin", origin.to_owned());
        answer.set("access-control-allow-credentials", "true");
        answer.set("access-control-expose-headers", EXPOSED);
    }
}

/// Adds `Origin` to `Vary`, if there is an allow-list.
pub fn vary(config: &Config, headers: &mut Headers) {
    if config.allowed_origins.is_empty() {
        return;
    }
    let both = match headers.get("vary") {
        None => "Origin".to_owned(),
        Some(vary) if vary.split(", ").any(|name| name == "Origin") => return,
        Some(vary) => [vary, ", Origin"].concat(),
    };
    headers.set("vary", both);
}
