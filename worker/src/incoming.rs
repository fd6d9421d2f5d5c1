//! A request as it came in: path, query, headers and a body of bounded length.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::DeserializeOwned;
use web_sys::Request;

use crate::problem::Problem;
use crate::runtime::{self, streams};

/// Headers that nearly every request is asked for: they come with its method and URL, in this order. Others are read one by one.
const KNOWN: [&str; 4] = ["cookie", "sec-gpc", "if-none-match", "selvedge-key"];

/// An incoming request.
pub struct Incoming {
    /// A line each: method, URL, and the value of each of [`KNOWN`], empty where the request has none. No end of a line can be in them.
    lines: String,
    /// Where each line begins, and where one more would.
    begins: [usize; 3 + KNOWN.len()],
    /// Where the path is in the URL.
    path: Range<usize>,
    request: Request,
}

impl Incoming {
    /// Wraps the runtime's request.
    pub fn new(request: Request) -> Self {
        let lines = runtime::request_lines(&request);
        let mut begins = [lines.len() + 1; 3 + KNOWN.len()];
        let ends = lines
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(at, _)| at + 1);
        for (begin, at) in begins.iter_mut().zip(std::iter::once(0).chain(ends)) {
            *begin = at;
        }
        let mut incoming = Self {
            lines,
            begins,
            path: 0..0,
            request,
        };
        incoming.path = path_of(incoming.url());
        incoming
    }

    fn line(&self, number: usize) -> &str {
        let line = self.begins[number]..self.begins[number + 1] - 1;
        self.lines.get(line).unwrap_or_default()
    }

    /// The method, as it was sent.
    pub fn method(&self) -> &str {
        self.line(0)
    }

    /// The runtime's request.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The whole URL.
    pub fn url(&self) -> &str {
        self.line(1)
    }

    /// Path and query, as they came.
    pub fn path_and_query(&self) -> &str {
        let after_origin = &self.url()[self.path.start..];
        &after_origin[..after_origin.find('#').unwrap_or(after_origin.len())]
    }

    /// The path, percent-encoded as it came.
    pub fn path(&self) -> &str {
        &self.url()[self.path.clone()]
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.url()[..self.path.start]
    }

    /// Whether the visitor's connection is encrypted, by the word of whoever ends TLS in front. A client that lies here gets a cookie
    /// that it will not send.
    pub fn is_https(&self) -> bool {
        self.url().starts_with("https:") || self.header("x-forwarded-proto").as_deref() == Some("https")
    }

    /// Whether this one answer shall tell how it came about.
    pub fn asks_for_diagnostics(&self) -> bool {
        self.raw_query().split('&').any(|pair| pair == "diagnostics=1")
    }

    fn raw_query(&self) -> &str {
        self.path_and_query().get(self.path.len() + 1..).unwrap_or_default()
    }

    /// Name and value of each query parameter, decoded.
    pub fn query(&self) -> impl Iterator<Item = (String, String)> {
        let pairs = self.raw_query().split('&');
        pairs.filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (form_decoded(name), form_decoded(value))
        })
    }

    /// A header's value.
    ///
    /// An empty one counts as none.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let known = KNOWN.iter().position(|known| *known == name);
        let value = match known {
            Some(place) => Cow::from(self.line(2 + place)),
            None => Cow::from(self.request.headers().get(name).ok().flatten()?),
        };
        (!value.is_empty()).then_some(value)
    }

    /// Refuses a write that a page of another site sent.
    ///
    /// Cookies are `SameSite=Lax`, which keeps most of them away already; this also holds for browsers that relax it for
    /// fresh cookies, and for writes without a cookie.
    ///
    /// # Errors
    /// A 403 problem.
    pub fn refuse_cross_site(&self) -> Result<(), Problem> {
        // What the browser itself makes of it comes first: where somebody in front ends TLS or names another host, our own URL is
        // not the one that the page has.
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

    /// The body as JSON of at most `limit_bytes`.
    ///
    /// # Errors
    /// A 400 or 413 problem.
    pub async fn json<T: DeserializeOwned>(&self, limit_bytes: usize, expected: &str) -> Result<T, Problem> {
        let announced = self
            .header("content-length")
            .and_then(|text| text.parse::<usize>().ok());
        if announced.is_some_and(|bytes| bytes > limit_bytes) {
            return Err(Problem::too_long(limit_bytes));
        }
        let Some(stream) = self.request.body() else {
            return Err(Problem::body(expected, &"nothing"));
        };
        let mut bytes = vec![0; announced.unwrap_or(limit_bytes)];
        let filled = streams::read_into(&stream, &mut bytes)
            .await
            .map_err(|error| Problem::body(expected, &runtime::thrown(&error)))?;
        if filled.overflow {
            return Err(Problem::too_long(limit_bytes));
        }
        serde_json::from_slice(bytes.get(..filled.bytes).unwrap_or_default())
            .map_err(|error| Problem::body(expected, &error))
    }
}

/// Where the path is in a URL of the runtime: they are normalised and absolute, `scheme://host[:port]/path?query#fragment`.
fn path_of(url: &str) -> Range<usize> {
    let slashes = url.bytes().enumerate().filter(|(_, byte)| *byte == b'/');
    let begin = slashes.map(|(at, _)| at).nth(2).unwrap_or(url.len());
    let end = url.bytes().skip(begin).position(|byte| matches!(byte, b'?' | b'#'));
    begin..end.map_or(url.len(), |length| begin + length)
}

/// A path segment, percent-decoded.
///
/// # Errors
/// A 400 problem where it is not percent-encoded UTF-8.
pub fn decoded(name: &str, segment: &str) -> Result<String, Problem> {
    if !segment.contains('%') {
        return Ok(segment.to_owned());
    }
    js_sys::decode_uri_component(segment)
        .map(String::from)
        .map_err(|_| Problem::parameter(name, "percent-encoded UTF-8", segment))
}

/// A part of a query, decoded as the URL standard says of `application/x-www-form-urlencoded`: a `%` before anything but two
/// hexadecimal digits stands for itself, and bytes that are no UTF-8 become U+FFFD. The crate `form_urlencoded` does the same and
/// is 600 bytes more of gzipped Wasm.
fn form_decoded(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        if *byte == b'%'
            && let [high, low, after @ ..] = after
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            decoded.push(high << 4 | low);
            rest = after;
        } else {
            decoded.push(if *byte == b'+' { b' ' } else { *byte });
            rest = after;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
