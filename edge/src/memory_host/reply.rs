//! Answers as a client gets them.

use std::borrow::Cow;

use super::MemoryHost;
use super::fields::{Fields, change, field};
use super::streams::MemoryBody;
use crate::cookies;
use crate::headers::Headers;
use crate::host::{ByteSource, HostError};
use crate::response::{Body, PageBody, Response};

/// An answer as a client gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: Fields,
    /// The body, as far as it was received.
    pub body: Vec<u8>,
    /// The reason if the body broke off.
    pub broken: Option<HostError>,
}

impl Reply {
    /// The answer with its whole body, which this waits for. An answer to HEAD has none.
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

    /// The head of an answer with its body, unless that is a page's: a page's body is returned as a stream.
    #[must_use]
    pub fn begun(answer: Response<MemoryHost>) -> (Self, Option<MemoryBody>) {
        let Response { status, headers, body } = answer;
        let own = |headers: &Headers| -> Fields {
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

    /// The body as text. Bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as JSON; null if it is not JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The fall-backs named in `Selvedge-Fallback`.
    #[must_use]
    pub fn fallbacks(&self) -> Vec<&str> {
        let named = self.header("selvedge-fallback").unwrap_or_default().split(", ");
        named.filter(|name| !name.is_empty()).collect()
    }

    /// The profile cookie that the answer sets, as a request sends it back: `name=value`. [`None`] if it sets none.
    #[must_use]
    pub fn profile_cookie(&self) -> Option<&str> {
        let lines = self.headers.iter().filter(|(name, _)| name == "set-cookie");
        let mut pairs = lines.filter_map(|(_, line)| line.split(';').next());
        pairs.find(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or_default();
            cookies::is_profile(name) && !value.is_empty()
        })
    }
}
