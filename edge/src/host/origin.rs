//! The origin, which pages come from: the server behind the application, or the host's static assets.

use super::HostError;
use super::runtime::Runtime;
use super::streams::ByteSource;
use crate::headers::HeaderChanges;

/// A request to the origin, for a page or a part of one.
#[derive(Clone, Debug)]
pub struct OriginRequest<'a> {
    /// Which origin is asked.
    pub kind: &'a OriginKind,
    /// Absolute URL: of the server that is asked, or of the visitor's own site for assets.
    pub url: &'a str,
    /// True for the visitor's own request, whose method and body are passed on, whatever they are (a GET may have a body); false for a GET
    /// without a body.
    pub is_own: bool,
    /// Changes to the headers of the visitor's request before the origin gets them. Fields that they do not name pass byte for byte.
    pub changes: &'a HeaderChanges,
    /// How long the answer may take to begin, in milliseconds; [`None`] for no limit.
    pub within_ms: Option<u32>,
}

/// Where pages come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginKind {
    /// A server: scheme, host and port.
    Server(String),
    /// The host's static files.
    Assets,
}

/// An answer of the origin.
pub trait OriginAnswer: 'static {
    /// The body's type.
    type Body: ByteSource;

    /// The HTTP status.
    fn status(&self) -> u16;

    /// A header's value, by its name in lower case.
    fn header(&self, name: &str) -> Option<String>;

    /// The value of each `Set-Cookie`.
    fn set_cookies(&self) -> Vec<String>;

    /// The body, decoded from the content codings `gzip` and `br`; [`None`] if there is none, or if it was taken before. A body that ends too early
    /// gives all bytes that can be decoded, and then its error.
    ///
    /// # Errors
    /// The body cannot be read.
    fn take_body(&self) -> Result<Option<Self::Body>, HostError>;
}

/// A URL that was made absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedUrl {
    /// Scheme, host and port.
    pub origin: String,
    /// Path and query.
    pub path_and_query: String,
    /// The whole URL.
    pub href: String,
}

/// Sends requests to the origin.
pub trait Origin: Runtime {
    /// An answer of the origin.
    type Answer: OriginAnswer<Body = Self::Body>;

    /// Whether the host has static files.
    fn has_assets(&self) -> bool;

    /// Asks for a page or a part of one. Redirects are not followed, but passed on to the browser.
    ///
    /// # Errors
    /// No answer came, or not in time.
    async fn ask(&self, request: &Self::Request, ask: OriginRequest<'_>) -> Result<Self::Answer, HostError>;

    /// Makes a URL absolute by the URL standard (WHATWG).
    ///
    /// # Errors
    /// The text is no URL.
    fn resolve(&self, url: &str, base: &str) -> Result<ResolvedUrl, HostError>;
}
