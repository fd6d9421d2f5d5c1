//! Requests and answers of the host in memory.

use std::borrow::Cow;
use std::cell::RefCell;

use super::{MemoryBody, MemoryHost};
use crate::headers::HeaderChanges;
use crate::host::{ByteSource, HostError, OriginAnswer, Place, Request};
use crate::response::{Body, PageBody, Response};

/// Header fields as they were sent.
type Fields = Vec<(String, String)>;

fn field<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    let found = fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// Carries out changes of header fields.
pub(super) fn change(fields: &mut Fields, changes: &HeaderChanges) {
    let set = || changes.set.iter().map(|(name, _)| name);
    let goes = |name: &str| {
        changes
            .removed
            .iter()
            .chain(set())
            .any(|gone| gone.eq_ignore_ascii_case(name))
    };
    fields.retain(|(name, _)| !goes(name));
    let added = changes
        .set
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.to_string()));
    fields.extend(added);
}

/// A request.
#[derive(Debug, Default)]
pub struct MemoryRequest {
    /// The method.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// The header fields.
    pub headers: Fields,
    /// The body, until it is taken.
    pub body: RefCell<Option<Vec<u8>>>,
    /// How far the visitor's clock is ahead of UTC.
    pub local_offset_ms: i64,
}

impl MemoryRequest {
    /// Any request of the site `https://shop.example`.
    pub fn new(method: impl Into<String>, path_and_query: &str) -> Self {
        Self {
            method: method.into(),
            url: ["https://shop.example", path_and_query].concat(),
            ..Self::default()
        }
    }

    /// A GET.
    #[must_use]
    pub fn get(path_and_query: &str) -> Self {
        Self::new("GET", path_and_query)
    }

    /// A POST with a body.
    pub fn post(path_and_query: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: RefCell::new(Some(body.into())),
            ..Self::new("POST", path_and_query)
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl Request for MemoryRequest {
    type Body = MemoryBody;

    fn method(&self) -> &str {
        &self.method
    }

    fn url(&self) -> &str {
        &self.url
    }

    fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let named = self
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let values: Vec<&str> = named.map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", ").into())
    }

    fn local_offset_ms(&self, _: u64) -> i64 {
        self.local_offset_ms
    }

    fn take_body(&self) -> Result<Option<MemoryBody>, HostError> {
        Ok(self.body.take().map(|bytes| MemoryBody::of([bytes])))
    }
}

/// What the server behind was asked for.
#[derive(Clone, Debug)]
pub struct OriginCall {
    /// Who was asked.
    pub place: Place,
    /// The method.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// The header fields, as the server sees them.
    pub headers: Fields,
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

/// What a server behind answers.
pub struct MemoryAnswer {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: Fields,
    /// The body, until it is taken.
    pub body: RefCell<Option<MemoryBody>>,
    /// How long it takes to come, in milliseconds.
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

    fn take_body(&self) -> Result<Option<MemoryBody>, HostError> {
        Ok(self.body.take())
    }
}

/// An answer as a client gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: Fields,
    /// The body, as far as it came.
    pub body: Vec<u8>,
    /// Why the body broke off, if it did.
    pub broken: Option<HostError>,
}

impl Reply {
    /// Waits for the whole body of an answer.
    pub async fn whole(answer: Response<MemoryHost>, is_head: bool) -> Self {
        let (mut reply, stream) = Self::begun(answer);
        if let Some(mut stream) = stream.filter(|_| !is_head) {
            loop {
                match stream.next().await {
                    Ok(Some(piece)) => reply.body.extend(piece),
                    Ok(None) => break,
                    Err(reason) => {
                        reply.broken = Some(reason);
                        break;
                    }
                }
            }
        }
        if is_head {
            reply.body.clear();
        }
        reply
    }

    /// The head of an answer and what there is of its body; the rest comes as a stream.
    #[must_use]
    pub fn begun(answer: Response<MemoryHost>) -> (Self, Option<MemoryBody>) {
        let Response { status, headers, body } = answer;
        let own = |headers: &crate::Headers| -> Fields {
            let all = headers.iter();
            all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        let mut reply = Self {
            status,
            headers: own(&headers),
            body: Vec::new(),
            broken: None,
        };
        let mut stream = None;
        match body {
            Body::Empty => {}
            Body::Text(text) => reply.body = text.into_bytes(),
            Body::Bytes(bytes) => reply.body = bytes.0.to_vec(),
            Body::Prepared(prepared) => {
                let mut all = own(&prepared.headers.borrow());
                all.retain(|(name, _)| headers.get(name).is_none());
                all.append(&mut reply.headers);
                reply.headers = all;
                reply.body = prepared.body.0.to_vec();
            }
            Body::Page(page) => {
                reply.headers.clone_from(&page.answer.headers);
                change(&mut reply.headers, &page.changes);
                stream = match page.body {
                    PageBody::Untouched => page.answer.body.take(),
                    PageBody::Nothing => None,
                    PageBody::Rewritten(body) => Some(body),
                };
            }
        }
        (reply, stream)
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        field(&self.headers, name)
    }

    /// The body as text; what is no UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as JSON; null where it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The fall-backs that the answer names.
    #[must_use]
    pub fn fallbacks(&self) -> Vec<&str> {
        let named = self.header("selvedge-fallback").unwrap_or_default().split(", ");
        named.filter(|name| !name.is_empty()).collect()
    }

    /// The profile cookie that the answer sets.
    #[must_use]
    pub fn profile_cookie(&self) -> Option<&str> {
        let value = self.header("set-cookie")?.strip_prefix("selvedge=")?;
        value.split(';').next()
    }
}
