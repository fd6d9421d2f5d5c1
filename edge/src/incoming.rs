//! The incoming request: path, query and headers.

use std::borrow::Cow;
use std::ops::Range;

use form_urlencoded::Parse;
use percent_encoding::percent_decode_str;
use selvedge::profile::cookie::Scheme;

use crate::host::{Host, Request};
use crate::problem::Problem;

/// An incoming request.
pub struct Incoming<H: Host> {
    request: H::Request,
    /// Byte range of the path in the URL.
    path: Range<usize>,
}

impl<H: Host> Incoming<H> {
    /// Wraps the host's request.
    pub fn new(request: H::Request) -> Self {
        Self {
            path: path_of(request.url()),
            request,
        }
    }

    /// The method, as it was sent.
    pub fn method(&self) -> &str {
        self.request.method()
    }

    /// The host's request.
    pub fn request(&self) -> &H::Request {
        &self.request
    }

    /// The whole URL.
    pub fn url(&self) -> &str {
        self.request.url()
    }

    /// Path and query, percent-encoded as they were sent.
    pub fn path_and_query(&self) -> &str {
        let after_origin = &self.url()[self.path.start..];
        &after_origin[..after_origin.find('#').unwrap_or(after_origin.len())]
    }

    /// The path, percent-encoded as it was sent.
    pub fn path(&self) -> &str {
        &self.url()[self.path.clone()]
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.url()[..self.path.start]
    }

    /// Scheme, host and port under which the visitor's browser knows the site: those of the URL, by https where a proxy in front ends TLS.
    pub fn site(&self) -> Cow<'_, str> {
        match self.origin().strip_prefix("http://") {
            Some(host) if self.is_https() => ["https://", host].concat().into(),
            _ => self.origin().into(),
        }
    }

    /// Whether the visitor's connection is encrypted: the URL says so, or `X-Forwarded-Proto` of a proxy that ends TLS in front. A client
    /// that sets this header itself gets a `Secure` cookie, which its browser will not send back over HTTP.
    pub fn is_https(&self) -> bool {
        self.url().starts_with("https:") || self.header("x-forwarded-proto").as_deref() == Some("https")
    }

    /// The scheme of the visitor's connection, which decides the names of our cookies.
    pub fn scheme(&self) -> Scheme {
        if self.is_https() { Scheme::Https } else { Scheme::Http }
    }

    /// Whether the query asks the answer to say how it was made (`diagnostics=1`).
    pub fn asks_for_diagnostics(&self) -> bool {
        self.raw_query().split('&').any(|pair| pair == "diagnostics=1")
    }

    fn raw_query(&self) -> &str {
        self.path_and_query().get(self.path.len() + 1..).unwrap_or_default()
    }

    /// Name and value of each query parameter, decoded.
    pub fn query(&self) -> Parse<'_> {
        form_urlencoded::parse(self.raw_query().as_bytes())
    }

    /// A header's value, by its name in lower case. An empty value counts as none.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.request.header(name).filter(|value| !value.is_empty())
    }

    /// Refuses a write that a page of another site sent.
    ///
    /// `allowed`: whether the page's origin is one that may use this API.
    ///
    /// `SameSite=Lax` already keeps the profile cookie out of most such requests. This check also holds in browsers that send cookies set in
    /// the last two minutes anyway, and for writes without a cookie.
    ///
    /// # Errors
    /// A 403 problem.
    pub fn refuse_cross_site(&self, allowed: bool) -> Result<(), Problem> {
        if allowed {
            return Ok(());
        }
        // The browser's own verdict comes first: behind a proxy that ends TLS or uses another host name, our URL differs from the page's,
        // and comparing origins would refuse the site's own pages.
        if let Some(site) = self.header("sec-fetch-site") {
            let own = site == "same-origin" || site == "none";
            return if own {
                Ok(())
            } else {
                Err(Problem::cross_site("Sec-Fetch-Site", &site))
            };
        }
        let host = |url: &str| url.split_once("://").map(|(_, host)| host.to_owned());
        match self.header("origin") {
            Some(origin) if host(&origin) != host(self.origin()) => Err(Problem::cross_site("Origin", &origin)),
            _ => Ok(()),
        }
    }
}

/// Whether a `Content-Encoding` lists no coding but `identity`, which is none (RFC 9110, section 8.4.1).
pub fn is_identity(coding: &str) -> bool {
    let codings = coding.split(',').map(str::trim).filter(|coding| !coding.is_empty());
    codings
        .into_iter()
        .all(|coding| coding.eq_ignore_ascii_case("identity"))
}

/// Byte range of the path in an absolute, normalised URL, `scheme://host[:port]/path?query#fragment`.
fn path_of(url: &str) -> Range<usize> {
    let slashes = url.bytes().enumerate().filter(|(_, byte)| *byte == b'/');
    let begin = slashes.map(|(at, _)| at).nth(2).unwrap_or(url.len());
    let end = url.bytes().skip(begin).position(|byte| matches!(byte, b'?' | b'#'));
    begin..end.map_or(url.len(), |length| begin + length)
}

/// A path segment, percent-decoded. `name` is the parameter's name in the problem.
///
/// # Errors
/// A 400 problem if the segment is not percent-encoded UTF-8.
pub fn decoded(name: &str, segment: &str) -> Result<String, Problem> {
    // `percent_decode_str` keeps a `%` that begins no escape as it is. Here that is an error, as for `decodeURIComponent`.
    let is_escape = |after: &str| {
        after
            .as_bytes()
            .get(..2)
            .is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    };
    let well_formed = segment.split('%').skip(1).all(is_escape);
    let text = percent_decode_str(segment).decode_utf8().ok().filter(|_| well_formed);
    text.map(Cow::into_owned)
        .ok_or_else(|| Problem::parameter(name, "percent-encoded UTF-8", segment))
}
