//! An answer as a plain value: status, headers and body. The host makes its own response of it.

use std::borrow::Cow;

use serde::Serialize;

use crate::headers::{HeaderChanges, Headers};
use crate::host::Host;

/// One answer of the application.
pub struct Response<H: Host> {
    /// The status.
    pub status: u16,
    /// The headers. Of a [`Body::Prepared`] those that this answer alone has, of a [`Body::Page`] none.
    pub headers: Headers,
    /// The body. An answer to HEAD has that of a GET, which the host leaves out.
    pub body: Body<H>,
}

/// What an answer brings.
pub enum Body<H: Host> {
    /// Nothing.
    Empty,
    /// A text.
    Text(String),
    /// Bytes that lie on the host's side.
    Bytes(H::Bytes),
    /// What was prepared for being sent many times, with its headers.
    Prepared(H::Prepared),
    /// What a server behind answered.
    Page(Page<H>),
}

/// An answer of a server behind, with its status and headers.
pub struct Page<H: Host> {
    /// The answer.
    pub answer: H::Answer,
    /// How its headers are changed.
    pub changes: HeaderChanges,
    /// Its body.
    pub body: PageBody<H::Body>,
}

/// The body of a page.
pub enum PageBody<B> {
    /// The server's own, as it came.
    Untouched,
    /// Nothing: the request was a HEAD.
    Nothing,
    /// The server's, with its slots filled.
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
        // Our own types have string keys and no failing serializer, so this cannot fail; and if it ever did, an empty
        // object is still JSON.
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

    /// An answer whose JSON is already written.
    pub fn json_text(status: u16, text: String) -> Self {
        Self {
            body: Body::Text(text),
            ..Self::empty(status)
        }
        .with("content-type", "application/json")
    }

    /// An answer that was prepared. Headers that are set are those of this answer alone.
    pub fn prepared(prepared: &H::Prepared) -> Self {
        Self {
            status: 200,
            headers: Headers::new(),
            body: Body::Prepared(prepared.clone()),
        }
    }

    /// A page, with the status that its server gave it.
    pub fn page(status: u16, page: Page<H>) -> Self {
        Self {
            status,
            headers: Headers::new(),
            body: Body::Page(page),
        }
    }

    /// Sets a header, replacing an earlier value.
    pub fn set(&mut self, name: &'static str, value: impl Into<Cow<'static, str>>) {
        self.headers.set(name, value);
    }

    /// [`Response::set`] for building in one expression.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.set(name, value);
        self
    }
}
