//! A request of the runtime, of which most is read in one call.

use std::borrow::Cow;

use selvedge_edge::host;
use selvedge_edge::host::HostError;
use web_sys::Request;

use crate::local_time;
use crate::shortcuts;
use crate::streams::Body;

/// Headers that nearly every request is asked for: they come with its method and URL, in this order. Others are read one by one.
const KNOWN: [&str; 4] = ["cookie", "sec-gpc", "if-none-match", "selvedge-key"];

/// An incoming request.
pub struct Incoming {
    /// A line each: method, URL, and the value of each of [`KNOWN`], empty where the request has none. No end of a line can be in them.
    lines: String,
    /// Where each line begins, and where one more would.
    begins: [usize; 3 + KNOWN.len()],
    request: Request,
}

impl Incoming {
    /// Wraps the runtime's request.
    pub fn new(request: Request) -> Self {
        let lines = shortcuts::request_lines(&request);
        let mut begins = [lines.len() + 1; 3 + KNOWN.len()];
        let ends = lines
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(at, _)| at + 1);
        for (begin, at) in begins.iter_mut().zip(std::iter::once(0).chain(ends)) {
            *begin = at;
        }
        Self { lines, begins, request }
    }

    /// The runtime's request.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Scheme, host and port of the URL.
    pub fn site(&self) -> &str {
        let url = self.line(1);
        let slashes = url.bytes().enumerate().filter(|(_, byte)| *byte == b'/');
        let path = slashes.map(|(at, _)| at).nth(2).unwrap_or(url.len());
        &url[..path]
    }

    fn line(&self, number: usize) -> &str {
        let line = self.begins[number]..self.begins[number + 1] - 1;
        self.lines.get(line).unwrap_or_default()
    }
}

impl host::Request for Incoming {
    type Body = Body;

    fn method(&self) -> &str {
        self.line(0)
    }

    fn url(&self) -> &str {
        self.line(1)
    }

    fn header_names(&self) -> Vec<String> {
        shortcuts::header_names(&self.request)
            .lines()
            .map(str::to_owned)
            .collect()
    }

    fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        match KNOWN.iter().position(|known| *known == name) {
            Some(place) => Some(Cow::from(self.line(2 + place))),
            None => Some(Cow::from(self.request.headers().get(name).ok().flatten()?)),
        }
    }

    fn client_address(&self) -> Option<Cow<'_, str>> {
        // The network sets it, whatever the client sent.
        host::Request::header(self, "cf-connecting-ip")
    }

    fn local_offset_ms(&self, now_ms: u64) -> i64 {
        local_time::local_offset_ms(&self.request, now_ms)
    }

    fn take_body(&self) -> Result<Option<Body>, HostError> {
        Ok(self.request.body().map(Body::of))
    }
}
