//! An incoming request, as the host gives it.

use std::borrow::Cow;

use super::HostError;
use super::streams::ByteSource;

/// The head of a request, and its body.
///
/// The application reads a header only when it needs it, because in workerd each header is a call from Wasm into JavaScript.
pub trait Request: 'static {
    /// The body's type.
    type Body: ByteSource;

    /// The method, as it was sent.
    fn method(&self) -> &str;

    /// The whole URL, absolute and normalised: `scheme://host[:port]/path?query`.
    fn url(&self) -> &str;

    /// The names of all header fields, in lower case.
    fn header_names(&self) -> Vec<String>;

    /// A header's value, by its name in lower case. [`None`] if it was not sent. Several fields of one name are joined by `, `. Bytes that the host
    /// cannot tell as text are U+FFFD.
    fn header(&self, name: &str) -> Option<Cow<'_, str>>;

    /// The address of the client, as the host's own network tells it. [`None`] if the host does not know it: a header that a client could
    /// have sent does not count.
    fn client_address(&self) -> Option<Cow<'_, str>> {
        None
    }

    /// Milliseconds by which the visitor's clock is ahead of UTC at `now_ms` (Unix milliseconds); 0 if the time zone of the connection is
    /// unknown.
    fn local_offset_ms(&self, now_ms: u64) -> i64;

    /// The body; [`None`] if there is none, or if it was taken before.
    ///
    /// # Errors
    /// The body cannot be read.
    fn take_body(&self) -> Result<Option<Self::Body>, HostError>;
}
