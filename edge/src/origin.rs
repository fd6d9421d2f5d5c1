//! Requests to the origin for a visitor's page and its included parts.

use std::rc::Rc;

use selvedge::html::{CONDITIONAL_HEADERS, is_decoded, is_html};

use crate::conditions::Target;
use crate::config::Config;
use crate::headers::HeaderChanges;
use crate::host::{Host, HostError, OriginAnswer, OriginKind, OriginRequest};
use crate::incoming::Incoming;
use crate::inner_address;
use crate::passed_on;

/// Milliseconds that an included part may take to begin.
const INCLUDE_MS: u32 = 2_000;

/// Headers that describe the body of the page's request, which its parts have none of.
const OF_THE_BODY: [&str; 4] = ["content-encoding", "content-language", "content-length", "content-type"];

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
            changes: passed_on::changes(incoming),
            host: host.clone(),
            incoming: Rc::clone(incoming),
            kind,
        })
    }

    /// Whether pages are the host's static assets.
    pub fn is_assets(&self) -> bool {
        self.kind == OriginKind::Assets
    }

    /// Passes on the visitor's own request, without the conditions that `target` withholds, and returns the answer. A part of a page by bytes
    /// is asked for again, whole: a page that may be filled has no ranges.
    ///
    /// # Errors
    /// The origin gave no answer, for instance because it cannot be reached.
    pub async fn answer(&self, target: Target) -> Result<H::Answer, HostError> {
        let url = self.url(self.incoming.path_and_query());
        let mut changes = self.changes.clone();
        changes.removed.extend(target.withheld().map(Into::into));
        let mut ask = OriginRequest {
            kind: &self.kind,
            url: &url,
            is_own: true,
            changes: &changes,
            within_ms: None,
        };
        let answer = self.host.ask(self.incoming.request(), ask.clone()).await?;
        let is_page = || is_html(&answer.header("content-type").unwrap_or_default());
        let is_partial = matches!(answer.status(), 206 | 416) && self.incoming.method() == "GET" && is_page();
        if !is_partial || !target.withholds() {
            return Ok(answer);
        }
        let without_ranges = changes_of_a_part(&self.changes);
        ask.is_own = false;
        ask.changes = &without_ranges;
        self.host.ask(self.incoming.request(), ask).await
    }

    /// Adds the changes to an answer that hide the origin's own address.
    pub fn hide_address(&self, answer: &H::Answer, changes: &mut HeaderChanges) {
        if let OriginKind::Server(server) = &self.kind {
            inner_address::hide(answer, server, &self.incoming.site(), changes);
        }
    }

    /// Asks for a part of a page. `src` is the URL in the page, relative to `base`. Returns it made absolute, and the answer. Parts of
    /// another site are refused, because their content would be shown as this site's own.
    ///
    /// # Errors
    /// No answer within [`INCLUDE_MS`], a URL of another site, a status other than 200, or a content coding that hosts do not decode.
    pub async fn part(&self, src: &str, base: &str) -> Result<(String, H::Answer), HostError> {
        let resolved = self.host.resolve(src, base)?;
        if resolved.origin != self.incoming.origin() {
            return Err(HostError::new("expected a URL of the same site"));
        }
        let changes = changes_of_a_part(&self.changes);
        let url = self.url(&resolved.path_and_query);
        let ask = OriginRequest {
            kind: &self.kind,
            url: &url,
            is_own: false,
            changes: &changes,
            within_ms: Some(INCLUDE_MS),
        };
        let answer = self.host.ask(self.incoming.request(), ask).await?;
        let coding = answer.header("content-encoding").unwrap_or_default();
        if !is_decoded(&coding) {
            return Err(HostError::new(
                ["content coding ", &coding, ", which cannot be read"].concat(),
            ));
        }
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

fn changes_of_a_part(of_the_page: &HeaderChanges) -> HeaderChanges {
    let mut changes = of_the_page.clone();
    let removed = OF_THE_BODY.into_iter().chain(CONDITIONAL_HEADERS);
    changes.removed.extend(removed.map(Into::into));
    changes
}
