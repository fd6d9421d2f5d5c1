//! An answer as a plain value: status, headers and body. The host makes its own response of it.

use std::borrow::Cow;

use serde::Serialize;

use crate::headers::{HeaderChanges, Headers};
use crate::host::Host;

/// One answer of the application.
pub struct Response<H: Host> {
    /// The status.
    pub status: u16,
    /// The headers. With a [`Body::Prepared`], only those that differ from the prepared ones; with a [`Body::Page`], none.
    pub headers: Headers,
    /// The body. An answer to HEAD has the same one as to GET, and the host leaves it out.
    pub body: Body<H>,
}

/// The body of an answer.
pub enum Body<H: Host> {
    /// No body.
    Empty,
    /// A text.
    Text(String),
    /// Bytes that lie on the host's side.
    Bytes(H::Bytes),
    /// An answer that the host prepared, with its headers.
    Prepared(H::Prepared),
    /// A page of the origin.
    Page(Page<H>),
}

/// An answer of the origin, with its status and headers.
pub struct Page<H: Host> {
    /// The origin's answer.
    pub answer: H::Answer,
    /// Changes to its headers.
    pub changes: HeaderChanges,
    /// Its body.
    pub body: PageBody<H::Body>,
}

/// The body of a page.
pub enum PageBody<B> {
    /// The origin's body, unchanged.
    Untouched,
    /// No body: the request was a HEAD, or its conditions are answered without one.
    Nothing,
    /// The origin's body, with its slots filled.
    Rewritten(B),
}

impl<H: Host> Response<H> {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Headers::with_room(),
            body: Body::Empty,
        }
    }

    /// A JSON answer.
    pub fn json<T: Serialize>(status: u16, value: &T) -> Self {
        // Only a map whose keys are not text, or a serializer of our own that fails, could fail here, and the application has neither.
        let text = serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned());
        Self::json_text(status, text)
    }

    /// An answer whose JSON lies on the host's side.
    pub fn json_bytes(status: u16, bytes: &H::Bytes) -> Self {
        Self {
            body: Body::Bytes(bytes.clone()),
            ..Self::empty(status)
        }
        .with("content-type", "application/json")
    }

    /// An answer whose JSON is already text.
    pub fn json_text(status: u16, text: String) -> Self {
        Self {
            body: Body::Text(text),
            ..Self::empty(status)
        }
        .with("content-type", "application/json")
    }

    /// A prepared answer, of status 200. Headers set on it replace those of the prepared answer.
    pub fn prepared(prepared: &H::Prepared) -> Self {
        Self {
            status: 200,
            headers: Headers::new(),
            body: Body::Prepared(prepared.clone()),
        }
    }

    /// A page, with the status that the origin gave it.
    pub fn page(status: u16, page: Page<H>) -> Self {
        Self {
            status,
            headers: Headers::new(),
            body: Body::Page(page),
        }
    }

    /// Sets a header, in the place of an earlier value.
    pub fn set(&mut self, name: &'static str, value: impl Into<Cow<'static, str>>) {
        self.headers.set(name, value);
    }

    /// Like [`Response::set`], for building an answer in one expression.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.set(name, value);
        self
    }
}
