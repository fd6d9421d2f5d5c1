//! Requests to the origin for a visitor's page and its included parts, and which headers of the visitor's request it gets.

use std::borrow::Cow;
use std::rc::Rc;

use crate::config::Config;
use crate::cookies;
use crate::headers::HeaderChanges;
use crate::host::{Host, HostError, OriginAnswer, OriginKind, OriginRequest};
use crate::incoming::Incoming;

/// Milliseconds that an included part may take to begin.
const INCLUDE_MS: u32 = 2_000;

/// Headers in which a client could claim to have asked for another site or page. They are removed before the origin gets the request.
const CLAIMS: [&str; 18] = [
    "forwarded",
    "front-end-https",
    "x-forwarded-path",
    "x-forwarded-protocol",
    "x-forwarded-uri",
    "x-http-host-override",
    "x-http-method",
    "x-method-override",
    "x-original-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-forwarded-ssl",
    "x-host",
    "x-http-method-override",
    "x-original-url",
    "x-rewrite-url",
];
/// Headers of the page's request that make no sense for its parts: conditions, ranges and a description of the body.
const OF_THE_PAGE: [&str; 10] = [
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
];

/// The origin, together with the visitor's request that is passed on to it.
pub struct Origin<H: Host> {
    host: H,
    incoming: Rc<Incoming<H>>,
    kind: OriginKind,
    /// Changes to the headers of the visitor's request, for the page and its parts.
    changes: HeaderChanges,
}

impl<H: Host> Origin<H> {
    /// The configured server, or else the host's assets; [`None`] if there is neither.
    pub fn of(host: &H, config: &Config, incoming: &Rc<Incoming<H>>) -> Option<Self> {
        let server = config.origin.clone().map(OriginKind::Server);
        let kind = server.or_else(|| host.has_assets().then_some(OriginKind::Assets))?;
        Some(Self {
            changes: passed_on(incoming),
            host: host.clone(),
            incoming: Rc::clone(incoming),
            kind,
        })
    }

    /// Whether pages are the host's static assets.
    pub fn is_assets(&self) -> bool {
        self.kind == OriginKind::Assets
    }

    /// Passes on the visitor's own request and returns the answer.
    ///
    /// # Errors
    /// The origin gave no answer, for instance because it cannot be reached.
    pub async fn answer(&self) -> Result<H::Answer, HostError> {
        let url = self.url(self.incoming.path_and_query());
        let ask = OriginRequest {
            kind: &self.kind,
            url: &url,
            is_own: true,
            changes: &self.changes,
            within_ms: None,
        };
        self.host.ask(self.incoming.request(), ask).await
    }

    /// Asks for a part of a page. `src` is the URL in the page, relative to `base`. Returns it made absolute, and the answer. Parts of
    /// another site are refused, because their content would be shown as this site's own.
    ///
    /// # Errors
    /// No answer within [`INCLUDE_MS`], a URL of another site, or a status other than 200.
    pub async fn part(&self, src: &str, base: &str) -> Result<(String, H::Answer), HostError> {
        let resolved = self.host.resolve(src, base)?;
        if resolved.origin != self.incoming.origin() {
            return Err(HostError::new("expected a URL of the same site"));
        }
        let mut changes = self.changes.clone();
        changes.removed.extend(OF_THE_PAGE);
        let url = self.url(&resolved.path_and_query);
        let ask = OriginRequest {
            kind: &self.kind,
            url: &url,
            is_own: false,
            changes: &changes,
            within_ms: Some(INCLUDE_MS),
        };
        let answer = self.host.ask(self.incoming.request(), ask).await?;
        match answer.status() {
            200 => Ok((resolved.href, answer)),
            status => Err(HostError::new(["status ", &status.to_string()].concat())),
        }
    }

    fn url(&self, path_and_query: &str) -> String {
        let site = match &self.kind {
            OriginKind::Server(server) => server,
            OriginKind::Assets => self.incoming.origin(),
        };
        [site, path_and_query].concat()
    }
}

/// Changes to the visitor's headers for the origin: Selvedge's own cookies are removed, and `X-Forwarded-Host` and `-Proto` say which site
/// was asked for. All other such claims of a client are removed: an origin that believed them could build a page for another host, which
/// would then be shown under this one.
fn passed_on<H: Host>(incoming: &Incoming<H>) -> HeaderChanges {
    let mut changes = HeaderChanges {
        removed: CLAIMS.to_vec(),
        set: Vec::with_capacity(4),
    };
    if let Some(cookies) = incoming.header("cookie") {
        let others = cookies::without_ours(&cookies);
        if others.is_empty() {
            changes.removed.push("cookie");
        } else {
            changes.set.push(("cookie", others.into()));
        }
    }
    let (scheme, host) = incoming.origin().split_once("://").unwrap_or(("https", ""));
    for (name, value) in [("x-forwarded-host", host), ("x-forwarded-proto", scheme)] {
        changes.set.push((name, value.to_owned().into()));
    }
    // The encodings that hosts can decode. A page in any other one could not be rewritten.
    changes.set.push(("accept-encoding", Cow::Borrowed("gzip, br")));
    changes
}
