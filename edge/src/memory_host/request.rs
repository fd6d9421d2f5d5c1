//! Requests of the host in memory.

use std::borrow::Cow;
use std::cell::RefCell;

use super::fields::{Fields, RawFields};
use super::streams::MemoryBody;
use crate::host::{HostError, Request};

/// A request of a client.
#[derive(Debug, Default)]
pub struct MemoryRequest {
    /// The method.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// The header fields.
    pub headers: Fields,
    /// Further fields, whose values need not be text. The application reads their text with U+FFFD for what is no UTF-8, as in workerd.
    pub raw_headers: RawFields,
    /// The body, until it is taken.
    pub body: RefCell<Option<Vec<u8>>>,
    /// A body that the test feeds, in the place of the other.
    pub fed: RefCell<Option<MemoryBody>>,
    /// Milliseconds by which the visitor's clock is ahead of UTC.
    pub local_offset_ms: i64,
    /// The client's address.
    pub client_address: Option<String>,
}

impl MemoryRequest {
    /// A request to the site `https://shop.example`.
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

    /// Adds a header whose value need not be text.
    #[must_use]
    pub fn with_raw(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.raw_headers.push((name.to_owned(), value.into()));
        self
    }

    /// A POST whose body the test feeds.
    #[must_use]
    pub fn post_fed(path_and_query: &str, body: MemoryBody) -> Self {
        Self {
            fed: RefCell::new(Some(body)),
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

    fn header_names(&self) -> Vec<String> {
        let raw = self.raw_headers.iter().map(|(name, _)| name);
        let all = self.headers.iter().map(|(name, _)| name).chain(raw);
        all.map(|name| name.to_ascii_lowercase()).collect()
    }

    fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let is_named = |known: &str| known.eq_ignore_ascii_case(name);
        let texts = self.headers.iter().map(|(known, value)| (known, Cow::from(value)));
        let raw = self
            .raw_headers
            .iter()
            .map(|(known, value)| (known, String::from_utf8_lossy(value)));
        let named = texts.chain(raw).filter(|(known, _)| is_named(known));
        let values: Vec<Cow<'_, str>> = named.map(|(_, value)| value).collect();
        (!values.is_empty()).then(|| values.join(", ").into())
    }

    fn client_address(&self) -> Option<Cow<'_, str>> {
        self.client_address.as_deref().map(Cow::from)
    }

    fn local_offset_ms(&self, _: u64) -> i64 {
        self.local_offset_ms
    }

    fn take_body(&self) -> Result<Option<MemoryBody>, HostError> {
        let fed = self.fed.take();
        Ok(fed.or_else(|| self.body.take().map(|bytes| MemoryBody::of([bytes]))))
    }
}
