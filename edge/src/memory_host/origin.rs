//! The origin of the host in memory: a function of the test answers its requests.

use std::cell::RefCell;

use super::fields::{Fields, RawFields, change, change_raw, field};
use super::request::MemoryRequest;
use super::streams::MemoryBody;
use super::{MemoryHost, waiting};
use crate::host::{HostError, Origin, OriginAnswer, OriginKind, OriginRequest, ResolvedUrl};

/// A request that the origin got.
#[derive(Clone, Debug)]
pub struct OriginCall {
    /// Which origin: a server or the static files.
    pub kind: OriginKind,
    /// The method.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// The header fields, as the server sees them.
    pub headers: Fields,
    /// Further fields, whose values need not be text.
    pub raw_headers: RawFields,
    /// The body.
    pub body: Vec<u8>,
}

impl OriginCall {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        field(&self.headers, name)
    }

    /// The path, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        let path = self.path_and_query();
        path.split('?').next().unwrap_or_default()
    }

    /// Path and query.
    #[must_use]
    pub fn path_and_query(&self) -> &str {
        let host_at = self.url.find("://").map_or(0, |at| at + 3);
        let path_at = self.url[host_at..].find('/').map_or(self.url.len(), |at| host_at + at);
        &self.url[path_at..]
    }
}

/// An answer of the origin.
pub struct MemoryAnswer {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: Fields,
    /// The body, until it is taken.
    pub body: RefCell<Option<MemoryBody>>,
    /// Milliseconds before it begins.
    pub after_ms: u32,
}

impl MemoryAnswer {
    /// An answer with a body.
    #[must_use]
    pub fn new(status: u16, content_type: &str, body: MemoryBody) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: RefCell::new(Some(body)),
            after_ms: 0,
        }
    }

    /// A page of HTML.
    pub fn html(text: impl Into<String>) -> Self {
        let body = MemoryBody::of([text.into().into_bytes()]);
        Self::new(200, "text/html; charset=utf-8", body)
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl OriginAnswer for MemoryAnswer {
    type Body = MemoryBody;

    fn status(&self) -> u16 {
        self.status
    }

    fn header(&self, name: &str) -> Option<String> {
        field(&self.headers, name).map(str::to_owned)
    }

    fn set_cookies(&self) -> Vec<String> {
        let named = self
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        named.map(|(_, value)| value.clone()).collect()
    }

    fn take_body(&self) -> Result<Option<MemoryBody>, HostError> {
        Ok(self.body.take())
    }
}

impl Origin for MemoryHost {
    type Answer = MemoryAnswer;

    fn has_assets(&self) -> bool {
        self.has_assets.get()
    }

    async fn ask(&self, request: &MemoryRequest, ask: OriginRequest<'_>) -> Result<MemoryAnswer, HostError> {
        waiting::turn(self).await;
        let mut call = OriginCall {
            kind: ask.kind.clone(),
            method: "GET".to_owned(),
            url: ask.url.to_owned(),
            headers: request.headers.clone(),
            raw_headers: request.raw_headers.clone(),
            body: Vec::new(),
        };
        change(&mut call.headers, ask.changes);
        change_raw(&mut call.raw_headers, ask.changes);
        if ask.is_own {
            call.method.clone_from(&request.method);
            call.body = request.body.take().unwrap_or_default();
        }
        self.origin_calls.borrow_mut().push(call.clone());
        let answer = match &*self.origin.borrow() {
            Some(answer) => answer(&call),
            None => Err(HostError::new("connection refused")),
        }?;
        match ask.within_ms {
            Some(within_ms) if answer.after_ms > within_ms => {
                self.sleep(within_ms).await;
                Err(HostError::new("timed out"))
            }
            _ => {
                self.sleep(answer.after_ms).await;
                Ok(answer)
            }
        }
    }

    fn resolve(&self, url: &str, base: &str) -> Result<ResolvedUrl, HostError> {
        let failed = |error: url::ParseError| HostError::new(error.to_string());
        let base = url::Url::parse(base).map_err(failed)?;
        let url = base.join(url).map_err(failed)?;
        Ok(ResolvedUrl {
            origin: url.origin().ascii_serialization(),
            path_and_query: url[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
            href: url.into(),
        })
    }
}
