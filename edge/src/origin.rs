//! The server behind, as one request sees it: what it is asked for, and what it is told about the visitor.

use std::borrow::Cow;
use std::rc::Rc;

use crate::config::Config;
use crate::headers::HeaderChanges;
use crate::host::{Host, HostError, OriginAnswer, OriginRequest, Place};
use crate::incoming::Incoming;
use crate::visitor;

/// How long an included part may take to begin, in milliseconds.
const INCLUDE_MS: u32 = 2_000;

/// Headers by which a client, or a server in front that adds to what a client sent, says which site or page was asked for.
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
/// Headers of the page's request that are about the page itself, and not about its parts.
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

/// The server behind, as one request sees it.
pub struct Origin<H: Host> {
    host: H,
    incoming: Rc<Incoming<H>>,
    place: Place,
    /// What is told about the visitor, for the page and for its parts.
    changes: HeaderChanges,
}

impl<H: Host> Origin<H> {
    /// The origin; nothing where neither a server nor assets are there.
    pub fn of(host: &H, config: &Config, incoming: &Rc<Incoming<H>>) -> Option<Self> {
        let server = config.origin.clone().map(Place::Server);
        let place = server.or_else(|| host.has_assets().then_some(Place::Assets))?;
        Some(Self {
            changes: passed_on(incoming),
            host: host.clone(),
            incoming: Rc::clone(incoming),
            place,
        })
    }

    /// Whether pages are files among the static assets.
    pub fn is_assets(&self) -> bool {
        self.place == Place::Assets
    }

    /// The answer to the visitor's own request.
    ///
    /// # Errors
    /// No answer, for instance when the server cannot be reached.
    pub async fn answer(&self) -> Result<H::Answer, HostError> {
        let url = self.url(self.incoming.path_and_query());
        let ask = OriginRequest {
            place: &self.place,
            url: &url,
            is_own: true,
            changes: &self.changes,
            within_ms: None,
        };
        self.host.ask(self.incoming.request(), ask).await
    }

    /// A part of a page, by the URL that the page gives it, with that URL made absolute. Only of the same site: what a page of
    /// another one says is not for this one to vouch for.
    ///
    /// # Errors
    /// No answer, or not within [`INCLUDE_MS`]; a URL of another site; an answer other than 200.
    pub async fn part(&self, src: &str, base: &str) -> Result<(String, H::Answer), HostError> {
        let resolved = self.host.resolve(src, base)?;
        if resolved.origin != self.incoming.origin() {
            return Err(HostError::new("expected a URL of the same site"));
        }
        let mut changes = self.changes.clone();
        changes.removed.extend(OF_THE_PAGE);
        let url = self.url(&resolved.path_and_query);
        let ask = OriginRequest {
            place: &self.place,
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
        let site = match &self.place {
            Place::Server(server) => server,
            Place::Assets => self.incoming.origin(),
        };
        [site, path_and_query].concat()
    }
}

/// The request's headers without our own cookies, and with what the server cannot see: which site was asked for. Whatever a
/// client says about that itself is replaced, for a page made by it would be shown under our name.
fn passed_on<H: Host>(incoming: &Incoming<H>) -> HeaderChanges {
    let mut changes = HeaderChanges {
        removed: CLAIMS.to_vec(),
        set: Vec::with_capacity(4),
    };
    if let Some(cookies) = incoming.header("cookie") {
        let others = visitor::without_ours(&cookies);
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
    // What hosts can undo; of any other encoding the page could not be read.
    changes.set.push(("accept-encoding", Cow::Borrowed("gzip, br")));
    changes
}
