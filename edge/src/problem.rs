//! RFC 9457 problem documents: every error of the API, with what was read, what was expected and found, and what to do.

use std::borrow::Cow;

use serde::Serialize;

use crate::host::Host;
use crate::response::Response;

/// Seconds after which a request that was refused for lack of memory may be sent again.
const RETRY_AFTER_S: &str = "2";

/// An error answer: the client's fault (4xx), an origin that does not answer (502), or too many requests under way (503).
#[derive(Clone, Debug)]
pub struct Problem {
    status: u16,
    slug: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
    /// A header that tells the client what to do instead.
    header: Option<(&'static str, &'static str)>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
}

impl Problem {
    fn new(status: u16, slug: &'static str, title: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            slug,
            title,
            detail: detail.into(),
            header: None,
        }
    }

    /// 404: no resource has this path.
    pub fn no_such_path() -> Self {
        Self::new(
            404,
            "no-such-path",
            "No such path",
            "expected one of /v1/recommend/{slot}, /v1/key/{slot}, /v1/similar/{item}, /v1/rank, /v1/events, /v1/profile, /healthz, /readyz",
        )
    }

    /// 405: the path exists, but not with this method. `allow` lists the methods that it has.
    pub fn method(found: &str, allow: &'static str) -> Self {
        let mut problem = Self::new(
            405,
            "method-not-allowed",
            "Method not allowed",
            format!("method: expected {allow}, found {found}"),
        );
        problem.header = Some(("allow", allow));
        problem
    }

    /// 415: the body is compressed. `Accept-Encoding` says what is read (RFC 7694, section 3).
    pub fn compressed(found: &str) -> Self {
        let mut problem = Self::new(
            415,
            "compressed-body",
            "Compressed body",
            format!(
                "Content-Encoding: expected a body that is not compressed, found {:?}; send it as it is",
                shortened(found)
            ),
        );
        problem.header = Some(("accept-encoding", "identity"));
        problem
    }

    /// 403: a page asks before a request (preflight) whose origin may not use the API.
    pub fn origin(found: &str) -> Self {
        Self::new(
            403,
            "origin-not-allowed",
            "Origin not allowed",
            format!(
                "Origin: expected one of SELVEDGE_ALLOWED_ORIGINS, found {:?}; add it there if its pages shall use this API",
                shortened(found)
            ),
        )
    }

    /// 400: a parameter of the path or the query has a wrong value.
    pub fn parameter(name: &str, expected: &str, found: &str) -> Self {
        Self::new(
            400,
            "bad-parameter",
            "Bad parameter",
            format!("{name}: expected {expected}, found {:?}", shortened(found)),
        )
    }

    /// 400: the core refused the request. `reason` is its message.
    pub fn request(reason: String) -> Self {
        Self::new(400, "bad-parameter", "Bad parameter", reason)
    }

    /// 404: the snapshot has no such slot. `reason` is the core's message.
    pub fn no_such_slot(reason: String) -> Self {
        Self::new(404, "no-such-slot", "No such slot", reason)
    }

    /// 404: the snapshot has no such item. `reason` is the core's message.
    pub fn no_such_item(reason: String) -> Self {
        Self::new(404, "no-such-item", "No such item", reason)
    }

    /// 400: the body is not JSON of the expected shape.
    pub fn body(expected: &str, found: &dyn std::fmt::Display) -> Self {
        Self::new(
            400,
            "bad-body",
            "Bad body",
            format!("body: expected {expected}, found: {found}"),
        )
    }

    /// 413: the body is longer than `limit_bytes`.
    pub fn too_long(limit_bytes: usize) -> Self {
        Self::new(
            413,
            "body-too-long",
            "Body too long",
            format!("body: expected at most {limit_bytes} bytes, found more; send it in parts"),
        )
    }

    /// 429: the client has sent more requests than the host's limit allows.
    pub fn too_many() -> Self {
        let mut problem = Self::new(
            429,
            "too-many-requests",
            "Too many requests",
            "requests: expected fewer from this address; send events in batches of up to 100, and wait before the next",
        );
        // The host does not say when its limit lets requests pass again. A minute is the longer one of the two periods that Cloudflare has.
        problem.header = Some(("retry-after", "60"));
        problem
    }

    /// 408: the body did not come in time.
    pub fn too_slow(within_ms: u32, found_bytes: usize) -> Self {
        Self::new(
            408,
            "body-too-slow",
            "Body too slow",
            format!(
                "body: expected all of it within {} seconds, found {found_bytes} bytes; send the request again",
                within_ms / 1000
            ),
        )
    }

    /// 503: the requests under way hold all the memory that they may hold together.
    pub fn busy() -> Self {
        let mut problem = Self::new(
            503,
            "busy",
            "Busy",
            "memory: expected room for this request's body, found none beside the requests under way; nothing was stored: send the request again after the seconds of Retry-After",
        );
        problem.header = Some(("retry-after", RETRY_AFTER_S));
        problem
    }

    /// 502: the origin gave no answer.
    pub fn no_origin(reason: &str) -> Self {
        Self::new(
            502,
            "no-origin",
            "Server behind not reached",
            format!("SELVEDGE_ORIGIN: expected an answer of the server that it names, found: {reason}"),
        )
    }

    /// 403: a page of another site sent a write. `header` is the header that shows it.
    pub fn cross_site(header: &str, found: &str) -> Self {
        Self::new(
            403,
            "cross-site",
            "Cross-site write",
            format!(
                "{header}: expected this site's own origin or one of SELVEDGE_ALLOWED_ORIGINS, found {:?}; only their pages write profiles",
                shortened(found)
            ),
        )
    }

    /// The answer that carries this problem. `instance` is the request's path.
    pub fn answer<H: Host>(&self, instance: &str) -> Response<H> {
        let document = Document {
            r#type: ["https://selvedge.dev/problems/", self.slug].concat(),
            title: self.title,
            status: self.status,
            detail: &self.detail,
            instance,
        };
        let mut answer = Response::json(self.status, &document);
        answer.set("content-type", "application/problem+json");
        answer.set("cache-control", "no-store");
        // A problem repeats text that a client sent, so browsers must not guess another type for it. Other answers need no such header: they
        // hold the catalogue's texts, and browsers do not sniff JSON (WHATWG MIME Sniffing).
        answer.set("x-content-type-options", "nosniff");
        if let Some((name, value)) = self.header {
            answer.set(name, value);
        }
        answer
    }
}

/// The first 80 characters of what a client sent.
pub fn shortened(text: &str) -> String {
    const SHOWN_CHARS: usize = 80;
    let mut short: String = text.chars().take(SHOWN_CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
